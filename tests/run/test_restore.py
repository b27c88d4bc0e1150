"""A backup taken while documents are on the wire, restored after more was written: nothing is doubled, nothing lost."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.exact import decode, encode
from engine.run.lines import Lines
from engine.settings import Settings
from engine.store import backup, queue, restored
from engine.store.store import Store
from engine.store.tables import connection, scheme
from flows.demo.orders import BEIJING
from tests.run.stand import Stand
from tests.run.world import compare

IGNORED = {"yonbip.keys": "ignored"}


def backed_up(stand: Stand, at_call: int, file: Path) -> None:
    """One run; when its `at_call`th call is on its way, a backup is made beside it."""

    async def meanwhile(_: str) -> None:
        if len(stand.door.calls) >= at_call and not file.exists():
            backup.save(stand.store, file, stand.clock.now())

    stand.door.meanwhile = meanwhile
    stand.begin()
    settled(stand)
    stand.door.meanwhile = None
    assert file.exists(), f"the run made {len(stand.door.calls)} calls"


def settled(stand: Stand) -> None:
    """Work off all that is due, and what comes due within an hour."""
    for _ in range(20):
        stand.work_off()
        stand.clock.at += timedelta(minutes=3)


def restore(stand: Stand, file: Path, home: Path) -> None:
    """The machine is lost; the same vendors meet a new one, made of the backup."""
    home.mkdir()
    assert stand.store.database.file is not None
    shutil.copy(stand.store.database.file.with_name("key"), home / "key")
    stand.store.close()
    settings = Settings.read({"DUIJIE_HOME": str(home)})
    backup.restore(settings, file, stand.clock.now())
    stand.store = Store.open(settings, stand.clock)
    stand.lines = Lines(stand.store, stand.registry, stand.door, stand.clock)
    stand.new_worker()


def resume(stand: Stand) -> None:
    code = stand.text.split("scheme:", 1)[1].split()[0]
    stand.store.write(lambda c: restored.resume(c, code, "test", stand.clock.now()))


def lost_time(stand: Stand, tmp_path: Path, at_call: int) -> list[dict[str, Any]]:
    """A run with a backup in its midst, another that the backup knows nothing of, and the restore; gives all orders."""
    made = stand.made(9)
    stand.give(*made[:5])
    backed_up(stand, at_call, tmp_path / "b.zip")
    made[5:7] = given_now(stand, *made[5:7])
    stand.begin()
    settled(stand)
    restore(stand, tmp_path / "b.zip", tmp_path / "new")
    made[7:] = given_now(stand, *made[7:])
    return made


def given_now(stand: Stand, *made: dict[str, Any]) -> list[dict[str, Any]]:
    """These orders as if they were consigned some minutes ago."""
    at = (stand.clock.now() - timedelta(minutes=5)).astimezone(BEIJING)
    late = [{**one, "consign_time": f"{at:%Y-%m-%d %H:%M:%S}"} for one in made]
    stand.give(*late)
    return late


@pytest.mark.parametrize("at_call", range(1, 8))
def test_whatever_the_instant_of_the_backup_each_order_is_there_once(tmp_path: Path, at_call: int) -> None:
    with Stand(tmp_path / "old", options=IGNORED, parallel=2) as stand:
        made = lost_time(stand, tmp_path, at_call)
        resume(stand)
        stand.begin()
        settled(stand)
        found = compare(made, stand.report())
        assert found.none, found
        assert stand.states() == {"done": 9}


def test_nothing_moves_until_a_person_resumes(tmp_path: Path) -> None:
    with Stand(tmp_path / "old", options=IGNORED) as stand:
        lost_time(stand, tmp_path, 4)
        calls = len(stand.door.calls)
        settled(stand)
        assert stand.store.write(lambda c: queue.claim(c, stand.clock.now(), "other")) is None
        assert len(stand.door.calls) == calls
        assert stand.states().keys() <= {"unknown", "done"}


def test_where_nothing_can_be_asked_and_no_key_counts_all_is_left_to_a_person(tmp_path: Path) -> None:
    with Stand(tmp_path / "old", options=IGNORED) as stand:
        lost_time(stand, tmp_path, 5)
        no_look_up(stand, keys="ignored")
        saves = stand.door.count("save")
        resume(stand)
        stand.begin()
        settled(stand)
        assert stand.door.count("save") == saves
        states = stand.states()
        assert states["unknown"] == 9 - states.get("done", 0) >= 4
        reasons = {one.reason for one in stand.documents() if one.state == "unknown"}
        assert all("核对" in reason for reason in reasons)


def test_where_nothing_can_be_asked_and_keys_count_the_same_key_finds_the_same_document(
    tmp_path: Path,
) -> None:
    with Stand(tmp_path / "old") as stand:
        made = lost_time(stand, tmp_path, 5)
        no_look_up(stand, keys="honoured")
        resume(stand)
        stand.begin()
        settled(stand)
        found = compare(made, stand.report())
        assert (found.lost, found.doubled, found.wrong) == ((), (), ())
        assert stand.states() == {"done": 9}


def test_a_trusted_scheme_sends_without_asking_again(tmp_path: Path) -> None:
    with Stand(tmp_path / "old", options=IGNORED) as stand:
        lost_time(stand, tmp_path, 4)
        resume(stand)
        stand.begin()
        settled(stand)
        code = stand.text.split("scheme:", 1)[1].split()[0]
        assert stand.store.write(lambda c: restored.trust(c, code))
        assert not stand.store.write(lambda c: restored.trust(c, code))
        asked = stand.door.count("lookup")
        given_now(stand, *stand.made(10)[9:])
        stand.begin()
        settled(stand)
        assert stand.states() == {"done": 10}
        assert stand.door.count("lookup") == asked


def no_look_up(stand: Stand, keys: str) -> None:
    """The target is known to give numbers of its own, so nothing can be asked for; whether keys count is told."""

    def work(write: Any) -> None:
        write.execute(update(scheme).values(numbering="theirs"))
        mine = connection.c.code == "bip-main"
        told: Any = decode(write.scalar(select(connection.c.options).where(mine)))
        write.execute(update(connection).where(mine).values(options=encode({**told, "keys": keys}).decode()))

    stand.store.write(work)
    stand.lines = Lines(stand.store, stand.registry, stand.door, stand.clock)
    stand.new_worker()
