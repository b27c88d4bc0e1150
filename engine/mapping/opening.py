"""Texts that hold JSON or XML, opened and written again; a value wrapped as an object. Pipes, and `parse`."""

from __future__ import annotations

from collections.abc import Callable

from engine import xml
from engine.exact import decode, encode
from engine.mapping.manual import Example
from engine.mapping.pipe import Bound, Pipe
from engine.mapping.plain import MISSING, Value, as_text, blank
from engine.mapping.scope import LONGEST_TEXT, Dress, Scope, Trouble, fits
from engine.mapping.slip import Slip
from engine.say import Say

DEEPEST = 60


def open_json(text: str) -> Value:
    """Raises ValueError."""
    return _bearable(decode(text))


def open_xml(text: str) -> Value:
    """Raises ValueError."""
    return _bearable(xml.parse(text))


OPENERS: dict[str, Callable[[str], Value]] = {"json": open_json, "xml": open_xml}
NAMES = {"json": "JSON", "xml": "XML"}


def _bearable(value: Value) -> Value:
    """Raises ValueError where it is nested so deep that nobody could walk it."""
    level: list[Value] = [value]
    for _ in range(DEEPEST):
        level = [
            one
            for each in level
            for one in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
        ]
        if not level:
            return value
    raise ValueError("too deep")


def opened(kind: str, value: Value, label: str, scope: Scope) -> Value:
    """What the text says; an object or a list is open already, blank is missing. Raises Trouble."""
    if isinstance(value, dict | list):
        return value
    if blank(value):
        return MISSING
    text = as_text(value) or ""
    scope.run.spend(len(text) >> 6)
    try:
        if len(text) > LONGEST_TEXT:
            raise ValueError("too long")
        return OPENERS[kind](text)
    except ValueError:
        # The parser's words quote the text, which may hold what no message shows.
        says = Say("{label} 不是能读的 {kind} 文本", label=label, kind=NAMES[kind])
        raise Trouble(f"no_{kind}", says, Say("核对源数据")) from None


def _opening(kind: str) -> Callable[[Bound], Dress]:
    def make(bound: Bound) -> Dress:
        label = bound.label
        return lambda value, scope: opened(kind, value, label, scope)

    return make


def _to_json(bound: Bound) -> Dress:
    def dress(value: Value, scope: Scope) -> Value:
        return MISSING if blank(value) else fits(encode(value).decode(), scope)  # type: ignore[arg-type]  # not blank

    return dress


def _to_xml(bound: Bound) -> Dress:
    root, label = bound.text("root"), bound.label
    try:
        xml.write(root, "")
    except ValueError:
        raise Slip(0, Say("{name} 不能作 XML 的元素名", name=root), Say("用字母开头的名字")) from None

    def dress(value: Value, scope: Scope) -> Value:
        if blank(value):
            return MISSING
        try:
            return fits(xml.write(root, None if value is MISSING else value), scope)
        except ValueError:
            says = Say("{label} 不能写成 XML", label=label)
            raise Trouble("no_xml", says, Say("核对字段名和里面的字符")) from None

    return dress


def _wrap(bound: Bound) -> Dress:
    name = bound.text("name")
    return lambda value, scope: MISSING if blank(value) else {name: value}  # type: ignore[dict-item]  # not blank


OPENING: tuple[Pipe, ...] = (
    Pipe("json", "读JSON", (), "any", Say("把 JSON 文本读成对象或列表"),
        Example("x | json", [1, "a"], {"x": '[1,"a"]'}), _opening("json")),
    Pipe("to_json", "写JSON", (), "text", Say("写成 JSON 文本"),
        Example("x | to_json", '{"a":1}', {"x": {"a": 1}}), _to_json),
    Pipe("xml", "读XML", (), "any", Say("把 XML 文本读成对象；同名的元素成列表，属性是 @名字"),
        Example("x | xml", {"a": {"b": "1"}}, {"x": "<a><b>1</b></a>"}), _opening("xml")),
    Pipe("to_xml", "写XML", ("root",), "text", Say("写成 XML 文本，最外层的元素叫 root"),
        Example("x | to_xml(a)", "<a><b>1</b></a>", {"x": {"b": 1}}), _to_xml),
    Pipe("wrap", "包一层", ("name",), "any", Say("放进只有这一个字段的对象"),
        Example("x | wrap(FNumber)", {"FNumber": "CK01"}, {"x": "CK01"}), _wrap),
)  # fmt: skip
