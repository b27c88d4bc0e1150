"""The shape: records apart, together and cut; lists of several levels, grouped and sorted."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.document.scheme import read_scheme
from engine.mapping.compile import Made, Mapping, compile_mapping
from engine.model.values import Problem
from tests.mapping.build import QUERY, SAVE

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def scheme(text: str) -> str:
    head = "scheme: s-1\nsource: {connection: a, operation: q}\ntarget: {connection: b, operation: s}\n"
    lines = text.strip("\n").split("\n")
    cut = len(lines[0]) - len(lines[0].lstrip())
    return head + "\n".join(line[cut:] for line in lines) + "\n"


def compiled(text: str, typed: bool = False) -> tuple[Mapping | None, list[Problem]]:
    read, problems = read_scheme(scheme(text))
    if read is None:
        return None, problems
    return compile_mapping(read, QUERY if typed else None, SAVE if typed else None, None)


def every(text: str, *records: Any, typed: bool = False) -> list[Made]:
    mapping, problems = compiled(text, typed)
    assert mapping is not None, problems
    return mapping.every(records, {}, NOW)


def documents(text: str, *records: Any) -> list[Any]:
    made = every(text, *records)
    assert all(one.mapped.document is not None for one in made), made
    return [one.mapped.document for one in made]


def says(text: str, *records: Any) -> list[str]:
    return [str(problem.says) for made in every(text, *records) for problem in made.mapped.problems]


def wrong(text: str, typed: bool = True) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in compiled(text, typed)[1] if one.weight == "problem"]


# -- lists of several levels ------------------------------------------------------------------------

THREE = """
    map:
      rows:
        each: [details, positions]
        map: {order: ^^.no, sku: ^.sku, batch: batch, n: =ROWNO()}
"""


def test_three_levels_become_one_list_that_sees_each_level() -> None:
    record = {
        "no": "A",
        "details": [
            {"sku": "x", "positions": [{"batch": "1"}, {"batch": "2"}]},
            {"sku": "y", "positions": [{"batch": "3"}]},
        ],
    }
    (document,) = documents(THREE, record)
    assert document["rows"] == [
        {"order": "A", "sku": "x", "batch": "1", "n": 1},
        {"order": "A", "sku": "x", "batch": "2", "n": 2},
        {"order": "A", "sku": "y", "batch": "3", "n": 3},
    ]


def test_a_line_without_positions_is_not_lost_unseen() -> None:
    record = {"no": "A", "details": [{"sku": "x", "positions": [{"batch": "1"}]}, {"sku": "y"}]}
    (told,) = says(THREE, record)
    assert "第 2 行" in told
    assert "positions" in told
    keeps = THREE.replace("        map:", "        empty: keep\n        map:")
    (document,) = documents(keeps, record)
    assert [row.get("batch") for row in document["rows"]] == ["1", None]
    drops = THREE.replace("        map:", "        empty: drop\n        map:")
    assert [row["sku"] for row in documents(drops, record)[0]["rows"]] == ["x"]


GROUPED = """
    map:
      rows:
        each: details
        where: num > 0
        group:
          by: {sku: sku, unit: unit}
          sum: {qty: num, amount: amount}
          first: {name: name}
          list: {orders: "^.no", batches: batch}
        sort: [qty desc, sku]
        map:
          sku: sku
          qty: qty
          price: =ROUND(amount / qty, 4)
          name: name
          batches: batches | join("/")
