"""How values look in a page: times, spans, numbers, words for states; and signs that would hide, made visible."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from shlex import quote

from flask import Flask, request, url_for
from markupsafe import Markup

from engine.model.catalog import Connector, Operation
from webui.initials import initials
from webui.language import language, mark, retold, translate
from webui.look import here, theme
from webui.rights import ROLE_NAMES, ROLE_SAYS
from webui.visit import form_key, may, visit
from webui.web import web

STATIC = Path(__file__).parent / "static"

STATES = {
    "done": mark("已完成"),
    "waiting": mark("等待"),
    "sending": mark("发送中"),
    "held": mark("等对照"),
    "unknown": mark("结果未知"),
    "refused": mark("被拒绝"),
    "skipped": mark("已跳过"),
    "cancelled": mark("已取消"),
    "unchanged": mark("未变"),
}
WHYS = {"new": mark("待发送"), "again": mark("待重发"), "held": mark("等对照"), "gathering": mark("等齐")}
RUNS = {
    "reading": mark("读取中"),
    "writing": mark("写入中"),
    "closed": mark("已结束"),
    "failed": mark("失败"),
    "fault": mark("有故障"),
}
VERDICTS = {
    "done": mark("成功"),
    "unreachable": mark("连不上"),
    "busy": mark("限流"),
    "broken": mark("回复不可读"),
    "login": mark("授权失败"),
    "refused": mark("被拒绝"),
    "unknown": mark("结果未知"),
}
PURPOSES = {
    "read": mark("读取"),
    "save": mark("保存"),
    "lookup": mark("反查"),
    "token": mark("取令牌"),
}
ACTIONS = {"create": mark("新增"), "update": mark("修改"), "cancel": mark("作废"), "keep": mark("存为资料")}
DEEDS = {
    "login": mark("登录"),
    "login.failed": mark("登录失败"),
    "person.add": mark("添加人员"),
    "person.change": mark("改人员"),
    "person.invite": mark("给设密码的链接"),
    "person.password": mark("设密码"),
    "scheme.publish": mark("发布"),
    "scheme.rollback": mark("回退"),
    "scheme.run": mark("运行"),
    "scheme.trial": mark("试运行"),
    "backup": mark("备份"),
    "restore": mark("从备份恢复"),
    "prune": mark("清理旧数据"),
    "scheme.pause": mark("暂停"),
    "scheme.resume": mark("恢复"),
    "scheme.group": mark("改方案组"),
    "draft.begin": mark("新建草稿"),
    "draft.remove": mark("删草稿"),
    "documents.retry": mark("重试"),
    "documents.ask": mark("现在反查"),
    "documents.hurry": mark("现在就发"),
    "documents.skip": mark("跳过"),
    "documents.cancel": mark("取消"),
    "documents.done": mark("定为已完成"),
    "documents.unmask": mark("看个人信息"),
    "documents.export": mark("导出单据"),
    "lookup.change": mark("改对照表"),
    "lookup.import": mark("导入对照表"),
    "connection.save": mark("存连接"),
    "connection.test": mark("试连接"),
    "receiver.save": mark("存接收方"),
    "receiver.test": mark("试接收方"),
    "receiver.remove": mark("删接收方"),
    "token.grant": mark("给令牌"),
    "token.revoke": mark("作废令牌"),
}
RECEIVERS = {
    "dingtalk": mark("钉钉"),
    "wecom": mark("企业微信"),
    "feishu": mark("飞书"),
    "webhook": mark("自己的程序"),
}
ALERTS = {
    "fault": mark("运行有故障"),
    "late": mark("落后了"),
    "unknown": mark("结果未知"),
    "refused": mark("被拒绝"),
    "held": mark("等对照"),
}
DOCUMENT_DEEDS = {
    "retry": mark("重试"),
    "ask": mark("现在反查"),
    "hurry": mark("现在就发"),
    "skip": mark("跳过"),
    "cancel": mark("取消"),
}
DEED_SAYS = {
    "retry": mark("按现在的源数据、对照和映射重做一遍，用新的幂等键发送。"),
    "ask": mark("到目标系统按单号查；查到就完成，查不到才会再发。"),
    "hurry": mark("不等到原定的时间，马上发送。"),
    "skip": mark("跳过的不发送；源数据变了会再映射一次。"),
    "cancel": mark("取消的以后都不发送，不能恢复。"),
}
EDITS = {
    "text": mark("改文本"),
    "fill": mark("填"),
    "place": mark("放源字段"),
    "clear": mark("清空"),
    "ignore": mark("定为不写"),
    "suggest": mark("采纳建议"),
}
CHOICES = {
    "first": mark("取第一行"),
    "join": mark("拼在一起"),
    "sum": mark("合计"),
    "rows": mark("改为按这个列表逐行"),
}
TYPES = {
    "text": mark("文本"),
    "integer": mark("整数"),
    "decimal": mark("小数"),
    "boolean": mark("是否"),
    "date": mark("日期"),
    "datetime": mark("日期时间"),
    "id": mark("编号"),
    "object": mark("对象"),
    "list": mark("列表"),
}
_WORDS = {
    "state": STATES,
    "why": WHYS,
    "run": RUNS,
    "verdict": VERDICTS,
    "purpose": PURPOSES,
    "action": ACTIONS,
    "type": TYPES,
    "edit": EDITS,
    "choice": CHOICES,
    "role": ROLE_NAMES,
    "role_says": ROLE_SAYS,
    "deed": DEEDS,
    "alert": ALERTS,
    "receiver": RECEIVERS,
    "document_deed": DOCUMENT_DEEDS,
    "deed_says": DEED_SAYS,
}

# Controls, bidirectional and zero-width signs, tags, halves of a pair: what would hide, reorder or break a page.
_HIDING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]|\r(?!\n)"
)


# What a shell takes as it stands: letters of any language, digits and a few signs.
_SAFE = re.compile(r"[\w./:=+-]+")


def visible(value: object) -> object:
    """What goes into a page, with every sign that would hide or turn text shown as its code: ⟨U+202E⟩."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return _HIDING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", value)


