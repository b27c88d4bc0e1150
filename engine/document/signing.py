"""What is wrong with a `sign` of a catalogue, beyond what its model tells: every mistake, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.document.near import offer
from engine.model.catalog import Channel
from engine.model.recipe import Part, Recipe
from engine.say import Say, Words

Mistake: TypeAlias = "tuple[str, str, Say, Say]"
"""Where below `sign`, a word for it, what is wrong, what to do."""

TEXT = ("pairs", "body", "secret")
PAIR = ("name", "value", "name.length", "value.length")
SOURCES = ("setting", "token", "time", "value", "nonce")


def mistakes(recipe: Recipe, channel: Channel) -> Iterator[Mistake]:
    """All of them; a recipe without any can be compiled."""
    settings = {setting.name: setting for setting in channel.settings}
    yield from _secret(recipe, channel)
    for place, template, known in (("text", recipe.text, TEXT), ("pair", recipe.pair, PAIR)):
        yield from _places(place, template, known)
    for name, part in recipe.add.items():
        yield from _part(f"add.{name}", part, [*settings], channel)
    if recipe.to == "json" and recipe.header is None and "{body}" in recipe.text:
        says = Say("签名要放进请求体，就不能对整个请求体签名")
        yield "text", "body_in_itself", says, Say("写 header，或把 {body} 换成 {pairs}")


def _secret(recipe: Recipe, channel: Channel) -> Iterator[Mistake]:
    settings = {setting.name: setting for setting in channel.settings}
    found = settings.get(recipe.secret)
    if found is None:
        says = Say("settings 里没有“{name}”", name=recipe.secret)
        yield "secret", "unknown_setting", says, offer(recipe.secret, settings)
    elif not found.secret:
        says = Say("“{name}”是密钥，却没有标明", name=recipe.secret)
        yield "secret", "open_secret", says, Say("在 settings 里给它加上 secret: true")
    if "{secret}" not in recipe.text and not recipe.digest.startswith("hmac-"):
        says, do = Say("待签的文本里没有密钥，谁都算得出来"), Say("在 text 里写 {secret}，或用 hmac 的摘要")
        yield "text", "no_secret", says, do


def _places(place: str, template: str, known: tuple[str, ...]) -> Iterator[Mistake]:
    do = Say("只能写：{names}", names=Words([f"{{{name}}}" for name in known]))
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        yield place, "form", Say("花括号没有成对"), do
        return
    for _, name, form, turn in fields:
        if name is None:
            continue
        lengths = name.endswith(".length") and form is not None and (form == "" or form.isdecimal())
        if name not in known or turn is not None or (form and not lengths):
            yield place, "unknown_place", Say("不认识 {what}", what=f"{{{name}}}"), do


def _part(place: str, part: Part, settings: list[str], channel: Channel) -> Iterator[Mistake]:
    told = [name for name in SOURCES if getattr(part, name) not in (None, False)]
    if len(told) != 1:
        says = Say("要写一个，也只能写一个：{names}", names=Words(SOURCES))
        yield place, "source", says, Say("看看同类连接器是怎么写的")
    if part.setting is not None and part.setting not in settings:
        says = Say("settings 里没有“{name}”", name=part.setting)
        yield f"{place}.setting", "unknown_setting", says, offer(part.setting, settings)
    if part.token is not None and part.token not in channel.tokens:
        says = Say("tokens 里没有“{name}”", name=part.token)
        yield f"{place}.token", "unknown_token", says, offer(part.token, channel.tokens)
    if part.time is not None and part.time not in ("seconds", "milliseconds") and "%" not in part.time:
        says = Say("“{form}”不是时间的写法", form=part.time)
        yield f"{place}.time", "time", says, Say("写 seconds、milliseconds，或带 % 的格式，如 %Y-%m-%d")
    try:
        ZoneInfo(part.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"{place}.zone", "zone", Say("没有时区“{name}”", name=part.zone), Say("写成 Asia/Shanghai 这样")
