"""What 用友BIP's simulator does with documents once they are there: details, audits by row, increments, merges."""

from __future__ import annotations

from typing import Any

import pytest

from engine.connect import Fault
from engine.exact import encode
from engine.model.values import Json
from tests.connectors.furnish import PAGE, SINCE, document
from tests.connectors.test_round_trips import REGISTRY, Line


def audited(line: Line, *idents: str) -> list[str]:
    """What became of each: its id, or the kind of its fault."""
    plan = line.plan(REGISTRY.operations["othinrecord.batchaudit"])
    bodies = [encode({"id": ident}) for ident in idents]
    told = plan.saved(bodies)(line.said(plan.save(bodies)))
    return [one.kind if isinstance(one, Fault) else one.id for one in told]


def rows(line: Line, name: str, **ask: Json) -> list[dict[str, Any]]:
    plan = line.plan(REGISTRY.operations[name])
    found: list[dict[str, Any]] = plan.judge.page(line.said(plan.query(ask))).rows
    return found


def paper(line: Line, kind: str) -> str:
    return next(str(one["id"]) for one in line.shop.written() if one["kind"] == kind)


def test_an_audit_of_several_tells_each_apart_and_is_not_done_twice() -> None:
    line = Line("yonbip", "default")
    ident, other = paper(line, "othinrecord"), line.saved(REGISTRY.operations["othinrecord.single.save"]).id
    assert audited(line, ident, "2480000000000000000") == [ident, "unknown"]
    assert audited(line, ident, other) == ["unknown", other]
    (whole,) = rows(line, "othinrecord.detail", id=ident)
    assert whole["status"] == 1


def test_an_audited_document_is_not_changed_any_more() -> None:
    line = Line("yonbip", "default")
    ident = line.saved(REGISTRY.operations["othinrecord.single.save"]).id
    audited(line, ident)
    plan = line.plan(REGISTRY.operations["othinrecord.single.save"])
    body = encode({**document("othinrecord.single.save"), "_status": "Update", "id": ident})
    with pytest.raises(Fault, match="已审核"):
        plan.one_saved(body)(line.said(plan.save([body])))


def test_a_deleted_document_is_gone_from_list_and_detail() -> None:
    line = Line("yonbip", "default")
    ident = paper(line, "othoutrecord")
    plan = line.plan(REGISTRY.operations["othoutrecord.batchdelete"])
    body = encode({"id": ident})
    assert plan.one_saved(body)(line.said(plan.save([body]))).id == ident
    assert rows(line, "othoutrecord.list", **PAGE, isSum=True) == []
    with pytest.raises(Fault, match="数据不存在"):
        rows(line, "othoutrecord.detail", id=ident)


def test_a_list_gives_what_changed_within_its_window() -> None:
    line = Line("yonbip", "default")
    assert len(rows(line, "purinrecord.list", **{**PAGE, **SINCE})) == 1
    before: Json = [{"field": "pubts", "op": "between", "value1": "2026-01-01", "value2": "2026-02-01"}]
    assert rows(line, "purinrecord.list", **{**PAGE, "simpleVOs": before}) == []


def test_a_document_made_of_another_names_its_source_line_by_line() -> None:
    line = Line("yonbip", "default")
    operation = REGISTRY.operations["purinrecord.mergeSourceData.save"]
    plan, good = line.plan(operation), document(operation.operation)
    lines: Any = good["purInRecords"]
    for wrong in ({**lines[0], "sourceid": "1"}, {**lines[0], "sourceautoid": ""}):
        body = encode({**good, "purInRecords": [wrong]})
        with pytest.raises(Fault, match="来源单据"):
            plan.one_saved(body)(line.said(plan.save([body])))
    assert line.saved(operation).number == good["code"]


@pytest.mark.parametrize(
    "name", ["purinrecord.single.save", "salesout.single.save", "storeout.save", "storein.save"]
)
def test_every_kind_of_document_wants_its_own_head(name: str) -> None:
    line = Line("yonbip", "default")
    operation = REGISTRY.operations[name]
    head = {field.name for field in operation.fields if field.required and field.type != "list"}
    for field in sorted(head):
        body = encode({key: value for key, value in document(name).items() if key != field})
        plan = line.plan(operation)
        with pytest.raises(Fault, match="不能为空"):
            plan.one_saved(body)(line.said(plan.save([body])))
