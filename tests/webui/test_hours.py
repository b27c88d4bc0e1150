"""The last 24 hours of a scheme: each settled document stands in its hour, and nothing else does."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from engine.store import overview, schemes
from engine.store.tables import document
from tests.webui import build
from tests.webui.test_pages import said, text
from webui.hours import HEIGHT, HOURS, PARTS, chart


def test_every_settled_document_stands_in_its_hour(shop: build.Shop) -> None:
    """A day with documents spread over thirty hours: counted one by one in Python, the same comes out."""
    chance = random.Random(7)
    since = shop.clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    idents = shop.store.read(
        lambda c: c.scalars(select(document.c.id).where(document.c.settled_at.is_not(None))).all()
    )
    expected: Counter[tuple[int, int, str]] = Counter()
    for ident in idents:
        at = since + timedelta(seconds=chance.randrange(-6 * 3600, HOURS * 3600))
        shop.store.write(
            lambda c, i=ident, a=at: c.execute(
                update(document).where(document.c.id == i).values(settled_at=a)
            )
        )
        one = shop.store.read(lambda c, i=ident: overview.document_of(c, i))
        assert one is not None
        if at >= since:
            expected[one.scheme_id, int((at - since).total_seconds() // 3600), one.state] += 1
    every = [one.id for one in shop.store.read(schemes.every)]
    found = shop.store.read(lambda c: overview.settled(c, every, since))
    assert {(ident, int(hour), state): number for ident, hour, state, number in found} == expected
    assert 0 < sum(expected.values()) < len(idents)


def test_bars_fill_the_height_and_never_more_and_what_exists_is_seen() -> None:
    chance = random.Random(8)
    since = build.NOW.replace(minute=0, second=0, microsecond=0)
    for _ in range(300):
        counts = {(hour, part): chance.choice([0, 1, 7, 5000]) for hour in range(HOURS) for part in PARTS}
        drawn = chart(counts, since)
        assert drawn.totals == {part: sum(counts[hour, part] for hour in range(HOURS)) for part in PARTS}
        for hour in drawn.hours:
            assert {piece.name: piece.count for piece in hour.pieces} == {
                part: counts[hour.x, part] for part in PARTS if counts[hour.x, part]
            }
            assert sum(piece.height for piece in hour.pieces) <= HEIGHT
            assert all(piece.height > 0 and piece.y >= 0 for piece in hour.pieces)


def test_home_and_the_scheme_tell_the_last_day_and_the_next_run(shop: build.Shop) -> None:
    for page in ("/", f"/schemes/{build.CODE}"):
        assert "过去 24 小时" in said(text(shop, page)) and "下次 " in said(text(shop, page))
        assert "in 24 hours" in said(text(shop, page, "en"))
    shop.store.write(lambda c: schemes.enable(c, build.CODE, False))
    assert "下次" not in said(text(shop, f"/schemes/{build.CODE}"))


def test_an_empty_day_is_a_chart_too(tmp_path: Path) -> None:
    shop = build.empty(tmp_path)
    shop.scheme = build.publish(shop, build.CODE, "旺店通 → BIP", build.FLOW.read_text(encoding="utf-8"))
    assert "过去 24 小时 0 单" in said(text(shop, "/"))
