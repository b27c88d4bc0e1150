"""What is said about an import in the text itself: a few lines at its head, and what was left at its end."""

from __future__ import annotations

from collections.abc import Sequence

from engine.qeasy.ledger import Remark
from engine.qeasy.printing import Block, Flow, Line, block
from engine.say import Say


def head(keys: int, taken: int, todos: int, left: int) -> list[str]:
    lines = [Say("从轻易云的元数据导入：{keys} 个键，译出 {taken} 个。", keys=keys, taken=taken)]
    if todos:
        lines.append(Say("有 {count} 处写着“待办”：补上以前，单据会被拒绝并说明原因。", count=todos))
    if left:
        lines.append(Say("没有译出的 {count} 处原样在文末 x-qeasy 里。", count=left))
    return [*lines]


def bag(left: Sequence[Remark]) -> Block:
    """Every key that was not translated: where it stood, why, and word for word what it held."""
    items = [Line("", block(("at", one.at), ("says", one.says), ("value", Flow(one.value)))) for one in left]
    return Block(tuple(items), listed=True)
