"""Stock-out orders become documents, once each, whatever the network and the tenant do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.model.ledger import Counts, RunAsked
from engine.model.values import Window
from engine.services import Services
from engine.store import connections, documents, lookups, runs, schemes
from engine.store.lookups import Pair
from flows.demo.expect import lookup
from flows.demo.orders import orders
from tests.run.world import BEGIN, TABLES, World, serve_run

BAD_READS = {"reset_before": 0.05, "bad_gateway": 0.05, "html": 0.05, "busy": 0.05, "throttled": 0.05}
BAD_WRITES = {
    "save.reset_before": 0.03,
    "save.reset_after": 0.05,
    "bad_gateway": 0.02,
    "save.bad_gateway_after": 0.03,
    "html": 0.02,
    "save.html_after": 0.03,
    "busy": 0.02,
    "save.token_expiry": 0.02,
}
ALL = RunAsked(span=Window(BEGIN, BEGIN + timedelta(days=11)))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def bad_network(world: World) -> None:
    world.simulators.direct("wdt/faults", seed=world.seed, rates=BAD_READS, slow=0.05)
    world.simulators.direct("yonbip/faults", seed=world.seed, rates=BAD_WRITES, slow=0.05)


def settled(counts: Counts, of: int) -> bool:
    return counts.add_up() and counts.done + counts.skipped == counts.read == of


def test_every_order_arrives_once_and_a_second_reading_writes_nothing(world: World) -> None:
    made = world.orders(60)
    assert settled(world.run(), len(made))
    again = world.run(ALL)
    assert (again.read, again.unchanged, again.documents) == (len(made), len(made), 0)
    assert world.differences(made).none


@pytest.mark.parametrize("keys", ["same_id", "error", "ignored"])
def test_a_bad_network_loses_nothing_and_doubles_nothing_whatever_a_repeated_key_means(
    tmp_path: Path, keys: str
) -> None:
    with World(tmp_path, seed=5, options={"yonbip.keys": keys, "yonbip.shows_after": 0.5}) as world:
        made = world.orders(120)
        bad_network(world)
        assert world.run().add_up()
        for _ in range(8):  # a look-up that failed is tried again later, not at once
            if (found := world.differences(made)).none:
                break
            world.run()
        assert found.none, found
        report = world.simulators.direct("report")["yonbip"]
        assert report["payload_changed_under_one_key"] == []
        assert report["writes_without_key"] == 0
        assert sum(report["faults"].values()) > 10, "the network was bad indeed"


def test_a_tenant_that_replaces_our_numbers_gets_no_second_document(tmp_path: Path) -> None:
    with World(tmp_path, seed=6, options={"yonbip.own_numbers": True, "yonbip.keys": "ignored"}) as world:
        made = world.orders(40)
        world.simulators.direct("yonbip/faults", seed=6, rates={"save.reset_after": 0.15})
        counts = world.run()
        assert counts.add_up()
        assert counts.unknown > 0, "what cannot be looked up is left to a person"
        written = world.simulators.direct("report")["yonbip"]["written"]
        lines = [str(one["document"]["memo"]) for one in written]
        assert len(lines) == len(set(lines)) == sum(order["order_type"] == 7 for order in made)


def test_the_first_document_of_all_is_not_resent_before_the_numbering_is_proven(tmp_path: Path) -> None:
    with World(
        tmp_path, options={"yonbip.own_numbers": True, "yonbip.keys": "ignored"}, settle="1s"
    ) as world:
        world.orders(1)
        world.simulators.direct("yonbip/faults", seed=1, rates={"save.reset_after": 1})
        counts = world.run()
        assert (counts.unknown, counts.add_up()) == (1, True)
        assert len(world.simulators.direct("report")["yonbip"]["written"]) == 1


def test_a_missing_code_refuses_its_document_alone_and_a_retry_sends_it(world: World) -> None:
    made = world.orders(30)

    def without(services: Services) -> None:
        now = services.clock.now()
        pairs = services.store.read(lambda c: lookups.pairs(c, TABLES[0]))
        services.store.write(lambda c: lookups.replace(c, TABLES[0], pairs[:1], now))

    def mend(services: Services) -> Any:
        now = services.clock.now()
        pairs = [Pair(left, right) for left, right in lookup(TABLES[0]).items()]
        services.store.write(lambda c: lookups.replace(c, TABLES[0], pairs, now))
        scheme = services.store.read(schemes.every)[0]
        services.store.write(lambda c: documents.again(c, scheme.id, None, ["refused"], now))
        return serve_run(services)

    world.in_services(without)
    first = world.run()
    assert first.add_up()
    assert first.refused > 0
    assert first.done > 0
    after = world.in_services(mend)
    assert after.older == first.refused
    assert world.differences(made).none


def test_a_held_document_goes_by_itself_when_the_code_arrives(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text(
        encoding="utf-8"
    )
    with World(tmp_path, text=text.replace("lookup(仓库)", "lookup(仓库, miss=hold)")) as world:
        made = world.orders(20)

        def empty(services: Services) -> None:
            services.store.write(lambda c: lookups.replace(c, TABLES[0], [], services.clock.now()))

        def fill(services: Services) -> Any:
            pairs = [Pair(left, right) for left, right in lookup(TABLES[0]).items()]
            services.store.write(lambda c: lookups.replace(c, TABLES[0], pairs, services.clock.now()))
            services.store.write(lookups.release)
            return serve_run(services)

        world.in_services(empty)
        held = world.run()
        assert (held.waiting, held.done, held.add_up()) == (20, 0, True)
        assert world.in_services(fill).older == 20
        assert world.differences(made).none


def test_an_order_changed_in_the_overlap_follows_on_change(world: World) -> None:
    made = world.orders(5)
    world.run()
    order = next(order for order in made if order["order_type"] == 7)
    world.simulators.direct("wdt/change", order_no=order["order_no"], fields={"remark": "changed later"})
    again = world.run(ALL)
    assert (again.changed, again.done, again.documents) == (1, 1, 1)

    def flagged(services: Services) -> list[Any]:
        scheme = services.store.read(schemes.every)[0]
        rows = services.store.read(lambda c: documents.found(c, scheme.id))
        return [row.number for row in rows if row.flagged]

    assert world.in_services(flagged) == [order["order_no"]]
    assert world.differences(made).written == 5


def test_a_wrong_secret_stops_the_run_with_one_sentence_and_loses_nothing(world: World) -> None:
    made = world.orders(10)

    def wrong(services: Services) -> None:
        store = services.store
        account = store.read(lambda c: connections.get(c, store.vault, "bip-main"))
        assert account is not None
        store.write(
            lambda c: connections.save(c, store.vault, account, {"app_secret": "wrong"}, services.clock.now())
        )

    def mend(services: Services) -> None:
        store = services.store
        account = store.read(lambda c: connections.get(c, store.vault, "bip-main"))
        assert account is not None
        secret = world.simulators.told["simulators"]["yonbip"]["connections"]["private"]["settings"][
            "app_secret"
        ]
        store.write(
            lambda c: connections.save(c, store.vault, account, {"app_secret": secret}, services.clock.now())
        )

    def last(services: Services) -> Any:
        return services.store.read(runs.latest)[0]

    world.in_services(wrong)
    counts = world.run()
    assert counts.waiting == counts.read - counts.skipped > 0
    row = world.in_services(last)
    assert row.fault_kind == "login"
    assert "invented" not in row.fault
    assert "wrong" not in row.fault
    world.in_services(mend)
    world.run()
    assert world.differences(made).none


def test_a_limited_run_keeps_no_more_than_asked_and_moves_no_cursor(world: World) -> None:
    made = world.orders(20)
    assert world.run(RunAsked(limit=3)).read == 3
    assert world.run().new == len(made) - 3
    assert world.differences(made).none


def test_a_vendor_that_takes_only_small_pages_is_read_in_small_pages(tmp_path: Path) -> None:
    with World(tmp_path, options={"wdt.page_cap": 30}) as world:
        made = world.orders(100)
        assert settled(world.run(), len(made))
        assert world.differences(made).none


def test_orders_that_change_and_appear_while_pages_are_read_are_all_there_in_the_end(tmp_path: Path) -> None:
    with World(tmp_path, options={"wdt.page_cap": 30, "wdt.drift": 0.5}) as world:
        made = orders(120, 1, BEGIN, BEGIN + timedelta(days=10))
        world.give([order for place, order in enumerate(made) if place % 4])
        world.give(made[::4], late=True)
        world.run()
        for _ in range(3):
            world.run(ALL)
        visible = world.simulators.direct("wdt/visible")
        found = world.differences(visible)
        assert (found.lost, found.doubled) == ((), ())
        assert len(visible) > 100, "late orders appeared while pages were read"
