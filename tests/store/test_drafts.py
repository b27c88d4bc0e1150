"""Drafts keep every edit: each is taken back and done again, byte for byte, and nobody overwrites another's work."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from engine.errors import Conflict
from engine.store import drafts
from engine.store.drafts import Draft, Save, splice
from engine.store.store import Store
from tests.build import NOW

CODE = "orders"


@pytest.fixture
def text(store: Store) -> str:
    made = Draft(CODE, "订单", "", "scheme: orders\nmap: {}\n", 1, 0, "li.wei", NOW)
    store.write(lambda c: drafts.begin(c, made))
    return made.text


def kept(store: Store) -> Draft:
    found = store.read(lambda c: drafts.get(c, CODE))
    assert found is not None
    return found


def save(store: Store, text: str, deed: str = "text") -> None:
    saved = Save(CODE, text, "订单", kept(store).revision, "li.wei", NOW, deed, "code")
    store.write(lambda c: drafts.save(c, saved))


def step(store: Store, forward: bool) -> bool:
    meant = store.read(lambda c: (drafts.done_again if forward else drafts.taken_back)(c, CODE))
    if meant is None:
        return False
    saved = Save(CODE, meant, "订单", kept(store).revision, "li.wei", NOW)
    store.write(lambda c: drafts.step(c, saved, forward))
    return True


def test_200_edits_are_taken_back_and_done_again_byte_for_byte(store: Store, text: str) -> None:
    dice, texts = random.Random(8), [text]
    for _ in range(200):
        now = texts[-1]
        at, to = sorted((dice.randrange(len(now) + 1), dice.randrange(len(now) + 1)))
        texts.append(
            now[:at] + dice.choice(("", "单据 ", "\r\n", "code: a\n", "🧾")) + now[min(to, at + 3) :]
        )
        save(store, texts[-1])
    changes = [one for one, other in pairwise(texts) if one != other]
    for before in reversed(changes):
        assert step(store, forward=False)
        assert kept(store).text == before
    assert kept(store).text == text
    assert not step(store, forward=False), "there is nothing before the first edit"
    while step(store, forward=True):
        pass
    assert kept(store).text == texts[-1]


def test_an_edit_after_taking_back_ends_what_could_be_done_again(store: Store, text: str) -> None:
    save(store, text + "a", "fill")
    save(store, text + "b")
    step(store, forward=False)
    save(store, text + "c")
    assert not step(store, forward=True)
    assert [(one.number, one.deed, one.what) for one in store.read(lambda c: drafts.edits(c, CODE, 9))] == [
        (2, "text", "code"),
        (1, "fill", "code"),
    ]


def test_the_same_text_again_is_no_edit(store: Store, text: str) -> None:
    save(store, text)
    assert kept(store).revision == 2
    assert not step(store, forward=False)


def test_who_was_overtaken_takes_nothing_back(store: Store, text: str) -> None:
    save(store, text + "a")
    late = Save(CODE, text, "", 1, "chen", NOW)
    with pytest.raises(Conflict):
        store.write(lambda c: drafts.step(c, late, False))
    other = Save(CODE, "something else", "", 2, "chen", NOW)
    with pytest.raises(Conflict):
        store.write(lambda c: drafts.step(c, other, False))
    assert kept(store).text == text + "a"


def test_a_draft_that_is_dropped_takes_its_edits_along(store: Store, text: str) -> None:
    save(store, text + "a")
    assert store.write(lambda c: drafts.drop(c, CODE))
    assert store.read(lambda c: drafts.edits(c, CODE, 9)) == []


@given(st.text(), st.text(), st.text(), st.text())
def test_a_splice_makes_one_text_of_the_other(head: str, one: str, other: str, tail: str) -> None:
    before, after = head + one + tail, head + other + tail
    start, removed, added = splice(before, after)
    assert before[:start] + added + before[start + len(removed) :] == after
    assert after[:start] + removed + after[start + len(added) :] == before
    assert len(removed) <= len(one) and len(added) <= len(other)
