"""Whatever changes between journal and outcome, one document is made: the bytes under a key never change."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.services import Services
from engine.store import lookups, schemes
from engine.store.lookups import Pair
from flows.demo.expect import lookup
from flows.demo.orders import orders
from tests.run.world import TABLES, World

OTHER = 'memo: =CONCAT("另一种写法 ", order_no)'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One order is done, so that the target is known to keep our numbers; keys are ignored there."""
    with World(tmp_path, options={"yonbip.keys": "ignored", "yonbip.shows_after": 0.5}) as made:
        made.orders(1)
        made.run()
        yield made


def fresh_order(world: World) -> dict[str, Any]:
    """An order of some minutes ago, inside the overlap."""
    now = datetime.now(UTC)
    order = orders(1, 3, now - timedelta(minutes=6), now - timedelta(minutes=5))
    new = next(one for one in order if one["order_type"] == 7) | {
        "stockout_id": 777,
        "order_no": "CK-MEANWHILE",
    }
    world.give([new])
    return new


def crash_after_journal(world: World) -> None:
    assert world.start("journal.committed:1").wait(60) == -signal.SIGKILL


def reply_lost(world: World) -> None:
    """Executed, and the process dies before it hears of it."""
    assert world.start("reply.received:1").wait(60) == -signal.SIGKILL


def source_changed(world: World) -> None:
    world.simulators.direct("wdt/change", order_no="CK-MEANWHILE", fields={"remark": "改过的备注"})


def mapping_published(world: World) -> None:
    text = world.text.replace('memo: =CONCAT("旺店通 ", order_no, " ", remark)', OTHER)
    assert text != world.text
    world.in_services(lambda services: world.publish(services, text))


def lookup_edited(world: World) -> None:
    def edit(services: Services) -> None:
        codes = lookup(TABLES[0])
        turned = dict(zip(codes, [*list(codes.values())[1:], next(iter(codes.values()))], strict=True))
        pairs = [Pair(left, right) for left, right in turned.items()]
        services.store.write(lambda c: lookups.replace(c, TABLES[0], pairs, services.clock.now()))

    world.in_services(edit)


def scheme_rolled_back(world: World) -> None:
    def back(services: Services) -> None:
        scheme = services.store.read(schemes.every)[0]
        first = services.store.read(lambda c: schemes.versions(c, scheme.id))[-1]
        world.publish(services, first.text)

    mapping_published(world)
    world.in_services(back)


@pytest.mark.parametrize("change", [source_changed, mapping_published, lookup_edited, scheme_rolled_back])
@pytest.mark.parametrize("accident", [crash_after_journal, reply_lost])
def test_one_document_is_made_of_it(world: World, accident: Any, change: Any) -> None:
    fresh_order(world)
    accident(world)
    change(world)
    world.run()
    world.run()
    report = world.simulators.direct("report")["yonbip"]
    assert len(report["numbers"]["CK-MEANWHILE"]["created"]) == 1
    assert report["payload_changed_under_one_key"] == []
    assert report["blind_resends"] == 0
