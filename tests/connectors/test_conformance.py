"""Every folder in connectors/ is held to the same: found by being there, nothing to write per connector."""

from __future__ import annotations

import ast
import json
import re
import socket
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from inspect import isgenerator
from pathlib import Path

import pytest

from engine import xml
from engine.errors import Fault
from engine.exact import decode
from engine.model.catalog import Channel, Field, Operation
from engine.model.values import Call, Json, Record, Reply
from engine.wire.envelope import Judge
from tests.connectors.drive import CONNECTORS, NOW, fresh, fresh_tokens, module, registry

REGISTRY = registry()
FOLDERS = sorted(path.parent for path in CONNECTORS.glob("*/catalog.yaml"))
OPERATIONS = sorted(REGISTRY.operations.values(), key=lambda operation: operation.operation)
SAMPLES = sorted(path for kind in ("json", "xml") for path in CONNECTORS.glob(f"*/samples/*.{kind}"))
CHANNELS = [
    pytest.param(connector, name, channel, id=f"{connector.connector}-{name}")
    for connector in REGISTRY.connectors.values()
    for name, channel in connector.channels.items()
]
NO_TIME = re.compile(r"0000-00-00( 00:00:00)?|")
TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?")

by_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
by_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation)


def test_no_catalogue_has_a_problem() -> None:
    assert [str(problem) for problem in REGISTRY.problems] == []
    assert {folder.name for folder in FOLDERS} == {*REGISTRY.connectors}


@by_operation
def test_every_operation_says_what_it_needs_to(operation: Operation) -> None:
    connector = REGISTRY.connectors[operation.connector]
    assert operation.source
    assert {*operation.call} in ({"default"}, {*connector.channels})
    if operation.kind == "query":
        names = {field.name for field in operation.give}
        assert operation.rows
        assert {*operation.key} <= names
        assert operation.key
    else:
        assert operation.result is not None
        assert operation.fields
        assert operation.lookup is None or REGISTRY.operation(operation.lookup.operation) is not None


@by_operation
def test_the_fields_of_an_operation_have_names_once_and_only_lists_and_objects_have_more(
    operation: Operation,
) -> None:
    for fields in (operation.ask, operation.give, operation.fields):
        for siblings in levels(fields):
            words = [word for field in siblings for word in (field.name, *field.aliases)]
            assert len(words) == len({*words})
            assert all(field.fields == () or field.type in ("list", "object") for field in siblings)


@by_operation
def test_every_guess_names_a_fact_that_is_there(operation: Operation) -> None:
    for path in operation.guess:
        found: object = operation
        for step in path.split("."):
            inside = {field.name: field for field in found} if isinstance(found, tuple) else None
            if inside is None and isinstance(found, Field) and not hasattr(found, step):
                inside = {field.name: field for field in found.fields}
            found = inside[step] if inside is not None else getattr(found, step)


@by_operation
def test_what_stands_in_for_a_wish_is_marked_as_a_guess(operation: Operation) -> None:
    if operation.idempotency is not None:
        assert operation.idempotency.longest > 0
        assert operation.idempotency.at in {field.name for field in operation.fields}
    if operation.lookup is not None:
        assert operation.lookup.number_field in {field.name for field in operation.fields}
        listing = REGISTRY.operations[operation.lookup.operation]
        assert {operation.lookup.by, *operation.lookup.ask} <= {field.name for field in listing.ask}
        assert operation.lookup.id in {field.name for field in listing.give}


@pytest.mark.parametrize(("connector", "name", "channel"), CHANNELS)
def test_every_channel_has_an_auth_that_signs_without_io(
    connector: object, name: str, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_io(monkeypatch)
    code = getattr(connector, "connector", "")
    auth = REGISTRY.auth(code, name)
    assert auth is not None
    settings = {setting.name: setting.default or "vendor-x" for setting in channel.settings}
    signing = auth.sign(Call("POST", channel.base or "/x", form={"a": "b"}), settings, fresh_tokens(), NOW)
    assert isgenerator(signing)
    try:
        assert isinstance(next(signing), Call)
    except StopIteration as end:
        assert isinstance(end.value, Call)
    except Fault as fault:
        assert fault.kind == "login"
        assert not fault.sent


@pytest.mark.parametrize(("connector", "name", "channel"), CHANNELS)
def test_every_missing_setting_is_told_as_a_login_fault(
    connector: object, name: str, channel: Channel
) -> None:
    auth = REGISTRY.auth(getattr(connector, "connector", ""), name)
    assert auth is not None
    if any(setting.required for setting in channel.settings):
        with pytest.raises(Fault, match="缺少设置") as raised:
            list(auth.sign(Call("POST", channel.base or "/x", form={}), {}, fresh_tokens(), NOW))
        assert (raised.value.kind, raised.value.sent) == ("login", False)


@pytest.mark.parametrize(("connector", "name", "channel"), CHANNELS)
def test_every_host_can_be_overridden_and_none_is_every_host(
    connector: object, name: str, channel: Channel
) -> None:
    addresses = [setting for setting in channel.settings if setting.name.endswith("_url")]
    assert channel.base or addresses, "an address in the catalogue or one a connection can set"
    assert all(not setting.secret for setting in addresses)
    assert all("." in host.removeprefix("*.") for host in channel.hosts)


@by_folder
def test_no_module_names_a_host_or_imports_beyond_its_floor(folder: Path) -> None:
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_bytes())
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if isinstance(text, str) and text.startswith("https://")]
        ours = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
        floor = {"engine.connect"} | ({"engine.simulate.frame"} if path.stem == "simulator" else set())
        assert {name for name in ours if name.split(".")[0] in ("engine", "connectors", "webui")} <= floor


