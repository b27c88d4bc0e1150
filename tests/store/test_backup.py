"""Backups: one moment of a store that others write to, whole or not at all, and never the key."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.errors import Wrong
from engine.exact import decode, encode
from engine.settings import SHIPPED, VERSION
from engine.store import audit, backup, queue, restored, schemes
from engine.store.store import Store
from engine.store.tables import job, record
from tests.build import NOW, Desk, Stopped, settings


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Not the desk on both databases: PostgreSQL has backups of its own."""
    store = Store.open(settings(tmp_path / "old"), Stopped())
    yield Desk(store)
    store.close()


@pytest.fixture
def new(desk: Desk, tmp_path: Path) -> Path:
    """An empty home that has the key."""
    home = tmp_path / "new"
    home.mkdir()
    shutil.copy(tmp_path / "old" / "key", home / "key")
    return home


def saved(desk: Desk, tmp_path: Path) -> Path:
    desk.read({"id": 1}, {"id": 2}, {"id": 3})
    desk.plan()
    backup.save(desk.store, tmp_path / "b.zip", NOW)
    return tmp_path / "b.zip"


def test_the_program_tells_the_version_it_is_shipped_as() -> None:
    assert tomllib.loads((SHIPPED / "pyproject.toml").read_text("utf-8"))["project"]["version"] == VERSION


def test_the_manifest_tells_what_is_in_it_and_never_the_key(desk: Desk, tmp_path: Path) -> None:
    file = saved(desk, tmp_path)
    with zipfile.ZipFile(file) as zipped:
        told: Any = decode(zipped.read("manifest.json"))
        content = zipped.read("duijie.db")
    assert sorted(zipped.namelist()) == ["duijie.db", "manifest.json"]
    assert (told["records"], told["documents"]) == (3, {"orders": {"waiting": 3}})
    assert (told["program"], told["installation"]) == (VERSION, desk.store.installation)
    assert (told["key"], len(told["key"])) == (desk.store.vault.fingerprint, 16)
    key = (tmp_path / "old" / "key").read_bytes().strip()
    assert key not in file.read_bytes() + content
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_what_others_write_meanwhile_is_in_it_by_whole_pages(desk: Desk, tmp_path: Path) -> None:
    """Each page keeps three records; whatever the moment of the copy, it holds no part of one."""
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            desk.read(*({"id": number + one} for one in range(3)))
            number += 3

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [backup.save(desk.store, tmp_path / f"{turn}.zip", NOW) for turn in range(8)]
    finally:
        over.set()
        writer.join()
    for turn, manifest in enumerate(manifests):
        with zipfile.ZipFile(tmp_path / f"{turn}.zip") as zipped:
            zipped.extract("duijie.db", tmp_path / str(turn))
        with sqlite3.connect(tmp_path / str(turn) / "duijie.db") as copy:
            (records,) = copy.execute("SELECT count(*) FROM record").fetchone()
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        copy.close()
        assert records % 3 == 0
        assert manifest.records == records
    counts = [manifest.records for manifest in manifests]
    assert counts == sorted(counts)


def test_a_restored_store_is_the_same_installation_and_stands_still(
    desk: Desk, new: Path, tmp_path: Path
) -> None:
    file = saved(desk, tmp_path)
    desk.push_lease()
    manifest, doubted = backup.restore(settings(new), file, NOW)
    store = Store.open(settings(new), Stopped())
    try:
        assert store.installation == desk.store.installation == manifest.installation
        (scheme,) = store.read(schemes.every)
        assert (scheme.enabled, scheme.doubted_at, doubted) == (False, NOW, 3)
        assert "恢复" in scheme.paused
        assert store.read(lambda c: schemes.counted(c, [scheme.id]))[scheme.id].states["unknown"] == 3
        assert store.read(lambda c: c.scalar(select(func.count()).select_from(job))) == 0
        assert store.read(audit.broken) is None
        assert [line.deed for line in store.read(audit.listed)] == ["restore"]
    finally:
        store.close()
    assert sorted(one.name for one in new.iterdir()) == ["duijie.db", "key"]


def test_a_document_that_is_found_there_is_done_and_one_that_is_not_goes_out_under_its_old_key(
    desk: Desk, new: Path, tmp_path: Path
) -> None:
    from engine.store import send

    file = saved(desk, tmp_path)
    keys = {one.stored_key for one in desk.store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 9))}
    backup.restore(settings(new), file, NOW)
    restored_desk = Desk(Store.open(settings(new), Stopped()))
    try:
        store = restored_desk.store
        assert store.read(lambda c: send.due(c, desk.scheme_id, NOW, 0, 9)) == []
        opened = store.read(lambda c: send.unknown(c, desk.scheme_id, NOW, 0, 9))
        assert {one.stored_key for one in opened} == keys
        assert {one.sends for one in opened} == {1}
    finally:
        restored_desk.store.close()


