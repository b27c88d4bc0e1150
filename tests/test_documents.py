"""The pages for those who write schemes and connectors and who run Duijie say what is so."""

from __future__ import annotations

import re
import shlex
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest

from engine import atlas
from engine.cli import OURS, parser
from engine.cli.desk import FAULT, SETTLED, SOME, WRONG
from engine.cli.log import KEPT, SIZE
from engine.document.cases import read_cases, run_cases
from engine.document.check import Checked, check
from engine.document.scheme import SCHEME
from engine.mapping import handbook
from engine.mapping.formula.functions import FUNCTIONS
from engine.mapping.pipes import PIPES
from engine.model import catalog, recipe
from engine.model.ledger import MOVES
from engine.model.values import Call, Reply
from engine.registry import Registry
from engine.run.verdict import SENDS
from engine.run.worker import GRACE
from engine.settings import SHIPPED
from engine.simulate.frame import Heard
from engine.simulate.load import names, simulator
from engine.store.queue import LEASE
from engine.wire.calls import Plan
from engine.wire.talk import Link
from engine.wire.tokens import MemoryTokens, Ring
from tests.connectors.drive import NOW, signed

DOCS = SHIPPED / "docs"
REGISTRY = Registry.read([SHIPPED / "connectors"])
STARTER = (SHIPPED / "flows" / "wdt-stockout-to-bip-othout.yaml").read_text("utf-8")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


YAML = blocks("write-a-scheme.md", "yaml")
WHOLE = [text for text in YAML if text.startswith("scheme:")]
WRITES = [text for text in WHOLE if "\ntarget:" in text]
CASES = [text for text in YAML if text.startswith("cases:")]
PARTS = [text for text in YAML if text not in WHOLE + CASES]


PAGES = (
    "write-a-scheme.md",
    "functions.md",
    "recipes.md",
    "write-a-connector.md",
    "signing.md",
    "connectors.md",
    "operate.md",
    "promises.md",
)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_a_page_tells_is_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines to type are whole; a command within a sentence may leave arguments out."""
    known = parser("zh", web=lambda store, registry, clock, port: nullcontext(""))
    for line in re.findall(r"^(?:\w+=\S+ )*duijie (.+)$", "\n".join(blocks(name, "")), re.MULTILINE):
        assert known.parse_args(shlex.split(line)).deed
    for words in re.findall(r"`duijie ([^`]+)`", page(name)):
        with pytest.raises(SystemExit) as ended:
            known.parse_args([*shlex.split(words), "--help"])
        assert ended.value.code == 0, words
    assert capsys.readouterr().err == ""


# -- write-a-scheme.md and functions.md ------------------------------------------------------------


def parts(text: str, indent: str = "") -> dict[str, str]:
    """The blocks of a YAML text by their key at this depth."""
    found = re.findall(rf"^{indent}(\w+):(?:.*\n)(?:{indent} .*\n)*", text, re.MULTILINE)
    whole = re.findall(rf"^{indent}\w+:.*\n(?:{indent} .*\n)*", text, re.MULTILINE)
    return dict(zip(found, whole, strict=True))


def in_starter(part: str) -> str:
    """The starter with this part of a scheme, or these cells of its map, in place of its own."""
    own = parts(STARTER)
    cells = parts(own["map"], "  ")
    for key, text in parts(part).items():
        if key in own or key in SCHEME.shapes:
            own[key] = text
        else:
            cells[key] = re.sub(r"^", "  ", text.rstrip("\n"), flags=re.MULTILINE) + "\n"
    own["map"] = "map:\n" + "".join(cells.values())
    return "".join(own.values())


def told(checked: Checked) -> list[str]:
    """Everything but that connections and tables were not looked for."""
    return [str(problem) for problem in checked.problems if problem.weight != "note"]


def test_the_parts_of_a_scheme_make_it_up_again() -> None:
    assert in_starter("") == STARTER


@pytest.mark.parametrize("text", WHOLE)
def test_every_whole_scheme_of_the_page_is_fine(text: str) -> None:
    assert told(check(text, REGISTRY)) == []


@pytest.mark.parametrize("text", [text for text in PARTS if not text.startswith("# 不行")])
def test_every_part_of_a_scheme_is_fine_in_the_starter(text: str) -> None:
    assert parts(text)
    assert told(check(in_starter(text), REGISTRY)) == []


@pytest.mark.parametrize("text", [text for text in PARTS if text.startswith("# 不行")])
def test_what_the_page_calls_wrong_is_told_in_these_words(text: str) -> None:
    words = text.partition("\n")[0].removeprefix("# 不行：")
    (problem,) = told(check(in_starter(text), REGISTRY))
    assert words in problem


def test_the_cases_of_the_page_hold_for_its_scheme() -> None:
    (scheme,), (text,) = WRITES, CASES
    cases, problems = read_cases(text)
    mapping = check(scheme, REGISTRY).mapping
    assert problems == []
    assert mapping is not None
    assert [result.differences for result in run_cases(cases, mapping)] == [()] * 3


def test_the_page_of_functions_is_current() -> None:
    """Make it anew by `python -m engine.mapping.handbook > docs/functions.md`."""
    assert page("functions.md") == handbook.page()
    words = {word for line in page("functions.md").splitlines() for word in re.findall(r"[\w]+", line)}
    assert {*FUNCTIONS, *PIPES} <= words


# -- write-a-connector.md --------------------------------------------------------------------------

MODELS = [
    model
    for model in {**vars(recipe), **vars(catalog)}.values()
    if isinstance(model, type) and issubclass(model, catalog.Frozen) and model is not catalog.Frozen
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_catalogue_is_told_and_no_other(model: type[catalog.Frozen]) -> None:
    section = page("write-a-connector.md").partition(f"\n### {model.__name__}：")[2].partition("\n#")[0]
    firsts = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    known = {field.alias or name for name, field in model.model_fields.items()}
    assert {key for first in firsts for key in re.findall(r"`(\w+)`", first)} == known


def test_the_page_of_connectors_tells_what_the_catalogues_do() -> None:
    """Make it anew by `python -m engine.atlas > docs/connectors.md`."""
    folder = SHIPPED / "connectors"
    registry = Registry.read([folder])
    assert page("connectors.md") == atlas.page(registry, names([folder]))
    assert {f"| `{name}` |" in page("connectors.md") for name in registry.operations} == {True}


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The folder of the page's example."""
    example = re.findall(r"^`(acme/\S+)`\n\n```\w+\n(.*?)^```$", page("write-a-connector.md"), re.M | re.S)
    for name, text in example:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_example_connector_reads_and_saves_at_its_simulator(mine: Path) -> None:
    found = Registry.read([SHIPPED / "connectors", mine])
    assert found.problems == ()
    acme, shop = found.connectors["acme"], simulator([mine], "acme", {}, 1)
    shop.tell("orders", {"orders": [{"id": 7, "no": "A7", "amount": "1.50"}]}, NOW)
    link = Link("acme-main", acme, "default", {"app_key": "demo-key", "app_secret": "invented-secret"})
    auth = found.auth("acme", "default")
    assert auth is not None

    def said(call: Call) -> Reply:
        return shop.hear(Heard.of(signed(auth, call, link.settings)), NOW).reply()

    query, save = found.operations["acme.order.list"], found.operations["acme.bill.save"]
    plans = [
        Plan(acme, "default", one, link.root, [], Ring(MemoryTokens(), ""), None) for one in (query, save)
    ]
    page_read = plans[0].judge.page(said(plans[0].query({"page": 1, "size": 50})))
    assert (page_read.total, page_read.rows[0]["no"]) == (1, "A7")
    body = b'{"request_id":"k","no":"A7","amount":1.50}'
    assert {plans[1].judge.saved(said(plans[1].save([body]))).number for _ in range(2)} == {"A7"}
    assert len(shop.written()) == 1


