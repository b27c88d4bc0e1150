"""`shape:`: the steps a record goes through before it is mapped, one verb each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from engine.document.node import Hole, Items, Node, Pairs, under
from engine.document.rule import CELLS, GROUPING, MapShape
from engine.document.shape import (
    UNREAD,
    Choice,
    Keys,
    Listed,
    Reading,
    Span,
    Text,
    Whole,
    first,
    no_mapping,
)
from engine.model.catalog import Frozen
from engine.model.scheme import (
    Append,
    Chunk,
    Explode,
    Group,
    Late,
    Parse,
    Placed,
    Split,
    Step as AnyStep,
    Zip,
)
from engine.model.values import Json
from engine.say import Say, Words


@dataclass(frozen=True)
class WhenComplete:
    """`read`, or a mapping with `quiet`, or with `day` and maybe `plus`."""

    about: str = "什么时候算齐：read 读完就算（默认）；{quiet: 30m}；{day: 日期键, plus: 2h}"

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Pairs):
            said = Choice(("read",)).read(node, path, reading)
            return UNREAD if said is UNREAD else {}
        made = _COMPLETE.read(node, path, reading)
        if isinstance(made, dict) and (
            ("quiet" in made) == ("day" in made) or ("plus" in made and "day" not in made)
        ):
            says, do = Say("这里写 quiet，或者写 day（可加 plus）"), Say("留下要用的那一种")
            return reading.tell(path, "form", says, do, node.at)
        return made

    def schema(self) -> dict[str, Json]:
        return {"anyOf": [{"const": "read"}, _COMPLETE.schema()], "description": self.about}


_COMPLETE = Keys(
    {
        "quiet": Span("这么久没有新的来"),
        "day": Text("by 里的哪一个是日期：这一天过完才算齐"),
        "plus": Span("这一天过完再等多久"),
    }
)
VERBS: Mapping[str, tuple[Keys, type[Frozen]]] = {
    "parse": (
        Keys(
            {
                "parse": Text("打开这个字段里的文本"),
                "as": Choice(("json", "xml"), "里面是什么，默认 json"),
            },
            ("parse",),
        ),
        Parse,
    ),
    "zip": (
        Keys(
            {
                "zip": Text("新列表的名字", "[^.^\\[\\]]+", Say("写一个名字")),
                "of": CELLS,
                "rows": Text("由值组成的行，如 rows"),
                "names": Listed(Text(), "每一行的值依次叫什么"),
            },
            ("zip",),
        ),
        Zip,
    ),
    "append": (
        Keys(
            {"append": Text("给这个列表加一行"), "when": Text("满足条件才加"), "row": MapShape()},
            ("append", "row"),
        ),
        Append,
    ),
    "split": (Keys({"split": Text("按这个列表的行分单"), "by": CELLS}, ("split", "by")), Split),
    "explode": (Keys({"explode": Text("这个列表每一行一张单"), "by": CELLS}, ("explode", "by")), Explode),
    "group": (
        Keys(
            {
                "group": GROUPING,
                "complete": WhenComplete(),
                "late": Choice(get_args(Late), "晚到的怎么办：next 另出一张（默认），stop 停下等人"),
            },
            ("group",),
        ),
        Group,
    ),
    "chunk": (
        Keys({"chunk": Text("目标的哪个列表"), "most": Whole(1, 100_000, "一张最多几行")}, ("chunk", "most")),
        Chunk,
    ),
}


@dataclass(frozen=True)
class Steps:
    """The list of steps. Reads to a tuple of Placed; a step with problems is left out."""

    def read(self, node: Node, path: str, reading: Reading) -> object:
        if not isinstance(node, Items) or not node.items:
            return reading.wrong(path, node, Say("这里要写列表"), Say("每一步写成 - 动词: …"))
        made = []
        for number, item in enumerate(node.items):
            place = under(path, number)
            if not isinstance(item, Hole):
                reading.marks[place] = first(item)
            step = _step(item, place, reading)
            if step is not None:
                made.append(Placed(path=place, step=step))
        return tuple(made)

    def schema(self) -> dict[str, Json]:
        forms: list[Json] = [keys.schema() for keys, _ in VERBS.values()]
        return {
            "type": "array",
            "items": {"anyOf": forms},
            "minItems": 1,
            "description": "映射之前怎样变形：拆开、补行、分单、合单",
        }


def _step(node: Node, path: str, reading: Reading) -> AnyStep | None:
    if not isinstance(node, Pairs):
        reading.wrong(path, node, *no_mapping(node))
        return None
    verbs = [verb for verb in VERBS if verb in node.values]
    if len(verbs) != 1:
        says = Say("每一步写一个动词：{verbs}", verbs=Words(VERBS))
        reading.tell(path, "form", says, Say("一步只做一件事，几件事写成几步"), node.at)
        return None
    keys, model = VERBS[verbs[0]]
    before = len(reading.problems)
    made = keys.read(node, path, reading)
    if isinstance(made, dict) and len(reading.problems) == before:
        _whole(verbs[0], made, path, node, reading)
    if not isinstance(made, dict) or len(reading.problems) > before:
        return None
    return cast(AnyStep, model.model_validate(made))


def _whole(verb: str, made: dict[str, object], path: str, node: Pairs, reading: Reading) -> None:
    """What keys alone cannot say."""
    if verb == "zip" and ("of" in made) == ("rows" in made and "names" in made):
        says = Say("zip 写 of（几个平行的列表），或者写 rows 和 names（由值组成的行）")
        reading.tell(path, "form", says, Say("留下要用的那一种"), node.at)
    names = cast("tuple[str, ...]", made.get("names", ()))
    if len(set(names)) < len(names):
        reading.tell(
            under(path, "names"), "twice", Say("names 里有重复的名字"), Say("每个值一个名字"), node.at
        )
    if verb == "group" and not cast(dict[str, object], made["group"]).get("by"):
        says, do = Say("group 少了 by"), Say("写上按什么合：by: {名字: 取值}")
        reading.tell(under(path, "group.by"), "form", says, do, node.at)
    for key in ("by", "of"):
        if key in made and not made[key]:
            says = Say("{key} 是空的", key=key)
            reading.tell(under(path, key), "form", says, Say("至少写一个 名字: 取值"), node.at)
