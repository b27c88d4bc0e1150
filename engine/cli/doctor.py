"""`duijie doctor`: is everything as it should be, and if not, what to do. It changes nothing."""

from __future__ import annotations

from argparse import Namespace

from engine.cli.desk import SETTLED, SOME, WRONG, Desk
from engine.cli.parser import Commands, argument
from engine.cli.show import Terminal
from engine.health import Finding, Weight, examine
from engine.model.values import Json
from engine.say import Say

WEIGHTS: dict[Weight, Say] = {
    "good": Say("正常"),
    "note": Say("提示"),
    "warning": Say("要处理"),
    "broken": Say("不能用"),
}


def add(commands: Commands) -> None:
    command = commands.add(
        "doctor", Say("体检：数据库、磁盘、时钟、密钥、计划、任务、单据；什么都不改"), doctor
    )
    argument(command, "--deep", action="store_true", says=Say("把 SQLite 文件从头到尾核对一遍，数据多时要等"))


def doctor(asked: Namespace, desk: Desk) -> int:
    """0: all well; 1: somebody should see to something; 2: nothing can be done as it is."""
    found = examine(desk.settings, desk.clock, deep=asked.deep)
    weights = {one.weight for one in found}
    code = WRONG if "broken" in weights else SOME if "warning" in weights else SETTLED
    desk.terminal.object({"fine": code == SETTLED, "findings": [_json(desk.terminal, one) for one in found]})
    for one in found:
        sentence = " ".join(desk.terminal.told(text) for text in (one.says, one.do) if text)
        desk.terminal.line(Say("{weight}：{sentence}", weight=WEIGHTS[one.weight], sentence=sentence))
    return code


def _json(terminal: Terminal, one: Finding) -> dict[str, Json]:
    more: dict[str, Json] = {"scheme": one.scheme} if one.scheme else {}
    if one.count is not None:
        more["count"] = one.count
    says, do = terminal.told(one.says), terminal.told(one.do)
    return {"about": one.about, "code": one.code, "weight": one.weight, **more, "says": says, "do": do}
