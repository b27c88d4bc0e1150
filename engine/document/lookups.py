"""What a scheme brings along to look things up: `lookups` of other records or vendors, and `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.document.node import Items, Node, Pairs, under
from engine.document.schedule import CODE, WRITE_CODE
from engine.document.shape import UNREAD, Bag, Choice, Keys, Listed, Plain, Reading, Shape, Span, Text, first
from engine.model.values import Json
from engine.say import Say

SOME = r".*\S.*"


@dataclass(frozen=True)
class Paths:
    """One path, or several: the keys of a code. Reads to a tuple."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Items):
            return Listed(Text()).read(node, path, reading)
        made = Text("", SOME, Say("写上字段的路径")).read(node, path, reading)
        return made if made is UNREAD else (made,)

    def schema(self) -> dict[str, Json]:
        one: dict[str, Json] = {"type": "string"}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}], "description": self.about}


@dataclass(frozen=True)
class Columns:
    """One path, or several by the name of their column. Reads to a dict; a single one has the name ""."""

    about: str = ""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if isinstance(node, Pairs):
            return Bag(Text()).read(node, path, reading)
        made = Text("", SOME, Say("写上字段的路径")).read(node, path, reading)
        return made if made is UNREAD else {"": made}

    def schema(self) -> dict[str, Json]:
        one: dict[str, Json] = {"type": "string"}
        return {"anyOf": [one, {"type": "object", "additionalProperties": one}], "description": self.about}


@dataclass(frozen=True)
class OneOf:
    """A mapping that is one of several forms, told apart by a key."""

    forms: Mapping[str, Keys]
    says: Say
    do: Say

    def read(self, node: Node, path: str, reading: Reading) -> object:
        found = [key for key in self.forms if isinstance(node, Pairs) and key in node.values]
        if isinstance(node, Pairs) and len(found) != 1:
            return reading.tell(path, "form", self.says, self.do, reading.marks.get(path, node.at))
        form = self.forms[found[0]] if found else next(iter(self.forms.values()))
        made = form.read(node, path, reading)
        complete = isinstance(made, dict) and all(key in made for key in form.needed)
        return made if complete else UNREAD

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [form.schema() for form in self.forms.values()]}


_MISS = Text("查不到时：problem（默认）、hold、skip 或一个固定值；单元里写了的优先")
_SAME: Mapping[str, Shape] = {
    "each": Text("数据里的列表，它的每一行是一项"),
    "by": Paths("用哪个字段认；几个字段合成一个键就写成列表"),
    "give": Columns("给出哪个字段；几个写成 {列名: 路径}"),
    "miss": _MISS,
}
LOOKUPS = Bag(
    OneOf(
        {
            "scheme": Keys(
                {"scheme": Text("哪个方案存下的数据", CODE, WRITE_CODE), **_SAME}, ("scheme", "by", "give")
            ),
            "operation": Keys(
                {
                    "connection": Text("问哪个连接", SOME, Say("写上连接的代号")),
                    "operation": Text("用哪个查询接口", SOME, Say("写上接口名")),
                    "ask": Bag(Plain(), "查询参数；以 = 开头的是公式，可用 key（几个键是 key1、key2）"),
                    "keep": Span("答案记多久，默认 10m"),
                    **_SAME,
                },
                ("connection", "operation", "by", "give"),
            ),
        },
        Say("看不出到哪里查"),
        Say("查别的方案的数据写 scheme，向对方系统查写 connection 和 operation"),
    ),
    "方案自己的对照：别的方案存下的数据，或向某个连接实时查询",
)


@dataclass(frozen=True)
class Rule:
    """One row of a rule table: conditions by input, and `give`."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Pairs):
            return Bag(Plain()).read(node, path, reading)
        made: dict[str, object] = {}
        for key, child in node.values.items():
            place = under(path, key)
            reading.marks[place] = first(child)
            if key == "give" and isinstance(child, Pairs):
                made[key] = Bag(Plain()).read(child, place, reading)
            elif isinstance(child, Items):
                listed = Listed(Plain()).read(child, place, reading)
                made[key] = list(listed) if isinstance(listed, tuple) else listed
            else:
                made[key] = Plain().read(child, place, reading)
        return UNREAD if any(one is UNREAD for one in made.values()) else made

    def schema(self) -> dict[str, Json]:
        return {"type": "object"}


@dataclass(frozen=True)
class Whole:
    """A mapping that is read only where nothing in it is missing."""

    keys: Keys

    def read(self, node: Node, path: str, reading: Reading) -> object:
        made = self.keys.read(node, path, reading)
        return made if isinstance(made, dict) and all(key in made for key in self.keys.needed) else UNREAD

    def schema(self) -> dict[str, Json]:
        return self.keys.schema()


RULES = Bag(
    Whole(
        Keys(
            {
                "inputs": Bag(Choice(("text", "number")), "条件列，依调用时的次序：名字和类型"),
                "match": Choice(("first", "best"), "first 取第一行适用的（默认），best 取最贴切的"),
                "miss": _MISS,
                "rows": Listed(
                    Rule(), "每一行：各列的条件，不写或 * 是任意；give 是结果，几个写成 {列名: 值}"
                ),
            },
            ("inputs", "rows"),
        )
    ),
    "规则表：按条件得到值，在单元里用 RULE 函数或 rule 管道查",
)
