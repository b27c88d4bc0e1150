"""catalog.yaml and operations/*.yaml -> the values of engine/model/catalog.py, or all problems.

The pydantic models are the description; here their complaints become sentences with line and column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.document.near import offer
from engine.document.node import Hole, Items, Node, Pairs, Scalar, under, value
from engine.document.reader import read
from engine.model.catalog import Channel, Connector, How, Operation
from engine.model.values import Problem
from engine.say import Say

Model = TypeVar("Model", bound=BaseModel)
Step: TypeAlias = "str | int"

# Mappings whose keys are the vendor's own: nothing in them is ours to know or to leave out.
_FREE = ("params", "values", "ask", "around")
_FREE_IN = (("window", "beside"), ("acknowledge", "done"), ("acknowledge", "refused"))


def read_connector(text: str, name: str) -> tuple[Connector | None, list[Problem]]:
    """The connector of a catalog.yaml; `name` (the file) is put before every problem's path."""
    root, problems = _root(text, name)
    if root is None:
        return None, problems
    data = _data(root)
    if "channels" not in data:
        keys = [key for key in Channel.model_fields if key in data and key != "title"]
        data["channels"] = {"default": {key: data.pop(key) for key in keys}}
    return _modelled(Connector, data, root, name, problems)


def read_operation(text: str, name: str) -> tuple[Operation | None, list[Problem]]:
    """The operation of a file in operations/; a `call` given once stands under "default"."""
    root, problems = _root(text, name)
    if root is None:
        return None, problems
    data = _data(root)
    call = data.get("call")
    if isinstance(call, dict) and (not call or any(key in How.model_fields for key in call)):
        data["call"] = {"default": call}
    return _modelled(Operation, data, root, name, problems)


def _root(text: str, name: str) -> tuple[Pairs | None, list[Problem]]:
    root, problems = read(text)
    problems = [replace(problem, path=_named(name, problem.path)) for problem in problems]
    if root is not None and not isinstance(root, Pairs):
        says, do = Say("接口目录要写成“键: 值”"), Say("检查冒号是不是半角、后面有没有空格")
        problems.append(Problem(name, "form", says, do, root.at))
        root = None
    return root, problems


def _named(name: str, path: str) -> str:
    return f"{name}:{path}" if path else name


def _data(root: Pairs, key: str = "top") -> dict[str, object]:
    """The values without `x-…` keys, lists as tuples: what the strict models take."""
    return {name: _kept(child, name, key) for name, child in root.values.items() if not name.startswith("x-")}


def _kept(node: Node, key: str, parent: str) -> object:
    # A list's entry has no key of its own: `default` there is a field's value, elsewhere a channel's name.
    free = key in _FREE or (parent, key) in _FREE_IN
    if (free and isinstance(node, Pairs)) or (key == "default" and not parent):
        return value(node)
    if isinstance(node, Items):
        return tuple(_kept(item, "", key) for item in node.items)
    return _data(node, key) if isinstance(node, Pairs) else value(node)


def _modelled(
    model: type[Model], data: dict[str, object], root: Pairs, name: str, problems: list[Problem]
) -> tuple[Model | None, list[Problem]]:
    """The model of `data`; None where anything is wrong."""
    try:
        made = model.model_validate(data, strict=True)
    except ValidationError as error:
        told = [_problem(detail, model, root, name) for detail in error.errors(include_url=False)]
        return None, problems + [problem for problem in told if problem is not None]
    return (None if problems else made), problems


def _problem(detail: ErrorDetails, model: type[BaseModel], root: Pairs, name: str) -> Problem | None:
    """One complaint as a problem; None where the reader has told of the place already."""
    steps = _written(detail["loc"], root)
    node, key, path = _find(root, steps)
    if isinstance(node, Hole):
        return None
    at = key.at if key is not None and not isinstance(node, Scalar) else node.at
    code, says, do = _told(detail, model, steps, node)
    return Problem(_named(name, path), code, says, do, at)


def _written(loc: tuple[Step, ...], root: Pairs) -> list[Step]:
    """The steps as they stand in the text, without the "default" that the reader put in."""
    steps = list(loc)
    once = steps[:2] == ["channels", "default"] and "channels" not in root.values
    if once:
        return steps[2:]
    call = root.values.get("call")
    if steps[:2] == ["call", "default"] and isinstance(call, Pairs) and "default" not in call.values:
        return ["call", *steps[2:]]
    return steps


def _find(root: Pairs, steps: list[Step]) -> tuple[Node, Scalar | None, str]:
    """The deepest node on the way that is there, the key it stands under, and the whole path."""
    node: Node = root
    key: Scalar | None = None
    path, lost = "", False
    for step in steps:
        path = under(path, step)
        if lost:
            continue
        if isinstance(node, Pairs) and str(step) in node.values:
            key, node = node.keys[str(step)], node.values[str(step)]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            key = None
        else:
            lost = True
    return node, key, path


def _told(
    detail: ErrorDetails, model: type[BaseModel], steps: list[Step], node: Node
) -> tuple[str, Say, Say]:
    """Code, sentence and next step for one of pydantic's kinds of complaint."""
    kind, context = detail["type"], detail.get("ctx") or {}
    name = str(steps[-1]) if steps else ""
    if kind == "missing":
        return "missing", Say("少了“{key}”", key=name), Say("补上这一项")
    if kind == "extra_forbidden":
        return "unknown_key", Say("不认识“{key}”", key=name), offer(name, _names(model, steps))
    if kind == "literal_error":
        words = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return "choice", Say("“{key}”不能这样写", key=name), Say("只能是：{words}", words=words)
    if kind == "value_error":
        return "duration", Say("“{key}”不是时长", key=name), Say("写成 30s、10m、2h 或 30d")
    if name == "required" and isinstance(node, Scalar) and node.value is None:
        return (
            "required_null",
            Say("required 不能是 null"),
            Say("写 true 或 false；没有证实就加 guess: true"),
        )
    if kind == "string_type":
        return "text", Say("“{key}”要是文字", key=name), Say("放进引号")
    if kind.startswith("int_") or kind.startswith("bool_"):
        words = Say("写整数") if kind.startswith("int_") else Say("写 true 或 false")
        return "form", Say("“{key}”的值不对", key=name), words
    if kind in ("tuple_type", "list_type"):
        return "form", Say("“{key}”要是列表", key=name), Say("写成 [甲, 乙]，只有一项也要方括号")
    return "form", Say("“{key}”要写成“键: 值”", key=name), Say("看看同类接口是怎么写的")


def _names(model: type[BaseModel], steps: list[Step]) -> list[str]:
    """The keys that may stand where the last step does."""
    if model is Connector and len(steps) == 1:
        return [*Connector.model_fields, *(name for name in Channel.model_fields if name != "title")]
    for step in steps[:-1]:
        field = model.model_fields.get(str(step))
        # A step that is no field is the key of a free mapping (a channel's name) or a list's number.
        model = (_inside(field.annotation) if field else None) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _inside(annotation: object) -> type[BaseModel] | None:
    """The model within `tuple[Field, ...]`, `dict[str, How]` or `Span | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inside(part) for part in get_args(annotation))
    return next((part for part in found if part), None)
