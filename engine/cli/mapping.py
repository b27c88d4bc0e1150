"""`map`: records of a file through a scheme's file, offline: documents, outcomes, problems, and why.

No store, no connection, no clock but `--now`: the same files give the same answer on any machine.
"""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from engine.cli.desk import SETTLED, SOME, Desk, bytes_of, decoded, text_of
from engine.cli.parser import Commands, argument
from engine.cli.show import Terminal, problem_json
from engine.document.cases import ZONE
from engine.document.check import Checked, check
from engine.document.keep import keep_case
from engine.errors import Wrong
from engine.exact import decode, encode
from engine.mapping.mapped import Mapped
from engine.mapping.plain import MISSING, Value
from engine.mapping.preview import Preview, Previewed, Seen, compile_preview
from engine.model.catalog import Operation
from engine.model.scheme import Scheme
from engine.model.values import Json, Problem, Record
from engine.registry import Registry
from engine.say import Say, Words


def add(commands: Commands) -> None:
    command = commands.add("map", Say("不连任何系统，把文件里的数据按方案映射：得到单据、结果、问题"), mapped)
    argument(command, "file", metavar="SCHEME", says=Say("方案文件"))
    argument(command, "--records", required=True, metavar="FILE", says=Say("源数据：JSON，一条或一个列表"))
    argument(command, "--lookups", metavar="FILE", says=Say("对照表：JSON，表名到（源编码到目标编码）"))
    argument(command, "--now", metavar="TIME", says=Say("当作现在的时刻，例如 2026-11-20T08:00:00"))
    argument(command, "--cells", action="store_true", says=Say("同时给出每个目标字段怎么来的"))
    argument(command, "--keep", metavar="NAME", says=Say("把这条数据和结果存成旁边 X.test.yaml 里的用例"))