"""


def line(sku: str, num: str, amount: str = "0", **more: Any) -> dict[str, Any]:
    return {"sku": sku, "unit": "个", "num": num, "amount": amount, **more}


def test_lines_with_equal_keys_become_one_with_sums_and_a_weighted_price() -> None:
    record = {
        "no": "A",
        "details": [
            line("x", "2", "10.01", name="", batch="b1"),
            line("y", "5", "5", name="Y"),
            line("x", "1", "5", name="X", batch="b2"),
            line("x", "0", "99", batch="b3"),
            line("x", "1", "1", batch="b1"),
        ],
    }
    (document,) = documents(GROUPED, record)
    assert document["rows"] == [
        {"sku": "y", "qty": Decimal(5), "price": Decimal("1.0000"), "name": "Y", "batches": ""},
        {"sku": "x", "qty": Decimal(4), "price": Decimal("4.0025"), "name": "X", "batches": "b1/b2"},
    ]


def test_what_cannot_be_summed_is_told_with_its_row() -> None:
    record = {"no": "A", "details": [line("x", "1"), line("x", "1", "无")]}
    (told,) = says(GROUPED, record)
    assert "第 2 行" in told
    assert "不是数字" in told


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("no", ["a", "b", ""]),
        ("=NUMBER(n)", ["b", "a", ""]),
        ("no desc", ["b", "a", ""]),
        ("[flag, no desc]", ["b", "a", ""]),
    ],
)
def test_rows_are_sorted_as_text_or_numbers_with_blanks_last(sort: str, order: list[str]) -> None:
    text = f"""
    map:
      rows:
        each: rows
        sort: {sort}
        map: {{no: no}}
    """
    rows = [{"no": "a", "n": "10"}, {"no": "", "n": "11"}, {"no": "b", "n": "9"}]
    (document,) = documents(text, {"rows": rows})
    assert [row["no"] for row in document["rows"]] == order


def test_only_the_names_of_a_grouping_can_be_read_behind_it() -> None:
    text = """
    map:
      vouchdate: consign_time | date
      code: order_no
      othOutRecords:
        each: details_list
        group: {by: {sku: spec_no}, sum: {qty: goods_count}}
        map: {product: spec_no, qty: qty}
    """
    assert wrong(text) == [("map.othOutRecords.product", "unknown_source")]


# -- changes of the record ---------------------------------------------------------------------------


def test_json_and_xml_inside_a_text_are_opened_in_place() -> None:
    text = """
    shape:
      - parse: ext
      - parse: note
        as: xml
    map:
      buyer: ext.buyer.name
      id: ext.id
      city: note.a.city
      rows: {each: ext.lines, map: {sku: sku}}
    """
    record = {
        "ext": '{"id":1234567890123456789,"buyer":{"name":"某某"},"lines":[{"sku":"x"},{"sku":"y"}]}',
        "note": "<?xml version='1.0' encoding='gbk'?><a><city>杭州</city></a>",
    }
    assert documents(text, record) == [
        {"buyer": "某某", "id": 1234567890123456789, "city": "杭州", "rows": [{"sku": "x"}, {"sku": "y"}]}
    ]
    assert documents(text, {"ext": "", "note": None}) == [{}]
    (told,) = says(text, {"ext": "{秘密"})
    assert "JSON" in told
    assert "秘密" not in told


def test_parallel_lists_are_zipped_and_unequal_ones_are_told() -> None:
    text = """
    shape:
      - zip: goods
        of: {sku: 'skus | split(",")', qty: 'nums | split(",")'}
    map:
      rows: {each: goods, map: {sku: sku, qty: qty | decimal}}
    """
    made = documents(text, {"skus": "a,b", "nums": "1,2.50"}, {"skus": "", "nums": ""})
    assert made[0]["rows"] == [{"sku": "a", "qty": Decimal(1)}, {"sku": "b", "qty": Decimal("2.50")}]
    assert made[1]["rows"] == []
    assert "长短不一" in says(text, {"skus": "a,b", "nums": "1"})[0]


def test_rows_of_bare_values_get_their_names() -> None:
    text = """
    shape:
      - zip: lines
        rows: data
        names: [sku, qty]
    map:
      rows: {each: lines, map: {sku: sku, qty: qty}}
    """
    assert documents(text, {"data": [["a", 1], ["b", 2]]})[0]["rows"] == [
        {"sku": "a", "qty": 1},
        {"sku": "b", "qty": 2},
    ]
    assert "第 2 行不是 2 个值" in says(text, {"data": [["a", 1], ["b"]]})[0]


FREIGHT = """
    shape:
      - append: details
        when: post > 0
        row: {sku: {value: FREIGHT-001}, num: {value: 1}, amount: post}
    map:
      rows: {each: details, map: {sku: sku, qty: num, amount: amount}}
