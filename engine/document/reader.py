"""YAML text -> nodes with exact marks, and every problem on the way. Never raises, whatever the text.

PyYAML's C parser gives the events; what a scalar means is ours (rule 1). Sizes are watched on the
event stream, so a hostile text is dropped before anything is made of it. Anchors, aliases, tags,
merges, duplicate keys, keys without a value and second documents are refused; what YAML cuts off
silently is found and told with the mended line.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import yaml

from engine.document import cut, trouble
from engine.document.node import Hole, Items, Node, Pairs, Scalar, under
from engine.document.quote import DIGITS, scalar
from engine.model.values import Json, Mark, Problem
from engine.say import Say

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 20
MOST_NODES = 20_000
MOST_PROBLEMS = 200
"""Nobody reads more of them at once."""

Event: TypeAlias = Any
"""PyYAML's events and marks, whose stubs call everything optional that its C parser always sets."""

_PLAIN = (None, "", " ")

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(text: str) -> tuple[Node | None, list[Problem]]:
    """The tree of `text`, None where YAML cannot be read to its end, and all problems found.

    A tree may come with problems: what is wrong is left out or a Hole, so the rest can be checked too.
    """
    unreadable = _unreadable(text)
    if unreadable:
        return None, [unreadable]
    building = _Building(text)
    # YAML does not count a byte order mark; our offsets do.
    body = text.removeprefix("\ufeff")
    try:
        for event in yaml.parse(body, Loader=yaml.CSafeLoader):
            building.take(event)
            if building.documents > 1:
                break
    except _TooMuch as end:
        return None, [*building.problems, end.problem]
    except yaml.YAMLError as error:
        return None, building.broken(error)
    if building.root is None and not building.problems:
        building.tell(Mark(1, 1), "empty", Say("文档是空的"), Say("至少写上 scheme、source、target 和 map"))
    return building.root, building.problems


def _unreadable(text: str) -> Problem | None:
    """What keeps YAML from even starting: too large, or characters that no text should hold."""
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        says = Say("文档超过 1 MB")
        return Problem("", "too_large", says, Say("拆成几个方案，或把大段说明移到别处"), Mark(1, 1))
    found = _FORBIDDEN.search(text)
    if not found:
        return None
    offset = found.start()
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    says = Say(
        "第 {line} 行第 {column} 列有一个看不见的控制字符（U+{code:04X}）",
        line=line,
        column=column,
        code=ord(found[0]),
    )
    return Problem("", "control_character", says, Say("删掉这个字符再保存"), Mark(line, column, offset))


