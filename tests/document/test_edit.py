"""A splice replaces one value and touches no other byte."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from engine.document.edit import splice
from engine.document.node import Scalar, value, walk
from engine.document.reader import read
from engine.errors import Wrong
from engine.model.values import Json

EXAMPLE = (Path(__file__).parents[2] / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")
ODD = "\r\n".join(
    [
        "\ufeffscheme: a-b   # 说明 😀",
        "note: |",
        "  一",
        "  二",
        "",
        "# 尾",
        "source: {connection: 's', params: {a: [1, \"2\"], b: x}}",
        "list:",
        "- 甲",
        "- >-",
        "  乙",
        "  丙",
        "",
    ]
)


def at(text: str, path: str) -> Json:
    root, problems = read(text)
    assert problems == []
    assert root is not None
    return next(value(node) for place, node, _ in walk(root) if place == path)


@pytest.mark.parametrize(
    ("path", "new", "line"),
    [
        ("map.code", "order_no | text", "  code: order_no | text\n"),
        ("map.memo", '=CONCAT("a # b", c)', "  memo: '=CONCAT(\"a # b\", c)'\n"),
        ("map.org.value", "002", "  org: {value: '002'}\n"),
        ("map.org.value", "a, b", "  org: {value: 'a, b'}\n"),
        ("map.org.value", 7, "  org: {value: 7}\n"),
        ("map.org.value", Decimal("1.50"), "  org: {value: 1.50}\n"),
        ("map.othOutRecords.map.qty", "a\\.b: c", "      qty: 'a\\.b: c'\n"),
        ("source.where", "remark = ''", "  where: remark = ''    # no status"),
        ("schedule.every", "1h", "  every: 1h\n"),
    ],
)
def test_one_value_changes_and_the_rest_stays_byte_for_byte(path: str, new: Json, line: str) -> None:
    edited = splice(EXAMPLE, path, new)
    assert line in edited
    assert at(edited, path) == new
    old = set(EXAMPLE.splitlines())
    assert len([one for one in edited.splitlines() if one not in old]) == 1
    assert len(edited.splitlines()) == len(EXAMPLE.splitlines())


def test_block_texts_lists_brackets_and_line_ends_survive() -> None:
    for path in (
        "note",
        "source.connection",
        "source.params.a[1]",
        "source.params.b",
        "list[0]",
        "list[1]",
        "scheme",
    ):
        edited = splice(ODD, path, "新: 值")
        assert at(edited, path) == "新: 值"
        assert edited.count("\r\n") == edited.count("\n")
        root, _ = read(ODD)
        assert root is not None
        others = [place for place, node, _ in walk(root) if isinstance(node, Scalar) and place != path]
        assert all(at(edited, other) == at(ODD, other) for other in others)
        assert "# 说明 😀" in edited
        assert "# 尾" in edited


@pytest.mark.parametrize("path", ["nowhere", "source", "map.othOutRecords", "", "list[9]"])
def test_where_no_value_stands_nothing_is_edited(path: str) -> None:
    with pytest.raises(Wrong) as wrong:
        splice(EXAMPLE, path, "x")
    assert wrong.value.problems[0].code == "no_place"


def test_a_text_that_cannot_be_read_is_not_edited() -> None:
    with pytest.raises(Wrong):
        splice("a: [", "a", "x")


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(["note", "source.params.b", "list[1]", "scheme"]),
)
def test_any_text_can_be_spliced_in_anywhere(new: str, path: str) -> None:
    edited = splice(ODD, path, new)
    assert at(edited, path) == new
    root, problems = read(edited)
    assert root is not None
    assert problems == []
    untouched = {
        place: value(node) for place, node, _ in walk(root) if isinstance(node, Scalar) and place != path
    }
    assert all(at(ODD, place) == found for place, found in untouched.items())


def outside(text: str, paths: set[str]) -> str:
    """The text without the values at these paths: what no edit of them may touch."""
    root, problems = read(text)
    assert root is not None
    assert problems == []
    spans = sorted((node.start, node.end) for place, node, _ in walk(root) if place in paths)
    kept, at = "", 0
    for start, end in spans:
        kept, at = kept + text[at:start] + "\0", end
    return kept + text[at:]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["=CONCAT('a # b', c)", "a: b", "- x", "no", "010", "x | lookup(仓库)", "", " ", "#", "'", "\n", "|"]
)
NEW = WORDS | st.integers(-(10**20), 10**20) | st.booleans() | st.none()
PLACES = [
    "map.code",
    "map.org.value",
    "map.othOutRecords.map.qty",
    "source.where",
    "title",
    "x-tool.kept",
    "on_change",
]
WITH_MORE = EXAMPLE.rstrip("\n") + "\nx-tool:   {kept: 'a # b',  also: [1,  2]}  # 尾\n# 最后一行"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), NEW), min_size=1, max_size=6))
def test_any_number_of_splices_leaves_every_other_byte_as_it_was(edits: list[tuple[str, Json]]) -> None:
    text, touched = WITH_MORE, {path for path, _ in edits}
    for path, new in edits:
        text = splice(text, path, new)
    assert outside(text, touched) == outside(WITH_MORE, touched)
    assert {path: at(text, path) for path in touched} == dict(edits)
