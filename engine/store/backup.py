"""A backup of a SQLite store in one file, made while others write, and a new store made from one.

The file is a zip of `manifest.json` and `duijie.db`. The master key is never in it: the manifest only tells which
key it was, so that a restore with another is refused. A restored store takes its place whole and paused, or not.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from engine.errors import Wrong
from engine.exact import decode, encode
from engine.model.people import Deed
from engine.model.values import Problem
from engine.say import Say
from engine.settings import VERSION, Settings
from engine.store import audit, restored
from engine.store.condition import damage
from engine.store.migrate import NEWEST, migrate
from engine.store.session import Database, file_of
from engine.store.store import Store
from engine.store.vault import Vault

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "duijie.db"
PIECE = 1 << 20

_COUNTED = (
    "SELECT scheme.code, document_count.state, sum(number) FROM document_count JOIN scheme ON scheme.id = scheme_id"
    " GROUP BY 1, 2 HAVING sum(number) > 0 ORDER BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `key` is the fingerprint of the key its secrets are sealed with; `documents` counts
    those of each scheme by state; `size` and `sha256` are the database's.
    """

    format: int
    program: str
    migration: str
    made_at: str
    installation: str
    key: str
    records: int
    documents: dict[str, dict[str, int]]
    size: int
    sha256: str


# -- saving ----------------------------------------------------------------------------------------


def save(store: Store, to: Path, now: datetime) -> Manifest:
    """The store as it is at one moment, in a new file that only its owner can read.

    Raises Wrong where the store is no SQLite file, or the new file is there already or cannot be written.
    """
    if store.database.file is None:
        raise Wrong([_not_sqlite()])
    if to.exists():
        says = Say("已经有 {path}，不会覆盖它。", path=to)
        raise Wrong([Problem("FILE", "there", says, Say("换一个名字。"))])
    try:
        with TemporaryDirectory(dir=to.parent, prefix=".duijie-backup-") as folder:
            copy, packed = Path(folder) / DATABASE, Path(folder) / "packed"
            manifest = _copied(store, copy, now)
            _pack(manifest, copy, packed)
            packed.replace(to)
        _keep(to.parent)
    except OSError as error:
        says = Say("备份写不到 {path}：{why}。", path=to, why=error.strerror or type(error).__name__)
        raise Wrong([Problem("FILE", "unwritable", says, Say("换一个地方，或腾出空间。"))]) from error
    return manifest


def _not_sqlite() -> Problem:
    says = Say("PostgreSQL 的备份用它自己的 pg_dump，这个命令只备份 SQLite。")
    do = Say(
        "备份：pg_dump -Fc -f 文件 数据库地址。恢复：停下全部进程，建一个空库，pg_restore -d 新库地址 文件，"
        "DUIJIE_DB 指向新库，再运行 duijie restore --here。密钥文件另外备份。"
    )
    return Problem("DUIJIE_DB", "pg_dump", says, do)


def _copied(store: Store, copy: Path, now: datetime) -> Manifest:
    """Copied in one step: SQLite gives one moment of the whole, and whoever writes meanwhile is not held up."""
    raw = store.database.engine.raw_connection()
    try:
        source: Any = raw.driver_connection
        with closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            wrong = [line for (line,) in target.execute("PRAGMA quick_check(1)") if line != "ok"]
            if wrong:
                raise Wrong([_damaged(store.database.file, wrong[0])])
            migration, installation, records, documents = _told(target)
    finally:
        raw.close()
    made_at = now.astimezone(UTC).isoformat(timespec="seconds")
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(
        format=FORMAT,
        program=VERSION,
        migration=migration,
        made_at=made_at,
        installation=installation,
        key=store.vault.fingerprint,
        records=records,
        documents=documents,
        size=copy.stat().st_size,
        sha256=digest,
    )


