"""check, test, publish, rollback."""

from __future__ import annotations

from pathlib import Path

from tests.cli.build import ROOT, SCHEME, STARTER, Duijie, tables

BAD = """scheme: two ends
source: {connection: a, operation: wdt.stockout.order.quer}
target: {connection: b, operation: othoutrecord.single.save}
map:
  code: order_no |
"""


def accounts(duijie: Duijie, tmp_path: Path) -> None:
    """The two connections of the starter, with invented secrets."""
    secret = tmp_path / "secret"
    secret.write_text("invented-secret\n")
    wdt = ("--connector", "wdt", "--channel", "qimen", "--set", "sid=s", "--set", "app_key=k")
    assert duijie("connection", "add", "wdt-main", *wdt, "--secret-file", f"app_secret={secret}").code == 0
    bip = ("--connector", "yonbip", "--set", "app_key=k", "--set", "tenant_id=t")
    assert duijie("connection", "add", "bip-main", *bip, "--secret-file", f"app_secret={secret}").code == 0


def test_the_starter_has_no_problem_and_needs_no_home(duijie: Duijie, home: Path) -> None:
    said = duijie("check", STARTER)
    assert (said.code, said.err) == (0, "")
    assert list(home.iterdir()) == []


def test_every_problem_is_told_at_once_by_line_and_column(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    said = duijie("check", file)
    places = [line.split(" ")[0].removeprefix(f"{file}:") for line in said.out.splitlines()]
    problems = [
        place for place, line in zip(places, said.out.splitlines(), strict=True) if " 提示 " not in line
    ]
    assert said.code == 2
    assert {place.split(":")[0] for place in problems} >= {"1", "2", "5"}
    assert places == sorted(places, key=lambda place: [int(part) for part in place.split(":")])


def test_a_machine_gets_the_same_problems(duijie: Duijie, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    problems = duijie("check", STARTER, file, "--json").json["problems"]
    wrong = [one for one in problems if one["weight"] == "problem"]
    assert {one["file"] for one in wrong} == {str(file)}
    assert all({"line", "column", "code", "says", "do", "path"} <= one.keys() for one in wrong)


def test_files_that_cannot_be_read_are_named(duijie: Duijie, tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.yaml"
    gbk.write_bytes("scheme: 出库\n".encode("gbk"))
    said = duijie("check", tmp_path / "none.yaml", gbk, tmp_path)
    assert said.code == 2
    assert "没有文件" in said.out
    assert "第 1 行不是 UTF-8" in said.out
    assert "是文件夹" in said.out


def test_the_cases_beside_a_scheme_are_held(duijie: Duijie, tmp_path: Path) -> None:
    said = duijie("test", STARTER)
    assert said.code == 0
    broken = tmp_path / STARTER.name
    broken.write_text(STARTER.read_text("utf-8").replace("decimal(4)", "decimal(1)"), "utf-8")
    cases = STARTER.with_suffix("").with_suffix(".test.yaml")
    (tmp_path / cases.name).write_text(cases.read_text("utf-8"), "utf-8")
    said = duijie("test", broken)
    assert said.code == 1
    assert "应为 0.1235" in said.out


def test_a_scheme_without_cases_is_told(duijie: Duijie, tmp_path: Path) -> None:
    alone = tmp_path / "alone.yaml"
    alone.write_text(STARTER.read_text("utf-8"), "utf-8")
    said = duijie("test", alone)
    assert said.code == 2
    assert "alone.test.yaml" in said.out


def test_what_check_only_notes_is_a_problem_at_publish(duijie: Duijie) -> None:
    said = duijie("publish", STARTER)
    assert said.code == 2
    for name in ("wdt-main", "bip-main", "仓库", "物料", "单位"):
        assert name in said.out
    assert duijie("records", SCHEME).code == 2


def test_a_file_becomes_real_by_publish_and_an_old_version_by_rollback(
    duijie: Duijie, tmp_path: Path
) -> None:
    accounts(duijie, tmp_path)
    tables(duijie)
    assert duijie("publish", STARTER, "--json").json == {"scheme": SCHEME, "version": 1, "new": True}
    assert duijie("publish", STARTER, "--json").json == {"scheme": SCHEME, "version": 1, "new": False}
    edited = tmp_path / "edited.yaml"
    edited.write_text(
        STARTER.read_text("utf-8").replace("bustype: {value: A10001}", "bustype: {value: A10002}"), "utf-8"
    )
    assert duijie("publish", edited, "--note", "新类型", "--json").json["version"] == 2
    assert duijie("rollback", SCHEME, 1, "--json").json == {"scheme": SCHEME, "version": 3, "new": True}
    said = duijie("rollback", SCHEME, 9)
    assert (said.code, said.out) == (2, "")
    assert "没有第 9 版" in said.err


def test_another_code_for_the_same_ends_is_refused_unless_it_is_meant(duijie: Duijie, tmp_path: Path) -> None:
    accounts(duijie, tmp_path)
    tables(duijie)
    assert duijie("publish", STARTER).code == 0
    renamed = tmp_path / "renamed.yaml"
    renamed.write_text(STARTER.read_text("utf-8").replace(f"scheme: {SCHEME}", "scheme: renamed"), "utf-8")
    said = duijie("publish", renamed)
    assert said.code == 2
    assert f"{renamed}:1:" in said.out
    assert "--new" in said.out
    assert duijie("publish", renamed, "--new").code == 0


def test_an_unknown_scheme_offers_those_there_are(duijie: Duijie, tmp_path: Path) -> None:
    assert "duijie publish" in duijie("run", "nothing").err
    accounts(duijie, tmp_path)
    tables(duijie)
    assert duijie("publish", STARTER).code == 0
    said = duijie("run", "nothing")
    assert said.code == 2
    assert SCHEME in said.err


def test_the_readmes_schemes_are_where_it_says() -> None:
    assert STARTER.is_relative_to(ROOT)
