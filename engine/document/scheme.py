"""Scheme text -> engine/model/scheme.py's Scheme, or all problems at once.

SCHEME describes every key and is the JSON Schema too; what stands under `map` is in rule.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast, get_args

from engine.document.chain import AFTER, TargetShape
from engine.document.lookups import LOOKUPS, RULES
from engine.document.node import Hole, Node, Pairs
from engine.document.reader import read
from engine.document.rule import MapShape
from engine.document.schedule import CODE, WRITE_CODE, Schedules
from engine.document.shape import Bag, Choice, Flag, Keys, Listed, Moment, Plain, Reading, Span, Text, Whole
from engine.document.steps import Steps
from engine.model.catalog import FieldType
from engine.model.scheme import OnChange, Scheme, Source, Target
from engine.model.values import Problem
from engine.say import Say

_CODE = r".*\S.*"
_TYPES = Bag(Choice(get_args(FieldType)), "目录里没有、但确实存在的字段：字段路径和类型")

SCHEME = Keys(
    {
        "scheme": Text("方案的代号，全局唯一，不能改", CODE, WRITE_CODE),
        "title": Text("给人看的名字"),
        "note": Text("说明"),
        "schedule": Schedules(),
        "needs": Listed(Text("", CODE, WRITE_CODE), "先跑完这些方案再跑这个，如基础资料"),
        "source": Keys(
            {
                "connection": Text("从哪个连接读", _CODE, Say("写上连接的代号")),
                "operation": Text("用哪个查询接口", _CODE, Say("写上接口名")),
                "params": Bag(Plain(), "接口的查询参数；以 = 开头的是公式，可用 since、until、page"),
                "where": Text("只要满足条件的单据，如 status >= 95"),
                "begin": Moment("第一次从什么时候开始读"),
                "overlap": Span("每次往回多看多久"),
                "lag": Span("离现在多近的先不读"),
                "detail": Flag("列表里的每一条再逐条查明细，合成一条"),
                "extra": _TYPES,
            },
            ("connection", "operation"),
            "源：从哪里读",
        ),
        "target": TargetShape(_TYPES),
        "shape": Steps(),
        "lookups": LOOKUPS,
        "rules": RULES,
        "map": MapShape(),
        "after": AFTER,
        "on_change": Choice(get_args(OnChange), "已写过的单据在源里变了怎么办，默认 flag"),
        "parallel": Whole(1, 64, "同时写几张单据，默认 1"),
    },
    ("scheme", "source"),
    "一个方案：从哪里读、写到哪里、怎么对应；没有 target 和 map 的是基础资料方案，只读不写",
)
WRITING = ("target", "map")
"""Together or not at all: a scheme that writes has both, a base-data scheme neither."""


def read_scheme(text: str) -> tuple[Scheme | None, list[Problem]]:
    """The scheme, or None and every problem."""
    scheme, problems = sketch(text)
    return (None if problems else scheme), problems


def sketch(text: str) -> tuple[Scheme | None, list[Problem]]:
    """What can be made of a scheme with problems, so that the rest of it can be checked too.

    What is missing or wrong is left at its default; a cell that cannot be read is `ignore`.
    None where the text is no YAML or there is nothing to map.
    """
    root, problems = read(text)
    if root is None or isinstance(root, Hole):
        return None, problems
    reading = Reading()
    made = SCHEME.read(root, "", reading)
    _whole(root, reading)
    told = {problem.path for problem in problems}
    problems += [problem for problem in reading.problems if problem.path not in told]
    if not isinstance(made, dict) or ("map" not in made and "target" in _keys(root)):
        return None, _sorted(problems)
    end = {"connection": "", "operation": ""}
    made["source"] = Source.model_validate({**end, **cast(dict[str, object], made.get("source", {}))})
    if "map" in made:
        made["target"] = Target.model_validate({**end, **cast(dict[str, object], made.get("target", {}))})
    return Scheme.model_validate({"scheme": "", **made, "marks": reading.marks}), _sorted(problems)


def _keys(root: Node) -> Collection[str]:
    return root.values.keys() if isinstance(root, Pairs) else ()


def _whole(root: Node, reading: Reading) -> None:
    """Whoever wrote one half of writing is told of the other."""
    keys = _keys(root)
    for key in WRITING:
        if key not in keys and any(other in keys for other in WRITING):
            says, do = Say("少了“{key}”", key=key), Say("补上 {key}:", key=key)
            reading.tell(key, "missing", says, do, root.at)


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.at.offset if problem.at else 0)