def _told(copy: sqlite3.Connection) -> tuple[str, str, int, dict[str, dict[str, int]]]:
    """Migration, installation, records, and documents by scheme and state: of the copy itself, so that they agree."""
    (migration,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    (installation,) = copy.execute("SELECT code FROM installation").fetchone()
    (records,) = copy.execute("SELECT count(*) FROM record").fetchone()
    documents: dict[str, dict[str, int]] = {}
    for code, state, number in copy.execute(_COUNTED):
        documents.setdefault(code, {})[state] = number
    return migration, installation, records, documents


def _pack(manifest: Manifest, copy: Path, packed: Path) -> None:
    with packed.open("xb") as file:
        packed.chmod(0o600)
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as zipped:
            zipped.writestr(MANIFEST, encode(asdict(manifest)))
            zipped.write(copy, DATABASE)
        file.flush()
        os.fsync(file.fileno())


def _keep(folder: Path) -> None:
    """The name of a new file is kept only with its folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(file: Path | None, line: str) -> Problem:
    says = Say("{file} 里的数据库损坏：{line}", file=file or "", line=line)
    return Problem("FILE", "damaged", says, Say("用更早的备份；运行 duijie doctor --deep 看坏在哪里。"))


# -- restoring -------------------------------------------------------------------------------------


def restore(settings: Settings, source: Path, now: datetime) -> tuple[Manifest, int]:
    """Make the settings' store from a backup, paused; gives its manifest and how many documents are asked for first.

    Raises Wrong where there is a store already, the key is missing or another one, or the file is not whole.
    """
    file = file_of(settings.database)
    if file is None:
        raise Wrong([_not_sqlite()])
    if file.exists():
        says = Say("{file} 已经有数据库，只恢复到空的地方。", file=file)
        raise Wrong([Problem("DUIJIE_HOME", "there", says, Say("把它移走，或另设一个 DUIJIE_HOME。"))])
    with _opened(source) as zipped:
        manifest = _manifest(zipped, source)
        _same_key(settings, manifest)
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f".{file.name}.restoring")
        _clear(fresh)
        try:
            _extract(zipped, manifest, fresh, source)
            doubted = _settle(fresh, manifest, source, now)
            _place(fresh, file)
        finally:
            _clear(fresh)
    return manifest, doubted


@contextmanager
def _opened(source: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(source) as zipped:
            yield zipped
    except FileNotFoundError:
        raise Wrong(
            [Problem("FILE", "file", Say("没有文件 {file}。", file=source), Say("核对路径和权限。"))]
        ) from None
    except (BadZipFile, EOFError) as error:
        raise Wrong([_no_backup(source)]) from error


def _manifest(zipped: ZipFile, source: Path) -> Manifest:
    try:
        told: Any = decode(zipped.read(MANIFEST))
        manifest = Manifest(**told)
        zipped.getinfo(DATABASE)
    except (KeyError, TypeError, ValueError) as error:
        raise Wrong([_no_backup(source)]) from error
    if manifest.format != FORMAT or manifest.migration > NEWEST:
        says = Say(
            "{file} 由更新的版本（{program}）备份，本程序不认识它的结构。",
            file=source,
            program=manifest.program,
        )
        raise Wrong([Problem("FILE", "newer", says, Say("换成那个版本或更新的程序再恢复。"))])
    return manifest


def _no_backup(source: Path) -> Problem:
    says = Say("{file} 不是 duijie backup 做的备份，或者不完整。", file=source)
    return Problem("FILE", "no_backup", says, Say("换一份备份。"))


def _same_key(settings: Settings, manifest: Manifest) -> None:
    path = settings.key_file
    if not path.exists():
        says = Say("没有密钥文件 {path}，备份里的密码打不开。", path=path)
        do = Say("先把备份时的密钥文件（指纹 {key}）放到那里，权限 0600。", key=manifest.key)
        raise Wrong([Problem("DUIJIE_KEY_FILE", "missing", says, do)])
    found = Vault.at(path).fingerprint
    if found != manifest.key:
        says = Say(
            "密钥文件 {path} 不是备份时的那一个（指纹 {found}，要 {key}）。",
            path=path,
            found=found,
            key=manifest.key,
        )
        do = Say("换成备份时的密钥文件。")
        raise Wrong([Problem("DUIJIE_KEY_FILE", "another", says, do)])


def _extract(zipped: ZipFile, manifest: Manifest, fresh: Path, source: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with zipped.open(DATABASE) as packed, fresh.open("xb") as file:
        fresh.chmod(0o600)
        while (piece := packed.read(PIECE)) and size <= manifest.size:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        _synced(file)
    if size != manifest.size or digest.hexdigest() != manifest.sha256:
        raise Wrong([_no_backup(source)])


def _synced(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _settle(fresh: Path, manifest: Manifest, source: Path, now: datetime) -> int:
    """Check, migrate and pause it where nobody sees it yet; one file in the end."""
    with closing(Database(f"sqlite:///{fresh}")) as database:
        with database.read() as read:
            wrong = damage(read, whole=True)
        if wrong:
            raise Wrong([_damaged(source, wrong[0])])
        migrate(database, manifest.installation, now)
        with database.write() as write:
            doubted = restored.begin(write, now)
            audit.note(write, Deed("cli", "restore", source.name, manifest.made_at), now)
    with closing(sqlite3.connect(fresh)) as alone:
        alone.execute("PRAGMA journal_mode=DELETE")
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    return doubted


def _place(fresh: Path, file: Path) -> None:
    """Under its name only now, and never over another."""
    try:
        os.link(fresh, file)
    except FileExistsError:
        says = Say("{file} 已经有数据库，只恢复到空的地方。", file=file)
        do = Say("把它移走，或另设一个 DUIJIE_HOME。")
        raise Wrong([Problem("DUIJIE_HOME", "there", says, do)]) from None
    _keep(file.parent)


def _clear(fresh: Path) -> None:
    for name in ("", "-wal", "-shm", "-journal"):
        fresh.with_name(fresh.name + name).unlink(missing_ok=True)
