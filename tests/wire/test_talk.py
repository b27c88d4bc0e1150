"""Talk: calls built from the catalogue, verdicts of saves, tokens fetched once, look-ups that are exact."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Fault
from engine.exact import decode
from engine.model.catalog import Limits
from engine.wire.talk import Hit, Page, Saved
from engine.wire.tokens import MemoryTokens
from tests.wire.build import APP_SECRET, LIST, NOW, QIMEN, QUERY, SAVE, Spoken, WithToken, talking
from tests.wire.vendor import Answer, Asked, Line, http, says

DOCUMENT = '{"code":"CK01","memo":"第一单","qty":30.0000,"driver_name":"张三丰"}'.encode()
DONE = {"code": 200, "message": "ok", "data": {"id": 1234567890123456789, "code": "CK01"}}


def run(answer: Answer, ask: Callable[[Spoken], Awaitable[Any]], *auth: Any, **how: Any) -> Any:
    """What `ask` gives, or the Fault it raised, and what was spoken."""

    async def go() -> Any:
        async with talking(answer, *auth, **how) as spoken:
            try:
                return await ask(spoken), spoken
            except Fault as fault:
                return fault, spoken

    return asyncio.run(go())


def save(spoken: Spoken) -> Awaitable[Saved]:
    return spoken.talk.save(SAVE, DOCUMENT)


def test_a_save_wraps_the_bytes_it_was_given_and_tells_id_and_number():
    saved, spoken = run(says(DONE), save)
    assert (saved.id, saved.number) == ("1234567890123456789", "CK01")
    assert spoken.vendor.asked[0].body == b'{"data":' + DOCUMENT + b"}"
    assert spoken.vendor.asked[0].target == "/save"


def test_what_was_said_is_told_once_redacted():
    _, spoken = run(says(DONE), save)
    (told,) = spoken.heard
    assert (told.purpose, told.operation, told.connection) == ("save", "toy.save", "toy-main")
    assert (told.verdict, told.status, told.code) == ("done", 200, None)
    assert told.request == "", "the document holds the bytes of a done save"
    assert "CK01" in told.reply


def test_the_request_of_a_save_that_was_not_done_is_told_redacted():
    _, spoken = run(says(b"bad gateway", 502), save)
    (told,) = spoken.heard
    assert '"driver_name":"张**"' in told.request
    assert '"memo":"第一单"' in told.request


def test_a_read_sends_fixed_given_and_page_parameters_as_one_form():
    answer = says(
        {"response": {"flag": "success", "total_count": "2", "stockout_list": [{"id": 1}, {"id": 2}]}}
    )
    page, spoken = run(
        answer, lambda s: s.talk.page(QUERY, {"start_time": "2026-11-01 00:00:00"}, 0, 100), envelope=QIMEN
    )
    assert page == Page([{"id": 1}, {"id": 2}], 2)
    assert spoken.vendor.asked[0].form == {
        "v": "2.0",
        "start_time": "2026-11-01 00:00:00",
        "page_no": "0",
        "page_size": "100",
    }
    (told,) = spoken.heard
    assert (told.reply, told.says) == ("", "读到 2 条。")


def test_a_json_query_keeps_numbers_numbers_and_texts_texts():
    answer = says({"code": "200", "data": {"recordCount": 0}})
    page, spoken = run(answer, lambda s: s.talk.page(LIST, {"code": "0012"}, 1, 2))
    assert page == Page([], 0)
    assert decode(spoken.vendor.asked[0].body) == {"code": "0012", "pageIndex": 1, "pageSize": 2}


async def _reset(asked: Asked, line: Line) -> None:
    line.reset()


async def _silence(asked: Asked, line: Line) -> None:
    await line.reader.read()


OPEN = [
    _reset,
    _silence,
    says(b"", 200),
    says(b"<html>504</html>", 200),
    says(b'{"code":"200","da'),
    says({"code": "999", "message": "系统异常"}),
    says(b"bad gateway", 502),
    says({"code": "310008", "message": "x"}, 500),
    says({"code": "200", "data": {}}),
    says({"code": "200"}, 500),
    says({}, 302, Location="/elsewhere"),
    says([]),
]


@pytest.mark.parametrize("answer", OPEN)
def test_whatever_does_not_prove_the_opposite_leaves_a_save_unknown(answer: Answer):
    fault, spoken = run(answer, save, deadline=0.3)
    assert (fault.kind, fault.sent) == ("unknown", True)
    assert [told.verdict for told in spoken.heard] == ["unknown"]
    assert len(spoken.vendor.asked) == 1


def test_a_listed_code_is_a_refusal_with_the_vendors_words():
    words = json.dumps([{"message": "第1行物料不能为空"}, {"message": "仓库不能为空"}], ensure_ascii=False)
    fault, _ = run(says({"code": "310008", "message": words}), save)
    assert (fault.kind, fault.code) == ("refused", "310008")
    assert "第1行物料不能为空；仓库不能为空" in fault.says


def test_a_listed_text_is_a_refusal_under_any_code():
    fault, _ = run(says({"code": "999", "message": "库存组织不能为空"}), save)
    assert fault.kind == "refused"


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (says({"code": 1012, "message": "慢一点"}), "busy", 31),
        (says({"code": "7", "message": "调用频率超限"}), "busy", 31),
        (says(b"slow down", 429, Retry_After="7"), "busy", 7),
        (says(b"slow down", 429, Retry_After="999999"), "busy", 3600),
        (
            says(b"", 429, Date="Sun, 01 Nov 2026 02:00:00 GMT", Retry_After="Sun, 01 Nov 2026 02:00:40 GMT"),
            "busy",
            40,
        ),
        (says({"code": "1007", "message": "appkey 停用"}), "login", None),
        (says(b"", 401), "login", None),
    ],
)
def test_busy_and_login_were_not_executed(answer: Answer, kind: str, wait: int | None):
    fault, _ = run(answer, save)
    assert (fault.kind, fault.sent) == (kind, False)
    assert fault.wait == (None if wait is None else timedelta(seconds=wait))


def test_secrets_in_a_vendors_words_stay_out_of_ours_and_long_words_are_cut():
    fault, spoken = run(
        says({"code": "999", "message": f"bad key {APP_SECRET} 13800138000 " + "长" * 900}), save
    )
    assert APP_SECRET not in fault.says
    assert "138****8000" in fault.says
    assert len(fault.says) < 400
    assert APP_SECRET not in spoken.heard[0].reply


# -- tokens --------------------------------------------------------------------------------------


class Gate:
    """A vendor that gives tokens out and takes the newest one only."""

    def __init__(self, expire: int = 7200, code: str = "00000") -> None:
        self.given, self.expire, self.code, self.saves = 0, expire, code, 0

    async def __call__(self, asked: Asked, line: Line) -> None:
        if asked.target.startswith("/token"):
            self.given += 1
            token = {"code": self.code, "access_token": f"token-number-{self.given}", "expire": self.expire}
            line.write(http(json.dumps(token).encode()))
        elif asked.query.get("access_token") == f"token-number-{self.given}":
            self.saves += 1
            line.write(http(json.dumps(DONE).encode()))
        else:
            line.write(http(b'{"code":"310036","message":"token"}'))


async def ten(spoken: Spoken) -> list[Saved]:
    return await asyncio.gather(*(save(spoken) for _ in range(10)))


def test_ten_calls_without_a_token_fetch_one():
    gate = Gate()
    saved, spoken = run(gate, ten, WithToken())
    assert len(saved) == 10
    assert (gate.given, gate.saves) == (1, 10)
    assert [told.purpose for told in spoken.heard].count("token") == 1


def test_ten_calls_with_a_token_the_vendor_no_longer_knows_fetch_one_and_are_each_sent_once_more():
    gate, store = Gate(), MemoryTokens()
    store.keep("toy-main", "access_token", "token-of-yesterday", NOW + timedelta(hours=1))
    saved, spoken = run(gate, ten, WithToken(), store=store)
    assert len(saved) == 10
    assert (gate.given, gate.saves) == (1, 10)
    assert [told.verdict for told in spoken.heard].count("login") == 10
    assert store.load("toy-main")["access_token"][0] == "token-number-1"


def test_ten_calls_after_the_token_ran_out_fetch_one():
    gate, store = Gate(), MemoryTokens()
    store.keep("toy-main", "access_token", "token-of-yesterday", NOW)
    run(gate, ten, WithToken(), store=store)
    assert (gate.given, gate.saves) == (1, 10)


def test_a_narrow_connection_fetches_its_token_without_waiting_for_itself():
    gate = Gate()
    run(gate, ten, WithToken(), limits=Limits(at_once=1, per_minute=60))
    assert (gate.given, gate.saves) == (1, 10)


def test_a_token_another_worker_fetched_meanwhile_is_used():
    gate, store = Gate(), MemoryTokens()
    gate.given = 5

    async def ask(spoken: Spoken) -> Saved:
        store.keep("toy-main", "access_token", "token-of-yesterday", NOW + timedelta(hours=1))
        assert spoken.talk._ring.fresh("access_token", NOW) == "token-of-yesterday"
        store.keep("toy-main", "access_token", "token-number-5", NOW + timedelta(hours=1))
        return await save(spoken)

    saved, _ = run(gate, ask, WithToken(), store=store)
    assert saved.number == "CK01"
    assert (gate.given, gate.saves) == (5, 1)


def test_a_token_that_is_refused_again_and_again_is_a_login_fault_after_two_sends():
    gate = Gate()

    async def never(asked: Asked, line: Line) -> None:
        if asked.target.startswith("/token"):
            await gate(asked, line)
        else:
            line.write(http(b'{"code":"310036","message":"token"}'))

    fault, spoken = run(never, save, WithToken())
    assert (fault.kind, fault.code, fault.sent) == ("login", "310036", False)
    assert [told.purpose for told in spoken.heard] == ["token", "save", "token", "save"]


def test_a_login_fault_that_is_not_about_the_token_fetches_none():
    async def stopped(asked: Asked, line: Line) -> None:
        line.write(http(b"", 401))

    store = MemoryTokens()
    store.keep("toy-main", "access_token", "good", NOW + timedelta(hours=1))
    fault, spoken = run(stopped, save, WithToken(), store=store)
    assert (fault.kind, len(spoken.heard)) == ("login", 1)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_reset, "unreachable"),
        (says(b"<html/>", 502), "login"),
        (says({"code": "60001"}), "login"),
        (says({"nothing": 1}), "login"),
    ],
)
def test_a_save_whose_token_could_not_be_fetched_was_not_sent(answer: Answer, kind: str):
    fault, spoken = run(answer, save, WithToken())
    assert (fault.kind, fault.sent) == (kind, False)
    assert [told.purpose for told in spoken.heard] == ["token"]


def test_tokens_and_secrets_are_in_nothing_that_is_told():
    _, spoken = run(Gate(), save, WithToken())
    everything = repr(spoken.heard)
    assert "token-number-1" not in everything
    assert APP_SECRET not in everything
    assert "access_token=***" in everything


# -- look-up -------------------------------------------------------------------------------------


def listing(rows: list[dict[str, Any]], total: int | None = None) -> Answer:
    async def answer(asked: Asked, line: Line) -> None:
        want = json.loads(asked.body)
        found = [row for row in rows if want["code"] in row["code"]]
        start = (want["pageIndex"] - 1) * want["pageSize"]
        data = {
            "recordList": found[start : start + want["pageSize"]],
            "recordCount": len(found) if total is None else total,
        }
        line.write(http(json.dumps({"code": "200", "data": data}).encode()))

    return answer


def look(spoken: Spoken) -> Awaitable[list[Hit]]:
    return spoken.talk.look_up(SAVE, LIST, "CK01")


def test_a_look_up_asks_for_the_number_as_the_catalogue_says():
    hits, spoken = run(listing([{"id": 9, "code": "CK01"}]), look)
    assert hits == [Hit("9", "CK01")]
    assert json.loads(spoken.vendor.asked[0].body) == {
        "pageIndex": 1,
        "pageSize": 2,
        "isSum": True,
        "code": "CK01",
    }
    assert (spoken.heard[0].purpose, spoken.heard[0].operation) == ("lookup", "toy.list")


def test_only_the_exact_number_is_a_hit_and_it_is_found_behind_the_longer_ones():
    rows = [{"id": n, "code": f"CK01{n}"} for n in range(5)] + [{"id": 77, "code": "CK01"}]
    hits, spoken = run(listing(rows), look)
    assert hits == [Hit("77", "CK01")]
    assert len(spoken.vendor.asked) == 3


def test_two_documents_under_one_number_are_two_hits_and_one_document_on_two_lines_is_one():
    hits, _ = run(
        listing([{"id": 1, "code": "CK01"}, {"id": 1, "code": "CK01"}, {"id": 2, "code": "CK01"}]), look
    )
    assert hits == [Hit("1", "CK01"), Hit("2", "CK01")]


def test_no_document_is_no_hit():
    assert run(listing([]), look)[0] == []


def test_a_total_that_counts_lines_ends_with_the_first_empty_page():
    async def answer(asked: Asked, line: Line) -> None:
        rows = [{"id": 1, "code": "CK01"}] if json.loads(asked.body)["pageIndex"] == 1 else []
        data = {"code": "200", "data": {"recordList": rows, "recordCount": 7}}
        line.write(http(json.dumps(data).encode()))

    assert run(answer, look)[0] == [Hit("1", "CK01")]


def test_a_list_that_never_ends_is_no_answer():
    async def answer(asked: Asked, line: Line) -> None:
        rows = [{"id": 1, "code": "CK011"}, {"id": 2, "code": "CK012"}]
        line.write(
            http(json.dumps({"code": "200", "data": {"recordList": rows, "recordCount": 9999}}).encode())
        )

    fault, _ = run(answer, look)
    assert fault.kind == "broken"


def test_pages_are_counted_at_a_dotted_place_and_by_token():
    dotted = QUERY.model_copy(
        update={
            "call": {"default": QUERY.call["default"].model_copy(update={"body": "json"})},
            "pages": QUERY.pages.model_copy(update={"number": "page.pageIndex", "size": "page.pageSize"}),
        }
    )
    rows = {"flag": "success", "total_count": 0, "stockout_list": []}
    _, spoken = run(
        says({"response": rows}),
        lambda spoken: spoken.talk.page(dotted, {"path": "x"}, 0, 50),
        envelope=QIMEN,
    )
    asked = decode(spoken.vendor.asked[0].body)
    assert {"path": "x", "page": {"pageIndex": 0, "pageSize": 50}}.items() <= asked.items()


def test_the_one_row_of_a_detail_is_read_with_what_comes_next_told():
    detail = LIST.model_copy(
        update={
            "one": True,
            "rows": "data",
            "pages": LIST.pages.model_copy(update={"style": "none", "total": None}),
        }
    )
    page, _ = run(says({"code": 200, "data": {"id": "7"}}), lambda spoken: spoken.talk.page(detail, {}, 0, 1))
    assert page == Page([{"id": "7"}])
