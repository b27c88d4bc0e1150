"""A store as it is after years: schemes, records, documents, calls and runs, made in bulk on SQLite.

Invented throughout. Half of everything belongs to the first scheme, the rest to all alike; of a hundred
documents five are not done, and every refused one is told in words of its own, as vendors do.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from engine.clock import Clock
from engine.settings import SHIPPED, Settings
from engine.store import connections, people, schemes
from engine.store.connections import Account
from engine.store.store import Store

FLOW = SHIPPED / "flows" / "wdt-stockout-to-bip-othout.yaml"
RUN_OF = 50
"""Records a run reads."""
LARGE = 20_000
"""Records of the run that is still under way."""

LINE = '{"spec_no":"SKU-1001","goods_count":"3.0000","goods_unit":"条","remark":"","batch_no":"B-20261120"}'
RECORD = (
    '{"stockout_id":%d,"order_no":"CK%09d","warehouse_no":"WH-HZ01","status":95,"order_type":7,'
    '"consign_time":"2026-11-20 09:12:40","remark":"","details_list":[' + ",".join([LINE] * 3) + "]}"
)
PAPER = (
    '{"code":"CK%09d","org":"001","vouchdate":"2026-11-20","bustype":"A10001","warehouse":"CK01",'
    '"_status":"Insert","othOutRecords":[{"product":"PD000001","qty":3,"stockUnitId":"TIAO","_status":"Insert"}]}'
)
REPLY = '{"code":"200","message":"操作成功","data":{"id":"%d","code":"CK%09d"}}'

MADE = "WITH RECURSIVE made(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < :count) "
MINE = "CASE WHEN n % 2 THEN 1 ELSE 1 + n / 2 % :schemes END"
RUN = f"1 + (n - 1) / {RUN_OF}"
STATE = (
    "CASE n % 100 WHEN 95 THEN 'skipped' WHEN 96 THEN 'refused' WHEN 97 THEN 'unknown' WHEN 98 THEN 'waiting' "
    "WHEN 99 THEN 'cancelled' ELSE 'done' END"
)
REASON = (
    "CASE n % 100 WHEN 95 THEN 'order_type = 7' WHEN 96 THEN printf('单据 CK%09d：仓库不能为空', n) "
    "WHEN 97 THEN '没有收到回复。' WHEN 98 THEN printf('对照表 仓库 里没有 WH-%d', n % 41) ELSE '' END"
)

STEPS = (
    "INSERT INTO run (id, scheme_id, version, asked_by, asked, state, began_at, ended_at, read, new, changed,"
    " unchanged, counts) SELECT n, 1 + n % :schemes, 1, 'schedule', '{}', 'closed',"
    " strftime('%Y-%m-%d %H:%M:%f000', :now, printf('-%d seconds', 60 * (:runs - n) + 60)),"
    " strftime('%Y-%m-%d %H:%M:%f000', :now, printf('-%d seconds', 60 * (:runs - n) + 30)),"
    f" {RUN_OF}, {RUN_OF}, 0, 0, :counts FROM made WHERE n <= :runs",
    "INSERT INTO record (id, scheme_id, key, number, hash, planned_hash, seen_run, first_at, changed_at, body)"
    f" SELECT n, {MINE}, n, printf('CK%09d', n), n, n, {RUN}, :now, :now, printf(:record, n, n) FROM made",
    f"INSERT INTO run_record (run_id, record_id, found) SELECT {RUN}, n, 'new' FROM made",
    "INSERT INTO document (id, scheme_id, key, number, generation, action, step, stored_key, sent_number, state,"
    " why, due_at, sends, looks, target_id, target_number, reason, problems, tables, flagged, version,"
    f" changed_at, settled_at, body) SELECT n, {MINE}, n, printf('CK%09d', n), 1, 'create', 0, printf('k%d', n),"
    f" printf('CK%09d', n), {STATE}, CASE n % 100 WHEN 98 THEN 'held' ELSE '' END,"
    " CASE n % 100 WHEN 97 THEN :now END, 1, 0, CASE WHEN n % 100 < 95 THEN 2480013579246801000 + n END,"
    f" CASE WHEN n % 100 < 95 THEN printf('QT%09d', n) END, {REASON}, '[]', '[]', 0, 1, :now,"
    " CASE WHEN n % 100 NOT IN (97, 98) THEN strftime('%Y-%m-%d %H:%M:%f000', :now, printf('-%d seconds',"
    " 1 + (:count - n) * 60 / " + str(RUN_OF) + ")) END, printf(:paper, n) FROM made",
    "INSERT INTO document_record (document_id, record_id, record_hash) SELECT n, n, n FROM made",
    "INSERT INTO attempt (id, scheme_id, run_id, document_id, connection, purpose, operation, at, took_ms, method,"
    f" url, status, verdict, code, says, request, reply) SELECT n, {MINE}, {RUN}, n, 'bip-main', 'save',"
    " 'othoutrecord.single.save', :now, 84, 'POST', 'https://example.invalid/save', 200, 'done', '200', '已保存',"
    " printf(:paper, n), printf(:reply, n, n) FROM made WHERE n % 100 < 98 AND n % 100 <> 95",
    "INSERT INTO cursor (scheme_id, value, moved_at) SELECT n, :now, :now FROM made WHERE n <= :schemes",
    "INSERT INTO run (id, scheme_id, version, asked_by, asked, state, began_at, read, new, changed, unchanged,"
    " expected) VALUES (:runs + 1, 1, 1, 'li.wei', '{}', 'reading',"
    f" strftime('%Y-%m-%d %H:%M:%f000', :now, '-600 seconds'), {LARGE}, {LARGE}, 0, 0, {2 * LARGE})",
    f"INSERT INTO run_record (run_id, record_id, found) SELECT :runs + 1, 2 * n - 1, 'new' FROM made"
    f" WHERE n <= {LARGE}",
    "ANALYZE",
)
COUNTS = (
    f'{{"read": {RUN_OF}, "new": {RUN_OF}, "changed": 0, "unchanged": 0, "older": 0, "documents": {RUN_OF},'
    ' "done": 48, "skipped": 0, "refused": 1, "unknown": 1, "waiting": 0, "cancelled": 0}'
)


def stocked(home: Path, clock: Clock, count: int, number: int) -> Store:
    """An open store with `number` schemes and `count` documents; made where the folder has none yet."""
    home.mkdir(parents=True, exist_ok=True)
    ready = home / "ready"
    store = Store.open(Settings.read({"DUIJIE_HOME": str(home)}), clock)
    if not ready.exists():
        store.write(lambda c: _content(c, store, clock, number))
        store.write(lambda c: _bulk(c, clock, count, number))
        ready.touch()
    return store


def _content(connection: Connection, store: Store, clock: Clock, number: int) -> None:
    flow, now = FLOW.read_text(encoding="utf-8"), clock.now()
    for one in range(1, number + 1):
        code = f"scheme-{one:03}"
        named = re.sub(r"^scheme: .*$", f"scheme: {code}", flow, count=1, flags=re.MULTILINE)
        schemes.publish(connection, code, f"出库单 → 其他出库 {one}", named, "", "li.wei", now)
    for code, connector, channel in (("wdt-main", "wdt", "qimen"), ("bip-main", "yonbip", "default")):
        account = Account(code, connector, channel, code, {}, ())
        connections.save(connection, store.vault, account, {"app_secret": "invented"}, now)
    people.add(connection, "li.wei", "", "admin", None, now)


def _bulk(connection: Connection, clock: Clock, count: int, number: int) -> None:
    values: dict[str, Any] = {"count": count, "schemes": number, "runs": count // RUN_OF, "counts": COUNTS}
    values |= {"now": (clock.now() - timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S.%f")}
    values |= {"record": RECORD, "paper": PAPER, "reply": REPLY}
    for step in STEPS:
        connection.exec_driver_sql(MADE + step if "FROM made" in step else step, values)
