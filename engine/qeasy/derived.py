"""`formatResponse`: fields made of other fields when a record is read. Here they are made where they are used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.mapping.formula.tree import Call, Number, Text, Tree
from engine.qeasy.ledger import Spot
from engine.qeasy.sight import Derived, Steps
from engine.say import Say

_FORMAT = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
PICTURES = {
    "time": "HH:mm:ss", "shortDate": "MM-dd", "shortTime": "HH:mm", "shortDateTime": "MM-dd HH:mm",
}  # fmt: skip
GUESSED = ("shortDate", "shortTime", "shortDateTime", "amount", "longText")


def read_derived(listed: Spot | None) -> Mapping[Steps, Derived]:
    """By the new name. What cannot be made is left, and its new name is a field like any other."""
    found: dict[Steps, Derived] = {}
    for spot in listed.items() if listed is not None else []:
        old, new, form = (spot.at(key) for key in ("old", "new", "format"))
        if old is None or new is None or form is None or not (old.text and new.text):
            continue
        if _make(Text(""), form.text) is None:
            form.leave(Say("不认识格式 {form}", form=form.text))
            continue
        found[tuple(new.text.split("."))] = Derived(tuple(old.text.split(".")), _maker(form.text), spot)
    return found


def _maker(form: str) -> Callable[[Tree], Tree]:
    def make(tree: Tree) -> Tree:
        made = _make(tree, form)
        assert made is not None, form  # noqa: S101  (tried when it was read)
        return made

    return make


def _make(tree: Tree, form: str) -> Tree | None:
    said = _FORMAT.fullmatch(form)
    name, inner = (said[1], (said[2] or "").strip()) if said else ("", "")
    mark = inner[1:-1] if inner[:1] in ("'", '"') and inner[-1:] == inner[:1] else inner
    if name in PICTURES:
        return Call("DATETIME", (tree, Text(PICTURES[name])))
    match name:
        case "date":
            return Call("DATE", (tree,))
        case "dateTime":
            return Call("DATETIME", (tree,))
        case "intval":
            return Call("ROUNDDOWN", (tree,))
        case "amount":
            return Call("TEXT", (tree, Text("#,##0.00")))
        case "implode":
            return Call("JOIN", (tree, Text(mark)))
        case "round" | "longText" if re.fullmatch("[0-9]{1,3}", inner):
            return Call("ROUND" if name == "round" else "LEFT", (tree, Number(Decimal(inner))))
    return None


def used(found: Mapping[Steps, Derived]) -> None:
    """Those that a mapping used are translated; nobody needs the others, and they are told as left."""
    for one in found.values():
        if not one.uses:
            one.spot.leave(Say("没有字段用到它"))
            continue
        one.spot.take(deep=True)
        form = one.spot.at("format")
        if form is not None and form.text.partition("(")[0].strip() in GUESSED:
            one.spot.note(Say("格式 {form} 的写法是推测的，请核对", form=form.text))
