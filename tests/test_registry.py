"""Connector folders are found by being there; a bad one costs only itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.model.values import Call
from engine.registry import Registry, Unsigned
from engine.wire.auth import Tokens

SHIPPED = Path(__file__).parents[1] / "connectors"
CATALOG = "connector: {name}\ntitle: 店\nauth: {auth}\nenvelope: {{ok: [{{at: code}}]}}\n"
SAVE = "operation: {name}\nkind: save\ncall: {{path: /a}}\nsource: 页面\n{more}"
AUTH = """\
class Key:
    def sign(self, call, settings, tokens, now):
        yield from ()
        return call
"""


def connector(root: Path, name: str, *operations: str, auth: str = "none", more: str = "") -> Path:
    folder = root / name
    (folder / "operations").mkdir(parents=True)
    (folder / "catalog.yaml").write_text(CATALOG.format(name=name, auth=auth), "utf-8")
    for operation in operations:
        (folder / "operations" / f"{operation}.yaml").write_text(
            SAVE.format(name=operation, more=more), "utf-8"
        )
    return folder


def codes(registry: Registry) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in registry.problems]


def test_the_shipped_connectors_have_no_problems() -> None:
    registry = Registry.read([SHIPPED])
    assert registry.problems == ()
    assert {"wdt", "yonbip"} <= registry.connectors.keys()
    for name, made in registry.connectors.items():
        assert registry.folder_of(name) == SHIPPED / name
        assert all(registry.auth(name, channel) is not None for channel in made.channels)


def test_an_operation_knows_its_connector_and_is_found_by_name_and_alias(tmp_path: Path) -> None:
    connector(tmp_path, "one", "a.save", more="aliases: [a.old]\n")
    registry = Registry.read([tmp_path])
    assert codes(registry) == []
    found = registry.operation("a.save")
    assert found is not None
    assert found.connector == "one"
    assert registry.operation("a.old") is found
    assert registry.operation("b") is None
    assert list(registry.names()) == ["a.save"]


def test_several_folders_and_a_single_connector_folder_are_read(tmp_path: Path) -> None:
    connector(tmp_path / "first", "one", "a.save")
    alone = connector(tmp_path / "second", "two", "b.save")
    registry = Registry.read([tmp_path / "first", alone])
    assert list(registry.connectors) == ["one", "two"]
    assert registry.folder_of("two") == alone


def test_an_operation_name_is_unique_over_all_connectors(tmp_path: Path) -> None:
    connector(tmp_path, "one", "a.save")
    connector(tmp_path, "two", "a.save")
    registry = Registry.read([tmp_path])
    assert codes(registry) == [("twice", "two/operations/a.save.yaml:operation")]
    assert "one/operations/a.save.yaml" in registry.problems[0].says
    kept = registry.operation("a.save")
    assert kept is not None
    assert kept.connector == "one"


def test_a_name_may_not_be_another_operations_alias(tmp_path: Path) -> None:
    connector(tmp_path, "one", "a.save", more="aliases: [b.save]\n")
    connector(tmp_path, "two", "b.save")
    registry = Registry.read([tmp_path])
    assert codes(registry) == [("twice", "two/operations/b.save.yaml:operation")]


def test_a_bad_folder_or_file_costs_only_itself(tmp_path: Path) -> None:
    connector(tmp_path, "good", "a.save")
    bad = connector(tmp_path, "bad", "b.save", "c.save")
    (bad / "operations" / "b.save.yaml").write_text("operation: b\nkind: [", "utf-8")
    (bad / "operations" / "d.yaml").write_bytes(b"\xff\xfe\x00")
    worse = connector(tmp_path, "worse", "e.save")
    (worse / "catalog.yaml").write_text("connector：worse", "utf-8")
    (tmp_path / "empty").mkdir()
    registry = Registry.read([tmp_path, tmp_path / "absent"])
    assert list(registry.connectors) == ["bad", "good"]
    assert set(registry.names()) == {"a.save", "c.save"}
    assert codes(registry) == [
        ("unclosed_bracket", "bad/operations/b.save.yaml:kind[0]"),
        ("file", "bad/operations/d.yaml"),
        ("form", "worse/catalog.yaml"),
        ("folder", "absent"),
    ]


@pytest.mark.parametrize(
    ("source", "code", "path"),
    [
        (AUTH, "", ""),
        ("class Kez:\n    def sign(self): ...\n", "unknown_auth", "one/catalog.yaml:auth"),
        ("Key = 1\n", "unknown_auth", "one/catalog.yaml:auth"),
        ("def :\n", "auth", "one/auth.py"),
        ("raise RuntimeError('x')\n", "auth", "one/auth.py"),
        (None, "auth", "one/auth.py"),
    ],
)
def test_the_auth_class_is_found_in_the_folders_auth_py(
    tmp_path: Path, source: str | None, code: str, path: str
) -> None:
    folder = connector(tmp_path, "one", "a.save", auth="Key")
    if source is not None:
        (folder / "auth.py").write_text(source, "utf-8")
    registry = Registry.read([tmp_path])
    assert codes(registry) == ([(code, path)] if code else [])
    assert (registry.auth("one", "default") is not None) is (code == "")
    assert registry.operation("a.save") is not None


def test_a_call_for_a_channel_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    folder = connector(tmp_path, "one")
    text = SAVE.format(name="a.save", more="").replace("call: {path: /a}", "call: {defalt: {path: /a}}")
    (folder / "operations" / "a.yaml").write_text(text, "utf-8")
    registry = Registry.read([tmp_path])
    assert codes(registry) == [("unknown_channel", "one/operations/a.yaml:call.defalt")]


def test_a_look_up_must_be_an_operation_of_the_same_connector(tmp_path: Path) -> None:
    connector(tmp_path, "one", "a.save", more="lookup: {operation: b.list, by: code}\n")
    connector(tmp_path, "two", "b.list")
    registry = Registry.read([tmp_path])
    assert codes(registry) == [("unknown_operation", "one/operations/a.save.yaml:lookup.operation")]


class NoTokens:
    def fresh(self, name: str, now: datetime) -> str | None:
        return None

    def keep(self, name: str, value: str, until: datetime) -> str:
        return value


def test_without_auth_a_call_goes_out_as_it_is() -> None:
    call = Call("GET", "/a")
    tokens: Tokens = NoTokens()
    signing = Unsigned().sign(call, {}, tokens, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(StopIteration) as end:
        next(signing)
    assert end.value.value is call
