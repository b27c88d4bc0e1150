"""Cases beside a scheme: read with every problem, run with readable differences."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.document.cases import Result, read_cases, run_cases
from engine.document.check import check
from engine.document.scheme import read_scheme
from engine.mapping.compile import Mapping, compile_mapping
from engine.registry import Registry

ROOT = Path(__file__).parents[2]
SCHEME = """\
scheme: a-b
source: {connection: s, operation: q, where: kind = '1'}
target: {connection: t, operation: w}
map:
  no: no | lookup(单号)
  qty: qty | decimal(2)
  rows: {each: lines, map: {sku: sku}}
"""


def mapping() -> Mapping:
    scheme, problems = read_scheme(SCHEME)
    assert problems == []
    assert scheme is not None
    made, problems = compile_mapping(scheme, None, None, None)
    assert made is not None, problems
    return made


def run(case: str) -> Result:
    cases, problems = read_cases(f"cases:\n- name: x\n  lookups: {{单号: {{x-1: N1}}}}\n{case}")
    assert problems == []
    assert len(cases) == 1
    return run_cases(cases, mapping())[0]


def differences(case: str) -> list[tuple[str, str]]:
    return [(problem.path, str(problem.says)) for problem in run(case).differences]


GIVEN = "  record: {kind: '1', no: x-1, qty: '1.50', lines: [{sku: a}, {sku: b}]}\n"


@pytest.mark.parametrize("scheme", sorted((ROOT / "flows").glob("*.test.yaml")), ids=lambda path: path.name)
def test_every_starters_cases_hold(scheme: Path) -> None:
    checked = check(
        scheme.with_name(scheme.name.replace(".test.", ".")).read_text("utf-8"),
        Registry.read([ROOT / "connectors"]),
    )
    assert checked.mapping is not None, checked.problems
    cases, problems = read_cases(scheme.read_text("utf-8"))
    assert problems == []
    assert len(cases) >= 3
    assert any(case.expected.documents for case in cases)
    assert any(case.expected.documents is None for case in cases)
    told = {
        result.case.name: [str(one) for one in result.differences]
        for result in run_cases(cases, checked.mapping)
    }
    assert {name: found for name, found in told.items() if found} == {}


def test_every_starter_has_cases() -> None:
    starters = [path for path in (ROOT / "flows").glob("*.yaml") if not path.name.endswith(".test.yaml")]
    assert [path.name for path in starters if not path.with_name(f"{path.stem}.test.yaml").is_file()] == []


def test_numbers_compare_as_decimals_and_are_no_text() -> None:
    assert differences(GIVEN + "  documents: [{no: N1, qty: 1.5000, rows: [{sku: a}, {sku: b}]}]\n") == []
    found = differences(GIVEN + "  documents: [{no: N1, qty: '1.5', rows: [{sku: a}, {sku: b}]}]\n")
    assert found == [("documents[0].qty", '应为 "1.5"，实际 1.50')]


def test_each_difference_names_its_path_and_stands_at_its_line() -> None:
    result = run(GIVEN + "  documents:\n  - no: N2\n    memo: z\n    rows: [{sku: a}, {sku: c}]\n")
    assert [(one.path, one.at.line if one.at else 0) for one in result.differences] == [
        ("documents[0].no", 6),
        ("documents[0].memo", 7),
        ("documents[0].rows[1].sku", 8),
        ("documents[0].qty", 6),
    ]
    assert not result.holds


def test_what_came_instead_is_told() -> None:
    other = GIVEN.replace("kind: '1'", "kind: '2'")
    assert differences(other + "  documents: [{}]\n")[0] == ("skipped", "实际跳过了：不符合条件：kind = '1'")
    assert differences(GIVEN + "  skipped: kind\n") == [("documents", "实际生成了单据")]
    assert differences(GIVEN + "  problems: [{at: map.no}]\n")[0] == ("documents", "实际生成了单据")
    missed = GIVEN.replace("x-1", "y")
    assert differences(missed + "  skipped: kind\n")[0][0] == "problems"
    assert differences(missed + "  problems: [{at: map.no, says: 单号}]\n") == []
    assert len(differences(missed + "  problems: [{at: map.qty, says: 单号}]\n")) == 2


def test_a_reason_to_skip_is_found_in_the_reason_given() -> None:
    other = GIVEN.replace("kind: '1'", "kind: '2'")
    assert differences(other + "  skipped: kind = '1'\n") == []
    assert differences(other + "  skipped: status\n")[0][0] == "skipped"


def test_several_records_give_documents_in_order() -> None:
    one = "  - {kind: '1', no: x-1, qty: 1, lines: []}\n"
    records = f"  records:\n{one}{one.replace('qty: 1', 'qty: 2')}"
    assert (
        differences(records + "  documents: [{no: N1, qty: 1, rows: []}, {no: N1, qty: 2, rows: []}]\n") == []
    )
    assert differences(records + "  documents: [{no: N1, qty: 1, rows: []}]\n") == [
        ("documents", "应有 1 张单据，实际 2 张")
    ]


def test_now_is_read_in_the_vendors_zone_unless_it_says_otherwise() -> None:
    one = 'cases:\n- {name: a, now: "2026-11-20 08:00:00", record: {}, skipped: x}\n'
    text = one + '- {name: b, now: "2026-11-20T08:00:00+00:00", record: {}, skipped: x}\n'
    cases, problems = read_cases(text)
    assert problems == []
    assert [case.now for case in cases] == [
        datetime(2026, 11, 20, 0, tzinfo=UTC),
        datetime(2026, 11, 20, 8, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [("empty", "")]),
        ("cases: []", [("form", "cases")]),
        ("case: []", [("unknown_key", "case"), ("missing", "cases")]),
        ("cases: [{name: a, record: {}}]", [("case", "cases[0]")]),
        ("cases: [{name: a, record: {}, skipped: b, documents: [{}]}]", [("case", "cases[0]")]),
        ("cases: [{record: {}, skipped: b}]", [("missing", "cases[0].name")]),
        ("cases: [{name: a, record: 1, skipped: b}]", [("form", "cases[0]")]),
        ("cases: [{name: a, record: {}, skipped: b, now: noon}]", [("form", "cases[0].now")]),
        (
            "cases: [{name: a, record: {}, skipped: b, lookups: {c: {d: 1}}}]",
            [("form", "cases[0].lookups.c.d")],
        ),
        ("cases: [{name: a, record: {}, problems: [{says: b}]}]", [("missing", "cases[0].problems[0].at")]),
        (
            "cases: [{name: a, record: {}, skipd: b}]",
            [("unknown_key", "cases[0].skipd"), ("case", "cases[0]")],
        ),
        (
            "cases: [{name: a, record: {}, skipped: b}, {name: a, record: {}, skipped: b}]",
            [("twice", "cases[1].name")],
        ),
    ],
)
def test_a_wrong_case_is_told_with_its_place(text: str, told: list[tuple[str, str]]) -> None:
    _, problems = read_cases(text)
    assert [(problem.code, problem.path) for problem in problems] == told
    assert all(problem.at for problem in problems)
