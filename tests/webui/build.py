"""A store as it looks after a day's work, made by the store's own functions, and a browser's view of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from engine.exact import canonical, encode
from engine.model.exchange import Exchange
from engine.model.ledger import Outcome, PageKept, PlanKept, Planned, Row
from engine.model.people import Person
from engine.model.values import Problem
from engine.registry import Registry
from engine.say import Say
from engine.settings import SHIPPED
from engine.store import connections, logins, lookups, people, plan as plans, queue, runs, schemes, send
from engine.store.connections import Account
from engine.store.keep import keep
from engine.store.lookups import Pair
from engine.store.store import Store
from tests.build import NOW, Stopped, settings
from webui.app import create_app
from webui.guard import Doors
from webui.visit import key_of

CODE = "wdt-stockout-to-bip-othout"
FLOW = SHIPPED / "flows" / f"{CODE}.yaml"
HOSTS = frozenset({"127.0.0.1", "localhost"})
REGISTRY = Registry.read([SHIPPED / "connectors"])
PUBLIC = "https://duijie.example.com"
GOOD = "杯子 lantern 七号 orbit"
SECRET = "canary-3f1c0b7a"
MOBILE = "13800138000"
RECEIVER = "欧阳无忌"

SAVE = "othoutrecord.single.save"
QUERY = "wdt.stockout.order.query"


@dataclass
class Shop:
    """An open store and what was put into it."""

    store: Store
    clock: Stopped
    scheme: int = 0
    run: int = 0
    documents: dict[str, int] = field(default_factory=dict)

    @cached_property
    def app(self) -> Flask:
        """Pages without login: what the demo shows."""
        return create_app(self.store, REGISTRY, self.clock, Doors(HOSTS, guests=True))

    @cached_property
    def house(self) -> Flask:
        """Pages as `duijie up` shows them: behind a login."""
        return create_app(self.store, REGISTRY, self.clock, Doors(HOSTS, PUBLIC))

    def client(self, language: str = "zh") -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie("language", language)
        return client

    def person(self, name: str, role: str, groups: tuple[str, ...] | None = None) -> Person:
        """Somebody who can log in with GOOD."""
        who = self.store.write(lambda c: people.add(c, name, "", role, groups, self.clock.now()))
        self.store.write(lambda c: people.invite(c, name, who.id, self.clock.now()))
        return self.store.write(lambda c: people.accept(c, name, "", "", GOOD, self.clock.now()))

    def visitor(self, who: Person | None, language: str = "zh") -> Browser:
        """A browser of that person, logged in; of nobody where None."""
        client = self.house.test_client()
        client.set_cookie("language", language)
        secret = self.clock.code() + self.clock.code()
        if who is not None:
            self.store.write(lambda c: logins.enter(c, who, secret, "127.0.0.1", "test", self.clock.now()))
            client.set_cookie("session", secret)
        return Browser(client, key_of(secret))


@dataclass
class Browser:
    """A test client that sends forms as a browser on one of our pages does."""

    client: FlaskClient
    key: str

    def get(self, path: str, **how: Any) -> Any:
        return self.client.get(path, **how)

    def post(self, path: str, form: dict[str, Any] | None = None, **how: Any) -> Any:
        headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", **how.pop("headers", {})}
        return self.client.post(path, data={"form_key": self.key, **(form or {})}, headers=headers, **how)


def empty(home: Path) -> Shop:
    clock = Stopped(NOW)
    return Shop(Store.open(settings(home), clock), clock)


def full(home: Path) -> Shop:
    """Two schemes, connections and lookups; a closed run with every state, one under way, one with a fault."""
    shop = empty(home)
    accounts(shop)
    tables(shop)
    shop.scheme = publish(shop, CODE, "旺店通出库单 → BIP 其他出库单", FLOW.read_text(encoding="utf-8"))
    day(shop)
    live(shop)
    quiet(shop)
    return shop


def accounts(shop: Shop) -> None:
    wdt = Account("wdt-main", "wdt", "qimen", "旺店通 主账号", {"sid": "demo-shop", "app_key": "10001"}, ())
    bip = Account("bip-main", "yonbip", "default", "用友BIP", {"app_key": "k-2", "tenant_id": "t-1"}, ())
    for account in (wdt, bip):
        with shop.store.database.write() as connection:
            connections.save(connection, shop.store.vault, account, {"app_secret": SECRET}, shop.clock.now())


def tables(shop: Shop) -> None:
    warehouses = [Pair("WH-HZ01", "CK01", "杭州一仓"), Pair("WH-GZ02", "CK02", "广州二仓")]
    goods = [Pair(f"SKU-{1000 + n}", f"PD{n:06}", f"竹纤维毛巾 第{n}色") for n in range(1, 241)]
    for code, pairs in (("仓库", warehouses), ("物料", goods), ("单位", [])):
        with shop.store.database.write() as connection:
            lookups.replace(connection, code, pairs, shop.clock.now())


def publish(shop: Shop, code: str, title: str, text: str, note: str = "首次上线") -> int:
    shop.store.write(lambda c: schemes.publish(c, code, title, text, note, "li.wei", shop.clock.now()))
    found = shop.store.read(lambda c: schemes.published(c, code))
    assert found is not None
    return found.id


def order(number: int, **other: Any) -> dict[str, Any]:
    """An invented order in the source's own shape."""
    line = {"rec_id": 7700 + number, "spec_no": "SKU-1001", "goods_count": "3.0000", "goods_unit": "条", "remark": ""}
    return {
        "stockout_id": 4410000 + number,
        "order_no": f"CK20261120{number:05}",
        "src_order_no": f"QT20261119{number:03}",
        "warehouse_no": "WH-HZ01",
        "status": 95,
        "consign_time": "2026-11-20 09:12:40",
        "order_type": 7,
        "receiver_name": RECEIVER,
        "receiver_mobile": MOBILE,
        "receiver_address": "示例路 18 号 3 幢",
        "remark": "展会 A 区",
        "details_list": [line, {**line, "rec_id": 8800 + number, "spec_no": "SKU-1002", "goods_count": "1.5000"}],
        **other,
    }


