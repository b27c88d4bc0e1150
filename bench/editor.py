"""How quick the mapping editor is: `python -m bench.editor FOLDER [--fields N] [--mappings N] [--browser PATH]`.

A made-up operation with N fields each side, a third of them in rows, a draft that maps some, and one kept record whose
values and results the page shows. Server times are the app's own, without the network; an edit is answered with the
changed part of the page. With a browser (Playwright and a Chromium), also the first paint and the redraw of the lines.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from engine.clock import Clock
from engine.registry import Registry
from engine.settings import Settings
from engine.store import drafts, logins, people, schemes
from engine.store.drafts import Draft
from engine.store.store import Store
from engine.store.tables import document, document_record, record
from webui.app import create_app
from webui.guard import Doors
from webui.server import serving
from webui.visit import key_of

CODE, SECRET, MAP = "wide", "s" * 43, "/drafts/wide/map"
EDIT_MS, PAINT_MS, REDRAW_MS = 150, 1000, 4


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--fields", type=int, default=500)
    asked.add_argument("--mappings", type=int, default=250)
    asked.add_argument("--times", type=int, default=40)
    asked.add_argument("--browser", default="")
    told = asked.parse_args()
    shutil.rmtree(told.folder, ignore_errors=True)
    store, app = furnished(told.folder, told.fields, told.mappings)
    client = app.test_client()
    client.set_cookie("session", SECRET)
    print(f"{told.fields} fields a side, {told.mappings} mapped")
    slow = shown("page", [took(client) for _ in range(told.times)], PAINT_MS)
    slow += shown("edit", edits(client, store, told.times), EDIT_MS)
    if told.browser:
        slow += seen(app, told.browser)
    store.close()
    return 1 if slow else 0


def furnished(folder: Path, count: int, mapped: int) -> tuple[Store, Flask]:
    """A store with the scheme, its draft and one record; the app over it, li.wei logged in."""
    vendor = folder / "connectors" / "wide"
    (vendor / "operations").mkdir(parents=True)
    (vendor / "catalog.yaml").write_text(CATALOG)
    (vendor / "operations" / "wide.read.yaml").write_text(READ + fields(count, "s", "源"))
    (vendor / "operations" / "wide.save.yaml").write_text(SAVE + fields(count, "t", "目标"))
    clock = Clock()
    store = Store.open(Settings.read({"DUIJIE_HOME": str(folder / "home")}), clock)
    text = scheme(count, mapped)
    store.write(lambda c: schemes.publish(c, CODE, "宽", text, "", "li.wei", clock.now()))
    store.write(lambda c: drafts.begin(c, Draft(CODE, "宽", "", text, 1, 1, "li.wei", clock.now())))
    store.write(lambda c: kept(c, clock, count))
    who = store.write(lambda c: people.add(c, "li.wei", "", "admin", None, clock.now()))
    store.write(lambda c: logins.enter(c, who, SECRET, "127.0.0.1", "bench", clock.now()))
    registry = Registry.read([folder / "connectors"])
    assert not registry.problems, registry.problems
    return store, create_app(store, registry, clock, Doors(frozenset({"localhost", "127.0.0.1"})))


CATALOG = """connector: wide
title: 宽
base: https://wide.example.com
envelope: {ok: [{at: code, is: ["0"]}], code: [code], message: [message]}
source: bench/editor.py
"""
READ = """operation: wide.read
title: 读
kind: query
call: {method: POST, path: /read, body: json}
rows: rows
key: [s0]
number: s0
pages: {style: none}
source: bench/editor.py
give:
"""
SAVE = """operation: wide.save
title: 写
kind: save
call: {method: POST, path: /save, body: json}
result: {id: id}
source: bench/editor.py
fields:
"""


def fields(count: int, name: str, title: str) -> str:
    """Two thirds in the head, the rest in a list."""
    head = "".join(
        f"  - {{name: {name}{n}, title: {title}字段 {n}, type: text}}\n" for n in range(count * 2 // 3)
    )
    rows = range(count * 2 // 3, count - 1)
    inner = "".join(f"      - {{name: {name}{n}, title: {title}明细 {n}, type: text}}\n" for n in rows)
    return f"{head}  - name: {name}rows\n    title: {title}明细\n    type: list\n    fields:\n{inner}"


def scheme(count: int, mapped: int) -> str:
    head = min(mapped // 2, count * 2 // 3)
    lines = "".join(f"  t{n}: s{n * 7 % (count * 2 // 3)} | trim\n" for n in range(head))
    first = count * 2 // 3
    rows = "".join(
        f"      t{first + n}: s{first + n}\n" for n in range(min(mapped - head, count - first - 1))
    )
    ends = "source: {connection: a, operation: wide.read}\ntarget: {connection: a, operation: wide.save}\n"
    return f"scheme: {CODE}\n{ends}map:\n{lines}  trows:\n    each: srows\n    map:\n{rows}"


def kept(connection: Any, clock: Clock, count: int) -> None:
    """One record with three rows, and its document."""
    first, now = count * 2 // 3, clock.now()
    row = {f"s{n}": f"值 {n}" for n in range(first, count - 1)}
    body = json.dumps({**{f"s{n}": f"值 {n}" for n in range(first)}, "srows": [row, row, row]})
    same = {"scheme_id": 1, "key": "1", "number": "CK1", "changed_at": now}
    made = {**same, "hash": "h", "planned_hash": "h", "seen_run": 1, "first_at": now, "body": body}
    connection.execute(insert(record).values(id=1, **made))
    more = {"action": "create", "stored_key": "k", "sent_number": "", "state": "done", "why": "", "reason": "",
            "problems": "[]", "tables": "[]", "version": 1, "body": "{}", "generation": 1}  # fmt: skip
    connection.execute(insert(document).values(id=1, **same, **more))
    connection.execute(insert(document_record).values(document_id=1, record_id=1, record_hash="h"))


def took(client: FlaskClient) -> float:
    begun = time.perf_counter()
    assert client.get(MAP).status_code == 200
    return 1000 * (time.perf_counter() - begun)


def edits(client: FlaskClient, store: Store, times: int) -> list[float]:
    """A field placed, and taken back, as the page's script asks for it."""
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    moments = []
    for turn in range(times):
        draft = store.read(lambda c: drafts.get(c, CODE))
        assert draft is not None
        form: dict[str, Any] = {"form_key": key_of(SECRET), "revision": str(draft.revision)}
        form |= {"deed": "back"} if turn % 2 else {"deed": "place", "to": ["t0"], "source": ["s5"]}
        begun = time.perf_counter()
        reply = client.post(MAP, data=form, headers=headers)
        moments.append(1000 * (time.perf_counter() - begun))
        assert reply.status_code == 200, reply.status_code
    return moments


