"""Schemes with a shape against the simulators: grouped, split and cut, through faults and kills; the
target holds every line once.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.model.ledger import RunAsked
from engine.model.values import Window
from engine.store import schemes
from flows.demo.expect import PRODUCTS, UNITS, WAREHOUSES
from tests.run.stand import Stand
from tests.run.world import BEGIN, ROOT, World

DAILY = (ROOT / "flows" / "wdt-daily-to-bip-othout.yaml").read_text("utf-8")
POSITIONS = (ROOT / "flows" / "wdt-positions-to-bip-othout.yaml").read_text("utf-8")
AT_ONCE = DAILY.replace("complete: {day: day, plus: 2h}", "complete: read").replace("most: 200", "most: 4")
OPTIONS = {"yonbip.keys": "ignored", "yonbip.shows_after": 0.3, "wdt.page_cap": 30}

Line = tuple[str, str, str, str]


def wanted(orders: list[dict[str, Any]]) -> dict[Line, Decimal]:
    """Quantities by warehouse, day, product and unit, as a person would add them up."""
    total: Counter[Line] = Counter()
    for order in orders:
        if str(order["order_type"]) == "7" and int(order["status"]) >= 95:
            for line in order["details_list"]:
                count = Decimal(line["goods_count"])
                unit = UNITS[line["goods_unit"]] if line.get("goods_unit") else ""
                place = (WAREHOUSES[order["warehouse_no"]], order["consign_time"][:10])
                if count > 0:
                    total[(*place, PRODUCTS[line["spec_no"]], unit)] += count
    return dict(total)


def written(report: Any) -> dict[Line, Decimal]:
    """The same of what the target holds; numbers are different, lists are short."""
    total: Counter[Line] = Counter()
    documents = [one["document"] for one in report["written"]]
    assert len({one["code"] for one in documents}) == len(documents)
    for one in documents:
        assert len(one["othOutRecords"]) <= 200
        for line in one["othOutRecords"]:
            key = (one["warehouse"], one["vouchdate"][:10], line["product"], line.get("stockUnitId", ""))
            total[key] += Decimal(line["qty"]).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return dict(total)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(tmp_path) as made:
        yield made


def of(stand: Stand, text: str) -> None:
    """This scheme in place of the stand's own."""
    stand.publish(text)
    code = text.split("scheme:", 1)[1].split()[0]
    stand.scheme = next(one.id for one in stand.store.read(schemes.every) if one.code == code)


def test_the_orders_of_a_warehouse_and_day_arrive_as_one_document_in_pieces(stand: Stand) -> None:
    of(stand, AT_ONCE)
    made = stand.orders(60)
    stand.begin()
    stand.work_off()
    report = stand.report()
    assert written(report) == wanted(made)
    assert all(len(one["document"]["othOutRecords"]) <= 4 for one in report["written"])
    stand.begin()
    stand.work_off()
    assert len(stand.report()["written"]) == len(report["written"]), "a second run writes nothing"


def test_orders_that_come_late_arrive_in_further_documents(stand: Stand) -> None:
    of(stand, AT_ONCE)
    made = stand.made(40)
    stand.give(*made[::2])
    stand.begin()
    stand.work_off()
    first = len(stand.report()["written"])
    stand.give(*made[1::2])
    stand.begin(RunAsked(span=Window(BEGIN, BEGIN + timedelta(days=11))))
    stand.work_off()
    report = stand.report()
    assert written(report) == wanted(made)
    assert len(report["written"]) > first
    assert any("-B2" in one["code"] for one in report["written"])


def test_a_days_document_waits_until_the_day_was_read(stand: Stand) -> None:
    of(stand, DAILY)
    made = stand.orders(20)
    stand.clock.at = BEGIN + timedelta(days=4)
    stand.begin()
    stand.work_off()
    early = {key: count for key, count in wanted(made).items() if key[1] < "2026-11-05"}
    assert written(stand.report()) == early
    stand.clock.at += timedelta(days=9)
    stand.begin()
    stand.work_off()
    assert written(stand.report()) == wanted(made)


def test_an_order_comes_apart_into_documents_of_its_positions(stand: Stand) -> None:
    of(stand, POSITIONS)
    made = stand.orders(12)
    stand.begin()
    stand.work_off()
    got: Counter[tuple[str, str]] = Counter()
    for one in stand.report()["written"]:
        for line in one["document"]["othOutRecords"]:
            got[(one["code"], line["product"])] += Decimal(line["qty"])
    want: Counter[tuple[str, str]] = Counter()
    for order in made:
        for line in order["details_list"]:
            code = f"{order['order_no']}-{'B' if line['batch_no'] else 'N'}"
            want[(code, PRODUCTS[line["spec_no"]])] += Decimal(line["goods_count"])
    assert got == want


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, options=OPTIONS, text=f"{AT_ONCE}parallel: 4\n") as made:
        made.simulators.direct("yonbip/latency", seconds=0.004)
        yield made


def kill(world: World, point: str, nth: int) -> bool:
    return world.start(f"{point}:{nth}").wait(120) == -signal.SIGKILL


PLANNING = ("plan.made", "plan.made", "plan.kept", "group.made", "group.closed", "group.made", "group.closed")
SENDING = ("request.sent", "reply.received", "settle.before") * 2


@pytest.mark.kill
@pytest.mark.parametrize("points", [PLANNING, SENDING], ids=["planning", "sending"])
def test_kill_9_between_records_groups_and_documents_loses_and_doubles_no_line(
    world: World, points: tuple[str, ...]
) -> None:
    dice = random.Random(points[0])
    made = world.orders(80)
    # One batch may hold all records, so a plan is killed at its first; of groups and documents there are many.
    kills = sum(kill(world, point, 1 if point.startswith("plan") else dice.randint(2, 4)) for point in points)
    assert world.start().wait(120) == 0
    assert world.start().wait(120) == 0
    assert written(world.simulators.direct("report")["yonbip"]) == wanted(made)
    assert kills == len(points)
