"""The bench's connector, scheme and server tell of the same work, without the bench's own packages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench import spec
from engine.document.check import Known, check
from engine.exact import decode, encode
from engine.registry import Registry

BENCH = Path(spec.__file__).resolve().parent
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
LOOKUPS = {"仓库": spec.CODES["warehouse"], "物料": spec.CODES["material"]}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.read([BENCH.parent / "connectors", BENCH / "connectors"])


def documents(registry: Registry, orders: list[dict[str, Any]]) -> list[Any]:
    checked = check((BENCH / "bench-w1.yaml").read_text(encoding="utf-8"), registry)
    assert checked.mapping is not None
    return [checked.mapping.apply(decode(encode(order)), LOOKUPS, NOW).document for order in orders]  # type: ignore[arg-type]


def test_the_connector_folder_has_no_problems(registry: Registry) -> None:
    assert [problem for problem in registry.problems if problem.path.startswith("bench/")] == []


def test_the_scheme_could_be_published(registry: Registry) -> None:
    text = (BENCH / "bench-w1.yaml").read_text(encoding="utf-8")
    assert check(text, registry, Known({"bench": "bench"}, tuple(LOOKUPS))).problems == ()


def test_the_scheme_makes_of_every_order_the_document_that_the_server_expects(registry: Registry) -> None:
    orders = [spec.order(i) for i in range(500)]
    found = [plain(document) for document in documents(registry, orders)]
    assert found == [spec.expected(order) for order in orders]


def plain(document: Any) -> Any:
    """Numbers as the server reads them; its own figures are floats."""
    if isinstance(document, dict):
        return {name: plain(value) for name, value in document.items()}
    if isinstance(document, list):
        return [plain(value) for value in document]
    return document if isinstance(document, str | None) else float(document)
