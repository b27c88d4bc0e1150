"""Imported schemes against the vendors' simulators: what they write is what their metadata asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.vendors import Vendors
from tests.cli.build import Duijie
from tests.qeasy.conftest import Imports

OF_LINES = "othOutRecords"


def run(duijie: Duijie, code: str, allow: list[str], *span: str) -> dict[str, Any]:
    said = duijie("run", code, *span, *allow, "--json")
    told = duijie("records", code, "--json").out
    assert said.code == 0, said.out + said.err + told
    counts: dict[str, Any] = said.json
    assert counts["refused"] == counts["unknown"] == counts["waiting"] == 0, told
    return counts


def written(simulators: Vendors) -> list[dict[str, Any]]:
    """The documents that 用友BIP holds."""
    return [one["document"] for one in simulators.direct("report?full=1")["yonbip"]["written"]]


@pytest.mark.parametrize(
    ("sample", "done", "skipped"),
    [
        ("01-plain", 6, 0), ("02-price", 6, 0), ("03-header-condition", 6, 1), ("04-line-condition", 6, 0),
        ("08-derived", 6, 0), ("10-first-kind", 6, 0), ("11-batch", 6, 0), ("12-stockin", 6, 1),
        ("13-purchase", 6, 1), ("14-transfer-in", 6, 0), ("15-transfer-out", 6, 0), ("16-sale", 6, 0),
    ],
)  # fmt: skip
def test_a_scheme_writes_each_record_once(
    sample: str, done: int, skipped: int, duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring(sample)
    code = sample.partition("-")[2]
    counts = run(duijie, code, shop)
    assert (counts["done"], counts["skipped"]) == (done, skipped)
    assert len(written(simulators)) == done
    assert run(duijie, code, shop)["done"] == 0
    assert len(written(simulators)) == done


def orders(simulators: Vendors) -> list[dict[str, Any]]:
    """The stock-outs of 旺店通 that the schemes ask for."""
    held: list[dict[str, Any]] = simulators.direct("wdt/visible", {})
    return [one for one in held if str(one["order_type"]) == "7"]


def article(line: dict[str, Any]) -> str:
    return f"PD{int(line['spec_no'][4:]) - 1000:06}"


def test_zero_lines_have_no_price(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("02-price")
    run(duijie, "price", shop)
    there = {one["order_no"]: one for one in orders(simulators)}
    zeros = 0
    for paper in written(simulators):
        lines = there[paper["code"]]["details_list"]
        assert [line["product"] for line in paper[OF_LINES]] == [article(line) for line in lines]
        for line, sold in zip(paper[OF_LINES], lines, strict=True):
            count = Decimal(sold["goods_count"])
            zeros += not count
            assert line["memo"] == ("有" if count else "零")
            if count:
                price = (Decimal(sold["total_amount"]) / count).quantize(Decimal("0.000001"))
                assert Decimal(str(line["budgetUnitPrice"])) == price
            else:
                assert "budgetUnitPrice" not in line
    assert zeros


def test_a_strict_condition_leaves_the_whole_record_out(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("05-strict-condition")
    counts = run(duijie, "strict-condition", shop)
    there = orders(simulators)
    whole = [
        one["order_no"] for one in there
        if all(Decimal(line["goods_count"]) for line in one["details_list"])
        or (one["warehouse_no"] == "WH-HZ01" and not one.get("remark"))
    ]  # fmt: skip
    assert sorted(paper["code"] for paper in written(simulators)) == sorted(whole)
    assert counts["skipped"] == len(there) - len(whole) > 0


def test_a_flattened_scheme_writes_a_document_for_each_line(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("06-flattened")
    run(duijie, "flattened", shop)
    lines = [(one["order_no"], line) for one in orders(simulators) for line in one["details_list"]]
    papers = {paper["code"]: paper for paper in written(simulators)}
    assert papers.keys() == {f"{number}-{line['rec_id']}" for number, line in lines}
    for number, line in lines:
        (only,) = papers[f"{number}-{line['rec_id']}"][OF_LINES]
        assert (only["product"], Decimal(str(only["qty"]))) == (article(line), Decimal(line["goods_count"]))


def test_a_grouped_scheme_sums_the_lines_of_a_warehouse(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("07-grouped")
    run(duijie, "grouped", shop)
    sums: dict[str, dict[str, Decimal]] = {}
    for one in orders(simulators):
        own = sums.setdefault(f"HB-{one['warehouse_no']}", {})
        for line in one["details_list"]:
            own[article(line)] = own.get(article(line), Decimal(0)) + Decimal(line["goods_count"])
    told = {
        paper["code"]: {line["product"]: Decimal(str(line["qty"])) for line in paper[OF_LINES]}
        for paper in written(simulators)
    }
    assert told == sums


def test_a_look_up_waits_for_the_records_of_the_other_scheme(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("19-warehouses", target="")
    bring("09-lookup", "--pool", "00000000-0000-4000-8000-0000000000a1=warehouses")
    duijie("run", "lookup", *shop)
    assert written(simulators) == []
    run(duijie, "warehouses", shop)
    run(duijie, "lookup", shop)
    names = {"WH-HZ01": "杭州一仓", "WH-GZ02": "广州二仓", "WH-CD03": "成都三仓"}
    assert {paper["code"]: paper["memo"] for paper in written(simulators)} == {
        one["order_no"]: names[one["warehouse_no"]] for one in orders(simulators)
    }


def test_documents_go_the_other_way(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("17-to-wdt", target="wdt-main")
    assert run(duijie, "to-wdt", shop)["done"] == 6
    held = simulators.direct("wdt/shelf", {"of": "wdt.stockin.order.query"})
    assert len([one for one in held if str(one.get("outer_no", "")).startswith("RTCK")]) == 6


def test_goods_go_to_the_warehouse(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("18-goods", source="bip-main", target="wdt-main")
    assert run(duijie, "goods", shop)["done"] == 7
    held = simulators.direct("wdt/shelf", {"of": "wdt.goods.query"})
    ours = [one for one in held if one["goods_no"].startswith("WL")]
    assert len(ours) == 7
    assert all([line["spec_no"] for line in one["spec_list"]] == [one["goods_no"]] for one in ours)


def test_base_data_is_kept(duijie: Duijie, shop: list[str], bring: Imports) -> None:
    bring("20-shops")
    assert run(duijie, "shops", shop)["done"] == 2


def test_bills_of_kingdee_are_written_and_read(
    duijie: Duijie, shop: list[str], bring: Imports, simulators: Vendors
) -> None:
    bring("21-k3-sale", target="k3-main")
    assert run(duijie, "k3-sale", shop)["done"] == 6
    told = simulators.direct("report?full=1")["k3cloud"]["written"]
    bills = {one["number"]: one["document"] for one in told}
    for one in orders(simulators):
        sold = [line for line in one["details_list"] if Decimal(line["goods_count"])]
        lines = bills[one["order_no"]]["FEntity"]
        assert [line["FMaterialID"]["FNumber"][-4:] for line in lines] == [
            article(line)[-4:] for line in sold
        ]
        assert [Decimal(str(line["FRealQty"])) for line in lines] == [
            Decimal(line["goods_count"]) for line in sold
        ]
    bring("22-k3-query", source="k3-main", target="")
    # What was changed within the last two minutes is not read by itself yet.
    days = [(datetime.now(UTC) + timedelta(days=more)).date().isoformat() for more in (-1, 2)]
    counts = run(duijie, "k3-query", shop, "--from", days[0], "--to", days[1])
    assert (counts["read"], counts["done"]) == (6, 6)
