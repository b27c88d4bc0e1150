"""docs/functions.md: every pipe and function as its registry tells it; `python -m engine.mapping.handbook`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import cast

from engine.exact import encode
from engine.mapping.formula.function import signature
from engine.mapping.formula.functions import GROUPS
from engine.mapping.manual import Example
from engine.mapping.pipe import form
from engine.mapping.pipes import REGISTRY as PIPES
from engine.model.values import Json

HEAD = """\
# 管道与函数

方案的单元里能用的全部管道和函数。本页由 `python -m engine.mapping.handbook` 从程序里的登记表生成，\
不要手改；例子都有测试在跑。怎样写单元见[写一份方案](write-a-scheme.md)。

- “得到”一栏按 JSON 写：带引号的是文本，不带的是数字，`true`、`false` 是“是/否”。
- 例子里的对照表「仓库」只有一对：`WH001` → `CK0037`；「订单行」有两列键，`PO1` 和 `A` → `9001`；规则表「重量段」\
3 公斤以下 `SF`、其余 `YTO`；规则表「渠道」浙江、江苏 3 公斤以下 `SF`、3 到 10 公斤 `YTO`、其余 `ZTO`。
- 英文名和中文名可以互换：`x | 小数(2)` 就是 `x | decimal(2)`，`=四舍五入(x, 2)` 就是 `=ROUND(x, 2)`。\
函数名不分大小写。
"""
OF_PIPES = """
## 管道

写在路径后面，用 ` | ` 隔开，从左到右依次整理。带 `?` 的参数可以不写；参数也可以写成 `名称=值`，\
例如 `lookup(仓库, miss=hold)`。除 `default` 外，空的（没有、null、空文本）进来，出去就是没有。
"""
OF_FUNCTIONS = """
## 函数

写在 `=` 开头的公式里，也可以写在 `where`、`when` 的条件里。方括号里的参数可以不写，`…` 表示可以继续写下去。\
运算符有 `+ - * /`、连接文本的 `&`、比较 `= <> < <= > >=`，以及 `AND OR NOT IN (…)`；没有乘方号，用 `POWER`。\
算术用 34 位的十进制，四舍五入。

名叫“算式”“权重”的参数，和 `EACH`、`FILTER` 这些函数的“条件”，在前面那个列表的每一行里各算一次：\
里面的字段是那一行的，`^.` 回到公式所在的一行，`.` 是那一行本身。例如订单里金额最大的一行：\
`FIRST(SORT(details_list, total_amount, "down"), spec_no)`，赠品的件数：\
`SUMBY(FILTER(details_list, gift_type > 0), goods_count)`。
"""


def page() -> str:
    """The whole page as Markdown."""
    pipes = _table((form(pipe), pipe.alias, pipe.help, [pipe.example]) for pipe in PIPES)
    groups = [
        f"\n### {title}\n\n" + _table((signature(one), one.alias, one.help, one.examples) for one in group)
        for title, group in GROUPS
    ]
    return f"{HEAD}{OF_PIPES}\n{pipes}{OF_FUNCTIONS}{''.join(groups)}"


def _table(lines: Iterable[tuple[str, str, str, Iterable[Example]]]) -> str:
    rows = ["| 写法 | 中文名 | 作用 | 例子 → 得到 |", "|---|---|---|---|"]
    for written, alias, does, examples in lines:
        shown = "<br>".join(_shown(example) for example in examples)
        rows.append(f"| {_code(written)} | {alias} | {does} | {shown} |")
    return "\n".join(rows) + "\n"


def _shown(example: Example) -> str:
    """The example and what it gives; for a pipe also what stands in its field."""
    given = [f"{name} = {_json(value)}" for name, value in (example.record or {}).items()]
    before = f"{_code('，'.join(given))}：" if given else ""
    return f"{before}{_code(example.written)} → {_code(_json(example.gives))}"


def _json(value: object) -> str:
    return encode(cast(Json, value)).decode()


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"


if __name__ == "__main__":
    sys.stdout.write(page())
