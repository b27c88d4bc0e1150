"""The word that was probably meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from engine.say import Say, Words


def nearest(word: str, words: Collection[str], most: int = 1) -> list[str]:
    """The likeliest of `words`, best first; case and `-_.` count little."""
    plain = {_plain(known): known for known in sorted(words, reverse=True)}
    return [plain[found] for found in get_close_matches(_plain(word), plain, most, 0.6)]


def offer(word: str, words: Collection[str]) -> Say:
    """The next step after an unknown word: the nearest known one, else all of them where they are few."""
    near = nearest(word, words)
    if near:
        return Say("是不是“{near}”？", near=near[0])
    if 0 < len(words) <= 12:
        return Say("可以用的有：{words}", words=Words(words))
    return Say("检查拼写")


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "").replace(".", "")
