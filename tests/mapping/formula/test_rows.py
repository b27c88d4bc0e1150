"""Functions over rows see the row they compute in; a total is shared to the last cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.share import TAILS, allocated
from engine.mapping.ground import Ground, Level
from engine.mapping.scope import Trouble
from engine.mapping.slip import Slip
from tests.mapping.build import QUERY, apply, evaluate, problems

RECORD: dict[str, Any] = {
    "no": "CK1", "fee": "10.00",
    "rows": [
        {"sku": "A", "qty": "2", "price": "5.00", "gift": 0, "sub": [{"b": "x"}, {"b": "y"}]},
        {"sku": "B", "qty": "1", "price": "9.00", "gift": 0, "sub": []},
        {"sku": "A", "qty": "0", "price": None, "gift": 1},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("SUMBY(rows, qty * COALESCE(price, 0))", Decimal("19.00")),
        ("WEIGHTED(rows, price, qty)", Decimal("6.333333333333333333333333333333333")),
        ("EACH(rows, sku & '/' & ^.no)", ["A/CK1", "B/CK1", "A/CK1"]),
        ("EACH(rows, gone)", [None, None, None]),
        ("COUNT(FILTER(rows, gift = 0))", 2),
        ("FIRST(FILTER(rows, gift = 1), sku)", "A"),
        ("LAST(rows, sku)", "A"),
        ("FIRST(SORT(rows, price, 'down'), sku)", "B"),
        ("JOIN(EACH(SORT(rows, price), sku))", "A,B,A"),
        ("JOIN(UNIQUE(EACH(rows, sku)), '+')", "A+B"),
        ("ANY(rows, qty = 0) AND NOT ALL(rows, gift = 0)", True),
        ("COUNT(FLAT(EACH(rows, sub)))", 2),
        ("EACH(rows, COUNT(FILTER(^.rows, sku = ^.sku)))", [2, 1, 2]),
        ("SUMBY(FILTER(rows, ROWNO() < 3), qty)", Decimal(3)),
        ("AMONG('B', EACH(rows, sku))", True),
        ("GET(FIRST(rows), 'sub[1].b')", "y"),
        ("SUMBY(none, qty)", Decimal(0)),
        ("ALL(none, qty > 0)", True),
        ("MEDIAN(EACH(rows, qty))", Decimal(1)),
        ("SORT(LIST('10', '9'))", ["9", "10"]),
        ("SORT(LIST('10', 'b', '9'), ., 'down')", ["b", "9", "10"]),
    ],
)
def test_an_expression_is_computed_in_each_row(text: str, gives: Any) -> None:
    assert evaluate(text, RECORD) == gives


def test_the_fields_of_the_rows_are_known_before_any_record() -> None:
    found = problems({"total": "=SUMBY(details_list, gods_count)"})
    assert [(one.code, "goods_count" in str(one.do)) for one in found] == [("unknown_source", True)]
    assert problems({"total": "=SUMBY(FILTER(details_list, remark <> ''), goods_count)"}) == []
    assert problems({"total": "=SUMBY(details_list, goods_count * ^.weight)"}) == []


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("FILTER(rows, 'x')", 13),
        ("EACH(rows, ^^.a)", 11),
        ("SORT(rows, sku, 'sideways')", 0),
        ("ALLOCATE(1, rows, qty, n)", 0),
        ("ALLOCATE(1, rows, qty, 2, 'middle')", 0),
        ("OBJECT('a', 1, 'a', 2)", 0),
        ("OBJECT('a', 1, 'b')", 0),
        ("GET(rows, '^.a')", 0),
        ("MATCHES(a, '')", 0),
        ("PARSEDATE(a, 'MMdd')", 0),
        ("FROMEPOCH(a, 'h')", 0),
        ("INZONE(a, 'Mars')", 0),
    ],
)
def test_misuse_is_told_before_any_record(text: str, at: int) -> None:
    with pytest.raises(Slip) as caught:
        compile_formula(read_formula(text), Ground((Level(),)))
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SUMBY(rows, price)", "blank_number"),
        ("EACH(no, .)", "no_list"),
        ("SORT(rows)", "no_text"),
        ("WEIGHTED(FILTER(rows, gift = 1), price, qty)", "zero"),
        ("ALLOCATE(fee, FILTER(rows, gift = 1), qty)", "zero"),
        ("ALLOCATE(0.005, rows, qty)", "places"),
        ("SHARE(fee, rows, qty)", "no_share"),
        ("READJSON('{')", "no_json"),
        ("READJSON('[1e9999]')", "no_json"),
        ("UNBASE64('%')", "base64"),
        ("MOD(1, 0)", "zero"),
        ("REPEAT(no, 1000000)", "too_long"),
        ("PADLEFT(no, 9999999)", "too_long"),
        ("PADLEFT(no, 9, '')", "padding"),
        ("PARSEDATE('20260230', 'yyyyMMdd')", "no_date"),
        ("FROMEPOCH('99999999999999999')", "no_date"),
        ("ADDMONTHS('2026-01-01', 999999)", "overflow"),
        ("RMB(POWER(10, 16))", "overflow"),
        ("CHECK(1 > 2, '数量不对', 1)", "check"),
        ("ERROR('没有仓库')", "check"),
        ("SKIP('虚拟商品')", "skipped"),
        ("MATCHES(REPEAT('a', 20000), '*a')", "too_long"),
    ],
)
def test_what_cannot_be_computed_is_a_trouble(text: str, code: str) -> None:
    with pytest.raises(Trouble) as caught:
        evaluate(text, RECORD)
    assert caught.value.code == code


def test_a_large_number_is_rounded_before_the_point_too() -> None:
    assert evaluate("ROUND(POWER(10, 32) * 9 + 51, -2)") == 9 * 10**32 + 100


def test_a_freight_is_shared_over_the_lines_that_are_written() -> None:
    share = "=SHARE(^.fee, FILTER(^.rows, qty > 0), qty)"
    mapped = apply({"x": {"each": "rows", "where": "qty > 0", "map": {"s": share}}}, RECORD)
    assert mapped.document == {"x": [{"s": Decimal("6.67")}, {"s": Decimal("3.33")}]}


def test_sharing_over_many_lines_is_computed_once() -> None:
    rows = [{"q": number} for number in range(5_000)]
    mapped = apply({"x": {"each": "rows", "map": {"s": "=SHARE(^.t, ^.rows, q)"}}}, {"t": 1000, "rows": rows})
    assert mapped.document is not None
    listed = mapped.document["x"]
    assert isinstance(listed, list)
    assert sum(one["s"] for one in listed) == 1000  # type: ignore[index,call-overload,misc]  # rows of numbers


CENTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
WEIGHTS = st.lists(st.decimals(0, 10**6, places=4, allow_nan=False), min_size=1, max_size=60)


@given(total=CENTS, weights=WEIGHTS, tail=st.sampled_from(TAILS))
def test_shares_add_up_and_only_one_is_not_simply_rounded(
    total: Decimal, weights: list[Decimal], tail: str
) -> None:
    if not any(weights):
        return
    shares = allocated(total, weights, 2, tail)
    assert sum(shares) == total
    assert all(not share for share, weight in zip(shares, weights, strict=True) if not weight)
    assert all(share == 0 or (share < 0) is (total < 0) for share in shares)
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    far = [abs(share - one) > Decimal("0.0100001") for share, one in zip(shares, exact, strict=True)]
    assert sum(far) <= 1


@pytest.mark.parametrize(
    ("tail", "shares"),
    [("largest", "3.34 3.33 3.33"), ("last", "3.33 3.33 3.34"), ("first", "3.34 3.33 3.33")],
)
def test_the_tail_goes_where_it_is_asked_for(tail: str, shares: str) -> None:
    weights = [Decimal("1.0001") if tail == "largest" else Decimal(1), Decimal(1), Decimal(1)]
    assert allocated(Decimal(10), weights, 2, tail) == [Decimal(one) for one in shares.split()]


def test_a_row_without_weight_never_takes_the_tail() -> None:
    shares = allocated(Decimal("0.01"), [Decimal(0), Decimal(1), Decimal(1), Decimal(0)], 2, "last")
    assert shares[0] == shares[3] == 0
    assert sum(shares) == Decimal("0.01")


def test_catalogue_rows_are_seen_through_filters() -> None:
    assert any(one.name == "details_list" for one in QUERY.give)
    found = problems({"lines": "=COUNT(FILTER(SORT(details_list, spec_no), gone = 1))"})
    assert [one.code for one in found] == ["unknown_source"]
