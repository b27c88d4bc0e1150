"""A preview tells of every place of a document what stands there, why not, and what it came from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from engine.document.scheme import read_scheme
from engine.exact import canonical
from engine.mapping.compile import compile_mapping
from engine.mapping.preview import Preview, Previewed, Seen, compile_preview
from engine.mapping.watch import Looked
from engine.model.values import Json
from tests.mapping.build import NOW, QUERY, RECORD, SAVE, TABLES, scheme
from tests.mapping.test_any_record import EVERYTHING, RECORDS


def preview(rules: Any, typed: bool = False, **more: Any) -> Preview:
    ends = (QUERY, SAVE) if typed else (None, None)
    made = compile_preview(scheme(rules, **more), *ends, None)
    assert made is not None
    return made


def seen(rules: Any, record: Any = None, **more: Any) -> dict[str, Seen]:
    (one,) = preview(rules, **more).of([RECORD if record is None else record], TABLES, NOW)
    return {cell.at: cell for cell in one.cells}


def test_every_place_is_told_with_its_steps_reads_and_lookups() -> None:
    cells = seen(
        {
            "warehouse": "warehouse_no | trim | lookup(仓库)",
            "memo": "=IF(ISBLANK(remark), order_no, receiver_name)",
            "org": {"value": "001"},
            "othOutRecords": {
                "each": "details_list",
                "map": {"product": "spec_no | lookup(物料)", "no": "^.order_no"},
            },
        }
    )
    assert list(cells) == [
        "warehouse", "memo", "org",
        "othOutRecords[0].product", "othOutRecords[0].no", "othOutRecords[1].product", "othOutRecords[1].no",
    ]  # fmt: skip
    one = cells["warehouse"]
    assert [(step.written, step.value) for step in one.steps] == [
        ("warehouse_no", "WH001"), ("trim", "WH001"), ("lookup(仓库)", "CK0037"),
    ]  # fmt: skip
    assert (one.value, one.reads, one.looked) == (
        "CK0037",
        ("warehouse_no",),
        (Looked("仓库", "WH001", "CK0037"),),
    )
    assert cells["memo"].reads == ("remark", "order_no")
    assert cells["othOutRecords[1].product"].reads == ("details_list[1].spec_no",)
    assert cells["othOutRecords[1].product"].path == "map.othOutRecords.product"
    assert cells["othOutRecords[1].no"].reads == ("order_no",)


@pytest.mark.parametrize(
    ("cell", "failed", "steps"),
    [
        ("src_order_no | left(2) | decimal", "decimal", ["src_order_no", "left(2)"]),
        ("src_order_no | lookup(仓库)", "lookup(仓库)", ["src_order_no"]),
        ("=1 / weight", "=1 / weight", []),
        ("order_no", "「总数 total」", ["order_no"]),
    ],
)
def test_the_part_that_fails_is_named(cell: str, failed: str, steps: list[str]) -> None:
    target = {"total": cell} if failed.startswith("「") else {"memo": cell}
    cells = seen({"code": "order_no", "vouchdate": "consign_time | date", **target}, typed=True)
    one = cells["total" if failed.startswith("「") else "memo"]
    assert one.problem is not None
    assert (one.failed.replace("「total」", "「总数 total」"), [step.written for step in one.steps]) == (
        failed,
        steps,
    )


def test_a_preview_goes_on_where_the_mapping_stops() -> None:
    rules = {
        "a": "gone | lookup(仓库)",
        "b": "order_no | lookup(仓库)",
        "c": "order_no | decimal",
        "d": "order_no",
    }
    (one,) = preview(rules).of([RECORD], TABLES, NOW)
    assert len(one.mapped.problems) == 2
    assert [bool(cell.problem) for cell in one.cells] == [False, True, True, False]
    assert one.cells[1].looked == (Looked("仓库", "CK1", None),)


def test_a_skipped_record_has_no_cells_and_a_group_has_its_sources() -> None:
    one, other = preview({"a": "order_no"}, where="order_type = '7'").of(
        [{"order_type": "8"}, {"order_type": "7", "order_no": "X"}], TABLES, NOW
    )
    assert (one.mapped.skipped is not None, one.cells) == (True, ())
    assert (other.sources, [cell.value for cell in other.cells]) == ((1,), ["X"])


def test_a_list_that_is_none_is_told_at_its_own_place() -> None:
    cells = seen({"x": {"each": "order_no", "map": {"a": "b"}}, "y": {"map": {"z": "order_no"}}})
    assert cells["x"].problem is not None
    assert cells["y.z"].value == "CK1"


def plainly(found: list[Previewed]) -> Any:
    return [(one.sources, repr(one.mapped), [repr(cell) for cell in one.cells]) for one in found]


@pytest.mark.parametrize("typed", [True, False])
@given(record=RECORDS)
def test_a_preview_says_what_the_mapping_does(record: Any, typed: bool) -> None:
    ends = (QUERY, SAVE) if typed else (None, None)
    mapping, _ = compile_mapping(scheme(EVERYTHING), *ends, None)
    assert mapping is not None
    made = PREVIEWS[typed].of([record], TABLES, NOW)
    mapped = mapping.apply(record, TABLES, NOW)
    assert repr(made[0].mapped) == repr(mapped)
    if mapped.document is not None:
        assert not any(cell.problem for cell in made[0].cells)
        flat = {cell.at: cell.value for cell in made[0].cells}
        for at, value in leaves(mapped.document, ""):
            owner = next(place for place in (at, *owners(at)) if place in flat)
            assert owner != at or repr(flat[at]) == repr(value)
        assert canonical(mapped.document) == canonical(made[0].mapped.document)
    assert plainly(made) == plainly(PREVIEWS[typed].of([record], TABLES, NOW))


PREVIEWS = {typed: preview(EVERYTHING, typed=typed) for typed in (True, False)}


def leaves(value: Json, at: str) -> list[tuple[str, Json]]:
    """Every value with its place, `at` written as a preview does."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in leaves(inner, f"{at}.{key}" if at else key)]
    if isinstance(value, list):
        return [one for place, inner in enumerate(value) for one in leaves(inner, f"{at}[{place}]")]
    return [(at, value)]


