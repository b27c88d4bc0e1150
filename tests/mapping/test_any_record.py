"""Whatever a vendor sends: a document or problems, never an exception; twice the same gives equal bytes."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, strategies as st

from engine.exact import canonical
from engine.mapping import fill
from engine.mapping.compile import compile_mapping
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.function import Function
from engine.mapping.formula.functions import REGISTRY
from engine.mapping.formula.tree import Call, Name, Number, Text, Tree
from engine.mapping.ground import Found, Ground, Level
from engine.mapping.path import Path, Step
from engine.mapping.scope import Run, Scope, Trouble
from engine.mapping.slip import Slip
from tests.mapping.build import NOW, QUERY, RECORD, SAVE, TABLES, scheme
from tests.mapping.formula.test_parser import signs

NAMES = st.sampled_from(
    [*(one.name for one in QUERY.give), "spec_no", "batch_no", "no", "owner", "num", "gone"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(-1000, 1000, allow_nan=False, places=4),
    st.decimals(-1000, 1000, allow_nan=False, places=4).map(str),
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            "7",
            "95",
            "WH001",
            "SPU1",
            "2026-01-02 03:04:05",
            "0000-00-00 00:00:00",
            "2026-02-30",
            "９",
            "1e9",
        ]
    ),
    st.sampled_from(
        [10**4000, -(10**999), Decimal("1E+9999"), Decimal("1E-9999"), Decimal("0E+9999"), Decimal("sNaN")]
    ),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6)
)
ROWS = st.lists(st.dictionaries(NAMES, VALUES, max_size=6) | SCALARS, max_size=4)
RECORDS = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=12),
    st.builds(
        lambda more, rows: {**RECORD, **more, "details_list": rows},
        st.dictionaries(NAMES, VALUES, max_size=4),
        ROWS,
    ),
    VALUES,
)
IN_A_ROW = Ground((Level(),)).inside(Found(Path()))
LEAVES = st.one_of(
    st.decimals(0, 10**9, allow_nan=False, places=3).map(Number),
    st.builds(Text, st.sampled_from(["", "仓库", "a", ",", "0.00", "yyyyMMdd", "2026-01-02", "goods_count"])),
    st.builds(lambda up, name: Name(Path(up, (Step(name),))), st.integers(0, 1), NAMES),
)


def arguments(function: Function, inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[tuple[Tree, ...]]:
    fitting = [count for count in range(6) if function.fitted(count) is not None]
    return st.sampled_from(fitting).flatmap(lambda count: st.tuples(*[inner] * count))


def larger(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Every function with as many arguments as it takes, and the signs between them."""
    calls = [st.builds(Call, st.just(one.name), arguments(one, inner)) for one in REGISTRY]
    return st.one_of(*calls, signs(inner))


EVERYTHING: Any = {
    "code": "order_no",
    "vouchdate": "consign_time | date",
    "org": {"value": "001"},
    "warehouse": "warehouse_no | lookup(仓库, miss=hold)",
    "memo": {
        "template": "{{ remark | default('无') }}{% for l in details_list %}{{ l.spec_no }}{% endfor %}"
    },
    "bustype": "order_type | enum(7=A10001, else=A10002)",
    "total": "=ROUND(SUM(COLUMN(details_list, 'goods_count')) * COALESCE(weight, 1) / POWER(2, 0.5), 2)",
    "lines": "=COUNT(details_list)",
    "urgent": {"from": "urgent", "pipe": ["boolean"], "when": "status >= 95 AND order_type IN ('7', 8)"},
    "at": {"formula": "ADDDAYS(consign_time, 1)", "missing": "null"},
    "tags": {"jsonpath": "$..spec_no"},
    "shop": {
        "map": {"no": "shop.no", "name": {"jmespath": "details_list[?goods_count > `1`].spec_no | [0]"}}
    },
    "othOutRecords": {
        "each": "details_list",
        "where": "goods_count > 0 OR remark <> ''",
        "map": {
            "product": 'spec_no | lookup(物料, miss="0")',
            "qty": "goods_count | decimal(4)",
            "memo": "=UPPER(remark) & ^.src_order_no & TEXT(goods_count, '0.00')",
            "rowno": "=ROWNO()",
            "batches": {
                "each": "position_list",
                "map": {"batch": "batch_no", "of": "^.spec_no", "order": "^^.order_no"},
            },
        },
    },
}
PLAIN: Any = {
    "code": "order_no",
    "vouchdate": "consign_time | date",
    "org": "shop.no",
    "warehouse": "warehouse_no | lookup(仓库)",
    "memo": "remark",
    "total": "weight",
    "othOutRecords": {
        "each": "details_list",
        "map": {
            "product": "spec_no",
            "qty": "goods_count | decimal(4)",
            "memo": "=remark & '/' & spec_no",
            "rowno": "goods_count",
        },
    },
}


@pytest.mark.parametrize("typed", [True, False])
@given(record=RECORDS)
def test_any_record_gives_a_document_or_says_why_not(record: Any, typed: bool) -> None:
    source, target = (QUERY, SAVE) if typed else (None, None)
    mapping, found = compile_mapping(scheme(EVERYTHING), source, target, None)
    assert mapping is not None, found
    mapped = mapping.apply(record, TABLES, NOW)
    told = (mapped.document is not None, mapped.skipped is not None, bool(mapped.problems), bool(mapped.held))
    assert sum(told) == 1
    if mapped.document is not None:
        again = mapping.apply(record, TABLES, NOW).document
        assert again is not None
        assert canonical(again) == canonical(mapped.document)
    assert mapping.apply(record, TABLES, NOW) == mapped or not mapped.problems


@given(tree=st.recursive(LEAVES, larger, max_leaves=15), record=RECORDS)
def test_any_formula_gives_a_value_or_says_why_not(tree: Tree, record: Any) -> None:
    try:
        coded = compile_formula(tree, IN_A_ROW)
    except Slip:
        return
    inner = Scope(record, Scope(RECORD, None, Run(TABLES, NOW)), Run(TABLES, NOW))
    with contextlib.suppress(Trouble):
        coded.find(record, inner)


@given(record=RECORDS)
def test_the_quick_closures_mean_what_the_general_ones_mean(record: Any) -> None:
    quick, _ = compile_mapping(scheme(PLAIN), QUERY, SAVE, None)
    with mock.patch.object(fill, "quick", lambda *args: args[-1]):
        general, _ = compile_mapping(scheme(PLAIN), QUERY, SAVE, None)
    assert quick is not None
    assert general is not None
    assert repr(quick.apply(record, TABLES, NOW)) == repr(general.apply(record, TABLES, NOW))