def mapped(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    scheme, preview = _compiled(asked.file, registry)
    records, lookups = _records(asked.records), _lookups(asked.lookups)
    now = _moment(asked.now) if asked.now else desk.clock.now()
    found = preview.of(records, lookups, now)
    if asked.keep is not None:
        _keep(asked, registry.operation(scheme.source.operation), preview, records, lookups, now)
    _report(desk.terminal, found, asked.cells)
    return SOME if any(one.mapped.problems or one.mapped.held for one in found) else SETTLED


def _compiled(file: str, registry: Registry) -> tuple[Scheme, Preview]:
    """Raises Wrong with every problem of the file."""
    checked: Checked = check(text_of(file), registry)
    scheme = checked.scheme
    if scheme is not None and checked.fine:
        target = registry.operation(scheme.target.operation) if scheme.target else None
        preview = compile_preview(scheme, registry.operation(scheme.source.operation), target, None)
        if preview is not None:
            return scheme, preview
    raise Wrong([problem for problem in checked.problems if problem.weight == "problem"])


# -- files -----------------------------------------------------------------------------------------


def _json(file: str) -> Json:
    try:
        return decode(decoded(file, bytes_of(file)))
    except (ValueError, ArithmeticError):
        raise Wrong(
            [Problem(file, "json", Say("{file} 不是 JSON。", file=file), Say("核对文件。"))]
        ) from None


def _records(file: str) -> list[Record]:
    found = _json(file)
    listed = found if isinstance(found, list) else [found]
    records = [one for one in listed if isinstance(one, dict)]
    if not records or len(records) < len(listed):
        says = Say("{file} 里要是一条数据，或数据的列表。", file=file)
        raise Wrong([Problem("--records", "records", says, Say("每条数据写成 {…}"))])
    return records


def _lookups(file: str | None) -> dict[str, dict[str, str]]:
    found = _json(file) if file is not None else {}
    if not isinstance(found, dict):
        raise Wrong([_no_table("--lookups")])
    return {name: _table(name, table) for name, table in found.items()}


def _table(name: str, table: Json) -> dict[str, str]:
    if not isinstance(table, dict):
        raise Wrong([_no_table(name)])
    codes = {code: gives for code, gives in table.items() if isinstance(gives, str)}
    if len(codes) < len(table):
        raise Wrong([_no_table(name)])
    return codes


def _no_table(place: str) -> Problem:
    says = Say("{place} 要写成 编码: 编码，两边都是文本。", place=place)
    return Problem(place, "lookups", says, Say("例如 {\"仓库\": {\"WH001\": \"CK01\"}}"))  # fmt: skip


def _moment(text: str) -> datetime:
    """In the vendors' zone where it names no offset, as in a case."""
    try:
        now = datetime.fromisoformat(text)
    except ValueError:
        says = Say("--now 不是时刻：{text}", text=text)
        raise Wrong([Problem("--now", "now", says, Say("写成 2026-11-20T08:00:00"))]) from None
    return (now if now.tzinfo else now.replace(tzinfo=ZONE)).astimezone(UTC)


def _keep(
    asked: Namespace,
    source: Operation | None,
    preview: Preview,
    records: list[Record],
    lookups: dict[str, dict[str, str]],
    now: datetime,
) -> None:
    path = Path(asked.file)
    beside = path.with_name(path.stem + ".test.yaml")
    before = text_of(str(beside)) if beside.exists() else ""
    kept = keep_case(before, asked.keep, records, source.give if source else (), preview, lookups, now)
    beside.write_text(kept, encoding="utf-8", newline="")


# -- what came out ---------------------------------------------------------------------------------


def _report(terminal: Terminal, found: list[Previewed], cells: bool) -> None:
    terminal.object({"documents": [previewed_json(terminal, one, cells) for one in found]})
    for one in found:
        _line(terminal, one)
        for cell in one.cells if cells else ():
            _cell(terminal, cell)
    count = Counter(outcome(one.mapped) for one in found)
    told = (
        Say("单据 {count}", count=count["document"]),
        Say("跳过 {count}", count=count["skipped"]),
        Say("等对照 {count}", count=count["held"]),
        Say("有问题 {count}", count=count["refused"]),
    )
    terminal.note(Words(told))


def outcome(mapped: Mapped) -> str:
    if mapped.problems:
        return "refused"
    return "held" if mapped.held else "document" if mapped.document is not None else "skipped"


def _line(terminal: Terminal, one: Previewed) -> None:
    number = "+".join(str(place + 1) for place in one.sources)
    mapped = one.mapped
    if mapped.document is not None:
        terminal.line(f"{number}: {encode(mapped.document).decode()}")
    elif mapped.problems:
        terminal.problems(mapped.problems, number)
    elif mapped.held:
        told = Words(f"{miss.table} {miss.code}" for miss in mapped.held)
        terminal.line(Say("{number}：对照表里没有 {codes}", number=number, codes=told))
    else:
        terminal.line(Say("{number}：跳过，{reason}", number=number, reason=mapped.skipped or ""))


def _cell(terminal: Terminal, cell: Seen) -> None:
    value = encode(cell.value).decode() if cell.value is not MISSING else "-"
    steps = " | ".join(step.written for step in cell.steps)
    read = f"  ← {', '.join(cell.reads)}" if cell.reads else ""
    told = terminal.told(cell.problem.says) if cell.problem else ""
    terminal.line(f"    {cell.at} = {value}  {steps}{read}  {told}".rstrip())


def previewed_json(terminal: Terminal, one: Previewed, cells: bool) -> dict[str, Json]:
    """One outcome for a machine; with `cells` also how every place came about."""
    mapped = one.mapped
    made: dict[str, Json] = {"sources": list(one.sources), "outcome": outcome(mapped)}
    if mapped.document is not None:
        made["document"] = mapped.document
    elif mapped.problems:
        made["problems"] = [problem_json(terminal, problem) for problem in mapped.problems]
    elif mapped.held:
        made["held"] = [{"table": miss.table, "code": miss.code, "path": miss.path} for miss in mapped.held]
    else:
        made["skipped"] = terminal.told(mapped.skipped or "")
    if cells:
        made["cells"] = [cell_json(terminal, cell) for cell in one.cells]
    return made


def cell_json(terminal: Terminal, cell: Seen) -> Json:
    steps: list[Json] = [{"written": step.written, **_valued(step.value)} for step in cell.steps]
    looked: list[Json] = [{"table": one.table, "code": one.code, "gives": one.gives} for one in cell.looked]
    problem: dict[str, Json] = {}
    if cell.problem is not None:
        problem = {"problem": problem_json(terminal, cell.problem), "failed": terminal.told(cell.failed)}
    return {
        "at": cell.at, "path": cell.path, **_valued(cell.value), **problem, "steps": steps, "looked": looked,
        "reads": list(cell.reads),
    }  # fmt: skip


def _valued(value: Value) -> dict[str, Json]:
    """Nothing where there is no value, so that null stays null."""
    return {} if value is MISSING else {"value": value}