def test_a_new_document_of_a_restored_scheme_is_asked_for_before_it_is_sent(desk: Desk) -> None:
    from engine.store import send

    now = desk.clock.now()
    desk.store.write(lambda c: restored.begin(c, now))
    desk.read({"id": 7})
    desk.plan()
    assert desk.store.read(lambda c: send.due(c, desk.scheme_id, now, 0, 9)) == []
    lease = desk.push_lease()
    assert desk.store.write(lambda c: send.recover(c, [(lease, now)])) == [1]
    assert len(desk.store.read(lambda c: send.unknown(c, desk.scheme_id, now, 0, 9))) == 1
    desk.store.write(lambda c: restored.trust(c, desk.code))
    desk.read({"id": 8})
    desk.plan()
    assert desk.store.write(lambda c: send.recover(c, [(lease, now)])) == [0]
    assert len(desk.store.read(lambda c: send.due(c, desk.scheme_id, now, 0, 9))) == 1


def wrong(home: Path, file: Path) -> str:
    """The code of the problem that keeps this backup from being restored there; nothing is left behind."""
    before = sorted(one.name for one in home.iterdir())
    with pytest.raises(Wrong) as refused:
        backup.restore(settings(home), file, NOW)
    assert sorted(one.name for one in home.iterdir()) == before
    return refused.value.problems[0].code


def test_a_home_that_has_a_store_is_not_touched(desk: Desk, tmp_path: Path) -> None:
    file = saved(desk, tmp_path)
    assert wrong(tmp_path / "old", file) == "there"
    assert desk.store.read(lambda c: c.scalar(select(func.count()).select_from(record))) == 3


def test_without_the_key_or_with_another_nothing_is_restored(desk: Desk, new: Path, tmp_path: Path) -> None:
    from engine.store.vault import Vault

    file = saved(desk, tmp_path)
    (new / "key").unlink()
    assert wrong(new, file) == "missing"
    Vault.at(new / "key")
    assert wrong(new, file) == "another"


def altered(file: Path, to: Path, **changes: Any) -> Path:
    """The same backup with another manifest, or with another byte in its database."""
    with zipfile.ZipFile(file) as zipped:
        told: Any = decode(zipped.read("manifest.json"))
        content = bytearray(zipped.read("duijie.db"))
    if not changes:
        content[-1] ^= 1
    with zipfile.ZipFile(to, "w") as made:
        made.writestr("manifest.json", encode({**told, **changes}))
        made.writestr("duijie.db", bytes(content))
    return to


def test_what_is_no_backup_or_not_whole_is_refused(desk: Desk, new: Path, tmp_path: Path) -> None:
    file = saved(desk, tmp_path)
    assert wrong(new, altered(file, tmp_path / "x.zip")) == "no_backup"
    assert wrong(new, altered(file, tmp_path / "y.zip", migration="9999")) == "newer"
    assert wrong(new, altered(file, tmp_path / "z.zip", size=100)) == "no_backup"
    (tmp_path / "cut.zip").write_bytes(file.read_bytes()[:-200])
    assert wrong(new, tmp_path / "cut.zip") == "no_backup"
    (tmp_path / "text").write_text("no zip", encoding="utf-8")
    assert wrong(new, tmp_path / "text") == "no_backup"
    assert wrong(new, tmp_path / "nothing") == "file"


def test_a_restore_that_was_killed_half_way_is_begun_anew(desk: Desk, new: Path, tmp_path: Path) -> None:
    file = saved(desk, tmp_path)
    for name in (".duijie.db.restoring", ".duijie.db.restoring-wal"):
        (new / name).write_bytes(b"half of it")
    backup.restore(settings(new), file, NOW)
    assert sorted(one.name for one in new.iterdir()) == ["duijie.db", "key"]


def test_a_file_that_is_there_is_not_overwritten(desk: Desk, tmp_path: Path) -> None:
    file = saved(desk, tmp_path)
    content = file.read_bytes()
    with pytest.raises(Wrong, match="不会覆盖"):
        backup.save(desk.store, file, NOW)
    with pytest.raises(Wrong, match="写不到"):
        backup.save(desk.store, tmp_path / "no" / "such" / "b.zip", NOW)
    assert file.read_bytes() == content


def test_for_postgres_it_says_how_pg_dump_is_used_and_a_restored_one_is_paused_by_hand(
    postgres: str, tmp_path: Path
) -> None:
    desk = Desk(Store.open(settings(tmp_path, postgres), Stopped()))
    try:
        with pytest.raises(Wrong, match="pg_restore"):
            backup.save(desk.store, tmp_path / "b.zip", NOW)
        with pytest.raises(Wrong, match="pg_dump"):
            backup.restore(settings(tmp_path, postgres), tmp_path / "b.zip", NOW)
        desk.read({"id": 1})
        desk.plan()
        assert desk.store.write(lambda c: restored.begin(c, NOW)) == 1
        assert desk.store.write(lambda c: queue.claim(c, NOW, "a")) is None
        assert desk.store.read(schemes.every)[0].enabled is False
    finally:
        desk.store.close()
