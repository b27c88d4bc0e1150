"""`duijie prune`: on a real scheme, with the simulators as witness."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.clock import Clock
from engine.settings import Settings
from engine.store.store import Store
from engine.store.tables import attempt, document
from engine.vendors import Vendors
from tests.cli.build import SCHEME, Duijie

Shop = Callable[[int], list[str]]


def age(days: int) -> None:
    """All that was kept so far happened so many days earlier."""
    store = Store.open(Settings.read(), Clock())
    with store.database.write() as connection:
        for table, column in ((document, document.c.settled_at), (attempt, attempt.c.at)):
            for ident, moment in connection.execute(
                table.select().with_only_columns(table.c.id, column)
            ).all():
                if moment is not None:
                    earlier = {column.name: moment - timedelta(days=days)}
                    connection.execute(table.update().where(table.c.id == ident).values(**earlier))
    store.close()


def test_what_was_pruned_and_is_read_again_is_not_written_again(
    duijie: Duijie, shop: Shop, simulators: Vendors
) -> None:
    allow = shop(5)
    assert duijie("run", SCHEME, *allow).code == 0
    assert duijie("prune", "--json").json == {"dry": False, "documents": 0, "records": 0, "attempts": 0}
    age(100)
    dry = duijie("prune", "--dry", "--json").json
    assert (dry["documents"], dry["records"], dry["attempts"] > 5) == (5, 6, True)
    told = duijie("prune", "--json").json
    assert told == {**dry, "dry": False}
    assert "清理了 0 张" in duijie("prune").out
    said = duijie("run", SCHEME, "--from", "2026-11-01", *allow, "--json")
    assert (said.json["read"], said.json["unchanged"], said.json["documents"]) == (6, 6, 0)
    assert len(simulators.direct("report?full=1")["yonbip"]["written"]) == 5
    (shown,) = duijie("records", SCHEME, "--key", written(simulators)[0], "--json").json["documents"]
    assert (shown["state"], shown["calls"]) == ("done", [])
    assert re.search(r"90d documents=5 records=6", str(duijie("audit", "--json").json["lines"]))


def written(simulators: Vendors) -> list[str]:
    return [one["document"]["code"] for one in simulators.direct("report?full=1")["yonbip"]["written"]]


def test_a_scheme_that_does_not_stand_up_any_more_keeps_its_texts(duijie: Duijie, shop: Shop) -> None:
    allow = shop(3)
    assert duijie("run", SCHEME, *allow).code == 0
    age(100)
    store = Store.open(Settings.read(), Clock())
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE scheme_version SET text = 'scheme: no longer one'")
    store.close()
    told = duijie("prune", "--json").json
    assert (told["documents"], told["records"], told["attempts"] > 3) == (0, 0, True)


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5", "99999"])
def test_days_are_a_whole_number(duijie: Duijie, home: Path, days: str) -> None:
    assert duijie("prune", "--days", days).code == 2
    assert list(home.iterdir()) == []
