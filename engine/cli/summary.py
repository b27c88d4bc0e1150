"""What the demo says at its end: a calm table, and what the target holds against what it should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.cli.show import Terminal
from engine.cli.work import Ended, machine
from engine.model.values import Json
from engine.say import Say


@dataclass(frozen=True)
class Verdict:
    """What the target holds, against what it should: numbers lost, doubled, different, or never asked for."""

    documents: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    different: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def fine(self) -> bool:
        return not (self.lost or self.doubled or self.different or self.extra)


@dataclass(frozen=True)
class Go:
    """One run of the demo, and how long it took."""

    ended: Ended
    seconds: float


@dataclass(frozen=True)
class Shown:
    """The whole demo: both runs, the verdict, and what the simulators saw."""

    orders: int
    first: Go
    second: Go
    written_again: int
    verdict: Verdict
    faults: Mapping[str, int]
    calls: Mapping[str, int]

    @property
    def stuck(self) -> list[tuple[str, str]]:
        """The faults that kept a run from its end."""
        return [go.ended.fault for go in (self.first, self.second) if go.ended.fault is not None]

    @property
    def fine(self) -> bool:
        return self.verdict.fine and not self.written_again and not self.stuck


def tell(terminal: Terminal, shown: Shown) -> None:
    """The summary, calm."""
    terminal.object(_machine(shown))
    goes, verdict = (shown.first, shown.second), shown.verdict
    rows = [(label, *(str(getattr(go.ended.counts, name)) for go in goes)) for name, label in COUNTS.items()]
    rows.append((Say("用时（秒）"), *(f"{go.seconds:.1f}" for go in goes)))
    terminal.line()
    terminal.table(("", Say("第一次"), Say("第二次")), rows)
    terminal.line()
    terminal.line(Say("第二次写入：{count}", count=shown.written_again))
    terminal.line(Say("目标系统有 {count} 张单据，逐张对照独立脚本的结果：", count=verdict.documents))
    counts = {name: len(getattr(verdict, name)) for name in ("lost", "doubled", "different", "extra")}
    terminal.line(Say("  丢失 {lost}，重复 {doubled}，不同 {different}，多余 {extra}", **counts))
    terminal.line(Say("途中的故障：{faults}", faults=_listed(shown.faults)))
    terminal.line(Say("调用次数：{calls}", calls=_listed(shown.calls)))
    terminal.line()
    for name in counts:
        for number in getattr(verdict, name)[:5]:
            terminal.line(f"  {name}: {number}")
    for fault in shown.stuck:
        terminal.fault(*fault)
    terminal.line(Say("每张单据都到了，而且只到一次。") if shown.fine else Say("结果不对，见上。"))


COUNTS = {
    "read": Say("读到"),
    "new": Say("新的"),
    "unchanged": Say("没有变"),
    "done": Say("已完成"),
    "skipped": Say("已跳过"),
    "refused": Say("被拒绝"),
    "unknown": Say("结果未知"),
    "waiting": Say("等待"),
}


def _listed(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{name} {number}" for name, number in sorted(counts.items()))


def _machine(shown: Shown) -> dict[str, Json]:
    verdict = shown.verdict
    return {
        "fine": shown.fine,
        "orders": shown.orders,
        "documents": verdict.documents,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "different": len(verdict.different),
        "extra": len(verdict.extra),
        "written_again": shown.written_again,
        "first": machine(shown.first.ended, shown.first.seconds),
        "second": machine(shown.second.ended, shown.second.seconds),
        "faults": dict(shown.faults),
        "calls": dict(shown.calls),
    }
