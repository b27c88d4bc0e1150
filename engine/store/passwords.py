"""Passwords: Argon2id with OWASP's figures (m=19 MiB, t=2, p=1), and what is refused as one (S2).

Long rather than curious: 12 to 128 signs, no rules of composition. What is refused besides is what everybody
tries first: a few signs over and over, runs of the keyboard or the alphabet, words that stand in every list
with digits behind them, the person's own name.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from engine.model.values import Problem
from engine.say import Say

SHORTEST, LONGEST = 12, 128
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_WORDS = (
    "password passwort passw0rd p@ssw0rd p@ssword admin administrator root letmein welcome login iloveyou monkey "
    "dragon qwerty woaini woaini1314 duijie master sunshine princess football baseball superman trustno changeme "
    "secret test guest user hello mima"
).split()
_AT_ONCE = threading.BoundedSemaphore(4)  # each check takes 19 MiB
_LEAST = 5  # signs that are not part of a run, a word or the name


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    """A hash of no password: what is checked where there is no such person, so that both take as long."""
    return _hasher().hash("nobody has this one")


def hashed(password: str) -> str:
    return _hasher().hash(normalize("NFKC", password))


def fits(stored: str, password: str) -> bool:
    """Whether it is the password of this hash; "" is nobody's, and costs as much to find out."""
    try:
        with _AT_ONCE:
            right = _hasher().verify(stored or _nobody(), normalize("NFKC", password)[: 4 * LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return right and bool(stored)


def stale(stored: str) -> bool:
    """Whether a hash was made with other figures and should be made anew at the next login."""
    return _hasher().check_needs_rehash(stored)


def problems(password: str, name: str) -> list[Problem]:
    """Why this is no password for that person; nothing where it is one."""
    told = normalize("NFKC", password)
    if len(told) < SHORTEST:
        says = Say("密码要至少 {count} 个字符，现在是 {now} 个。", count=SHORTEST, now=len(told))
        return [Problem("password", "short", says, Say("用一句自己记得住的话最好。"))]
    if len(told) > LONGEST:
        return [Problem("password", "long", Say("密码最多 {count} 个字符。", count=LONGEST))]
    if _common(told.lower(), name.lower()):
        says = Say("这个密码太容易猜到。")
        return [
            Problem("password", "common", says, Say("不要用连续的键、常见的词、重复的字符和自己的名字。"))
        ]
    return []


def _common(told: str, name: str) -> bool:
    """Whether hardly anything is left once runs, words, the name and repetitions are taken out."""
    rest = told
    for word in (*_WORDS, name):
        if len(word) > 2:
            rest = rest.replace(word, " ")
    rest = re.sub(r"(.{1,4}?)\1{2,}", " ", rest)
    rest = _without_runs(rest)
    left = re.sub(r"[\W_]|\d{1,8}$|(?:19|20)\d\d", "", rest)
    return len(set(left)) < _LEAST


def _without_runs(text: str) -> str:
    runs = [run for line in _RUNS for run in (line, line[::-1])]
    kept, at = [], 0
    while at < len(text):
        length = next(
            (n for n in range(len(text) - at, 3, -1) if any(text[at : at + n] in run for run in runs)), 0
        )
        kept.append(" " if length else text[at])
        at += length or 1
    return "".join(kept)
