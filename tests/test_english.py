"""English is whole: every sentence of the engine and the connectors has its text, with the same places."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from engine.say import Say, Stored, Words, catalogues, tell
from engine.settings import SHIPPED
from tests.cost import seconds

FILES = [
    *sorted((SHIPPED / "engine").rglob("*.py")),
    *sorted((SHIPPED / "connectors").rglob("*.py")),
    SHIPPED / "webui" / "cli.py",
]
CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
QUOTED = {"是/否", "(：)"}
"""What an English sentence quotes as it is written."""
OUTRIGHT = ("cli", "run", "store", "wire")
"""Where a Chinese text outside a Say would be a sentence; elsewhere there are aliases, codes and vendors' words."""
HEADS = {"左", "右", "源", "目标", "源编码", "目标编码", "起", "止", "说明"}
"""The heads that a CSV file of a lookup may have."""


@dataclass(frozen=True)
class Call:
    """One `Say(…)`: its template (None where it is not a literal), the names it fills, None with `**`."""

    where: str
    template: str | None
    fills: frozenset[str] | None


def calls(file: Path) -> Iterator[Call]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Say":
            first = node.args[0] if len(node.args) == 1 else None
            literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
            names = [word.arg for word in node.keywords]
            yield Call(
                f"{file.relative_to(SHIPPED)}:{node.lineno}",
                str(first.value) if literal and isinstance(first, ast.Constant) else None,
                None if None in names else frozenset(str(name) for name in names),
            )


def places(template: str) -> Counter[tuple[str, str | None, str | None]]:
    return Counter(
        (name, spec, how) for _, name, spec, how in Formatter().parse(template) if name is not None
    )


def names(template: str) -> frozenset[str]:
    return frozenset(name for name, _, _ in places(template))


SAID = [call for file in FILES if file != SHIPPED / "engine" / "say.py" for call in calls(file)]
TEMPLATES = {call.template for call in SAID if call.template is not None}
_CLI = {call.template for call in SAID if call.where.startswith("webui/")}
FILLED = {call.template for call in SAID if call.template is not None and call.fills != frozenset()}
WRITTEN = [(file, entry) for file in catalogues() for entry in read_po(BytesIO(file.read_bytes())) if entry.id]
ENGLISH = {str(entry.id): str(entry.string) for _, entry in WRITTEN}


def test_every_template_is_written_out() -> None:
    assert [call.where for call in SAID if call.template is None] == []


def test_every_place_is_filled_and_nothing_else() -> None:
    wrong = [
        call.where
        for call in SAID
        if call.template in FILLED and call.fills is not None and call.fills != names(call.template or "")
    ]
    assert wrong == []


def test_every_sentence_has_its_english() -> None:
    missing = {call.where: call.template for call in SAID if not ENGLISH.get(call.template or "")}
    assert missing == {}


def test_no_english_is_left_over_or_there_twice() -> None:
    assert sorted(ENGLISH.keys() - TEMPLATES) == []
    headers = len(catalogues())
    written = sum(file.read_text(encoding="utf-8").count("msgid ") for file in catalogues())
    assert written == len(ENGLISH) + headers


def test_a_connectors_english_stands_in_its_folder() -> None:
    own = {one for call in SAID if call.where.startswith("engine/") and (one := call.template)}
    astray = [
        str(entry.id)
        for file, entry in WRITTEN
        if (file.parent.name == "en") is not (str(entry.id) in own or str(entry.id) in _CLI)
    ]
    assert astray == []


def test_catalogues_are_in_the_order_of_their_sentences() -> None:
    for file in catalogues():
        listed = [str(entry.id) for where, entry in WRITTEN if where == file]
        assert listed == sorted(listed), f"{file}: sort the entries by msgid"


def test_both_languages_have_the_same_places() -> None:
    wrong = [one for one in FILLED if places(one) != places(ENGLISH.get(one, ""))]
    plain = [one for one in TEMPLATES - FILLED if one.count("{") != ENGLISH.get(one, "").count("{")]
    assert (wrong, plain) == ([], [])


def test_english_quotes_chinese_only_where_it_is_meant() -> None:
    def rest(text: str) -> str:
        for quoted in QUOTED:
            text = text.replace(quoted, "")
        return text

    assert [english for english in ENGLISH.values() if CHINESE.search(rest(english))] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_can_be_told(language: str) -> None:
    for template in FILLED:
        assert tell(Say(template, **dict.fromkeys(names(template), 7)), language)


def test_what_fills_a_place_is_told_in_english_too() -> None:
    where = Say("“{key}”要是文字", key="map")
    whole = Say("{cell}：{what}", cell=Say("整条数据"), what=where)
    assert tell(whole, "zh") == "整条数据：“map”要是文字"
    assert tell(whole, "en") == "Whole record: “map” must be text."
    listed = Say("可以定为：{can}。", can=Words([Say("已完成"), "x"]))
    assert tell(listed, "zh") == "可以定为：已完成、x。"
    assert tell(listed, "en") == "It can be settled as: done, x."


def test_a_vendors_words_stay_as_they_are() -> None:
    assert tell("单据编号重复", "en") == "单据编号重复"
    assert tell(Stored("单据编号重复"), "en") == "单据编号重复"
    assert tell(Stored(""), "en") == ""


@pytest.mark.parametrize(
    "sign", ["、，（）：", "w，被", "：", "。下一步：", "：第 行：", "「」的值 ", "（代码 ），"]
)
def test_hostile_words_of_a_vendor_cost_little(sign: str) -> None:
    told = iter(range(400, 410))  # another text each time: what was told once is remembered
    assert seconds(lambda: tell(Stored(sign * next(told)), "en"), limit=2) < 2


def test_a_stored_sentence_is_told_again() -> None:
    says = Say("对照表 {table} 里没有 {code}，补上后自动放行。", table="仓库", code="WH-1")
    assert tell(Stored(str(says)), "en") == tell(says, "en")
    assert tell(Stored(str(says)), "zh") == says
    inside = Say("{cell} 第 {rows} 行：{what}", cell="「qty」", rows="1-2", what=Say("没有值，而这里必须有"))
    assert tell(Stored(str(inside)), "en") == "「qty」 row 1-2: There is no value, but one is needed here."


def test_every_sentence_is_found_again_in_the_store() -> None:
    lost = []
    for template in sorted(FILLED):
        if ":04X" not in template:
            says = Say(template, **{name: f"w{place}" for place, name in enumerate(sorted(names(template)))})
            if tell(Stored(str(says)), "en") != tell(says, "en"):
                lost.append(template)
    assert lost == []


def test_no_sentence_stands_outside_a_say() -> None:
    found = []
    for folder in OUTRIGHT:
        for file in sorted((SHIPPED / "engine" / folder).rglob("*.py")):
            tree = ast.parse(file.read_bytes())
            inside = {id(part) for node in ast.walk(tree) if _is_say_or_text(node) for part in ast.walk(node)}
            found += [
                f"{file.relative_to(SHIPPED)}:{node.lineno} {node.value}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in inside
                and re.search("[\u4e00-\u9fff]", node.value)
                and node.value not in HEADS
            ]
    assert found == []


def _is_say_or_text(node: ast.AST) -> bool:
    """A `Say(…)` itself, or a docstring."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "Say"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