def seen(app: Flask, path: str) -> int:
    """In a real browser: until the editor stands, and each redraw while both sides scroll."""
    from playwright.sync_api import sync_playwright

    with serving(app, 0) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "session", "value": SECRET, "url": address}])
        page = context.new_page()
        paints = []
        for _ in range(5):
            page.goto(address + MAP)
            page.locator("#mapper[data-awake]").wait_for()
            paints.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
        print(f"lines drawn: {page.evaluate(LINES)}")
        slow = shown("first paint", paints, PAINT_MS) + shown("redraw", page.evaluate(REDRAW), REDRAW_MS)
        browser.close()
    return slow


LINES = "() => [...document.querySelectorAll('.line')].map((l) => (l.getAttribute('d') ?? '').split('M').length - 1)"
REDRAW = """async () => {
  const { lines } = await import(document.getElementById('mapper').dataset.lines);
  const panes = [...document.querySelectorAll('.pane__rows')], folds = [...document.querySelectorAll('.node__fold')];
  const took = [];
  for (let turn = 0; turn < 200; turn += 1) {
    for (const pane of panes) pane.scrollTop = (turn * 97) % (pane.scrollHeight - pane.clientHeight);
    const begun = performance.now();
    lines.draw();
    took.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return took;
}"""


def shown(what: str, each: list[float], limit: float) -> int:
    cuts = quantiles(each, n=20)
    over = cuts[18] > limit
    print(
        f"p50 {cuts[9]:7.1f}  p95 {cuts[18]:7.1f} ms  {'SLOW' if over else '    '}  {what} (at most {limit} ms)"
    )
    return int(over)


if __name__ == "__main__":
    raise SystemExit(main())
