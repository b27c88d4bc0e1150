"""Connector folders, found by being there: read once, every problem kept with its file.

A connector is a folder with catalog.yaml, operations/*.yaml and, where a recipe cannot sign its calls, auth.py.
A folder that is wrong costs only itself: the others stay usable, and `problems` tells what to mend.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, ModuleType

from engine.document.catalog import read_connector, read_operation
from engine.document.near import offer
from engine.document.signing import mistakes
from engine.model.catalog import Channel, Connector, Operation
from engine.model.recipe import Recipe
from engine.model.values import Call, Problem
from engine.say import Say
from engine.wire.auth import Auth, Settings, Signing, Tokens
from engine.wire.recipe import ByRecipe, InTurn


class Unsigned:
    """The built-in auth `none`: calls go out as they are."""

    def sign(self, call: Call, settings: Settings, tokens: Tokens, now: datetime) -> Signing:
        yield from ()
        return call


@dataclass(frozen=True)
class Registry:
    """Every connector and operation that could be read; implements document.check.Catalogs.

    `operations` is keyed by name; `operation` also knows aliases.
    """

    connectors: Mapping[str, Connector]
    operations: Mapping[str, Operation]
    problems: tuple[Problem, ...]
    _aliases: Mapping[str, str]
    _folders: Mapping[str, Path]
    _auths: Mapping[tuple[str, str], Auth]

    @staticmethod
    def read(folders: Sequence[Path]) -> Registry:
        """Read each folder of connector folders (or a connector folder itself), in the order given."""
        reading = _Reading()
        for folder in _connector_folders(folders, reading):
            reading.folder(folder)
        return reading.done()

    def operation(self, name: str) -> Operation | None:
        return self.operations.get(self._aliases.get(name, name))

    def connector(self, name: str) -> Connector | None:
        return self.connectors.get(name)

    def names(self) -> Collection[str]:
        """The names of all operations."""
        return self.operations.keys()

    def folder_of(self, connector: str) -> Path | None:
        """Where its samples and its simulator are."""
        return self._folders.get(connector)

    def auth(self, connector: str, channel: str) -> Auth | None:
        """What signs the calls of that channel; None where there is no such channel."""
        return self._auths.get((connector, channel))


def _connector_folders(folders: Sequence[Path], reading: _Reading) -> Iterable[Path]:
    for folder in folders:
        try:
            found = [folder] if (folder / "catalog.yaml").is_file() else sorted(folder.iterdir())
        except OSError:
            says = Say("连接器目录 {folder} 打不开", folder=folder.name)
            reading.tell(folder.name, "folder", says, Say("检查 DUIJIE_CONNECTORS 里的路径和权限"))
            continue
        yield from (path for path in found if (path / "catalog.yaml").is_file())


def _named_by(operation: Operation) -> Iterable[tuple[str, str]]:
    """The other operations that this one names: where, and which."""
    if operation.lookup:
        yield "lookup.operation", operation.lookup.operation
    if operation.detail:
        yield "detail.operation", operation.detail.operation
    if operation.acknowledge:
        yield "acknowledge.operation", operation.acknowledge.operation
    for index, after in enumerate(operation.after):
        yield f"after[{index}].operation", after.operation


@dataclass
class _Reading:
    """A registry while its folders are read."""

    connectors: dict[str, Connector] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    auths: dict[tuple[str, str], Auth] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def tell(self, path: str, code: str, says: Say, do: Say) -> None:
        self.problems.append(Problem(path, code, says, do))

    def folder(self, folder: Path) -> None:
        """One connector folder, with everything in it."""
        name = f"{folder.name}/catalog.yaml"
        text = self._text(folder / "catalog.yaml", name)
        connector, problems = read_connector(text, name) if text is not None else (None, [])
        self.problems += problems
        if connector is None:
            return
        if connector.connector in self.connectors:
            says = Say("连接器 {name} 已经在另一个目录里", name=connector.connector)
            self.tell(f"{name}:connector", "twice", says, Say("换一个名字，或删掉多余的目录"))
            return
        self.connectors[connector.connector] = connector
        self.folders[connector.connector] = folder
        self._auth(connector, folder)
        for path in sorted((folder / "operations").glob("*.yaml")):
            self._operation(path, connector)

    def done(self) -> Registry:
        self._others()
        return Registry(
            MappingProxyType(self.connectors),
            MappingProxyType(self.operations),
            tuple(self.problems),
            self.aliases,
            self.folders,
            self.auths,
        )

    def _operation(self, path: Path, connector: Connector) -> None:
        name = f"{path.parent.parent.name}/operations/{path.name}"
        text = self._text(path, name)
        operation, problems = read_operation(text, name) if text is not None else (None, [])
        self.problems += problems
        if operation is None:
            return
        operation = operation.model_copy(update={"connector": connector.connector})
        for channel in operation.call.keys() - connector.channels.keys() - {"default"}:
            says = Say(
                "连接器 {connector} 没有通道“{channel}”", connector=connector.connector, channel=channel
            )
            self.tell(f"{name}:call.{channel}", "unknown_channel", says, offer(channel, connector.channels))
        if not self._named(operation, name):
            return
        self.operations[operation.operation] = operation
        self.files[operation.operation] = name

    def _named(self, operation: Operation, name: str) -> bool:
        """Take the operation's name and aliases; False where another operation has its name."""
        fresh = True
        for word in (operation.operation, *operation.aliases):
            owner = self.aliases.setdefault(word, operation.operation)
            if owner == operation.operation and word not in self.operations:
                continue
            says = Say("接口名“{word}”已经用在 {file}", word=word, file=self.files.get(owner, name))
            self.tell(f"{name}:operation", "twice", says, Say("接口名和别名在所有连接器里都不能重复，换一个"))
            fresh = fresh and word != operation.operation
        return fresh

    def _others(self) -> None:
        """Operations that an operation names must be of the same connector."""
        for name, operation in self.operations.items():
            known = [other for other, one in self.operations.items() if one.connector == operation.connector]
            for place, word in _named_by(operation):
                if self.aliases.get(word, word) in known:
                    continue
                says = Say("接口“{name}”不在连接器 {connector} 里", name=word, connector=operation.connector)
                self.tell(f"{self.files[name]}:{place}", "unknown_operation", says, offer(word, known))

    def _auth(self, connector: Connector, folder: Path) -> None:
        """One signer for each channel: a class of the folder's auth.py, a recipe, or one after the other."""
        modules: list[ModuleType | None] = []
        for name, channel in connector.channels.items():
            signer = self._handshake(channel.auth, folder, modules)
            if signer is None:
                continue
            if channel.sign is not None:
                recipe = self._recipe(channel.sign, channel, connector, folder)
                if recipe is None:
                    continue
                signer = recipe if channel.auth == "none" else InTurn(signer, recipe)
            self.auths[connector.connector, name] = signer

    def _recipe(
        self, recipe: Recipe, channel: Channel, connector: Connector, folder: Path
    ) -> ByRecipe | None:
        """What signs by this recipe; None where anything is wrong with it."""
        found = list(mistakes(recipe, channel))
        for place, code, says, do in found:
            self.tell(f"{folder.name}/catalog.yaml:sign.{place}", code, says, do)
        return None if found else ByRecipe(recipe, channel, connector.title)

    def _handshake(self, wanted: str, folder: Path, modules: list[ModuleType | None]) -> Auth | None:
        """The class of that name; `modules` holds the folder's auth.py once it was loaded."""
        if wanted == "none":
            return Unsigned()
        if not modules:
            modules.append(self._module(folder))
        module = modules[0]
        if module is None:
            return None
        made = getattr(module, wanted, None)
        if isinstance(made, type) and callable(getattr(made, "sign", None)):
            signer: Auth = made()
            return signer
        says = Say("auth.py 里没有签名类“{name}”", name=wanted)
        known = [name for name, one in vars(module).items() if isinstance(one, type) and hasattr(one, "sign")]
        self.tell(f"{folder.name}/catalog.yaml:auth", "unknown_auth", says, offer(wanted, known))
        return None

    def _module(self, folder: Path) -> ModuleType | None:
        """The folder's auth.py as a module."""
        path, name = folder / "auth.py", f"duijie_connector_{folder.name}_auth"
        says = Say("{folder}/auth.py 不能载入", folder=folder.name)
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None or not path.is_file():
            self.tell(
                f"{folder.name}/auth.py",
                "auth",
                says,
                Say("补上这个文件，或在 catalog.yaml 里写 auth: none"),
            )
            return None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (
            Exception
        ) as error:  # Somebody else's code runs here: whatever it raises costs only this folder.
            del sys.modules[name]
            self.tell(
                f"{folder.name}/auth.py",
                "auth",
                says,
                Say("修正后重试：{error}", error=f"{type(error).__name__}: {error}"),
            )
            return None
        return module

    def _text(self, path: Path, name: str) -> str | None:
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            self.tell(name, "file", Say("文件 {name} 读不出来", name=name), Say("检查权限，并存成 UTF-8"))
            return None
