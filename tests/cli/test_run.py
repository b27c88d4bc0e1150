"""run, records, retry, settle and connection test, against the vendors' simulators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.parser import complaint
from engine.vendors import Vendors
from tests.cli.build import SCHEME, STARTER, TABLES, Duijie

COUNTED = """read new changed unchanged done skipped refused unknown waiting cancelled older documents
seconds run""".split()
Shop = Callable[[int], list[str]]


def test_a_run_prints_one_object_with_exactly_these_members(duijie: Duijie, shop: Shop) -> None:
    allow = shop(20)
    said = duijie("run", SCHEME, *allow, "--json")
    assert (said.code, said.err) == (0, "")
    assert list(said.json) == COUNTED
    counts = {name: said.json[name] for name in ("read", "new", "done", "skipped", "documents")}
    assert counts == {"read": 21, "new": 21, "done": 20, "skipped": 1, "documents": 21}


def test_a_second_run_writes_nothing(duijie: Duijie, shop: Shop, simulators: Vendors) -> None:
    allow = shop(5)
    assert duijie("run", SCHEME, *allow).code == 0
    said = duijie("run", SCHEME, "--from", "2026-11-01", *allow, "--json")
    assert (said.json["read"], said.json["unchanged"], said.json["done"]) == (6, 6, 0)
    assert len(simulators.direct("report?full=1")["yonbip"]["written"]) == 5


def test_dry_shows_documents_and_writes_nothing(duijie: Duijie, shop: Shop, simulators: Vendors) -> None:
    allow = shop(5)
    said = duijie("run", SCHEME, "--dry", "--limit", 3, *allow, "--json")
    assert said.code == 0
    assert len(said.json["documents"]) == 3
    assert any("document" in one for one in said.json["documents"])
    assert simulators.direct("report?full=1")["yonbip"]["written"] == []
    assert duijie("records", SCHEME, "--json").json == {
        "documents": [],
        "unplanned": 0,
        "numbering": "unproven",
    }
    assert duijie("run", SCHEME, *allow, "--json").json["new"] == 6


def test_a_limit_is_kept_and_moves_no_cursor(duijie: Duijie, shop: Shop) -> None:
    allow = shop(5)
    assert duijie("run", SCHEME, "--limit", 2, *allow, "--json").json["read"] == 2
    assert duijie("run", SCHEME, *allow, "--json").json["read"] == 6


def test_every_wrong_option_of_a_run_is_told_at_once(duijie: Duijie, shop: Shop) -> None:
    allow = shop(0)
    wrong = ("--from", "gestern", "--limit", "-1", "--set", "page_no=3", "--set", "statuss=1", "--set", "x")
    said = duijie("run", SCHEME, *wrong, *allow, "--json")
    assert said.code == 2
    assert [problem["code"] for problem in said.json["problems"]] == [
        "time",
        "parameter",
        "parameter",
        "parameter",
        "number",
    ]
    said = duijie("run", SCHEME, "--from", "2026-11-03", "--to", "2026-11-02", *allow)
    assert said.code == 2
    assert "--from" in said.err


def test_an_address_that_was_not_opened_is_named_with_the_next_step(duijie: Duijie, shop: Shop) -> None:
    allow = shop(1)
    said = duijie("connection", "test", "wdt-main")
    assert said.code == 3
    assert any(f"--allow {pair}" in said.err for pair in allow[1::2])


def test_a_connection_is_tried_with_one_harmless_call(
    duijie: Duijie, shop: Shop, simulators: Vendors
) -> None:
    allow = shop(1)
    assert duijie("connection", "test", "wdt-main", *allow, "--json").json["works"] is True
    assert duijie("connection", "test", "bip-main", *allow).code == 0
    assert simulators.direct("report")["yonbip"]["calls"].get("save", 0) == 0


@pytest.mark.parametrize(("code", "secret"), [("wdt-main", "app_secret"), ("bip-main", "app_secret")])
def test_a_wrong_secret_is_told_as_one(
    duijie: Duijie, shop: Shop, code: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = shop(1)
    monkeypatch.setenv("WRONG", "not-the-secret")
    assert duijie("connection", "add", code, "--secret-env", f"{secret}=WRONG").code == 0
    said = duijie("connection", "test", code, *allow)
    assert said.code == 3
    assert "密钥" in said.err
    assert "本机时间" in said.err


def test_a_login_fault_of_the_target_stops_the_run_and_loses_nothing(
    duijie: Duijie, shop: Shop, simulators: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow = shop(3)
    monkeypatch.setenv("WRONG", "not-the-secret")
    duijie("connection", "add", "bip-main", "--secret-env", "app_secret=WRONG")
    said = duijie("run", SCHEME, *allow, "--json")
    assert said.code == 3
    assert (said.json["read"], said.json["done"]) == (4, 0)
    right = simulators.told["simulators"]["yonbip"]["connections"]["default"]["settings"]["app_secret"]
    monkeypatch.setenv("RIGHT", right)
    duijie("connection", "add", "bip-main", "--secret-env", "app_secret=RIGHT")
    assert duijie("retry", SCHEME, *allow).code == 0
    assert len(duijie("records", SCHEME, "--state", "done", "--json").json["documents"]) == 3


def test_a_missing_pair_refuses_and_a_retry_after_the_import_writes(
    duijie: Duijie, shop: Shop, home: Path
) -> None:
    allow = shop(4)
    assert duijie("lookup", "import", "仓库", __file__).code == 2
    empty = home / "仓库.csv"
    empty.write_text("NONE,NONE\n", "utf-8")
    before = duijie("lookup", "list", TABLES[0], "--json").json["pairs"]
    assert duijie("lookup", "import", TABLES[0], empty, "--json").json["removed"] == len(before)
    said = duijie("run", SCHEME, *allow)
    assert said.code == 1
    assert "duijie records" in said.err
    refused = duijie("records", SCHEME, "--state", "refused", "--json").json["documents"]
    assert len(refused) == 4
    assert "仓库" in refused[0]["reason"]
    empty.write_text("".join(f"{left},{right},{title}\n" for left, right, title in before), "utf-8")
    assert duijie("lookup", "import", TABLES[0], empty).code == 0
    said = duijie("retry", SCHEME, "--state", "refused", *allow, "--json")
    assert (said.code, said.json["retried"], said.json["read"]) == (0, 4, 0)
    assert len(duijie("records", SCHEME, "--state", "done", "--json").json["documents"]) == 4


def test_held_documents_are_released_by_an_import(duijie: Duijie, shop: Shop, home: Path) -> None:
    held = home / "held.yaml"
    text = STARTER.read_text("utf-8").replace("lookup(仓库)", "lookup(仓库, miss=hold)")
    held.write_text(text, "utf-8")
    allow = shop(4)
    assert duijie("publish", held).code == 0
    before = duijie("lookup", "list", "仓库", "--json").json["pairs"]
    table = home / "仓库.csv"
    table.write_text("NONE,NONE\n", "utf-8")
    assert duijie("lookup", "import", "仓库", table).code == 0
    said = duijie("run", SCHEME, *allow, "--json")
    assert (said.code, said.json["waiting"]) == (1, 4)
    table.write_text("".join(f"{left},{right}\n" for left, right, _ in before), "utf-8")
    assert duijie("lookup", "import", "仓库", table, "--json").json["released"] == [SCHEME]
    assert duijie("run", SCHEME, *allow).code == 0
    assert len(duijie("records", SCHEME, "--state", "done", "--json").json["documents"]) == 4


def test_one_document_tells_its_whole_story(duijie: Duijie, shop: Shop) -> None:
    allow = shop(1)
    assert duijie("run", SCHEME, *allow).code == 0
    (document,) = duijie("records", SCHEME, "--state", "done", "--json").json["documents"]
    (again,) = duijie("records", SCHEME, "--key", document["number"], "--json").json["documents"]
    assert [call["purpose"] for call in again["calls"]] == ["save"]
    assert "othoutrecord" in duijie("records", SCHEME, "--key", document["key"]).out
    assert duijie("records", SCHEME, "--key", "NOBODY").out.strip() == "没有这样的单据。"


def test_a_person_settles_only_by_a_move_that_there_is(duijie: Duijie, shop: Shop) -> None:
    allow = shop(2)
    duijie("run", SCHEME, *allow)
    done, skipped = (
        duijie("records", SCHEME, "--state", state, "--json").json["documents"][0]["number"]
        for state in ("done", "skipped")
    )
    said = duijie("settle", SCHEME, "--key", done, "--cancel", "--reason", "按客户要求")
    assert (said.code, said.out) == (2, "")
    assert "完成" in said.err
    assert duijie("settle", SCHEME, "--key", skipped, "--done", "X1", "--reason", "手工补录").code == 2
    assert duijie("settle", SCHEME, "--key", "NOBODY", "--skip", "--reason", "x").code == 2
    assert duijie("settle", SCHEME, "--key", done, "--skip", "--done", "X", "--reason", "x").code == 2


def test_a_refused_document_is_given_up_with_a_reason(duijie: Duijie, shop: Shop, home: Path) -> None:
    allow = shop(1)
    table = home / "仓库.csv"
    table.write_text("NONE,NONE\n", "utf-8")
    duijie("lookup", "import", "仓库", table)
    assert duijie("run", SCHEME, *allow).code == 1
    (refused,) = duijie("records", SCHEME, "--state", "refused", "--json").json["documents"]
    said = duijie("settle", SCHEME, "--key", refused["key"], "--cancel", "--reason", "样品，不入账", "--json")
    assert said.json == {"key": refused["key"], "number": refused["number"], "state": "cancelled"}
    (document,) = duijie("records", SCHEME, "--key", refused["key"], "--json").json["documents"]
    assert (document["state"], document["reason"]) == ("cancelled", "样品，不入账")


def test_what_argparse_complains_of_is_told_in_our_words_and_without_values() -> None:
    assert complaint("unrecognized arguments: --secret=abc") == "不认识 --secret=…。"
    assert complaint("the following arguments are required: SCHEME") == "还缺 SCHEME。"


def test_missing_codes_are_told_and_an_import_lets_their_documents_go(
    duijie: Duijie, shop: Shop, tmp_path: Path
) -> None:
    allow = shop(6)
    text = STARTER.read_text("utf-8").replace("lookup(仓库)", "lookup(仓库, miss=hold)")
    text = text.replace("lookup(单位)", "lookup(计量)")
    scheme = tmp_path / "s.yaml"
    for table, name in (("仓库", "仓库"), ("计量", "单位")):
        whole = (STARTER.parent / "demo" / f"{name}.csv").read_text("utf-8-sig").splitlines()
        (tmp_path / f"{table}.csv").write_text("\n".join(whole), "utf-8")
        (tmp_path / "few.csv").write_text("none,none\n", "utf-8")
        assert duijie("lookup", "import", table, tmp_path / "few.csv").code == 0
    scheme.write_text(text, "utf-8")
    assert duijie("publish", scheme).code == 0
    assert duijie("run", SCHEME, *allow).code == 1
    missing = duijie("lookup", "missing", "--json")
    lacked = missing.json["missing"]
    assert (missing.code, {one["label"] for one in lacked}) == (1, {"计量"})
    assert sum(one["refused"] for one in lacked) >= 6
    said = duijie("lookup", "import", "计量", tmp_path / "计量.csv")
    assert "duijie retry" in said.err
    assert duijie("retry", SCHEME, *allow).code == 1
    lacked = duijie("lookup", "missing", "仓库", "--json").json["missing"]
    assert sum(one["waiting"] for one in lacked) == 6
    assert duijie("lookup", "import", "仓库", tmp_path / "仓库.csv").code == 0
    assert duijie("run", SCHEME, *allow, "--json").json["older"] >= 6
    assert duijie("lookup", "missing").code == 0