def owners(at: str) -> list[str]:
    """`tags[0]` stands inside `tags`."""
    return [at[:place] for place in range(len(at)) if at[place] in ".["][::-1]


SHAPED = """\
scheme: s-1
source: {connection: a, operation: q, where: no <> 'skip'}
target: {connection: b, operation: s}
shape:
  - split: lines
    by: {owner: owner}
  - chunk: rows
    most: 2
map:
  owner: owner
  no: no | lookup(单号)
  rows: {each: lines, map: {sku: sku, qty: qty | decimal}}
"""


def test_each_document_of_a_shape_has_its_cells_and_pieces_share_theirs() -> None:
    read, problems = read_scheme(SHAPED)
    assert read is not None, problems
    made = compile_preview(read, None, None, None)
    assert made is not None
    lines = [{"owner": owner, "sku": sku, "qty": 1} for owner, sku in ("xa", "yb", "xc", "xd")]
    wrong = [{"owner": "z", "sku": str(number), "qty": "x" * (number == 0) or 1} for number in range(5)]
    records: list[Any] = [
        {"no": "A", "lines": lines}, {"no": "skip"}, {"no": "A", "lines": wrong}, {"no": "A", "lines": lines[1:2]},
    ]  # fmt: skip
    found = made.of(records, {"单号": {"A": "N1"}}, NOW)
    assert [(one.sources, outcome(one)) for one in found] == [
        ((0,), "x"), ((0,), "x"), ((0,), "y"), ((1,), "skipped"), ((2,), "problems"), ((3,), "y"),
    ]  # fmt: skip
    assert found[0].cells == found[1].cells
    assert [cell.at for cell in found[0].cells][:2] == ["owner", "no"]
    assert [cell.value for cell in found[2].cells] == ["y", "N1", "b", 1]
    assert found[3].cells == ()
    assert [cell.at for cell in found[4].cells if cell.problem] == ["rows[0].qty"]
    assert found[5].cells[2].reads == ("lines[0].sku",)


def outcome(one: Previewed) -> str:
    if one.mapped.document is not None:
        return str(one.mapped.document["owner"])
    return "skipped" if one.mapped.skipped is not None else "problems"