def furnish(app: Flask) -> None:
    """Give the templates these words and the reader's language."""
    app.jinja_env.globals.update(
        _=translate,
        retold=retold,
        language=language,
        theme=theme,
        here=here,
        asset=asset,
        initials=initials,
        visit=visit,
        may=may,
        form_key=form_key,
        word=word,
        command=command,
        ago=ago,
        clock=clock,
        minute=minute,
        hour_of=hour_of,
        day=day,
        span=span,
        number=number,
        title_of=title_of,
        connector_title=connector_title,
        here_is=here_is,
        now=lambda: web().now(),
        zone=lambda: web().zone.key,
    )


def word(kind: str, code: str) -> str:
    """The reader's word for a state, a verdict …; a code without a word stands for itself."""
    return translate(_WORDS[kind].get(code, code))


def command(*words: str) -> str:
    """A command to type. Words that came from outside are quoted, so that pasting one runs nothing else."""
    return " ".join(word if _SAFE.fullmatch(word) else quote(word) for word in words)


def number(value: int) -> str:
    return f"{value:,}"


def day(at: datetime) -> str:
    """Date and time to the second, in the zone of the pages."""
    return f"{at.astimezone(web().zone):%Y-%m-%d %H:%M:%S}"


def clock(at: datetime) -> str:
    """Time to the second; with the date where it is not today's."""
    local, now = at.astimezone(web().zone), web().now().astimezone(web().zone)
    if local.date() == now.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M:%S}" if local.year == now.year else f"{local:%Y-%m-%d %H:%M}"


def minute(at: datetime) -> str:
    """A planned time to the minute; with the date where it is not today's."""
    local, now = at.astimezone(web().zone), web().now().astimezone(web().zone)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%m-%d %H:%M}"


def hour_of(at: datetime) -> str:
    """The hour that begins then: 14:00–15:00."""
    local = at.astimezone(web().zone)
    return f"{local:%H:%M}–{local + timedelta(hours=1):%H:%M}"


def ago(at: datetime) -> str:
    """How long ago, in the largest unit that fits; a date where it is more than a week."""
    passed = web().now() - at
    if passed >= timedelta(days=7) or passed < timedelta(seconds=-60):
        return clock(at)
    if passed < timedelta(seconds=5):
        return translate("刚刚")
    return translate("{span}前", span=span(passed))


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return translate("{count} 秒", count=seconds)
    if seconds < 3600:
        minutes = translate("{count} 分钟", count=seconds // 60)
        return f"{minutes} {translate('{count} 秒', count=seconds % 60)}" if seconds < 300 and seconds % 60 else minutes
    if seconds < 48 * 3600:
        hours = translate("{count} 小时", count=seconds // 3600)
        left = seconds % 3600 // 60
        return f"{hours} {translate('{count} 分钟', count=left)}" if left else hours
    return translate("{count} 天", count=seconds // 86400)


def title_of(name: str) -> str:
    """What people call an operation; "" where the catalogue does not know it."""
    found: Operation | None = web().registry.operation(name)
    return found.title if found else ""


def connector_title(name: str) -> str:
    found: Connector | None = web().registry.connector(name)
    return found.title if found else name


def here_is(parts: tuple[str, ...]) -> bool:
    """Whether this page belongs to a part of the menu."""
    return (request.endpoint or "").partition(".")[0] in parts


def asset(name: str) -> str:
    """The address of a file of ours; it changes with the file, so browsers may keep it."""
    return url_for("static", filename=name, v=_print(name))


@cache
def _print(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
