"""duijie call: one call, its request, reply and verdict, masked; a write has to be asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from engine.vendors import Vendors
from tests.cli.build import Duijie

Shop = Callable[[int], list[str]]
QUERY, SAVE = "wdt.stockout.order.query", "othoutrecord.single.save"


def test_a_query_shows_request_reply_and_verdict(duijie: Duijie, shop: Shop) -> None:
    allow = shop(3)
    span = ("--set", "start_time=2026-11-01 00:00:00", "--set", "end_time=2026-11-02 00:00:00")
    said = duijie("call", "wdt-main", QUERY, *span, *allow, "--json")
    assert said.code == 0
    assert said.json["verdict"] == "done"
    assert said.json["request"]["form"]["start_time"] == "2026-11-01 00:00:00"
    assert said.json["request"]["form"]["sign"] == "***"
    assert said.json["reply"]["status"] == 200
    assert said.json["total"] == 0
    assert "invented-qimen-secret" not in said.out + said.err
    recent = duijie("call", "wdt-main", QUERY, *allow)
    assert recent.code == 0
    assert "done" in recent.out


def test_a_refused_query_is_a_fault_with_the_vendors_words(duijie: Duijie, shop: Shop) -> None:
    allow = shop(1)
    said = duijie("call", "wdt-main", QUERY, "--set", "warehouse_no=NOWHERE", *allow, "--json")
    assert said.code == 3
    assert (said.json["verdict"], said.json["code"]) == ("refused", "2830")
    assert said.json["reply"]["body"]["response"]["errorcode"] == 2830


def test_a_write_is_sent_only_where_it_is_asked_for(
    duijie: Duijie, shop: Shop, simulators: Vendors, tmp_path: Path
) -> None:
    allow = shop(1)
    line = {"product": "PD000001", "qty": 2, "stockUnitId": "GE", "_status": "Insert"}
    head = {"org": "001", "accountOrg": "001", "vouchdate": "2026-11-01", "bustype": "A10001"}
    document = {**head, "warehouse": "CK01", "_status": "Insert", "othOutRecords": [line]}
    (tmp_path / "document.json").write_text(json.dumps(document), "utf-8")
    body = ("--body", tmp_path / "document.json", "--set", "code=TRY-1")
    kept_back = duijie("call", "bip-main", SAVE, *body, *allow)
    assert kept_back.code == 2
    assert "--write" in kept_back.err
    assert simulators.direct("report")["yonbip"]["calls"].get("save", 0) == 0
    said = duijie("call", "bip-main", SAVE, *body, "--write", *allow, "--json")
    assert (said.code, said.json["verdict"], said.json["number"]) == (0, "done", "TRY-1")
    sent = said.json["request"]["body"]["data"]
    assert (sent["code"], len(sent["resubmitCheckKey"])) == ("TRY-1", 32)
    assert "access_token=***" in said.json["request"]["url"]


def test_a_kept_reply_is_a_masked_sample(duijie: Duijie, shop: Shop, home: Path) -> None:
    allow = shop(2)
    first = duijie("call", "wdt-main", QUERY, "--set", "stockout_no=", *allow, "--keep", "--json")
    again = duijie("call", "wdt-main", QUERY, "--set", "warehouse_no=NOWHERE", *allow, "--keep", "--json")
    folder = home / "samples" / "wdt"
    assert first.json["kept"] == str(folder / f"{QUERY}.qimen.json")
    assert again.json["kept"] == str(folder / f"{QUERY}.qimen.refused.json")
    duijie("call", "wdt-main", QUERY, *allow, "--keep")
    assert (folder / f"{QUERY}.qimen2.json").is_file()
    sample = json.loads((folder / f"{QUERY}.qimen.json").read_text("utf-8"))
    assert sample["response"]["flag"] == "success"


def test_an_operation_of_another_connector_is_no_operation_here(duijie: Duijie, shop: Shop) -> None:
    allow = shop(1)
    said = duijie("call", "wdt-main", SAVE, *allow)
    assert said.code == 2
    assert "没有接口" in said.err