def made_of(record: dict[str, Any]) -> str:
    """The document a mapping would make of it."""
    memo = f" / {record['src_order_no']}"
    lines = [{"product": "PD000001", "qty": 3, "stockUnitId": "TIAO", "memo": memo, "_status": "Insert"}]
    document = {
        "code": record["order_no"],
        "org": "001",
        "accountOrg": "001",
        "vouchdate": "2026-11-20",
        "bustype": "A10001",
        "warehouse": "CK01",
        "memo": f"旺店通 {record['order_no']} {record['remark']}",
        "_status": "Insert",
        "othOutRecords": lines,
    }
    return encode(document).decode()


def day(shop: Shop, count: int = 60) -> None:
    """A run that ended with documents in every state."""
    began = shop.clock.now()
    shop.run = begin(shop, "schedule")
    shop.clock.at += timedelta(seconds=20)
    page(shop, shop.run, [order(n) for n in range(1, count + 1)], cursor=shop.clock.now() - timedelta(minutes=2))
    plan(shop)
    shop.store.write(lambda c: runs.read_done(c, shop.run))
    deliver(shop)
    shop.clock.at += timedelta(seconds=70)
    shop.store.write(lambda c: runs.close(c, shop.scheme, shop.clock.now()))
    shop.clock.at = began + timedelta(minutes=9)


def begin(shop: Shop, by: str, scheme: int | None = None) -> int:
    ident = scheme or shop.scheme
    run = shop.store.write(lambda c: runs.begin(c, ident, 1, by, shop.clock.now()))
    lease = shop.store.write(lambda c: queue.claim(c, shop.clock.now(), "test"))
    assert lease is not None
    shop.store.write(lambda c: queue.finish(c, [(lease, None, "")]))
    read = said(QUERY, "read", "done", "第 1 页：60 条，共 60 条", shop.clock.now(), connection="wdt-main")
    shop.store.write(lambda c: send.hear(c, [send.Heard(ident, run, read)]))
    return run


def page(
    shop: Shop, run: int, records: list[dict[str, Any]], cursor: datetime | None = None, expected: int | None = None
) -> None:
    rows = tuple(row(record) for record in records)
    kept = PageKept(shop.scheme, run, shop.clock.now(), rows, cursor, expected)
    shop.store.write(lambda c: keep(c, [kept]))


def row(record: dict[str, Any]) -> Row:
    text = canonical(record)
    return Row(str(record["stockout_id"]), str(record["order_no"]), hashlib.sha256(text).hexdigest(), text.decode())


def plan(shop: Shop) -> None:
    """Every record becomes a document; some are held, skipped or wrong."""
    due = shop.store.read(lambda c: plans.unplanned(c, shop.scheme, 0, 1000))
    made = tuple(_planned(one, index) for index, one in enumerate(due))
    kept = PlanKept(shop.store.installation, shop.scheme, CODE, 1, "flag", "resubmitCheckKey", shop.clock.now(), made)
    shop.store.write(lambda c: plans.plan(c, [kept]))


def _planned(one: Any, index: int) -> Planned:
    from engine.exact import decode

    body = made_of(decode(one.body))  # type: ignore[arg-type]
    if index % 20 == 7:
        says = Say("对照表 {table} 里没有 {code}，补上后自动放行。", table="仓库", code="WH-CD09")
        return Planned(one, one.key, "waiting", "held", reason=says, tables=(("仓库", "WH-CD09"),))
    if index % 20 == 11:
        return Planned(one, one.key, "skipped", "", reason="order_type = '7' AND status >= 95")
    if index % 30 == 17:
        problem = Problem("map.othOutRecords[2].qty", "decimal", "“三条”不是数字。", "请在源系统改正数量，再运行一次。")
        return Planned(one, one.key, "refused", "", reason=problem.says, problems=(problem, problem))
    return Planned(one, one.key, "waiting", "new", body=body, sent_number=one.number)


