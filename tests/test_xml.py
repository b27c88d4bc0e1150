"""XML: what it means as JSON values, that writing and reading give the same, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.xml import parse, write


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("<a/>", {"a": ""}),
        ("<a>1</a>", {"a": "1"}),
        ("<a><b>1</b><b>2</b><c/></a>", {"a": {"b": ["1", "2"], "c": ""}}),
        ("<a>\n  <b> 1 </b>\n</a>", {"a": {"b": " 1 "}}),
        ('<a id="7">x</a>', {"a": {"@id": "7", "#text": "x"}}),
        ("<a><![CDATA[1 < 2 & 3]]></a>", {"a": "1 < 2 & 3"}),
        ("<?xml version='1.0' encoding='GBK'?><a>中</a>", {"a": "中"}),
        ("<a>&lt;&#20013;</a>", {"a": "<中"}),
        ("<a>010</a>", {"a": "010"}),
    ],
)
def test_an_element_is_an_object_a_list_or_a_text(text: str, means: Any) -> None:
    assert parse(text) == means


def test_bytes_are_read_in_the_encoding_they_declare() -> None:
    assert parse("<?xml version='1.0' encoding='utf-8'?><a>中</a>".encode()) == {"a": "中"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a>&other;</a>",
        '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        "<a>" * 200 + "</a>" * 200,
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"<a>\xff</a>",
    ],
)
def test_what_is_no_harmless_xml_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"XML|DOCTYPE"):
        parse(text)


@pytest.mark.parametrize("content", [{"a b": "1"}, {"1a": "1"}, {"@a b": "1"}, {"": "1"}, "\0", {"a": [[1]]}])
def test_what_xml_cannot_carry_is_refused(content: Any) -> None:
    with pytest.raises(ValueError, match=r"name|character|list"):
        write("a", content)


def test_a_document_is_written_element_by_element() -> None:
    document: Any = {
        "@v": 'x"<',
        "order": {"no": "010", "gone": None},
        "line": [{"n": 1}, {"n": 2}],
        "on": True,
    }
    assert write("request", document) == (
        '<request v="x&quot;&lt;"><order><no>010</no></order><line><n>1</n></line><line><n>2</n></line>'
        "<on>true</on></request>"
    )


_TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
_NAME = st.from_regex(r"[a-z_中][a-z0-9_.-]{0,8}", fullmatch=True)
_TREE = st.recursive(
    _TEXT,
    lambda inner: st.dictionaries(
        _NAME, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=4
    ),
    max_leaves=20,
)


@given(_NAME, _TREE)
def test_reading_what_was_written_gives_the_same(root: str, content: Any) -> None:
    assert parse(write(root, content)) == {root: content}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        parse(f"<a>{text}</a>")
