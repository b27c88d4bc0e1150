"""`suggest`: likely source fields for target fields, with scores and reasons, outside the browser."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from engine.cli.desk import SETTLED, Desk, bytes_of
from engine.cli.parser import Commands, argument
from engine.document.near import offer
from engine.errors import Wrong
from engine.exact import decode
from engine.mapping.suggest import Suggester, Suggestion
from engine.model.catalog import Field, fields_of
from engine.model.values import Json, Problem
from engine.registry import Registry
from engine.say import Say, Words


def add(commands: Commands) -> None:
    command = commands.add("suggest", Say("给目标的每个字段找可能的源字段，带分数和理由"), suggest)
    fields = Say("源字段：接口名，或者 JSON 文件（字段的列表：name、title、type、fields）")
    argument(command, "--source", required=True, metavar="FIELDS", says=fields)
    argument(command, "--target", required=True, metavar="FIELDS", says=Say("目标字段，同样写"))


def suggest(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    given, wanted = _fields(asked.source, "--source", registry), _fields(asked.target, "--target", registry)
    found = Suggester(asked.source, given, asked.target, wanted).every()
    for names, best in found.items():
        desk.terminal.object({"target": ".".join(names), "suggestions": [_json(one) for one in best]})
        desk.terminal.line(f"{'.'.join(names)}")
        for one in best[:3]:
            sure = "=" if one.sure else " "
            why = Words(one.reasons)
            told = desk.terminal.told(why)
            desk.terminal.line(f"  {sure} {one.score:.2f}  {'.'.join(one.source)}  {told}")
    return SETTLED


def _json(one: Suggestion) -> Json:
    reasons: list[Json] = [str(reason) for reason in one.reasons]
    return {"source": ".".join(one.source), "score": str(one.score), "sure": one.sure, "reasons": reasons}


def _fields(told: str, where: str, registry: Registry) -> tuple[Field, ...]:
    """The fields of an operation, or of a file. Raises Wrong where it is neither."""
    operation = registry.operation(told)
    if operation is not None:
        return operation.give if where == "--source" else operation.fields
    if not Path(told).is_file():
        says = Say("没有接口或文件 {name}。", name=told)
        raise Wrong([Problem(where, "unknown", says, offer(told, list(registry.operations)))])
    try:
        return fields_of(decode(bytes_of(told)))
    except ValueError:
        says = Say("文件 {name} 里不是字段的列表。", name=told)
        do = Say("写成 JSON 的列表，每个字段有 name，可以有 title、type、fields。")
        raise Wrong([Problem(where, "fields", says, do)]) from None
