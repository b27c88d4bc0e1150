"""Suggestions against what people did: each pair of vendors judged by what the others taught."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from engine.mapping.concepts import concepts
from engine.mapping.suggest import MOST, Accepted, Suggester, Suggestion, leaves
from engine.model.catalog import Field, Operation, fields_of
from engine.registry import Registry
from engine.settings import SHIPPED

REGISTRY = Registry.read([SHIPPED / "connectors"])
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pair:
    """Two operations, and for target fields every source field that is right."""

    name: str
    source: Operation
    target: Operation
    right: dict[tuple[str, ...], set[tuple[str, ...]]]

    @property
    def vendors(self) -> tuple[str, str]:
        return self.source.connector, self.target.connector


def pairs(file: str) -> list[Pair]:
    found = []
    for name, told in yaml.safe_load((HERE / file).read_text("utf-8")).items():
        source, target = REGISTRY.operation(told["from"]), REGISTRY.operation(told["to"])
        assert source is not None
        assert target is not None
        right = {names(path): {names(one) for one in fits} for path, fits in told["pairs"].items()}
        found.append(Pair(name, source, target, right))
    return found


def names(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


PAIRS, AFTERWARDS = pairs("truth.yaml"), pairs("afterwards.yaml")


def taught(pair: Pair) -> Suggester:
    """Knows everything but what was done between these two vendors."""
    others = [one for one in PAIRS if one.vendors != pair.vendors]
    history = [
        Accepted(one.source.operation, given, one.target.operation, wanted)
        for one in others
        for wanted, fits in one.right.items()
        for given in sorted(fits)
    ]
    return Suggester(
        pair.source.operation, pair.source.give, pair.target.operation, pair.target.fields, history
    )


def judged(told: list[Pair]) -> list[tuple[set[tuple[str, ...]], list[Suggestion]]]:
    return [
        (fits, asked.of(wanted))
        for pair in told
        for asked in [taught(pair)]
        for wanted, fits in pair.right.items()
    ]


def test_every_field_of_the_truth_is_in_the_catalogues() -> None:
    for pair in PAIRS + AFTERWARDS:
        given = {leaf.names for leaf in leaves(pair.source.give)}
        wanted = {leaf.names for leaf in leaves(pair.target.fields)}
        assert set().union(*pair.right.values()) <= given, pair.name
        assert set(pair.right) <= wanted, pair.name


def test_of_ten_fields_eight_find_theirs_among_the_first_three() -> None:
    told = judged(PAIRS)
    hits = sum(any(one.source in fits for one in best[:3]) for fits, best in told)
    assert len(told) >= 90
    assert hits / len(told) >= 0.8


def test_pairs_that_came_after_the_weights_find_theirs_as_often() -> None:
    told = judged(AFTERWARDS)
    assert sum(any(one.source in fits for one in best[:3]) for fits, best in told) / len(told) >= 0.8


def test_what_is_taken_without_asking_is_right_six_times_in_seven_and_never_of_another_kind() -> None:
    sure = [(fits, best[0]) for fits, best in judged(PAIRS) if best and best[0].sure]
    assert len(sure) >= 30
    assert sum(one.source in fits for fits, one in sure) / len(sure) >= 0.85


def test_no_suggestion_is_sure_across_kinds() -> None:
    for pair in PAIRS:
        kinds = {leaf.names: leaf.field.type for leaf in leaves(pair.source.give)}
        wanted = {leaf.names: leaf.field.type for leaf in leaves(pair.target.fields)}
        for target, best in taught(pair).every().items():
            if best and best[0].sure:
                moments = {"date", "datetime"}
                assert (kinds[best[0].source] in moments) == (wanted[target] in moments), (pair.name, target)


FIELDS = fields_of(
    [
        {"name": "warehouse_no", "title": "仓库编码"},
        {"name": "warehouse_name", "title": "仓库名称"},
        {"name": "created", "title": "创建时间", "type": "datetime"},
        {"name": "lines", "type": "list", "fields": [
            {"name": "sku", "title": "商家编码"}, {"name": "num", "title": "数量", "type": "decimal"},
            {"name": "receiver", "type": "object", "fields": [{"name": "name", "title": "姓名"}]},
        ]},
    ]
)  # fmt: skip


def best(*wanted: dict[str, object], path: str = "", history: tuple[Accepted, ...] = ()) -> list[Suggestion]:
    fields: tuple[Field, ...] = fields_of(list(wanted))
    return Suggester("a", FIELDS, "b", fields, history).of(names(path or fields[0].name))


def test_what_is_not_asked_for_by_name_is_asked_for_by_code() -> None:
    assert best({"name": "warehouse", "title": "仓库"})[0].source == ("warehouse_no",)
    assert best({"name": "warehouseName", "title": "仓库名"})[0].source == ("warehouse_name",)


def test_words_of_one_meaning_find_each_other_and_say_so() -> None:
    found = best({"name": "stockCode", "title": "货品编号"})[0]
    assert found.source == ("lines", "sku")
    assert "意思相近" in "".join(found.reasons)


def test_a_line_comes_from_the_list_its_rows_come_from() -> None:
    rows: dict[str, object] = {
        "name": "rows",
        "type": "list",
        "fields": [{"name": "qty", "title": "数量", "type": "decimal"}],
    }
    found = best(rows, path="rows.qty")
    assert found[0].source == ("lines", "num")
    assert "标签相同：数量" in found[0].reasons


def test_what_others_accepted_comes_first_and_is_told() -> None:
    past = Accepted("a", ("created",), "b", ("vouchdate",))
    plain = best({"name": "vouchdate", "title": "单据日期", "type": "date"})
    learnt = best({"name": "vouchdate", "title": "单据日期", "type": "date"}, history=(past,))
    assert learnt[0].source == ("created",)
    assert learnt[0].score > plain[0].score
    assert "别的方案这样填过" in learnt[0].reasons


def test_nothing_known_gives_nothing() -> None:
    assert best({"name": "zz9", "title": ""}) == []
    assert Suggester("a", FIELDS, "b", ()).of(("none",)) == []
    assert all(len(found) <= MOST for pair in PAIRS for found in taught(pair).every().values())


@pytest.mark.parametrize(
    ("text", "means"),
    [("warehouse_no", {"warehouse", "code"}), ("goodsName", {"goods", "name"}), ("收货人手机", {"receiver", "mobile"}),
     ("batchno", {"batch"}), ("detailAddress", {"address"}), ("仓库", {"warehouse"}), ("F1", set())],
)  # fmt: skip
def test_names_and_titles_are_taken_apart(text: str, means: set[str]) -> None:
    assert concepts(text) == means


def test_codes_of_one_vendor_are_never_surely_another_s() -> None:
    wanted: dict[str, object] = {
        "name": "warehouse_no",
        "title": "仓库编码",
        "values": {"A": "甲", "B": "乙"},
    }
    assert best(wanted)[0].source == ("warehouse_no",)
    assert not best(wanted)[0].sure
