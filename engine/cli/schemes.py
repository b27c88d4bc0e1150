"""Schemes: `check` and `test` files, `publish` one, `rollback` to an old version."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine import publish as publishing
from engine.cli.desk import SETTLED, SOME, WRONG, Desk, scheme_of, text_of
from engine.cli.parser import Commands, argument
from engine.cli.show import by_line, problem_json
from engine.document.cases import Result, read_cases, run_cases
from engine.document.check import check as checked
from engine.errors import Wrong
from engine.model.values import Json, Problem
from engine.publish import Kept, Wish
from engine.registry import Registry
from engine.say import Say, Words
from engine.store import schemes


def add(commands: Commands) -> None:
    command = commands.add("check", Say("检查方案文件：一次说出所有问题"), check)
    argument(command, "files", nargs="+", metavar="SCHEME", says=Say("方案文件"))
    command = commands.add("test", Say("按旁边的 X.test.yaml 验证方案：给这条数据，应得这张单据"), test)
    argument(command, "files", nargs="+", metavar="SCHEME", says=Say("方案文件"))
    command = commands.add("publish", Say("把方案文件发布为下一个版本，从此按它运行"), publish)
    argument(command, "file", metavar="FILE", says=Say("方案文件"))
    argument(command, "--note", default="", metavar="TEXT", says=Say("这一版改了什么"))
    argument(command, "--new", action="store_true", says=Say("确实是另一个方案，虽然源和目标与已有的相同"))
    command = commands.add("rollback", Say("把一个旧版本重新发布"), rollback)
    argument(command, "scheme", metavar="SCHEME", says=Say("方案代码"))
    argument(command, "version", metavar="VERSION", says=Say("版本号"))


# -- files only ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """All there is to say about one file."""

    file: str
    problems: tuple[Problem, ...]

    @property
    def fine(self) -> bool:
        return not any(problem.weight == "problem" for problem in self.problems)


def check(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    files = [_checked(file, registry) for file in asked.files]
    report(desk, files)
    for problem in registry.problems:
        desk.terminal.note(str(problem))
    fine = all(told.fine for told in files)
    if fine:
        desk.terminal.line(Say("{count} 个方案没有问题。", count=len(files)))
    return SETTLED if fine else WRONG


def report(desk: Desk, files: Sequence[Told]) -> None:
    """Every problem of every file, by line."""
    told: list[Json] = [
        problem_json(desk.terminal, problem, one.file) for one in files for problem in by_line(one.problems)
    ]
    desk.terminal.object({"problems": told})
    for one in files:
        desk.terminal.problems(one.problems, one.file)


def _checked(file: str, registry: Registry) -> Told:
    try:
        return Told(file, checked(text_of(file), registry).problems)
    except Wrong as wrong:
        return Told("", wrong.problems)


def test(asked: Namespace, desk: Desk) -> int:
    """Every case of every file. A file that is wrong, or has no cases, counts as wrong input."""
    registry = desk.registry()
    wrong: list[Told] = []
    results: list[tuple[str, Result]] = []
    for file in asked.files:
        cases = _cases_file(file)
        found, problems = _tested(file, cases, registry)
        wrong += problems
        results += [(cases, result) for result in found]
    _report_cases(desk, wrong, results)
    if wrong:
        return WRONG
    return SETTLED if all(result.holds for _, result in results) else SOME


def _cases_file(file: str) -> str:
    path = Path(file)
    return str(path.with_name(path.stem + ".test.yaml"))


def _tested(file: str, cases_file: str, registry: Registry) -> tuple[list[Result], list[Told]]:
    """The results of a file's cases, or what is wrong with the file or its cases."""
    try:
        scheme = checked(text_of(file), registry)
        cases, problems = read_cases(text_of(cases_file))
    except Wrong as wrong:
        return [], [Told("", wrong.problems)]
    if not scheme.fine or scheme.mapping is None:
        return [], [Told(file, scheme.problems)]
    if problems or cases is None:
        return [], [Told(cases_file, tuple(problems))]
    return run_cases(cases, scheme.mapping), []


def _report_cases(desk: Desk, wrong: Sequence[Told], results: Sequence[tuple[str, Result]]) -> None:
    terminal = desk.terminal
    told: list[Json] = [
        {
            "file": file,
            "name": result.case.name,
            "holds": result.holds,
            "differences": [problem_json(terminal, problem) for problem in result.differences],
        }
        for file, result in results
    ]
    wrongs: list[Json] = [
        problem_json(terminal, problem, one.file) for one in wrong for problem in one.problems
    ]
    terminal.object({"cases": told, "problems": wrongs})
    for one in wrong:
        terminal.problems(one.problems, one.file)
    for file, result in results:
        if not result.holds:
            terminal.line(Say("✗ {name}", name=result.case.name))
            terminal.problems(result.differences, file)
    held = sum(result.holds for _, result in results)
    terminal.line(Say("{count} 个例子，{held} 个符合。", count=len(results), held=held))


# -- publishing ------------------------------------------------------------------------------------


def publish(asked: Namespace, desk: Desk) -> int:
    wish, registry = Wish(text_of(asked.file), asked.note, "cli", asked.new), desk.registry()
    with desk.store() as store:
        told = store.write(lambda write: publishing.publish(write, wish, registry, desk.clock.now()))
    if not isinstance(told, Kept):
        report(desk, [Told(asked.file, told.problems)])
        return WRONG
    desk.terminal.problems(told.checked.problems, asked.file)
    _say_kept(desk, told)
    return SETTLED


def _say_kept(desk: Desk, kept: Kept) -> None:
    terminal = desk.terminal
    terminal.object({"scheme": kept.scheme, "version": kept.version, "new": kept.fresh})
    if not kept.fresh:
        terminal.line(
            Say(
                "内容与方案 {scheme} 现行的第 {version} 版相同，没有新版本。",
                scheme=kept.scheme,
                version=kept.version,
            )
        )
        return
    terminal.line(
        Say("方案 {scheme} 第 {version} 版已发布，下次运行起用它。", scheme=kept.scheme, version=kept.version)
    )
    if kept.refused:
        says = Say(
            "有 {count} 张单据被拒绝；按新版重做：duijie retry {scheme} --state refused",
            count=kept.refused,
            scheme=kept.scheme,
        )
        terminal.note(says)


def rollback(asked: Namespace, desk: Desk) -> int:
    registry = desk.registry()
    with desk.store() as store:
        published = scheme_of(store, asked.scheme)
        versions = {
            str(one.number): one for one in store.read(lambda read: schemes.versions(read, published.id))
        }
        if asked.version not in versions:
            says = Say("方案 {scheme} 没有第 {version} 版。", scheme=asked.scheme, version=asked.version)
            raise Wrong(
                [
                    Problem(
                        "VERSION",
                        "no_version",
                        says,
                        Say("有的是：{known}。", known=Words(reversed(versions))),
                    )
                ]
            )
        text, note = versions[asked.version].text, Say("回退到第 {version} 版", version=asked.version)
        wish = Wish(text, str(note), "cli")
        told = store.write(lambda write: publishing.again(write, wish, registry, desk.clock.now()))
    if not isinstance(told, Kept):
        report(desk, [Told(asked.scheme, told.problems)])
        return WRONG
    _say_kept(desk, told)
    return SETTLED