def deliver(shop: Shop) -> None:
    """Send what is due: most arrive, one is refused, one stays unknown, one waits for another try."""
    shop.store.write(lambda c: queue.put(c, [queue.Asked("push", shop.scheme, shop.clock.now(), shop.run)]))
    lease = shop.store.write(lambda c: queue.claim(c, shop.clock.now(), "test"))
    assert lease is not None
    due = shop.store.read(lambda c: send.due(c, shop.scheme, shop.clock.now(), 0, 1000))
    at = shop.clock.now() + timedelta(seconds=5)
    shop.store.write(lambda c: send.mark(c, [send.Mark(lease, one, at) for one in due]))
    settled = [
        send.Settled(lease, one.id, at + timedelta(seconds=index), *_ended(one, index, at))
        for index, one in enumerate(due)
    ]
    shop.store.write(lambda c: send.settle(c, settled))
    shop.store.write(lambda c: queue.finish(c, [(lease, None, "")]))
    shop.documents = {one.state: one.id for one in shop.store.read(lambda c: _every(c, shop.scheme))}


def _every(connection: Any, scheme: int) -> Any:
    from engine.store.documents import found

    return found(connection, scheme, most=1000)


def _ended(one: Any, index: int, at: datetime) -> tuple[Outcome, Exchange]:
    when = at + timedelta(seconds=index)
    if index in (5, 9):
        says = "用友BIP：仓库不能为空"
        return Outcome("refused", reason=says), said(SAVE, "save", "refused", says, when, code="999", request=one.body)
    if index == 12:
        says = Say("已反查，目标系统暂未查到 {number}，稍后再查。", number=one.number)
        later = when + timedelta(minutes=20)
        lost = said(SAVE, "save", "unknown", "没有收到回复。", when, status=None, request=one.body)
        return Outcome("unknown", due_at=later, reason=says, looks=1), lost
    if index == 20:
        later = when + timedelta(minutes=30)
        busy = said(SAVE, "save", "busy", "限流", when, status=429, request=one.body)
        return Outcome("waiting", "again", later, reason="用友BIP 限流，稍后自动重试"), busy
    data = {"id": 2480013579246801000 + index, "code": one.number}
    reply = encode({"code": "200", "message": "操作成功", "data": data})
    exchange = said(SAVE, "save", "done", "已保存", when, request=one.body, reply=reply.decode())
    return Outcome("done", target_id=f"{2480013579246801000 + index}", target_number=one.number), exchange


def said(
    operation: str, purpose: Any, verdict: str, says: str, at: datetime, *, connection: str = "bip-main",
    status: int | None = 200, code: str | None = None, request: str = "", reply: str = "",
) -> Exchange:  # fmt: skip
    url = "https://example.invalid/yonbip/scm/othoutrecord/single/save?access_token=***"
    return Exchange(connection, purpose, operation, at, 84, "POST", url, status, verdict, code, says, request, reply)


def live(shop: Shop) -> int:
    """A run under way: some of what it will read is read."""
    run = begin(shop, "li.wei")
    page(shop, run, [order(n) for n in range(61, 91)], expected=120)
    shop.clock.at += timedelta(seconds=12)
    return run


def quiet(shop: Shop) -> None:
    """A second scheme that has never run, and a third whose last run met a fault."""
    text = FLOW.read_text(encoding="utf-8")
    publish(shop, "shop-returns", "门店退货 → 采购退货", _named(text, "shop-returns"))
    broken = publish(shop, "jd-inbound", "京东入库单 → 其他入库", _named(text, "jd-inbound"))
    run = begin(shop, "schedule", broken)
    says = Say("连接 {code} 的密钥被拒绝：请检查 AppSecret。", code="wdt-main")
    shop.store.write(lambda c: runs.fail_reading(c, run, "login", says))
    shop.store.write(lambda c: runs.close(c, broken, shop.clock.now()))


def _named(text: str, code: str) -> str:
    return re.sub(r"^scheme: .*$", f"scheme: {code}", text, count=1, flags=re.MULTILINE)


def pages(shop: Shop) -> list[str]:
    """The address of every kind of page."""
    from engine.store import overview

    log = shop.store.read(lambda c: overview.log(c, shop.run, 3))
    return [
        "/",
        "/runs",
        f"/runs/{shop.run}",
        f"/runs/{shop.run + 1}",
        "/schemes",
        f"/schemes/{CODE}",
        f"/schemes/{CODE}/versions/1",
        f"/schemes/{CODE}/documents",
        f"/schemes/{CODE}/documents?state=refused",
        f"/schemes/{CODE}/documents?q=nothing",
        *(f"/documents/{ident}" for ident in shop.documents.values()),
        *(f"/attempts/{one.id}" for one in log),
        "/search",
        "/search?q=CK",
        "/lookups",
        "/lookups/物料",
        "/lookups/单位",
        "/connections",
        "/alerts",
        "/alerts/receivers/new",
        "/alerts/receivers/new?kind=feishu",
        "/connectors",
        f"/connectors/{QUERY}",
        f"/connectors/{SAVE}",
    ]
