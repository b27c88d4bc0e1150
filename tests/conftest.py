"""What every test may lean on: a clean environment, a home of its own, a database, a browser."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NEED_ALL = os.environ.get("DUIJIE_NEED_ALL") == "1"
SERVER = os.environ.get("DUIJIE_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/test")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Quiet and closed: no sandbox (tests may run as root), nothing fetched behind our back.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Seeds are fixed where a submission is judged; at a developer's desk they wander.
settings.register_profile("desk", deadline=None)
settings.register_profile("judge", deadline=None, derandomize=True)
settings.load_profile("judge" if os.environ.get("CI") else "desk")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks say what a test leans on. Facts that are not in the repository are asked for by DUIJIE_FACTS only."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        for fixture, mark in (("postgres", pytest.mark.postgres), ("chromium", pytest.mark.browser)):
            if fixture in used:
                item.add_marker(mark)
    outside = [item for item in items if item.get_closest_marker("external")]
    if outside and not os.environ.get("DUIJIE_FACTS"):
        config.hook.pytest_deselected(items=outside)
        items[:] = [item for item in items if item not in outside]


def missing(what: str) -> None:
    """A skip at a desk, a failure where everything is needed (`dj.py test --need-all`)."""
    if NEED_ALL:
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own Duijie reaches a test, and sentences are Chinese."""
    for name in [name for name in os.environ if name.startswith("DUIJIE_") and name != "DUIJIE_FACTS"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DUIJIE_LANG", "zh")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DUIJIE_HOME of the test's own, with a blank and Chinese in its path as users have them."""
    folder = tmp_path / "对接 home"
    folder.mkdir()
    monkeypatch.setenv("DUIJIE_HOME", str(folder))
    return folder


@pytest.fixture
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own, dropped afterwards."""
    import psycopg

    if not answers(SERVER):
        missing(f"no PostgreSQL answers at {SERVER}")
    name = f"duijie_{secrets.token_hex(8)}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(SERVER)._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port or 5432), timeout=3).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium for one file of tests; each test opens its own context in it.

    Not for the whole session: Playwright keeps an event loop running in this thread while it is open,
    and whoever calls asyncio.run meanwhile is refused.
    """
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        missing("no Chromium here: `python3 dj.py test --system` installs Debian's")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
