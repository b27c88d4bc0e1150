"""`duijie backup`, `restore`, `pause` and `resume`, as a person types them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.clock import Clock
from engine.settings import Settings
from engine.store import leader
from engine.store.store import Store
from engine.vendors import Vendors
from tests.cli.build import SCHEME, Duijie

Shop = Callable[[int], list[str]]


def test_what_was_written_after_the_backup_is_recognised_and_not_written_again(
    duijie: Duijie,
    shop: Shop,
    simulators: Vendors,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow = shop(4)
    file, key = tmp_path / "b.zip", home / "key"
    said = duijie("backup", file, "--json")
    assert (said.code, said.json["backup"]["records"]) == (0, 0)
    assert duijie("run", SCHEME, *allow).code == 0
    new = tmp_path / "new"
    new.mkdir()
    monkeypatch.setenv("DUIJIE_HOME", str(new))
    assert "密钥文件" in duijie("restore", file).err
    shutil.copy(key, new / "key")
    said = duijie("restore", file)
    assert said.code == 0
    assert "duijie resume" in said.err
    found = {one["code"]: one["do"] for one in duijie("doctor", "--json").json["findings"]}
    assert f"duijie resume {SCHEME}" in found["paused"]
    assert "--trust" in found["doubted"]
    assert duijie("resume", SCHEME).code == 0
    told = duijie("run", SCHEME, *allow, "--json").json
    assert (told["read"], told["done"]) == (5, 4)
    assert len(simulators.direct("report?full=1")["yonbip"]["written"]) == 4
    assert duijie("resume", SCHEME, "--trust").code == 0
    assert "doubted" not in {one["code"] for one in duijie("doctor", "--json").json["findings"]}
    deeds = [(line["deed"], line["detail"]) for line in duijie("audit", "--json").json["lines"]][:2]
    assert deeds == [("scheme.resume", "trust"), ("scheme.resume", "")]


def test_a_restore_goes_to_an_empty_place_only(duijie: Duijie, shop: Shop, tmp_path: Path) -> None:
    shop(0)
    assert duijie("backup", tmp_path / "b.zip").code == 0
    said = duijie("restore", tmp_path / "b.zip")
    assert (said.code, "DUIJIE_HOME" in said.err) == (2, True)
    assert duijie("restore").code == 2
    assert duijie("restore", tmp_path / "b.zip", "--here").code == 2


def test_a_database_restored_otherwise_is_paused_once_nobody_works_on_it(duijie: Duijie, shop: Shop) -> None:
    allow = shop(2)
    assert duijie("run", SCHEME, *allow).code == 0
    store, clock = Store.open(Settings.read(), Clock()), Clock()
    store.write(lambda c: leader.lead(c, leader.ALIVE, "test", clock.now()))
    assert duijie("restore", "--here").code == 2
    store.write(lambda c: c.execute(leader.leader.delete()))
    store.close()
    assert duijie("restore", "--here", "--json").json == {"restored": None, "doubted": 0}
    assert "paused" in {one["code"] for one in duijie("doctor", "--json").json["findings"]}


def test_a_scheme_is_paused_with_a_reason_and_resumed(duijie: Duijie, shop: Shop) -> None:
    shop(0)
    assert duijie("pause", SCHEME, "--reason", "月末盘点").code == 0
    assert "月末盘点" in duijie("doctor").out
    assert duijie("resume", SCHEME, "--json").json == {"schemes": [SCHEME]}
    assert "月末盘点" not in duijie("doctor").out
    assert duijie("pause", SCHEME, "nothing").code == 2
    assert "已暂停" not in duijie("doctor").out
