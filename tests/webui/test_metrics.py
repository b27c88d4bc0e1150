"""/metrics: every line is one that Prometheus reads, every number is the store's, and only of schemes one may see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.store import logins, schemes
from tests.webui import build
from webui.metrics import Family, exposition

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = rf'{NAME}="(?:[^"\\\n]|\\["\\n])*"'
VALUE = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
LINE = re.compile(rf"(?P<name>{NAME})(?:\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}})? (?P<value>{VALUE})")
ABOUT = re.compile(rf"# (?:HELP {NAME} .+|TYPE {NAME} gauge)")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[build.Shop]:
    made = build.full(tmp_path_factory.mktemp("metrics"))
    yield made
    made.store.close()


def asked(shop: build.Shop, name: str, groups: tuple[str, ...] | None = None) -> str:
    """What a program is told that brings the token of a new reader."""
    who = shop.person(name, "reader", groups)
    shop.store.write(lambda c: logins.grant(c, who.id, "prometheus", f"token-{name}", 30, shop.clock.now()))
    reply = shop.visitor(None).get("/metrics", headers={"Authorization": f"Bearer token-{name}"})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return str(reply.get_data(as_text=True))


def values(text: str) -> dict[tuple[str, str], float]:
    """Values by name and labels; fails at a line that is none."""
    assert text.endswith("\n")
    found = {}
    for line in text.splitlines():
        if not ABOUT.fullmatch(line):
            parts = LINE.fullmatch(line)
            assert parts, line
            place = (parts["name"], parts["labels"] or "")
            assert place not in found, line
            found[place] = float(parts["value"])
    return found


def test_the_numbers_are_those_of_the_store(shop: build.Shop) -> None:
    found = values(asked(shop, "all"))
    counted = shop.store.read(lambda c: schemes.counted(c, [shop.scheme]))[shop.scheme]
    of = f'scheme="{build.CODE}"'
    for state, number in counted.states.items():
        assert found["duijie_documents", f'{of},state="{state}"'] == number
    assert counted.states["done"] > 0
    assert found["duijie_documents_held", of] == counted.held > 0
    assert found["duijie_records_unplanned", of] == 30
    cursor = shop.store.read(schemes.cursors)[shop.scheme]
    assert found["duijie_scheme_lag_seconds", of] == (shop.clock.now() - cursor).total_seconds()
    assert found["duijie_last_run_failed", of] == 0
    assert found["duijie_last_run_failed", 'scheme="jd-inbound"'] == 1
    assert ("duijie_last_run_failed", 'scheme="shop-returns"') not in found
    assert found["duijie_scheme_enabled", of] == 1


def test_a_person_of_a_group_is_told_of_its_schemes_only(shop: build.Shop) -> None:
    shop.store.write(lambda c: schemes.assign(c, "shop-returns", "华东"))
    found = values(asked(shop, "east", ("华东",)))
    told = {labels for _, labels in found if "scheme=" in labels}
    assert told
    assert all('scheme="shop-returns"' in labels for labels in told)


def test_nobody_is_told_nothing(shop: build.Shop) -> None:
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        reply = shop.visitor(None).get("/metrics", headers=headers)
        assert reply.status_code in (303, 401)
        assert "duijie_" not in reply.get_data(as_text=True)


def test_no_number_of_a_document_and_no_name_of_a_person_is_told(shop: build.Shop) -> None:
    text = asked(shop, "curious")
    for secret in (build.MOBILE, build.RECEIVER, build.SECRET, "CK2026", "欧阳"):
        assert secret not in text


def test_whatever_stands_in_a_label_is_one_line_that_can_be_read(tmp_path: Path) -> None:
    evil: Any = 'a"b\\c\nd{e="f"} 7'
    found = values(exposition([Family("duijie_x", "Says.", (({"scheme": evil}, 1.5), ({}, 12345678901.0)))]))
    assert list(found.values()) == [1.5, 12345678901.0]
    ((_, labels), _) = found
    assert labels == r'scheme="a\"b\\c\nd{e=\"f\"} 7"'
