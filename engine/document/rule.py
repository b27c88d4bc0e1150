"""What fills a target: cells short and long, objects and lists, read to Fields (rules 2, 3, 7, 8).

Cells keep their text as written; compiling them is the mapping's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from engine.document.near import nearest
from engine.document.node import Hole, Items, Node, Pairs, Scalar, under
from engine.document.shape import (
    UNREAD,
    Anything,
    Bag,
    Choice,
    Keys,
    Listed,
    Reading,
    Shape,
    Text,
    closed,
    entries,
    no_mapping,
    unknown,
)
from engine.model.scheme import Cell, Empty, Entry, Fields, Missing, Rows
from engine.model.values import Json
from engine.say import Say, Words

HOWS = ("from", "value", "formula", "template", "jmespath", "jsonpath", "ignore")


@dataclass(frozen=True)
class Truth:
    """The word true and nothing else."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Scalar) and node.value is True:
            return True
        return reading.wrong(path, node, Say("这里只能写 true"), Say("写 true，或删掉这一行"))

    def schema(self) -> dict[str, Json]:
        return {"const": True, **({"description": self.about} if self.about else {})}


@dataclass(frozen=True)
class Several:
    """One text or a list of texts; reads to a tuple."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Items):
            return Listed(Text()).read(node, path, reading)
        made = Text().read(node, path, reading)
        return made if made is UNREAD else (made,)

    def schema(self) -> dict[str, Json]:
        forms: list[Json] = [Text().schema(), Listed(Text()).schema()]
        return {"anyOf": forms, **({"description": self.about} if self.about else {})}


_CELL: Mapping[str, Shape] = {
    "from": Text("源字段路径，可以带管道，如 warehouse_no | lookup(仓库)"),
    "value": Anything("固定的值"),
    "formula": Text("公式，不写开头的 ="),
    "template": Text("文字模板"),
    "jmespath": Text("JMESPath"),
    "jsonpath": Text("JSONPath，以 $ 开头"),
    "ignore": Truth("有意不填这个字段"),
    "pipe": Listed(Text(), "依次整理取到的值，每一项加引号"),
    "when": Text("满足这个条件才填"),
    "missing": Choice(get_args(Missing), "源里没有这个字段时怎么办"),
    "note": Text("说明"),
}
CELLS = Bag(Text(), "名字: 取值，如 qty: goods_count | decimal(2)")
GROUPING = Keys(
    {
        "by": Bag(Text(), "这些值都相同的合成一行，名字: 取值"),
        "sum": Bag(Text(), "合计，名字: 取值"),
        "first": Bag(Text(), "第一个不空的值，名字: 取值"),
        "list": Bag(Text(), "不重复的值列成列表，名字: 取值"),
    },
    ("by",),
    "合并：键相同的几行合成一行",
)
_ROWS: Mapping[str, Shape] = {
    "each": Several("源里的列表，它的每一行生成一行；几层一起展开写成 [外层, 里层]"),
    "empty": Choice(get_args(Empty), "里层列表是空的那一行怎么办，默认 problem"),
    "where": Text("只要满足条件的行"),
    "group": GROUPING,
    "sort": Several("排序，如 spec_no 或 [qty desc, spec_no]"),
}


@dataclass(frozen=True)
class MapShape:
    """The rules of an object: by target name, or as a list of {to: name, …cell}. Reads to Fields."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Items):
            return _listed(node, path, reading)
        if not isinstance(node, Pairs):
            return reading.wrong(path, node, *no_mapping(node))
        made = []
        for to, child in entries(node, path, reading):
            rule = _rule(child, under(path, to), reading)
            made.append(Entry(to=to, path=under(path, to), rule=rule))
        return Fields(entries=tuple(made))

    def schema(self) -> dict[str, Json]:
        return {"$ref": "#/$defs/fields"}


def _listed(node: Items, path: str, reading: Reading) -> object:
    """The list form: `- {to: name, …}`. A name that occurs again is told apart as `name#2` in paths."""
    made: list[Entry] = []
    seen: dict[str, int] = {}
    for number, item in enumerate(node.items):
        if isinstance(item, Hole):
            continue
        to = item.values.get("to") if isinstance(item, Pairs) else None
        if not isinstance(item, Pairs) or not isinstance(to, Scalar) or not to.text:
            says, do = Say("列表写法的每一项都要有 to"), Say("写成 - {to: 目标字段, from: 源字段}")
            reading.tell(under(path, number), "missing", says, do, item.at)
            continue
        seen[to.text] = seen.get(to.text, 0) + 1
        place = under(path, to.text) + (f"#{seen[to.text]}" if seen[to.text] > 1 else "")
        reading.marks[place] = item.at
        cell = Pairs(item.line, item.column, item.start, item.end, item.flow)
        cell.keys = {key: mark for key, mark in item.keys.items() if key != "to"}
        cell.values = {key: child for key, child in item.values.items() if key != "to"}
        made.append(Entry(to=to.text, path=place, rule=_rule(cell, place, reading)))
    return Fields(entries=tuple(made))


def _rule(node: Node, path: str, reading: Reading) -> Cell | Fields | Rows:
    """What fills one target; told and `ignore` where it cannot be read."""
    rule: object = UNREAD
    if isinstance(node, Scalar):
        rule = _short(node, path, reading)
    elif isinstance(node, Pairs):
        rule = _long(node, path, reading)
    elif isinstance(node, Items):
        says = Say("字段的规则不能是列表")
        reading.tell(
            path,
            "cell",
            says,
            Say("明细写成 {each: 源列表, map: {…}}，固定的列表写成 {value: […]}"),
            node.at,
        )
    return rule if isinstance(rule, Cell | Fields | Rows) else Cell(how="ignore")


