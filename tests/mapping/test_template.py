"""Templates: text, names, our pipes, if and for; everything else is refused on the tree."""

from __future__ import annotations

import pytest

from tests.mapping.build import problems, says, value

RECORD = {
    "no": "CK1",
    "remark": "",
    "n": 3,
    "shop": {"no": "S"},
    "lines": [{"s": "a", "q": "1.005"}, {"s": "b", "q": 2}],
}


@pytest.mark.parametrize(
    ("template", "gives"),
    [
        ("旺店通 {{ no }}", "旺店通 CK1"),
        ("{{ shop.no }}/{{ lines[1].s }}/{{ shop['no'] }}", "S/b/S"),
        ("{{ gone }}{{ remark }}|", "|"),
        ("{{ remark | default('无') | upper }}", "无"),
        ("{{ lines[0].q | decimal(2) }}", "1.01"),
        ("{% if remark %}有{% elif n > 2 %}多{% else %}少{% endif %}", "多"),
        ("{% if not remark and no == 'CK1' or n < 0 %}是{% endif %}", "是"),
        (
            "{% for l in lines %}{{ l.s }}x{{ l.q | decimal(1) }}@{{ no }};{% endfor %}",
            "ax1.0@CK1;bx2.0@CK1;",
        ),
        ("{% for a in lines %}{% for a in lines %}{{ a.s }}{{ n }}{% endfor %}{% endfor %}", "a3b3a3b3"),
        ("{%- for l in lines -%} {{ l.s }} {%- endfor -%}", "ab"),
        ("{# note #}{{ n }}\n", "3\n"),
    ],
)
def test_what_is_allowed(template: str, gives: str) -> None:
    assert value({"template": template}, RECORD) == gives


@pytest.mark.parametrize(
    "template",
    [
        "{{ 1 + 1 }}",
        "{{ no.upper() }}",
        "{{ no() }}",
        "{% set x = 1 %}",
        "{{ [1, 2] }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ no ~ no }}",
        "{% for i in range(9) %}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ no | eval }}",
        "{{ no.__class__ }}{{ self }}{{ lines | map('s') }}",
        "{{ no if n else n }}",
        "{% for a, b in lines %}{% endfor %}",
        "{{ lines[n] }}",
        "{{",
        "{% if %}",
        "{% if no in lines %}{% endif %}",
        "{{ {} }}",
        "{{ lines[0][0] }}",
        "{{ no | left(n + 1) }}",
        "{% filter upper %}x{% endfilter %}",
        "{% for l in lines if l %}x{% endfor %}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "9" * 5000 + " }}",
        "x" * 9000,
    ],
)
def test_everything_else_is_refused(template: str) -> None:
    assert [one.path for one in problems({"memo": {"template": template}}, typed=False)] == ["map.memo"]


def test_dunder_names_are_only_names() -> None:
    assert value({"template": "{{ no2.__class__ }}"}, {"no2": {"__class__": "x"}}) == "x"


def test_names_are_checked_in_the_rows_they_stand_in() -> None:
    assert (
        problems(
            {"memo": {"template": "{% for l in details_list %}{{ l.spec_no }}{{ order_no }}{% endfor %}"}}
        )
        == []
    )
    (problem,) = problems({"memo": {"template": "{% for l in details_list %}{{ l.order_no }}{% endfor %}"}})
    assert problem.code == "unknown_source"
    (problem,) = problems({"memo": {"template": "{% for l in order_no %}{% endfor %}"}})
    assert "不是列表" in problem.says


def test_loops_over_loops_stay_bounded() -> None:
    nested = "{% for a in l %}" * 4 + "{{ no }}" + "{% endfor %}" * 4
    assert "上限" in says({"template": nested}, {"no": "", "l": [{}] * 200})
    wide = "{% for a in l %}{{ no }}{% endfor %}"
    assert "超过" in says({"template": wide}, {"no": "x" * 10_000, "l": [{}] * 1000})


def test_an_object_has_no_text() -> None:
    assert "不能当作文本" in says({"template": "{{ shop }}"}, RECORD)