"""


def test_a_freight_line_is_appended_where_there_is_freight() -> None:
    paid = {"post": "12.50", "details": [{"sku": "x", "num": "1", "amount": "9"}]}
    assert documents(FREIGHT, paid)[0]["rows"][1] == {"sku": "FREIGHT-001", "qty": 1, "amount": "12.50"}
    assert len(documents(FREIGHT, {**paid, "post": "0.00"})[0]["rows"]) == 1
    assert len(paid["details"]) == 1, "the record itself is left alone"


def test_the_row_appended_holds_what_its_neighbours_hold() -> None:
    text = """
    shape:
      - append: details_list
        row: {spec_nr: {value: F}, goods_count: {value: 1}}
    map:
      vouchdate: consign_time | date
      code: order_no
    """
    assert wrong(text) == [("shape[0].row.spec_nr", "unknown_source")]


# -- apart --------------------------------------------------------------------------------------------

SPLIT = """
    shape:
      - split: details
        by: {wh: wh}
    map:
      code: =CONCAT(no, "-", wh)
      rows: {each: details, map: {sku: sku, of: ^.no}}
"""


def test_a_record_is_split_by_a_value_of_its_lines() -> None:
    record = {
        "no": "A",
        "details": [{"sku": "x", "wh": "1"}, {"sku": "y", "wh": "2"}, {"sku": "z", "wh": "1"}],
    }
    assert documents(SPLIT, record) == [
        {"code": "A-1", "rows": [{"sku": "x", "of": "A"}, {"sku": "z", "of": "A"}]},
        {"code": "A-2", "rows": [{"sku": "y", "of": "A"}]},
    ]
    (made,) = every(SPLIT, {"no": "A", "details": []})
    assert made.mapped.skipped == "没有可以分出来的行"


def test_lines_are_split_by_sign() -> None:
    text = """
    shape:
      - split: details
        by: {kind: '=IF(num < 0, "入", "出")'}
    map: {kind: kind, rows: {each: details, map: {qty: =ABS(num)}}}
    """
    made = documents(text, {"details": [{"num": "2"}, {"num": "-3"}]})
    assert made == [{"kind": "出", "rows": [{"qty": 2}]}, {"kind": "入", "rows": [{"qty": 3}]}]


def test_each_line_becomes_a_document_that_sees_its_record() -> None:
    text = """
    shape:
      - explode: details
        by: {line: id}
    map: {code: '=CONCAT(^.no, "/", ^.line)', sku: sku}
    """
    record = {"no": "A", "details": [{"id": "7", "sku": "x"}, {"id": "8", "sku": "y"}]}
    assert documents(text, record) == [{"code": "A/7", "sku": "x"}, {"code": "A/8", "sku": "y"}]
    record["details"][1]["id"] = "7"  # type: ignore[index]
    assert "和前面的一样" in says(text, record)[0]


# -- together -----------------------------------------------------------------------------------------

DAY = """
    shape:
      - append: details
        when: post > 0
        row: {sku: {value: FREIGHT}, num: {value: 1}, amount: post}
      - group:
          by: {shop: shop, day: at | date}
          sum: {post: post}
          list: {orders: no}
    map:
      code: =CONCAT(shop, "-", day)
      post: post
      memo: orders | join(" ")
      rows:
        each: [records, details]
        group: {by: {sku: sku}, sum: {qty: num, amount: amount}, list: {from: ^.no}}
        map: {sku: sku, qty: qty, from: 'from | join("+")'}
