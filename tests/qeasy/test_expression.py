"""The grammar of MySQL expressions, and what they are in our language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import print_formula
from engine.mapping.slip import Slip
from engine.qeasy.parser import line_and_column, read_expression
from tests.qeasy.build import computed, translated


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("{{price}} * {{qty}}", "price * qty"),
        ("a+b-c*2", "a + b - c * 2"),
        ("(a+b)*(c-d)", "(a + b) * (c - d)"),
        ("{{a}}/100", "a / 100"),
        ("ROUND({{a}}/{{b}}, 2)", "IF(NOT b = 0, ROUND(a / b, 2))"),
        ("ifnull({{a}}/{{b}}, 0)", "COALESCE(IF(NOT b = 0, ROUND(a / b, 6)), 0)"),
        ("{{a}} / nullif({{b}}, 0)", "IF(NOT b = 0, ROUND(a / b, 6))"),
        ("concat('旺', '{{no}}')", 'CONCAT("旺", no)'),
        ("'旺{{no}}店'", 'CONCAT("旺", no, "店")'),
        ("case when {{a}} > 0 then 1 end", "IF(a > 0, 1)"),
        ("case when {{a}}>0 then 'x' when {{a}}<0 then 'y' else 'z' end", 'IFS(a > 0, "x", a < 0, "y", "z")'),
        ("if('{{s}}' = 'CK' and {{n}} <> 0, 1, 2)", 'IF(s = "CK" AND n <> 0, 1, 2)'),
        ("if({{a}} = '5', 1, 0)", "IF(a = 5, 1, 0)"),
        ("if({{a}} > {{b}}, 1, 0)", "IF(NUMBER(a) > NUMBER(b), 1, 0)"),
        ("if('{{a}}' in ('x','y'), 1, 0)", 'IF(a IN ("x", "y"), 1, 0)'),
        ("if({{a}} not in (1,2), 1, 0)", "IF(a NOT IN (1, 2), 1, 0)"),
        ("if({{a}} between 1 and 5, 1, 0)", "IF(a >= 1 AND a <= 5, 1, 0)"),
        ("'{{a}}' like 'DB%'", 'IF(STARTSWITH(a, "DB"), 1, 0)'),
        ("'{{a}}' like '%中%'", 'IF(CONTAINS(a, "中"), 1, 0)'),
        ("{{a}} is null", "IF(ISBLANK(a), 1, 0)"),
        ("SUBSTRING('{{no}}', 3)", "MID(no, 3, LEN(no))"),
        ("SUBSTRING_INDEX('{{no}}','-',-1)", 'ITEM(SPLIT(no, "-"), -1)'),
        ("locate('-', '{{no}}')", 'FIND(no, "-")'),
        ("lpad('{{no}}', 6, '0')", 'LEFT(PADLEFT(no, 6, "0"), 6)'),
        ("date_format('{{t}}', '%Y%m%d')", 'DATETIME(t, "yyyyMMdd")'),
        ("date_add('{{t}}', interval 2 week)", "ADDDAYS(t, 14)"),
        ("datediff('{{a}}','{{b}}')", "DAYS(b, a)"),
        ("sum({{rows.qty}})", "SUMBY(rows, qty)"),
        ("`order_no`", "order_no"),
        ("{{t|date}}", "DATE(t)"),
        ("{{qty}}00", "qty * 100"),
        ("-(-{{a}})", "--a"),
        ("not ({{a}} = 1)", "IF(NOT a = 1, 1, 0)"),
        ("cast({{a}} as decimal(10,2))", "ROUND(NUMBER(a), 2)"),
        ("'it''s \\'ok\\''", "\"it's 'ok'\""),
        ("{{goods-no}}", r"goods\-no"),
    ],
)
def test_an_expression_has_its_formula(text: str, formula: str) -> None:
    assert translated(text) == formula
    assert print_formula(read_formula(formula)) == formula


@pytest.mark.parametrize(
    ("text", "record", "value"),
    [
        ("{{a}} % {{b}}", {"a": -7, "b": 4}, -3),
        ("{{a}} % {{b}}", {"a": 7, "b": -4}, 3),
        ("{{a}} % {{b}}", {"a": 7, "b": 0}, None),
        ("-7 div 2", {}, -3),
        ("{{a}}/{{b}}*{{c}}", {"a": 1, "b": 0, "c": 2}, None),
        ("{{a}}/{{b}}+1", {"a": 1, "b": 4}, Decimal("1.25")),
        ("concat('x', {{a}}/{{b}})", {"a": 1, "b": 0}, None),
        ("if({{a}}/{{b}} > 1, 'y', 'n')", {"a": 1, "b": 0}, "n"),
        ("if(not {{a}}/{{b}} > 1, 'y', 'n')", {"a": 1, "b": 0}, "n"),
        ("case {{a}}/{{b}} when 0 then 'z' else 'e' end", {"a": 1, "b": 0}, "e"),
        ("round(2.5) + round(-2.5)", {}, 0),
        ("{{a}} > 2", {"a": 3}, 1),
        ("1 + ({{a}} > 2)", {"a": 3}, 2),
        ("3 xor 0", {}, 1),
        ("1 = 1 or {{a}}/{{b}} = 1", {"a": 1, "b": 0}, 1),
        ("lpad('{{a}}', 2, '0')", {"a": "12345"}, "12"),
        ("coalesce('{{a}}', '{{b}}', '无')", {"b": ""}, "无"),
        ("1/0", {}, None),
        ("nullif({{a}}, 0)", {"a": "0.00"}, None),
        ("case {{a}} when 1 then 2 end", {"a": 5}, None),
        ("substring('{{a}}', -3, 2)", {"a": "abcdef"}, "de"),
        ("format({{a}}, 2)", {"a": "1234.5"}, "1,234.50"),
        ("max({{rows.qty}})", {"rows": [{"qty": "2"}, {"qty": 5}]}, 5),
        ("count({{rows.qty}})", {"rows": [{"qty": "2"}, {}]}, 1),
        ("truncate(-1.999, 2)", {}, Decimal("-1.99")),
        ("TRUE", {}, 1),
    ],
)
def test_an_expression_gives_what_mysql_gives(text: str, record: Any, value: Any) -> None:
    assert computed(text, record) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("{{a}} +", 1, 8, "写到一半"),
        ("case {{a}}\nwhen 0 then", 2, 12, "写到一半"),
        ("(1 + 2", 1, 7, "这里要有 )"),
        ("1 + ；", 1, 5, "全角"),
        ("'abc", 1, 1, "引号没有合上"),
        ("{{a", 1, 1, "花括号没有合上"),
        ("1 + {{ }}", 1, 5, "没有写字段"),
        ("{{a..b}}", 1, 1, "没有写字段"),
        ("a b", 1, 3, "多了内容"),
        ("select 1", 1, 1, "这里不能有 select"),
        ("{{a}} regexp '^x'", 1, 7, "正则"),
        ("_findCollection find x", 1, 1, "看不懂"),
        ("case end", 1, 6, "这里不能有 end"),
    ],
)
def test_what_cannot_be_read_is_told_by_line_and_column(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(Slip) as caught:
        read_expression(text)
    assert line_and_column(text, caught.value.at) == (line, column)
    assert says in caught.value.says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("soundex('{{a}}')", "还不会译函数 SOUNDEX"),
        ("length('{{a}}')", "字节"),
        ("date_format('{{a}}', '%W')", "不会写日期格式"),
        ("1 + 'x'", "不是数字"),
        ("1 + null", "NULL"),
        ("{{LAST_SYNC_TIME}}", "没有上次读取的时间"),
        ("not ({{a}}/{{b}} > 1 and 1)", "除以零"),
        ("left('{{a}}')", "参数个数"),
        ("1" + "+1" * 4000, "连着超过"),
        ("1" + "=1" * 4000, "连着超过"),
        ("(" * 4000 + "1", "嵌套超过"),
        ("-" * 4000 + "1", "嵌套超过"),
        ("case " * 1500, "嵌套超过"),
        ("1" * 10001, "超过 10000 个字符"),
        ("1" * 100, "数字太长"),
        ("1e999999999", "数字太长"),
        ("1e" + "9" * 50, "数字太长"),
        ("{{a}}" + "0" * 5000, "数字太长"),
    ],
)
def test_what_has_no_equal_is_not_translated(text: str, says: str) -> None:
    with pytest.raises(Slip) as caught:
        translated(text)
    assert says in caught.value.says


def test_a_look_up_stands_inside_a_function() -> None:
    text = (
        "case _findCollection find FIsKFPeriod from abc where FNumber={{details.goods_no}} _endFind "
        "when '1' then '{{details.valid}}' else '' end"
    )
    assert translated(text, "details") == 'SWITCH(LOOKUP("查1.FIsKFPeriod", goods_no), "1", valid, "")'


def test_names_are_found_from_the_line_they_stand_in() -> None:
    assert translated("{{details.qty}} * {{rate}}", "details") == "qty * ^.rate"
    assert translated("{{details_qty}} * {{details.details_price}}", "details") == "qty * price"
    assert translated("{{details.qty}} / sum({{details.qty}})", "details") == (
        "IF(NOT SUMBY(^.details, qty) = 0, ROUND(qty / SUMBY(^.details, qty), 6))"
    )


@given(st.text(alphabet="ab{}'\"()+-*/%=<>,. 01ANDORcasewhenthenelse_|\\\n中", max_size=60))
def test_no_text_makes_anything_but_a_formula_or_a_slip(text: str) -> None:
    try:
        printed = translated(text)
    except Slip as slip:
        assert 0 <= slip.at <= len(text)
        return
    assert print_formula(read_formula(printed)) == printed
