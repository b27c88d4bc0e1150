"""Fuzz of formulas, cells, templates, queries and whole schemes: `python -m tests.fuzz --seconds 600 --seed 7`.

Whatever is written and whatever a vendor sends: only the declared errors, no input over a second of CPU, no more
than 256 MB. What fails is printed with its input; the same seed makes the same inputs. A short run is in the suite.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from engine.document.cases import read_cases
from engine.document.check import check
from engine.document.edit import splice
from engine.errors import Wrong
from engine.exact import canonical
from engine.mapping.cell import print_cell, read_cell
from engine.mapping.compile import compile_mapping
from engine.mapping.formula.compile import compile_formula
from engine.mapping.formula.functions import FUNCTIONS, REGISTRY
from engine.mapping.formula.parser import read_formula
from engine.mapping.formula.tree import print_formula
from engine.mapping.ground import Found, Ground, Level
from engine.mapping.path import Path
from engine.mapping.pipes import PIPES
from engine.mapping.preview import compile_preview
from engine.mapping.scope import Run, Scope, Trouble
from engine.mapping.slip import Slip
from engine.qeasy.sight import InRecord
from engine.qeasy.words import read_value
from tests.mapping.build import NOW, QUERY, RECORD, SAVE, TABLES, Rule, scheme

DECLARED = (Slip, Trouble, Wrong)
MOST_SECONDS, MOST_MEMORY = 1.0, 256 * 1024 * 1024
BOUNDS = ["5", "1000", "^.n"]
NAMES = ["order_no", "details_list", "goods_count", "remark", "gone", "big", "rows", "spec_no", "shop", "n"]
BITS = [
    "(", ")", ",", '"', "'", "|", "=", "&", "^.", "^^.", ".", "[0]", "[-1]", "\\", "*", "/", "-", "1", "0.5", "（",
    "{{", "}}", "{%", "%}", "$", "$..", "[*]", "[?", "@", "`1`", "仓库", "\x00", "\u200b", "😀", "e9", "AND ", "IN (",
    "#", ": ", "\n",
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, "", "7", "-1.50", "1e9", "２", "2026-01-02 03:04:05", "0000-00-00", "WH001", 0, -1, 10**30, 10**4000,
    Decimal("1E+9999"), Decimal("0E-9999"), Decimal("NaN"), "9" * 5000, "a" * 20_000, "," * 12_000,
    "{" * 3000, "[" * 90 + "]" * 90,
]  # fmt: skip
EXPRESSIONS = [
    "{{rows.n}}", "{{goods_count}}", "'{{remark}}'", "case ", " when ", " then ", " else ", " end", "round(", "ifnull(",
    "concat(", "if(", "(", ")", ")", ",", "+", "-", "*", "/", "%", " div ", " and ", " or ", "not ", " in (",
    " like '%a%'", " is null", " between ", "=", "<>", "<", "0", "1", "2.50", "'x'", "null", "true", "sum({{rows.n}})",
    "FROM_UNIXTIME({{n}}/1000, '%Y-%m-%d')", "_findCollection find a from b where c={{shop}} _endFind", "rows.spec_no",
]  # fmt: skip
YAML = """\
scheme: wdt-to-bip
source: {connection: a, operation: wdt.stockout.order.query, where: status >= 95}
target: {connection: b, operation: othoutrecord.single.save}
x-note: {a: [1, 2]}  # kept
map:
  code: order_no | left(20)
  vouchdate: consign_time | date
  memo: =CONCAT("a ", remark)
  othOutRecords:
    each: details_list
    where: goods_count > 0
    map: {product: spec_no | lookup(物料), qty: goods_count | decimal(4)}