"""


def order(
    no: str, shop: str, *lines: dict[str, Any], at: str = "2026-11-01 10:00:00", post: str = "0"
) -> Any:
    return {"no": no, "shop": shop, "at": at, "post": post, "details": list(lines)}


def test_records_of_one_shop_and_day_become_one_document_with_merged_lines() -> None:
    made = every(
        DAY,
        order("1", "S", line("x", "1"), line("y", "2"), post="5.00"),
        order("2", "T", line("x", "7")),
        order("3", "S", line("x", "4"), at="2026-11-01 23:59:59", post="1.5"),
        order("4", "S", line("x", "4"), at="2026-11-02 00:00:00"),
    )
    assert [one.sources for one in made] == [(0, 2), (1,), (3,)]
    first = made[0].mapped.document
    assert first == {
        "code": "S-2026-11-01",
        "post": Decimal("6.50"),
        "memo": "1 3",
        "rows": [
            {"sku": "x", "qty": 5, "from": "1+3"},
            {"sku": "y", "qty": 2, "from": "1"},
            {"sku": "FREIGHT", "qty": 2, "from": "1+3"},
        ],
    }


def test_heads_that_a_list_repeats_on_every_line_become_one_document() -> None:
    text = """
    shape:
      - group: {by: {id: id, code: code}, first: {date: date}}
    map: {code: code, date: date, rows: {each: records, map: {sku: sku}}}
    """
    rows = [{"id": "1", "code": "A", "date": "d", "sku": sku} for sku in ("x", "y")]
    assert documents(text, *rows) == [{"code": "A", "date": "d", "rows": [{"sku": "x"}, {"sku": "y"}]}]


def test_parts_of_several_records_are_grouped_after_a_split() -> None:
    text = """
    shape:
      - split: details
        by: {wh: wh}
      - group: {by: {wh: wh}, list: {orders: no}}
    map: {wh: wh, orders: orders | join, rows: {each: [records, details], map: {sku: sku}}}
    """
    a = {"no": "A", "details": [{"sku": "x", "wh": "1"}, {"sku": "y", "wh": "2"}]}
    b = {"no": "B", "details": [{"sku": "z", "wh": "2"}]}
    assert documents(text, a, b) == [
        {"wh": "1", "orders": "A", "rows": [{"sku": "x"}]},
        {"wh": "2", "orders": "A,B", "rows": [{"sku": "y"}, {"sku": "z"}]},
    ]


def test_a_document_with_too_many_lines_is_cut() -> None:
    text = """
    shape:
      - chunk: othOutRecords
        most: 2
    map:
      code: order_no
      vouchdate: consign_time | date
      othOutRecords:
        each: details_list
        map: {product: spec_no, qty: goods_count | decimal}
    """
    lines = [{"spec_no": str(n), "goods_count": "1"} for n in range(5)]
    record = {"order_no": "A", "consign_time": "2026-01-02 03:04:05", "details_list": lines}
    made = every(text, record, typed=True)
    found: list[Any] = [one.mapped.document for one in made]
    assert [one["code"] for one in found] == ["A", "A-2", "A-3"], "a look-up must not find another piece"
    assert [len(one["othOutRecords"]) for one in found] == [2, 2, 1]


@pytest.mark.parametrize(
    ("shape", "at"),
    [
        ("- {group: {by: {a: order_no}}}\n      - {split: details_list, by: {b: spec_no}}", "shape[1]"),
        ("- {group: {by: {a: order_no}}}\n      - {group: {by: {a: order_no}}}", "shape[1]"),
        ("- {explode: details_list, by: {b: spec_no}}\n      - {group: {by: {a: remark}}}", "shape[1]"),
        ("- {split: remark, by: {b: spec_no}}", "shape[0].split"),
        ("- {split: details_list, by: {b: order_no}}", "shape[0].by.b"),
        ("- {group: {by: {records: order_no}}}", "shape[0].group.by.records"),
        ("- {group: {by: {a: order_no}}, complete: {day: b}}", "shape[0].complete.day"),
        ("- {chunk: lines, most: 3}", "shape[0].chunk"),
        ("- {chunk: othOutRecords}", "shape[0].most"),
        ("- {zip: a}", "shape[0]"),
        ("- {group: {sum: {a: order_no}}}", "shape[0].group.by"),
        ("- {split: details_list}", "shape[0].by"),
        ("- {parse: 'details_list[0].remark'}", "shape[0].parse"),
        ("- {grouped: {by: {a: order_no}}}", "shape[0]"),
        ("- {group: {by: {a: order_no}}, complete: {quiet: 5m, day: a}}", "shape[0].complete"),
    ],
)
def test_a_shape_that_cannot_be_is_told_with_its_place(shape: str, at: str) -> None:
    text = f"""
    shape:
      {shape}
    map: {{x: {{value: "1"}}}}
    """
    assert at in [path for path, _ in wrong(text)]


def test_nothing_a_record_may_hold_breaks_a_shape() -> None:
    odd: list[Any] = [None, "", "x", 0, [], {}, [1], [[]], [{}], {"a": 1}, True, Decimal("1E+5000")]
    for text in (THREE, GROUPED, FREIGHT, SPLIT, DAY):
        for one in odd:
            for name in ("details", "no", "shop", "at", "post"):
                made = every(text, {name: one}, {"details": [one], name: one})
                assert made
