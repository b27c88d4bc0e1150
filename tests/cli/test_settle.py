"""What a person decides: sending once more what is unknown, taking up again what was skipped, and what shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.vendors import Vendors
from tests.cli.build import SCHEME, STARTER, Duijie

Shop = Callable[[int], list[str]]


def unknown(duijie: Duijie, allow: list[str]) -> list[Any]:
    duijie("run", SCHEME, *allow)
    listed = duijie("records", SCHEME, "--state", "unknown", "--json").json
    return list(listed["documents"])


def test_a_person_has_an_unknown_document_sent_again_with_a_reason(
    duijie: Duijie, shop: Shop, simulators: Vendors
) -> None:
    allow = shop(3)
    simulators.direct("yonbip/settings", {"own_numbers": True})
    simulators.direct("yonbip/faults", {"rates": {"save.reset_before": 1}})
    open_ones = unknown(duijie, allow)
    assert len(open_ones) >= 3
    key = open_ones[0]["key"]
    simulators.direct("yonbip/faults", {"rates": {}})
    without = duijie("resend", SCHEME, "--key", key, *allow)
    assert without.code == 2
    said = duijie("resend", SCHEME, "--key", key, "--reason", "looked, not there", *allow)
    assert "幂等键" in said.err
    (row,) = duijie("records", SCHEME, "--key", key, "--json").json["documents"]
    assert row["state"] == "done"
    assert len(simulators.direct("report?full=1")["yonbip"]["written"]) == 1
    again = duijie("resend", SCHEME, "--key", key, "--reason", "once more", *allow)
    assert again.code == 2
    assert "不用再发" in again.err
    told = duijie("records", SCHEME)
    assert "另编单号" in told.err
    assert duijie("records", SCHEME, "--json").json["numbering"] == "theirs"


def test_what_a_filter_skipped_is_taken_up_again_after_it_was_widened(
    duijie: Duijie, shop: Shop, tmp_path: Any
) -> None:
    allow = shop(10)
    text = STARTER.read_text("utf-8")
    line = next(one for one in text.splitlines() if one.strip().startswith("where: order_type"))
    narrow = tmp_path / "narrow.yaml"
    narrow.write_text(text.replace(line, "  where: order_no = 'nothing'"), "utf-8")
    assert duijie("publish", narrow).code == 0
    first = duijie("run", SCHEME, *allow, "--json").json
    assert first["skipped"] == first["read"] > 5
    assert duijie("publish", STARTER).code == 0
    assert duijie("retry", SCHEME, *allow, "--json").json["retried"] == 0
    said = duijie("retry", SCHEME, "--state", "skipped", *allow, "--json")
    assert said.json["retried"] == first["read"]
    states = [one["state"] for one in duijie("records", SCHEME, "--json").json["documents"]]
    assert states.count("done") >= 5


def test_a_document_whose_source_changed_shows_its_mark(
    duijie: Duijie, shop: Shop, simulators: Vendors
) -> None:
    allow = shop(3)
    duijie("run", SCHEME, *allow)
    done = next(
        one for one in duijie("records", SCHEME, "--json").json["documents"] if one["state"] == "done"
    )
    simulators.direct("wdt/change", {"order_no": done["number"], "fields": {"remark": "changed later"}})
    duijie("run", SCHEME, "--from", "2026-11-01", *allow)
    told = duijie("records", SCHEME, "--key", done["number"])
    assert "源里又变了" in told.out
