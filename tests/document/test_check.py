"""A scheme held against catalogues and, at publish, against connections and tables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from engine.document.catalog import read_connector, read_operation
from engine.document.check import Checked, Known, check
from engine.document.scheme import read_scheme
from engine.model.catalog import Connector, Operation
from engine.registry import Registry

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")

QUERY = """\
operation: shop.query
kind: query
call: {path: /q}
window: {since: start, until: end, longest: 30d}
pages: {number: page_no, size: page_size}
ask: [{name: start}, {name: end}, {name: status, aliases: [state]}, {name: page_no}, {name: page_size}]
give: [{name: no}, {name: lines, type: list, fields: [{name: sku}, {name: qty, type: decimal}]}]
source: 页面
"""
SAVE = """\
operation: erp.save
kind: save
call: {path: /s}
lookup: {operation: erp.list, by: code}
idempotency: {at: key}
fields: [{name: code, required: true}, {name: memo}, {name: key}]
source: 页面
"""
SCHEME = """\
scheme: a-b
source:
  connection: shop-main
  operation: shop.query
  begin: 2026-11-01
target: {connection: erp-main, operation: erp.save}
map:
  code: no
  memo: no | lookup(备注)
"""
REGISTRY = Registry.read([ROOT / "connectors"])
KNOWN = Known({"shop-main": "shop", "erp-main": "erp"}, {"备注"})


@dataclass(frozen=True)
class Few:
    """Two operations without a folder."""

    operations: dict[str, Operation]

    def operation(self, name: str) -> Operation | None:
        return self.operations.get(name)

    def connector(self, name: str) -> Connector | None:
        made, _ = read_connector(f"connector: {name}\ntitle: x\nenvelope: {{ok: [{{at: code}}]}}\n", name)
        return made

    def names(self) -> Collection[str]:
        return self.operations.keys()


def catalogs(**more: str) -> Few:
    made = {}
    for text, connector in ((QUERY, "shop"), (SAVE, "erp"), *((text, "shop") for text in more.values())):
        operation, problems = read_operation(text, "x")
        assert problems == []
        assert operation is not None
        made[operation.operation] = operation.model_copy(update={"connector": connector})
    return Few(made)


def checked(text: str, known: Known | None = KNOWN) -> Checked:
    return check(text, catalogs(), known)


def told(text: str, known: Known | None = KNOWN) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in checked(text, known).problems]


def test_a_good_scheme_has_a_mapping_and_nothing_to_mend() -> None:
    good = checked(SCHEME)
    assert good.problems == ()
    assert good.fine
    assert good.scheme is not None
    assert good.mapping is not None
    assert good.mapping.tables == {"备注"}


def test_the_example_passes_with_the_shipped_catalogues() -> None:
    alone = check(EXAMPLE, REGISTRY)
    assert alone.fine
    assert alone.mapping is not None
    assert {problem.weight for problem in alone.problems} == {"note"}
    known = Known({"wdt-main": "wdt", "bip-main": "yonbip"}, {"仓库", "物料", "单位"})
    assert check(EXAMPLE, REGISTRY, known).problems == ()


def test_without_a_store_connections_and_tables_are_notes() -> None:
    found = checked(SCHEME, None)
    assert found.fine
    assert [(problem.weight, problem.path) for problem in found.problems] == [
        ("note", "source.connection"),
        ("note", "target.connection"),
        ("note", "map"),
    ]


def test_at_publish_an_unknown_connection_or_table_is_a_problem() -> None:
    known = Known({"shop-man": "shop", "erp-main": "shop"}, set())
    found = checked(SCHEME, known)
    assert [(problem.code, problem.path) for problem in found.problems] == [
        ("unknown_connection", "source.connection"),
        ("connector", "target.connection"),
        ("unknown_table", "map.memo"),
    ]
    assert found.problems[0].do == "是不是“shop-man”？"
    assert found.mapping is None


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("operation: shop.query", "operation: shop.qurey", "unknown_operation", "source.operation"),
        ("operation: erp.save", "operation: erp.sav", "unknown_operation", "target.operation"),
        ("operation: erp.save", "operation: shop.query", "kind", "target.operation"),
        ("  begin: 2026-11-01\n", "", "missing", "source.begin"),
        ("begin: 2026-11-01", "begin: 2026-11-01\n  overlap: 30d", "overlap", "source.overlap"),
        (
            "begin: 2026-11-01",
            "begin: 2026-11-01\n  params: {start: x}",
            "engine_param",
            "source.params.start",
        ),
        (
            "begin: 2026-11-01",
            "begin: 2026-11-01\n  params: {page_no: 1}",
            "engine_param",
            "source.params.page_no",
        ),
        (
            "begin: 2026-11-01",
            "begin: 2026-11-01\n  params: {statu: 1}",
            "unknown_param",
            "source.params.statu",
        ),
        ("map:", "on_change: update\nmap:", "no_update", "on_change"),
        ("no | lookup(备注)", "nope", "unknown_source", "map.memo"),
        ("code: no", "code: no\n  cod: no", "unknown_target", "map.cod"),
        ("code: no", "code: no\n  key: no", "engine_field", "map.key"),
    ],
)
def test_one_wrong_thing_is_one_problem_at_its_place(old: str, new: str, code: str, path: str) -> None:
    found = told(SCHEME.replace(old, new, 1))
    assert [one for one in found if one[0] != "connector"] == [(code, path)]


def test_good_params_are_told_nothing() -> None:
    assert told(SCHEME.replace("begin:", "params: {state: 1, status: =since}\n  begin:")) == []


def test_a_wrong_formula_among_the_params_shows_the_column() -> None:
    found = checked(SCHEME.replace("begin:", "params: {status: =nope}\n  begin:"))
    assert [problem.path for problem in found.problems] == ["source.params.status"]
    assert found.problems[0].at is not None
    assert found.problems[0].at.line == 5


def test_begin_and_overlap_mean_nothing_without_a_window() -> None:
    plain = QUERY.replace("shop.query", "shop.all").replace(
        "window: {since: start, until: end, longest: 30d}\n", ""
    )
    text = SCHEME.replace("shop.query", "shop.all").replace("begin:", "lag: 1m\n  begin:")
    found = check(text, catalogs(plain=plain), KNOWN)
    assert [(problem.code, problem.path) for problem in found.problems] == [
        ("no_window", "source.lag"),
        ("no_window", "source.begin"),
    ]


def test_all_problems_come_at_once_in_the_order_of_the_text_and_no_echo() -> None:
    text = (
        SCHEME.replace("scheme: a-b", "scheme: A")
        .replace("operation: shop.query", "operation: shop.qury")
        .replace("code: no", "code: 7")
        .replace("memo: no | lookup(备注)", "memo: (")
    )
    found = checked(text)
    # `code` is required and unread: that it is missing would only be an echo.
    assert [problem.path for problem in found.problems] == [
        "scheme",
        "source.operation",
        "map.code",
        "map.memo",
    ]
    assert found.scheme is None
    assert found.mapping is None
    near = found.problems[1]
    assert "shop.query" in near.do


def test_the_look_ups_field_left_out_is_a_warning() -> None:
    text = SCHEME.replace("  code: no\n", "")
    found = checked(text)
    assert {(problem.weight, problem.code) for problem in found.problems} == {
        ("problem", "required"),
        ("warning", "lookup_not_set"),
    }


@pytest.mark.parametrize(
    "text", ["", "[", "a", "- a", "scheme: [", "map: {}", "map: []\nsource: 1\ntarget: 2", "map: {a: }"]
)
def test_whatever_the_text_it_is_problems_and_never_an_exception(text: str) -> None:
    found = checked(text)
    assert not found.fine
    assert found.mapping is None


PIECES = st.sampled_from(
    ["{", "}", "[", "]", ": ", "- ", "\n", "\n  ", "'", '"', "#", "=", "|", "7", "null", "中", "(", ")"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
def test_a_mangled_scheme_is_told_and_never_an_exception(cuts: list[tuple[int, int, str]]) -> None:
    text = EXAMPLE
    for begin, length, piece in cuts:
        text = text[:begin] + piece + text[begin + length :]
    found = check(text, REGISTRY)
    assert found.mapping is not None or not found.fine
    assert all(problem.says and problem.at for problem in found.problems)


def test_a_flood_of_problems_is_cut_off_quickly() -> None:
    text = SCHEME + "".join(f"k{number}: 1\n" for number in range(5000))
    assert len(checked(text).problems) == 200


BASE = """\
scheme: goods
source: {connection: wdt-main, operation: wdt.stockout.order.query, begin: 2026-11-01}
"""


def ordered(text: str, **others: str) -> list[str]:
    """What publishing tells of `text`, where these other schemes are published."""
    read = {code.replace("_", "-"): read_scheme(f"{BASE}{more}")[0] for code, more in others.items()}
    schemes = {code: one.model_copy(update={"scheme": code}) for code, one in read.items() if one}
    known = Known({"wdt-main": "wdt"}, (), schemes)
    return [problem.code for problem in check(text, REGISTRY, known).problems]


def test_a_scheme_without_target_and_map_is_whole() -> None:
    assert ordered(BASE) == []
    assert ordered(BASE + "parallel: 2\n") == ["no_target"]
    assert "no_target" in ordered(BASE + "shape:\n  - group: {by: {a: a}}\n")
    assert ordered(BASE + "target: {connection: b, operation: c}\n") == ["missing"]
    assert ordered(BASE + "map: {a: order_no}\n") == ["missing"]


def test_who_runs_first_must_be_there_and_not_wait_in_turn() -> None:
    assert ordered(BASE + "needs: [shops]\n", shops="") == []
    assert ordered(BASE + "schedule: {after: shops}\n", shops="") == []
    assert ordered(BASE + "needs: [shop]\n", shops="") == ["unknown_scheme"]
    assert ordered(BASE + "needs: [goods]\n") == ["itself"]
    circle = {"shops": "needs: [stores]\n", "stores": "schedule: {after: goods}\n"}
    assert ordered(BASE + "needs: [shops]\n", **circle) == ["circle"]
    assert [problem.weight for problem in check(BASE + "needs: [x-y]\n", REGISTRY).problems] == [
        "note",
        "note",
    ]


LOOKS = """\
scheme: orders
source: {connection: wdt-main, operation: wdt.stockout.order.query, begin: 2026-11-01}
"""


def test_a_lookup_of_the_schemes_own_is_held_against_what_it_looks_into() -> None:
    def told(lookup: str, **others: str) -> list[str]:
        return ordered(LOOKS + f"lookups:\n  x: {lookup}\n", **others)

    assert told("{scheme: goods, by: order_no, give: order_no}", goods="") == []
    assert (
        told("{scheme: goods, each: details_list, by: [^.order_no, spec_no], give: {a: goods_no}}", goods="")
        == []
    )
    assert told("{scheme: goods, by: color, give: order_no}", goods="") == ["unknown_source"]
    assert told("{scheme: goods, by: order_no, give: {a: color | tirm}}", goods="") == ["unknown_source"]
    assert told("{scheme: goods, by: order_no, give: order_no}") == ["unknown_scheme"]
    live = "connection: wdt-main, operation: wdt.stockout.order.query, by: order_no, give: stockout_id"
    assert told("{" + live + ", ask: {stockout_no: =key}, keep: 1h}") == []
    assert told("{" + live + ", ask: {stockout_no: =code}}") == ["unknown_source"]
    assert told("{connection: x, operation: none, by: a, give: b}") == [
        "unknown_connection",
        "unknown_operation",
    ]
    assert told("{by: a, give: b}") == ["form"]
    assert told("{scheme: goods, by: order_no}", goods="") == ["missing"]


def test_rule_tables_are_checked_with_the_scheme() -> None:
    def told(*rows: str, more: str = "") -> list[tuple[str, str]]:
        listed = "".join(f"      - {row}\n" for row in rows)
        text = f"{LOOKS}rules:\n  t:\n    inputs: {{p: text, w: number}}\n{more}    rows:\n{listed}"
        known = Known({"wdt-main": "wdt"}, ())
        return [(problem.code, problem.weight) for problem in check(text, REGISTRY, known).problems]

    assert told("{p: [a, b], w: ..3, give: 1}", "{give: 2}") == []
    assert told("{p: a, give: 1}") == [("rule_gap", "warning")]
    assert told("{p: a, give: 1}", more="    miss: 7\n") != []
    assert told("{p: a, give: 1}", more="    miss: '7'\n") == []
    assert told("{give: 1}", "{p: a, give: 2}") == [("rule_idle", "warning")]
    assert told("{p: a, give: 1}", "{w: 3, give: 2}", "{give: 3}", more="    match: best\n") == [
        ("rule_overlap", "problem")
    ]
    assert told("{p: a, w: x, give: 1}", "{q: 1}") == [("syntax", "problem")] * 3
    assert told("{give: 1}", more="    miss: hold\n") == [("rule_hold", "problem")]
    twice = LOOKS + "lookups:\n  t: {scheme: goods, by: order_no, give: order_no}\n"
    twice += "rules:\n  t: {inputs: {a: text}, rows: [{give: 1}]}\n"
    assert ordered(twice, goods="") == ["name"]