# -- operate.md and promises.md --------------------------------------------------------------------


def table(name: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    section = page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_variable_the_settings_read_is_told_and_no_other() -> None:
    read = set(re.findall(r"DUIJIE_[A-Z_]+", (SHIPPED / "engine" / "settings.py").read_text("utf-8")))
    told_ = [row[0].strip("`") for row in table("operate.md", "环境变量")]
    assert (sorted(read), len(told_)) == (sorted(told_), len(read))


def test_every_exit_code_is_told() -> None:
    codes = {int(code) for row in table("operate.md", "退出码") for code in row[0].split("、")}
    assert codes == {SETTLED, SOME, WRONG, FAULT, OURS, 128 + SIGINT, 128 + SIGTERM}


def test_the_figures_of_the_pages_are_those_of_the_program() -> None:
    operate, promises = page("operate.md"), page("promises.md")
    assert f"最多等 {GRACE:.0f} 秒" in operate
    assert f"结果未知的单据发过 {SENDS} 次" in operate
    assert f"{LEASE.seconds} 秒的租约" in operate
    assert f"满 {SIZE // 1_000_000} MB 换一个，另留 {KEPT} 个" in operate
    assert f"发过 {SENDS} 次以后就等人" in promises
    query = REGISTRY.operations["wdt.stockout.order.query"].window
    save = REGISTRY.operations["othoutrecord.single.save"]
    assert query is not None
    assert (query.lag, query.overlap) == (timedelta(minutes=2), timedelta(minutes=10))
    assert query.longest > timedelta(days=29)
    assert save.lookup is not None
    assert save.lookup.settle == catalog.LookUp(operation="", by="").settle == timedelta(seconds=120)
    assert save.idempotency is not None
    assert (save.idempotency.at, save.idempotency.guess) == ("resubmitCheckKey", True)


def test_every_state_is_told_with_what_a_person_may_make_of_it() -> None:
    options = {"done": "--done", "skipped": "--skip", "cancelled": "--cancel"}
    told_: dict[str, set[str]] = {}
    for state, _, _, settle in table("promises.md", "每种状态由谁做什么"):
        told_[re.findall(r"\w+", state)[0]] = set(re.findall(r"--\w+", settle))
    by_person = {
        state: {options[to] for to in moves if to in options and to != state}
        for state, moves in MOVES.items()
    }
    by_person["sending"] = set()  # a reply settles it, not a person
    assert told_ == by_person
