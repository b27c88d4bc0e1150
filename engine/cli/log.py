"""The log: events as JSON lines in DUIJIE_HOME/logs/duijie.log, secrets out, five files of 5 MB kept."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.exact import encode
from engine.model.values import Json
from engine.wire.redact import Redactor

SIZE, KEPT = 5_000_000, 5
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JSONLines(logging.Formatter):
    """One event a line: at, level, from, event, what came with it, and the traceback of an error."""

    def __init__(self) -> None:
        super().__init__()
        self.redactor = Redactor(())

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Json] = {"at": at, "level": record.levelname.lower(), "from": record.name}
        told["event"] = self.redactor.text(record.getMessage())
        for name, value in vars(record).items():
            if name not in _OWN:
                told[name] = value if isinstance(value, int) else self.redactor.text(str(value))
        if record.exc_info:
            # The end of a long traceback says more than its beginning.
            told["error"] = self.redactor.text(self.formatException(record.exc_info)[-4000:])
        return encode(told).decode()


class LogFile(RotatingFileHandler):
    """Made with its folder at the first event: a quiet command leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8", delay=True)

    def _open(self) -> io.TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()


@contextmanager
def logging_to(home: Path) -> Iterator[Callable[[list[str]], None]]:
    """Log there until the end; the value yielded takes secrets that must never be written."""
    root, handler, lines = logging.getLogger(), LogFile(home / "logs" / "duijie.log"), JSONLines()

    def hide(secrets: list[str]) -> None:
        lines.redactor = Redactor(secrets)

    handler.setFormatter(lines)
    root.addHandler(handler)
    logging.getLogger("duijie").setLevel(logging.INFO)
    try:
        yield hide
    finally:
        root.removeHandler(handler)
        handler.close()