"""
CASES = "cases:\n- name: a\n  record: {order_no: CK1, details_list: [{spec_no: A}]}\n  skipped: status\n"


@dataclass
class Fuzz:
    """One run. `failures` are sentences with the input that made them."""

    random: Random
    done: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)

    def pick(self, found: Any) -> Any:
        return self.random.choice(found)

    # -- inputs

    def value(self, depth: int = 3) -> Any:
        kind = self.random.random()
        if depth and kind < 0.25:
            return [self.value(depth - 1) for _ in range(self.pick([0, 1, 3, 40]))]
        if depth and kind < 0.5:
            return {self.pick(NAMES): self.value(depth - 1) for _ in range(4)}
        return self.pick(SCALARS)

    def record(self) -> Any:
        rows = [
            {"goods_count": self.pick(SCALARS), "spec_no": "SPU1", "n": n}
            for n in range(self.pick([0, 3, 2000]))
        ]
        more = {name: self.value() for name in self.random.sample(NAMES, 3)}
        return self.pick(
            [{**RECORD, **more, "rows": rows, "big": "x" * self.pick([1, 900_000])}, self.value()]
        )

    def expression(self, depth: int) -> str:
        kind = self.random.random()
        if depth == 0 or kind < 0.2:
            literal = self.pick(
                ['"a"', "''", "0", "1.5", "20000", "TRUE", '","', '"yyyy"', '"*a*b"', "9999999"]
            )
            return str(
                self.pick([self.pick(NAMES), literal, self.pick(["^.", "^^.", ""]) + self.pick(NAMES), "."])
            )
        if kind < 0.8:
            function = self.pick(REGISTRY)
            counts = [count for count in range(6) if function.fitted(count) is not None] or [0]
            takes = function.fitted(self.pick(counts)) or ()
            args = ", ".join(self.argument(param.take, depth - 1) for param in takes)
            return f"{self.pick([function.name, function.alias])}({args})"
        sign = self.pick(["+", "-", "*", "/", "&", "=", "<", " AND ", " OR "])
        return f"({self.expression(depth - 1)}{sign}{self.expression(depth - 1)})"

    def argument(self, take: str, depth: int) -> str:
        """Mostly what the function takes, so that it gets to work."""
        if self.random.random() < 0.2:
            return self.expression(depth)
        if take == "list":
            some = f"FILTER(rows, n < {self.pick(BOUNDS)})"
            return str(self.pick(["rows", "^.rows", "EACH(rows, n)", 'SPLIT(big, "x")', some]))
        if take == "literal":
            return str(
                self.pick(
                    ['"a"', '"*a*a*b"', '"ms"', '"yyyy-MM-dd"', '"UTC"', '"a.b[0]"', '"仓库"', '"0.00"']
                )
            )
        if take == "text" and self.random.random() < 0.5:
            return str(
                self.pick(["big", "^.big", "^^.big", "remark", "WRITEJSON(rows)", "WRITEJSON(^.rows)"])
            )
        if take in ("number", "count"):
            return str(self.pick(["n", "^.n", "COUNT(rows)", "9", "-1", "900000", "0.001", "POWER(10, 33)"]))
        return self.expression(depth)

    def cell(self) -> str:
        pipes = [self.pick(list(PIPES)) + self.pick(["", "(1)", '("a", "b")', "(仓库)", "(1=2, else=3)", "(from=ms)"])
                 for _ in range(self.pick([0, 1, 3]))]  # fmt: skip
        return " | ".join([self.pick(NAMES) + self.pick(["", "[0]", ".no", "[0].a"]), *pipes])

    def template(self) -> str:
        parts = [
            "{{ " + self.cell() + " }}", "text", "{{ 1 }}", "{{ 'a' * 9 }}", "{{ ''.x }}",
            "{% for l in details_list %}{{ l.spec_no }}{% for m in rows %}.{% endfor %}{% endfor %}",
            "{% for l in rows %}{{ l.n }}{% for m in rows %}{{ m.n }}{% endfor %}{% endfor %}",
            "{% if remark %}a{% elif n %}b{% else %}c{% endif %}",
        ]  # fmt: skip
        return "".join(self.pick(parts) for _ in range(self.pick([1, 3, 30])))

    def query(self) -> str:
        return str(self.pick(["$", "$.", "", "$.."])) + "".join(
            self.pick([".", "", "[*]", "[0]", "[?a==`1`]", "[]", "..", "|", *NAMES]) for _ in range(6)
        )

    def broken(self, text: str) -> str:
        """The text with a few random cuts, doublings and insertions."""
        for _ in range(self.random.randrange(4)):
            a, b = sorted(self.random.randrange(len(text) + 1) for _ in range(2))
            kind = self.random.random()
            if kind < 0.3:
                text = text[:a] + text[b:]
            elif kind < 0.5:
                text = text[:b] + text[a:b] * self.pick([1, 2, 200]) + text[b:]
            else:
                text = text[:a] + self.pick(BITS) * self.pick([1, 1, 1, 100]) + text[a:]
            text = text[:20_000]
        return text

    # -- what is tried

    def formula(self) -> None:
        text = self.broken(self.expression(self.pick([1, 3, 6])))
        self.tried(text, lambda: self._formula(text))

    def _formula(self, text: str) -> None:
        tree = read_formula(text)
        assert read_formula(print_formula(tree)) == tree
        coded = compile_formula(tree, Ground((Level(),)).inside(Found(Path())))
        record, run = self.record(), Run(TABLES, NOW)
        coded.find(record, Scope(record, Scope(RECORD, None, run), run))

    def foreign(self) -> None:
        """An expression as 轻易云 has it: a formula that prints and reads back, or a Slip."""
        pieces = [self.pick(EXPRESSIONS) for _ in range(self.pick([1, 3, 12, 60]))]
        text = self.broken("".join(pieces))
        self.tried(text, lambda: self._foreign(text))

    def _foreign(self, text: str) -> None:
        made = read_value(f"_function {text}", "", InRecord().inside(("rows",)))
        printed = print_formula(made.tree) if made.tree is not None else ""
        assert print_formula(read_formula(printed)) == printed

    def short(self) -> None:
        text = self.broken(self.cell())
        self.tried(text, lambda: self._cell(text))

    def _cell(self, text: str) -> None:
        made = read_cell(text)
        assert read_cell(print_cell(made)) == made
        self._mapped({"x": text})

    def long(self) -> None:
        how = self.pick(["template", "jmespath", "jsonpath", "formula"])
        text = {"template": self.template, "formula": lambda: self.expression(3)}.get(how, self.query)()
        text = self.broken(text)
        rule = {how: text, "missing": self.pick(["omit", "null", "problem"])}
        self.tried(
            f"{how}: {text}", lambda: self._mapped({"x": rule, "y": {"each": "rows", "map": {"z": rule}}})
        )

    def _mapped(self, rules: dict[str, Rule]) -> None:
        """A mapping never raises: it gives a document or says why not, twice the same, and so does its preview."""
        made = scheme(rules)
        ends = self.pick([(None, None), (QUERY, SAVE)])
        mapping, problems = compile_mapping(made, *ends, None)
        if mapping is None:
            assert problems
            return
        record = self.record()
        mapped = mapping.apply(record, TABLES, NOW)
        told = (
            mapped.document is not None,
            mapped.skipped is not None,
            bool(mapped.problems),
            bool(mapped.held),
        )
        assert sum(told) == 1
        if mapped.document is not None and self.random.random() < 0.2:
            again = mapping.apply(record, TABLES, NOW).document
            assert again is not None
            assert canonical(again) == canonical(mapped.document)
            preview = compile_preview(made, *ends, None)
            assert preview is not None
            assert repr(preview.of([record], TABLES, NOW)[0].mapped) == repr(mapped)

    def text(self) -> None:
        text = self.broken(
            YAML.replace("order_no | left(20)", self.pick([self.cell(), "=" + self.expression(2)]))
        )
        self.tried(text, lambda: self._text(text))

    def _text(self, text: str) -> None:
        checked = check(text, KNOWN)
        if checked.mapping is not None and checked.fine:
            checked.mapping.apply(self.record(), TABLES, NOW)
        read_cases(self.broken(CASES))
        splice(
            text,
            self.pick(["map.code", "source.where", "scheme", "map.memo"]),
            self.pick(["a", 1, "=x | y", "#"]),
        )

    def tried(self, told: str, work: Callable[[], None]) -> None:
        begun = time.process_time()
        try:
            work()
        except DECLARED:
            pass
        except Exception:  # every undeclared error is what we look for
            self.failures.append(f"{traceback.format_exc(limit=-6)}\n{told[:2000]!r}")
        took = time.process_time() - begun
        self.slowest = max(self.slowest, took)
        if took > MOST_SECONDS:
            self.failures.append(f"{took:.2f} s\n{told[:2000]!r}")
        self.done += 1


class _Known:
    """The operations of the tests' builders, as a registry tells them."""

    def operation(self, name: str) -> Any:
        return {QUERY.operation: QUERY, SAVE.operation: SAVE}.get(name)

    def connector(self, name: str) -> Any:
        return None

    def names(self) -> list[str]:
        return [QUERY.operation, SAVE.operation]


KNOWN = _Known()


def memory() -> int:
    """The most this process has ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(seconds: float, seed: int) -> Fuzz:
    """Until the seconds are over or twenty inputs have failed."""
    run, before, until = Fuzz(Random(seed)), memory(), time.monotonic() + seconds
    while time.monotonic() < until and len(run.failures) < 20:
        faulthandler.dump_traceback_later(60, exit=True)
        run.pick([run.formula, run.formula, run.short, run.long, run.text, run.foreign])()
    faulthandler.cancel_dump_traceback_later()
    grown = memory() - before
    if grown > MOST_MEMORY:
        run.failures.append(f"{grown >> 20} MB")
    return run


def main() -> int:
    arguments = argparse.ArgumentParser(description="fuzz of the mapping language")
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seed", type=int, default=7)
    asked = arguments.parse_args()
    run = fuzz(asked.seconds, asked.seed)
    for failure in run.failures:
        print(failure, "\n")
    print(f"seed {asked.seed}: {run.done} inputs, slowest {run.slowest:.2f} s, most {memory() >> 20} MB, "
          f"{len(run.failures)} failures, {len(FUNCTIONS) // 2} functions")  # fmt: skip
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