class _TooMuch(Exception):
    """A limit was passed: nothing more is read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Building:
    """The tree while its events come in. `stack` holds the open collections, `keys` their pending keys,
    `trail` their paths.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.shift = 1 if text.startswith("\ufeff") else 0
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[Items | Pairs] = []
        self.keys: list[Scalar | None] = []
        self.trail: list[str] = []
        self.last: Scalar | None = None
        self.covered = 0
        self.explained = False
        self.nodes = 0
        self.documents = 0

    def take(self, event: Event) -> None:
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            self._document(event)
        elif kind is yaml.ScalarEvent:
            self._put(self._scalar(event))
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(event)
        elif kind is yaml.AliasEvent:
            self._alias(event)

    def broken(self, error: yaml.YAMLError) -> list[Problem]:
        """All problems where YAML gave up. A cut told before explains the breakage and stands alone."""
        if not self.explained:
            self.problems.append(trouble.translated(error, self.text, self.shift, self.path()))
        return self.problems

    def tell(self, at: Mark, code: str, says: str, do: str, path: str | None = None) -> None:
        """A problem, unless a cut told before covers its place: then it only follows from that."""
        if at.offset >= self.covered and len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.path() if path is None else path, code, says, do, at))

    def path(self) -> str:
        """Where we are: the dotted path of the value that comes next."""
        if not self.stack:
            return ""
        node, key = self.stack[-1], self.keys[-1]
        if isinstance(node, Items):
            return under(self.trail[-1], len(node.items))
        return self.trail[-1] if key is None else under(self.trail[-1], key.text)

    def mark(self, mark: Event) -> Mark:
        return Mark(mark.line + 1, mark.column + 1, mark.index + self.shift)

    # --- events ---------------------------------------------------------------------------------

    def _document(self, event: Event) -> None:
        self.documents += 1
        at = self.mark(event.start_mark)
        if self.documents == 2:
            self.tell(
                at,
                "several_documents",
                Say("一个文件里只能有一个文档"),
                Say("删掉这一行 ---，或把后面的内容放进另一个文件"),
            )
        if event.version or event.tags:
            self.tell(at, "directive", Say("不支持以 % 开头的 YAML 指令"), Say("删掉这一行"))

    def _named(self, event: Event) -> None:
        """Refuse anchors and tags: `&x`, `!x`."""
        if event.anchor is None and event.tag is None:
            return
        at = self.mark(event.start_mark)
        if event.anchor is not None:
            says = Say("不支持锚点 &{name}", name=event.anchor)
            self.tell(at, "anchor", says, Say("把内容直接写出来；如果 & 是文字的一部分，把整段放进引号"))
        if event.tag is not None:
            says = Say("不支持标签 {tag}", tag=event.tag)
            self.tell(at, "tag", says, Say("删掉它；如果 ! 是文字的一部分，把整段放进引号"))

    def _alias(self, event: Event) -> None:
        at = self.mark(event.start_mark)
        says = Say("不支持引用 *{name}", name=event.anchor)
        self.tell(at, "alias", says, Say("把内容直接写出来；如果 * 是文字的一部分，把整段放进引号"))
        self._put(Hole(at.line, at.column, at.offset, event.end_mark.index + self.shift))

    def _scalar(self, event: Event) -> Scalar:
        self._named(event)
        start, shift, text = event.start_mark, self.shift, event.value
        style = "" if event.style in _PLAIN else event.style
        value: Json = text
        if not style:
            try:
                value = scalar(text)
            except ValueError:
                says = Say("数字超过 {most} 位", most=DIGITS)
                self.tell(self.mark(start), "long_number", says, Say("要当作文字，就放进引号"))
        end = event.end_mark.index + shift
        return Scalar(start.line + 1, start.column + 1, start.index + shift, end, value, text, style)

    def _open(self, event: Event) -> None:
        self._named(event)
        start, end = event.start_mark, event.end_mark.index + self.shift
        kind = Pairs if type(event) is yaml.MappingStartEvent else Items
        node = kind(start.line + 1, start.column + 1, start.index + self.shift, end, bool(event.flow_style))
        path = self.path()
        self._put(node)
        self.stack.append(node)
        self.keys.append(None)
        self.trail.append(path)
        if len(self.stack) > MOST_DEPTH:
            says = Say("嵌套超过 {most} 层", most=MOST_DEPTH)
            raise _TooMuch(Problem(self.path(), "too_deep", says, Say("把结构写浅一些"), node.at))

    def _close(self, event: Event) -> None:
        self.stack.pop().end = event.end_mark.index + self.shift
        self.keys.pop()
        self.trail.pop()
        self.last = None

    # --- places ---------------------------------------------------------------------------------

    def _put(self, node: Node) -> None:
        """The next node: the root, an item, a key or a value."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            says = Say("文档超过 {most} 个节点", most=MOST_NODES)
            raise _TooMuch(Problem(self.path(), "too_many", says, Say("拆成几个方案"), node.at))
        if not self.stack:
            self.root = self._held(node, None)
            return
        parent, key = self.stack[-1], self.keys[-1]
        if isinstance(parent, Items):
            parent.items.append(self._held(node, parent))
        elif key is None:
            self.keys[-1] = self._key(node, parent)
        else:
            held = self._held(node, parent)
            # A refused key (twice there, no text) is not among the keys: its value is dropped.
            if parent.keys.get(key.text) is key:
                parent.values[key.text] = held
            self.keys[-1] = None

    def _key(self, node: Node, parent: Pairs) -> Scalar:
        """The key that `node` is; one that cannot be kept is told and kept out of `parent.keys`."""
        if not isinstance(node, Scalar):
            self._no_key(node, parent)
            return Scalar(node.line, node.column, node.start, node.end, value=None, text="", style="")
        first = parent.keys.setdefault(node.text, node)
        if first is not node:
            says = Say("“{key}”写了两次，第一次在第 {line} 行", key=cut.clip(node.text), line=first.line)
            do = Say("只留一个；同一个目标字段要写两次时用列表写法 - {to: …}")
            self.tell(node.at, "twice", says, do, under(self.path(), node.text))
        elif not node.style and node.text in ("", "<<"):
            del parent.keys[node.text]
            self._bad_key(node)
        return node

    def _bad_key(self, node: Scalar) -> None:
        if node.text:
            path = under(self.path(), node.text)
            self.tell(node.at, "merge", Say("不支持合并 <<"), Say("把要合并的内容直接写出来"), path)
        else:
            self.tell(node.at, "no_key", Say("冒号前面没有键"), Say("写上键名，或删掉这一行"))

    def _no_key(self, node: Node, parent: Pairs) -> None:
        """A mapping or list where a key should stand: mostly `{{field}}`, written without quotes."""
        if isinstance(node, Pairs) and parent.flow and node.start == parent.start + 1:
            says, do = cut.braces(self.text, parent.start)
            self.tell(parent.at, "braces", says, do)
            self.covered, self.explained = cut.line_end(self.text, node.start), True
        elif not isinstance(node, Hole):
            self.tell(node.at, "no_key", Say("键只能是文字"), Say("写成“键: 值”"))

    def _held(self, node: Node, parent: Items | Pairs | None) -> Node:
        """`node` as a value; a Hole where nothing is written. Tells what YAML has cut."""
        if not isinstance(node, Scalar):
            return node
        before, self.last = self.last, node
        if not node.text and not node.style:
            self._missing(node, parent, before)
            return Hole(node.line, node.column, node.start, node.end)
        if node.start < self.covered or len(self.problems) >= MOST_PROBLEMS:
            return node
        found = cut.cut(self.text, node, parent is not None and parent.flow)
        if found:
            self.tell(node.at, found.code, found.says, found.do)
            self.covered = max(self.covered, found.until)
            self.explained = self.explained or bool(parent and parent.flow)
        return node

    def _missing(self, node: Scalar, parent: Items | Pairs | None, before: Scalar | None) -> None:
        """Tell of a value that is not there."""
        if node.start < self.covered or len(self.problems) >= MOST_PROBLEMS:
            return
        key = self.keys[-1] if self.keys else None
        if key is not None and parent is not None and parent.flow:
            inside = before if before and before.start > parent.start else None
            says, do = cut.without_value(self.text, key, node, inside)
            self.tell(key.at, "no_value", says, do)
        elif key is not None:
            says = Say("“{key}”后面没有值", key=cut.clip(key.text))
            self.tell(
                key.at, "no_value", says, Say('写上值；要空文字写 ""，要空值写 null，不需要就删掉这一行')
            )
        elif parent is not None:
            self.tell(node.at, "no_value", Say("列表里有一项是空的"), Say("写上内容，或删掉这一项"))
        else:
            self.tell(node.at, "empty", Say("文档是空的"), Say("至少写上 scheme、source、target 和 map"))
