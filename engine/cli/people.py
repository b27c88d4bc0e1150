"""People: `person add`, `list`, `set`, `invite` for administrators who are locked out; `audit` reads who did what.

Whoever can run these can read the database: they ask for no password, and every change stands in the audit.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from engine.cli.desk import SETTLED, SOME, Desk
from engine.cli.parser import Commands, argument
from engine.errors import Wrong
from engine.model.people import ROLES, Deed, Person
from engine.model.values import Json, Problem
from engine.say import Say, Words
from engine.store import audit, people

HERE = "cli"
ROLE_NAMES = {
    "admin": Say("管理"),
    "implementer": Say("实施"),
    "business": Say("业务"),
    "reader": Say("只读"),
}


def add(commands: Commands) -> None:
    under = commands.under("person", Say("人员：谁能登录网页，能做什么"))
    command = under.add("add", Say("添加一个人，给出设密码的链接"), made)
    argument(command, "name", metavar="NAME", says=Say("登录名"))
    argument(command, "--title", default="", metavar="TEXT", says=Say("姓名"))
    _rights(command, role="reader")
    under.add("list", Say("列出所有人"), listed)
    command = under.add("set", Say("改一个人的角色、方案组，停用或启用"), changed)
    argument(command, "name", metavar="NAME", says=Say("登录名"))
    argument(command, "--title", metavar="TEXT", says=Say("姓名"))
    _rights(command, role=None)
    able = command.add_mutually_exclusive_group()
    argument(command, "--enable", group=able, action="store_true", says=Say("允许登录"))
    argument(command, "--disable", group=able, action="store_true", says=Say("不许登录，立刻退出"))
    command = under.add("invite", Say("给一个人新的设密码链接，旧的作废"), invited)
    argument(command, "name", metavar="NAME", says=Say("登录名"))
    command = commands.add("audit", Say("审计：谁在什么时候做了什么；并检查记录有没有被改过"), audited)
    argument(command, "--most", default="50", metavar="N", says=Say("最多列出多少条"))


def _rights(command: Any, role: str | None) -> None:
    says = Say("角色：{known}", known=" ".join(ROLES))
    argument(command, "--role", default=role, choices=list(ROLES), metavar="ROLE", says=says)
    groups = Say("只看这个方案组，可写几次；all 是全部方案")
    argument(command, "--group", dest="groups", action="append", metavar="GROUP", says=groups)


def made(asked: Namespace, desk: Desk) -> int:
    secret = _secret(desk)

    def work(write: Any) -> Person:
        now = desk.clock.now()
        who = people.add(write, asked.name, asked.title, asked.role, _groups(asked.groups), now)
        people.invite(write, secret, who.id, now)
        audit.note(write, Deed(HERE, "person.add", who.name, who.role), now)
        return who

    with desk.store() as store:
        who = store.write(work)
    return _link(desk, who, secret)


def invited(asked: Namespace, desk: Desk) -> int:
    secret = _secret(desk)

    def work(write: Any) -> Person:
        who = _who(write, asked.name)
        people.invite(write, secret, who.id, desk.clock.now())
        audit.note(write, Deed(HERE, "person.invite", who.name), desk.clock.now())
        return who

    with desk.store() as store:
        who = store.write(work)
    return _link(desk, who, secret)


def changed(asked: Namespace, desk: Desk) -> int:
    def work(write: Any) -> Person:
        who = _who(write, asked.name)
        enabled = who.enabled if not (asked.enable or asked.disable) else asked.enable
        groups = who.groups if asked.groups is None else _groups(asked.groups)
        title = who.title if asked.title is None else asked.title
        after = people.change(write, who.id, title, asked.role or who.role, groups, enabled)
        audit.note(write, Deed(HERE, "person.change", who.name, told(after)), desk.clock.now())
        return after

    with desk.store() as store:
        who = store.write(work)
    desk.terminal.object({"person": _json(who)})
    desk.terminal.line(Say("{name}：{role}", name=who.name, role=ROLE_NAMES[who.role]))
    return SETTLED


def listed(asked: Namespace, desk: Desk) -> int:
    with desk.store() as store:
        everybody = store.read(people.every)
    desk.terminal.object({"people": [_json(one) for one in everybody]})
    if not everybody:
        desk.terminal.line(Say("还没有人。duijie up 会给出建立第一位管理员的链接。"))
        return SETTLED
    heads = (Say("登录名"), Say("姓名"), Say("角色"), Say("方案组"), Say("状态"))
    rows = [(one.name, one.title, ROLE_NAMES[one.role], _shown(one), _standing(one)) for one in everybody]
    desk.terminal.table(heads, rows)
    return SETTLED


def audited(asked: Namespace, desk: Desk) -> int:
    """The newest lines, and whether the chain holds; exit 1 where it does not."""
    most = int(asked.most) if asked.most.isascii() and asked.most.isdigit() else 50
    with desk.store() as store:
        lines = store.read(lambda read: audit.listed(read, most=most))
        broken = store.read(audit.broken)
    rows = [(f"{one.at:%Y-%m-%d %H:%M:%S}Z", one.who, one.deed, one.what, one.detail) for one in lines]
    names = ("at", "who", "deed", "what", "detail")
    desk.terminal.object({"broken": broken, "lines": [dict(zip(names, row, strict=True)) for row in rows]})
    desk.terminal.table((Say("时间"), Say("谁"), Say("做了"), Say("对象"), Say("详情")), rows)
    if broken is not None:
        desk.terminal.line(Say("第 {number} 行起对不上：有人改过或删过审计记录。", number=broken))
        return SOME
    desk.terminal.note(Say("审计记录首尾相接，没有被改过。"))
    return SETTLED


def told(who: Person) -> str:
    """A person's rights in one line of the audit."""
    groups = "*" if who.groups is None else ",".join(who.groups)
    return f"role={who.role} groups={groups} enabled={'yes' if who.enabled else 'no'}"


def _link(desk: Desk, who: Person, secret: str) -> int:
    path = f"/invitation/{secret}"
    desk.terminal.object({"person": _json(who), "path": path})
    desk.terminal.line(Say("{name} 在 24 小时内打开网页的这个地址设密码：{path}", name=who.name, path=path))
    return SETTLED


def _secret(desk: Desk) -> str:
    return desk.clock.code() + desk.clock.code()


def _who(connection: Any, name: str) -> Person:
    found = people.by_name(connection, name)
    if found is not None:
        return found
    known = Words(one.name for one in people.every(connection))
    do = Say("有的是：{known}。", known=known) if known else Say("先用 duijie person add 添加。")
    raise Wrong([Problem("NAME", "nobody", Say("没有叫 {name} 的人。", name=name), do)])


def _groups(said: Sequence[str] | None) -> list[str] | None:
    return None if said is None or "all" in said else list(said)


def _shown(who: Person) -> str:
    return Say("全部方案") if who.groups is None else Words(who.groups)


def _standing(who: Person) -> str:
    if not who.enabled:
        return Say("已停用")
    return Say("能登录") if who.ready else Say("还没设密码")


def _json(who: Person) -> dict[str, Json]:
    groups: Json = None if who.groups is None else list(who.groups)
    return {"name": who.name, "title": who.title, "role": who.role, "groups": groups, "enabled": who.enabled}