@by_folder
def test_importing_a_module_touches_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_io(monkeypatch)
    for path in folder.glob("*.py"):
        module(path)


@by_folder
def test_the_readme_names_every_setting_and_operation_and_how_sure_we_are(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    connector = REGISTRY.connectors[folder.name]
    words = {setting.name for channel in connector.channels.values() for setting in channel.settings}
    words |= {operation.operation for operation in OPERATIONS if operation.connector == folder.name}
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []
    assert "## 把握有多大" in text


@by_folder
def test_a_simulator_tells_what_it_does_and_how_sure_we_are(folder: Path) -> None:
    if not (folder / "simulator.py").is_file():
        pytest.skip("这个连接器没有模拟器")
    shop = fresh(folder.name)
    assert shop.name == folder.name
    assert shop.behaviours
    assert {behaviour.grade for behaviour in shop.behaviours} <= {"文档", "实测", "推测"}
    assert len({behaviour.does for behaviour in shop.behaviours}) == len(shop.behaviours)


@by_operation
def test_every_operation_has_a_sample_for_each_channel(operation: Operation) -> None:
    samples = REGISTRY.folder_of(operation.connector)
    assert samples is not None
    for name, channel in REGISTRY.connectors[operation.connector].channels.items():
        assert (samples / "samples" / f"{operation.operation}.{name}.{channel.envelope.form}").is_file()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_as_its_name_says(path: Path) -> None:
    """OPERATION.CHANNEL[.KIND].json (or .xml) is a reply; OPERATION.document.json what is sent."""
    operation, channel, kind = named(path)
    raw = path.read_bytes()
    data = decode(raw) if path.suffix == ".json" else xml.parse(raw)
    if channel == "document":
        assert isinstance(data, dict)
        return fit(data, operation.fields, "")
    reply = Reply(200, {}, raw, data)
    judge = Judge(REGISTRY.connectors[operation.connector], channel, operation, str)
    if kind.rstrip("0123456789") in ("busy", "login", "refused", "unknown"):
        with pytest.raises(Fault) as raised:
            judge.page(reply) if operation.kind == "query" else judge.saved(reply)
        assert raised.value.kind == kind.rstrip("0123456789")
        return None
    if operation.kind == "save":
        assert (
            operation.batch is not None
            or operation.result is None
            or operation.result.own
            or judge.saved(reply).id
        )
        return fit(beside(data, operation, channel), operation.give, "", whole=False)
    page = judge.page(reply, first=kind != "later")
    assert (page.rows == []) == (kind == "empty")
    for row in page.rows:
        assert all(row.get(name) for name in operation.key)
        fit(row, operation.give, "")
    return None


def beside(data: Json, operation: Operation, channel: str) -> Record:
    """What a save's reply holds besides the words of its envelope, which no operation lists again."""
    envelope = REGISTRY.connectors[operation.connector].channels[channel].envelope
    roots = operation.root or ((envelope.root,) if envelope.root else ())
    root = next((data.get(name) for name in roots if name in data), data) if isinstance(data, dict) else data
    assert isinstance(root, dict)
    words = {*(test.at for test in envelope.ok), *envelope.code, *envelope.message, "request_id"}
    listed = {field.name for field in operation.give}
    return {name: value for name, value in root.items() if name in listed or name not in words}


def named(path: Path) -> tuple[Operation, str, str]:
    """Operation, channel and kind of a sample by its file name."""
    name = max((name for name in REGISTRY.operations if path.name.startswith(f"{name}.")), key=len)
    channel, _, kind = path.stem.removeprefix(f"{name}.").partition(".")
    return REGISTRY.operations[name], channel, kind


def fit(record: Record, fields: Sequence[Field], at: str, *, whole: bool = True) -> None:
    """Every field of the record is known and of its type; with `whole` every required one is there."""
    known = {field.name: field for field in fields}
    record = {name: value for name, value in record.items() if value != ""}  # as XML says that there is none
    assert {*record} <= {*known}, f"{at}: {sorted({*record} - {*known})}"
    missing = {field.name for field in fields if field.required} - {*record}
    assert not (whole and missing), f"{at}: {missing}"
    for name, value in record.items():
        field, place = known[name], f"{at}.{name}"
        if field.type == "list" and isinstance(value, dict):
            value = [value]  # XML does not tell one from a list of one
        assert is_a(value, field.type), f"{place}: {json.dumps(value, default=str)} is no {field.type}"
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict):
                fit(row, field.fields, place, whole=whole)


def is_a(value: Json, kind: str) -> bool:
    """Whether a vendor's value can be read as the catalogue says; null is everywhere possible."""
    if value is None:
        return True
    text = str(value)
    if kind in ("object", "list", "boolean"):
        return isinstance(value, {"object": dict, "list": list, "boolean": bool}[kind])
    if isinstance(value, bool | dict | list):
        return False
    if kind in ("date", "datetime"):
        return isinstance(value, str) and bool(TIME.fullmatch(value) or NO_TIME.fullmatch(value))
    if kind == "integer":
        return text.lstrip("-").isdecimal()
    return decimal(text) if kind == "decimal" else not isinstance(value, Decimal)


def decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def levels(fields: Sequence[Field]) -> Iterator[Sequence[Field]]:
    yield fields
    for field in fields:
        yield from levels(field.fields)


def forbid_io(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a connector did I/O")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr("builtins.open", never)
    monkeypatch.setattr(Path, "open", never)
