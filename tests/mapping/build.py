"""Small builders: a source and a target like 旺店通 to 用友BIP, schemes from short cells, one application."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.mapping.compile import Mapped, compile_mapping
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.parser import read_formula
from engine.mapping.ground import Ground, Level
from engine.mapping.rules import Reading, Ruled, Rules, read_rules
from engine.mapping.scope import Lookups, Run, Scope
from engine.model.catalog import Field, Idempotency, LookUp, Operation
from engine.model.scheme import Cell, Entry, Fields, Rows, Scheme, Source, Target
from engine.model.values import Mark, Problem

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
_TIERS: list[dict[str, Any]] = [{"重量": "..3", "give": "SF"}, {"give": "YTO"}]
_CHANNELS: list[dict[str, Any]] = [
    {"省份": ["浙江省", "江苏省"], "重量": "..3", "give": "SF"},
    {"重量": "3..10", "give": "YTO"},
    {"give": "ZTO"},
]


def rule_table(name: str, inputs: list[tuple[str, Any]], rows: list[dict[str, Any]], **more: Any) -> Rules:
    reading = Reading()
    made = read_rules(name, inputs, rows, more.get("match", "first"), more.get("miss", "problem"), reading)
    assert made is not None, [(row, column, slip.says) for row, column, slip in reading.wrong]
    return made


TABLES: Lookups = {
    "仓库": {"WH001": "CK0037"},
    "物料": {"SPU1": "100001", "SPU2": "100002"},
    "订单行": {'["PO1","A"]': "9001"},
    "重量段": Ruled(rule_table("重量段", [("重量", "number")], _TIERS)),
    "渠道": Ruled(rule_table("渠道", [("省份", "text"), ("重量", "number")], _CHANNELS)),
}


def field(name: str, kind: str = "text", *inner: Field, **more: Any) -> Field:
    return Field(name=name, type=kind, fields=inner, **more)  # type: ignore[arg-type]  # a FieldType


GIVE = (
    field("order_no", title="出库单号"),
    field("src_order_no"),
    field("order_type"),
    field("status"),
    field("consign_time", aliases=("ship_time",)),
    field("warehouse_no", title="仓库编号"),
    field("remark"),
    field("receiver_name", title="收件人", personal=True),
    field("goods_count", title="总数量"),
    field("weight", "decimal"),
    field("post_fee", "decimal"),
    field("urgent", "boolean"),
    field("tags", "list"),
    field("shop", "object", field("no"), field("owner", personal=True)),
    field(
        "details_list",
        "list",
        field("spec_no", title="商家编码"),
        field("goods_count", title="数量"),
        field("remark"),
        field("position_list", "list", field("batch_no"), field("num")),
    ),
)
FIELDS = (
    field("resubmitCheckKey"),
    field("code", title="单据编号"),
    field("vouchdate", "date", title="单据日期", required=True),
    field("org", "id"),
    field("warehouse", "id", aliases=("warehouse_code",)),
    field("memo", longest=200),
    field("bustype", "id", values={"A10001": "销售出库"}),
    field("total", "decimal"),
    field("lines", "integer"),
    field("urgent", "boolean"),
    field("at", "datetime"),
    field("tags", "list"),
    field("shop", "object", field("no"), field("name")),
    field(
        "othOutRecords",
        "list",
        field("product", "id", required=True),
        field("qty", "decimal", title="数量", required=True),
        field("memo"),
        field("rowno", "integer"),
        field("batches", "list", field("batch"), field("of"), field("order")),
    ),
)
QUERY = Operation(operation="wdt.stockout.order.query", kind="query", call={}, give=GIVE, source="test")
SAVE = Operation(
    operation="othoutrecord.single.save",
    kind="save",
    call={},
    fields=FIELDS,
    idempotency=Idempotency(at="resubmitCheckKey"),
    lookup=LookUp(operation="othoutrecord.list", by="code"),
    source="test",
)
RECORD: dict[str, Any] = {
    "order_no": "CK1",
    "src_order_no": "JY1",
    "order_type": "7",
    "status": "95",
    "consign_time": "2026-01-02 03:04:05",
    "warehouse_no": "WH001",
    "remark": "",
    "receiver_name": "某某",
    "goods_count": "3.0000",
    "details_list": [
        {"spec_no": "SPU1", "goods_count": "2.00005", "remark": "轻放"},
        {"spec_no": "SPU2", "goods_count": "1.0000", "remark": None},
    ],
}

Rule = str | dict[str, Any]


def cell(rule: Rule) -> Cell:
    """A short cell as the reader makes it, or a long one from its keys."""
    if isinstance(rule, str):
        return Cell(how="formula", text=rule[1:]) if rule.startswith("=") else Cell(how="from", text=rule)
    hows = ("from", "value", "formula", "template", "jmespath", "jsonpath", "ignore")
    how = next(key for key in rule if key in hows)
    content = {"value": rule[how]} if how == "value" else {"text": rule[how]}
    return Cell.model_validate({"how": how, **content, **{k: v for k, v in rule.items() if k != how}})


def fields(rules: Mapping[str, Rule] | list[tuple[str, Rule]], path: str = "map") -> Fields:
    pairs = rules.items() if isinstance(rules, Mapping) else rules
    return Fields(
        entries=tuple(Entry(to=to, path=f"{path}.{to}", rule=_rule(one, f"{path}.{to}")) for to, one in pairs)
    )


def _rule(rule: Rule, path: str) -> Cell | Fields | Rows:
    if isinstance(rule, dict) and "each" in rule:
        return Rows.model_validate({**rule, "map": fields(rule["map"], path)})
    if isinstance(rule, dict) and "map" in rule:
        return fields(rule["map"], path)
    return cell(rule)


def scheme(
    rules: Mapping[str, Rule] | list[tuple[str, Rule]],
    where: str | None = None,
    extra: dict[str, Any] | None = None,
    target_extra: dict[str, Any] | None = None,
    marks: dict[str, Mark] | None = None,
) -> Scheme:
    return Scheme(
        scheme="wdt-to-bip",
        source=Source(connection="wdt", operation=QUERY.operation, where=where, extra=extra or {}),
        target=Target(connection="bip", operation=SAVE.operation, extra=target_extra or {}),
        map=fields(rules),
        marks=marks or {},
    )


def problems(
    rules: Mapping[str, Rule] | list[tuple[str, Rule]], typed: bool = True, **more: Any
) -> list[Problem]:
    """What compiling tells, the warnings too; `vouchdate` is mapped so that it is not always missed."""
    whole = {"vouchdate": "consign_time | date", "code": "order_no", **dict(rules)}
    return compile_mapping(scheme(whole, **more), QUERY if typed else None, SAVE if typed else None, None)[1]


def apply(
    rules: Mapping[str, Rule] | list[tuple[str, Rule]],
    record: Any = None,
    typed: bool = False,
    lookups: Lookups = TABLES,
    **more: Any,
) -> Mapped:
    """The mapping compiled (without catalogues unless `typed`) and applied to a record."""
    source, target = (QUERY, SAVE) if typed else (None, None)
    mapping, found = compile_mapping(scheme(rules, **more), source, target, None)
    assert mapping is not None, found
    return mapping.apply(RECORD if record is None else record, lookups, NOW)


def value(rule: Rule, record: Any = None, **more: Any) -> Any:
    """What one cell gives where nothing is known of the target; ... where it gives nothing."""
    mapped = apply({"x": rule}, record, **more)
    assert mapped.document is not None, mapped
    return mapped.document.get("x", ...)


def says(rule: Rule, record: Any = None, **more: Any) -> str:
    """The one problem a cell meets in a record."""
    mapped = apply({"x": rule}, record, **more)
    (problem,) = mapped.problems
    return problem.says


def evaluate(text: str, record: Any = None, ground: Ground | None = None) -> Any:
    """What a formula gives, before any target."""
    coded = compile_formula(read_formula(text), ground or Ground((Level(),)))
    row = RECORD if record is None else record
    return coded.find(row, Scope(row, None, Run(TABLES, NOW)))
