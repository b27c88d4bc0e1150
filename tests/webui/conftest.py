"""One full shop for all tests that only look at it, and one that is empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.webui import build


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[build.Shop]:
    made = build.full(tmp_path_factory.mktemp("full"))
    yield made
    made.store.close()


@pytest.fixture(scope="package")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[build.Shop]:
    made = build.empty(tmp_path_factory.mktemp("empty"))
    yield made
    made.store.close()