def _short(node: Scalar, path: str, reading: Reading) -> object:
    """Rule 2: a short cell is text; `=` makes it a formula."""
    if not isinstance(node.value, str):
        says = Say("规则里的 {text} 不是字段路径", text=node.text)
        return reading.tell(path, "cell", says, Say("固定值写成 {{value: {text}}}", text=node.text), node.at)
    if node.value.startswith("="):
        return Cell(how="formula", text=node.value[1:])
    return Cell(how="from", text=node.value)


def _long(node: Pairs, path: str, reading: Reading) -> object:
    """Rule 7: a cell with exactly one way to find its value, an object, or a list."""
    if "each" in node.values:
        return _rows(node, path, reading)
    if "map" in node.values:
        _only(node, path, ("map",), reading)
        return MapShape().read(node.values["map"], path, reading)
    hows = [how for how in HOWS if how in node.values]
    if len(hows) != 1:
        return _unclear(node, path, hows, reading)
    made = Keys(_CELL).read(node, path, reading)
    if not isinstance(made, dict) or hows[0] not in made:
        return UNREAD
    return _cell(hows[0], made, path, reading)


def _cell(how: str, made: dict[str, object], path: str, reading: Reading) -> object:
    found = made.pop(how)
    at = reading.marks[under(path, how)]
    if how == "formula" and str(found).startswith("="):
        return reading.tell(under(path, how), "cell", Say("formula 里不写开头的 ="), Say("删掉 ="), at)
    if how == "from" and str(found).startswith("="):
        return reading.tell(
            under(path, how), "cell", Say("from 里不能写公式"), Say("把 from 改成 formula，并删掉 ="), at
        )
    content = {"value": found} if how == "value" else {"text": "" if how == "ignore" else found}
    return Cell.model_validate({"how": how, **content, **made})


def _rows(node: Pairs, path: str, reading: Reading) -> object:
    _only(node, path, (*_ROWS, "map"), reading)
    own = Pairs(node.line, node.column, node.start, node.end, node.flow)
    own.keys = {key: node.keys[key] for key in _ROWS if key in node.values}
    own.values = {key: node.values[key] for key in _ROWS if key in node.values}
    made = Keys(_ROWS).read(own, path, reading)
    if "map" not in node.values:
        says, do = Say("少了“{key}”", key="map"), Say("写上每一行怎么对应：map:")
        return reading.tell(under(path, "map"), "missing", says, do, node.at)
    fields = MapShape().read(node.values["map"], path, reading)
    if not isinstance(made, dict) or "each" not in made or not isinstance(fields, Fields):
        return UNREAD
    if isinstance(made.get("group"), dict) and not made["group"].get("by"):
        says, do = Say("group 少了 by"), Say("写上按什么合：by: {名字: 取值}")
        if "by" in made["group"]:
            reading.tell(under(path, "group.by"), "form", says, do, reading.marks[under(path, "group")])
        del made["group"]
    return Rows.model_validate({**made, "map": fields})


def _only(node: Pairs, path: str, known: tuple[str, ...], reading: Reading) -> None:
    for key in node.values:
        if key not in known and not key.startswith("x-"):
            unknown(node, key, path, known, reading)


def _unclear(node: Pairs, path: str, hows: list[str], reading: Reading) -> object:
    """None or several ways to find the value."""
    if hows:
        says = Say("一个字段只能有一种取值方式，这里写了 {hows}", hows=Words(hows))
        return reading.tell(path, "cell", says, Say("留下要用的那一种"), node.at)
    if not node.values:
        return reading.tell(path, "cell", Say("这个字段没有规则"), Say("写上源字段，或 {value: …}"), node.at)
    meant = [how for key in node.values for how in nearest(key, HOWS)]
    do = Say("是不是“{near}”？", near=meant[0]) if meant else Say("要写下级对象，就写成 {map: {…}}")
    return reading.tell(path, "cell", Say("看不出这个字段怎么取值"), do, node.at)


# --- for editors --------------------------------------------------------------------------------


def definitions() -> dict[str, Json]:
    """The parts of the JSON Schema that refer to each other: rules, cells, objects, lists."""
    rule: dict[str, Json] = {"$ref": "#/$defs/rule"}
    fields: dict[str, Json] = {"$ref": "#/$defs/fields"}
    cell = closed({key: shape.schema() for key, shape in _CELL.items()}, ())
    cell["oneOf"] = [{"required": [how]} for how in HOWS]
    rows = closed({**{key: shape.schema() for key, shape in _ROWS.items()}, "map": fields}, ("each", "map"))
    long: list[Json] = [cell, closed({"map": fields}, ("map",)), rows]
    to: dict[str, Json] = {"type": "string", "minLength": 1, "description": "目标字段"}
    listed: list[Json] = [_with_to(form, to) for form in long]
    return {
        "fields": {
            "anyOf": [
                {"type": "object", "patternProperties": {"^x-": {}}, "additionalProperties": rule},
                {"type": "array", "items": {"anyOf": listed}},
            ]
        },
        "rule": {
            "anyOf": [{"type": "string", "description": "源字段路径（可带管道），或以 = 开头的公式"}, *long]
        },
    }


def _with_to(form: Json, to: dict[str, Json]) -> Json:
    """A long form as an entry of the list form."""
    form = cast(dict[str, Json], form)
    properties = cast(dict[str, Json], form["properties"])
    needed = cast(list[Json], form.get("required", []))
    return {**form, "properties": {"to": to, **properties}, "required": ["to", *needed]}
