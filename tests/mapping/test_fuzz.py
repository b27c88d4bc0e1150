"""A short run of the fuzz; the long one is `python -m tests.fuzz --seconds 600`."""

from __future__ import annotations

import pytest

from engine.mapping.scope import TOO_MUCH, Trouble
from tests.cost import seconds
from tests.fuzz import fuzz
from tests.mapping.build import evaluate


def test_hostile_inputs_meet_only_declared_errors_and_neither_hang_nor_swell() -> None:
    run = fuzz(seconds=6, seed=20261123)
    assert run.failures == []
    assert run.done > 200


BIG = {"rows": [{"n": number} for number in range(2_000)], "big": "长" * 900_000}


@pytest.mark.parametrize(
    "inner",
    [
        "SHA256(^.big)", "CLEAN(^.big)", "NARROW(^.big)", "LEFTBYTES(^.big, 900000)", "DIGITS(^.big)", "BYTES(^.big)",
        "URLENCODE(LEFT(^.big, 80000))", "MATCHES(LEFT(^.big, 9000), '*长*长?*长*x')", "WRITEJSON(^.rows)",
        "UNIQUE(^.rows)", "SORT(^.rows, n)", "COUNT(FILTER(^.rows, n * 1 < ^.n))", "ALLOCATE(9, ^.rows, n)",
        "TRIM(^.big)",
        "READJSON(WRITEJSON(^.rows))", "REPLACE(^.big, '长', '短')", "CONCAT(^.big, n)", "SPLIT(^.big, 'x')",
        "BASE64(^.big)", "FIND(^.big, 'x')", "TIMES(^.big, '长')", "MASK(^.big)", "XMLTEXT(LEFT(^.big, 160000))",
    ],
)  # fmt: skip
def test_work_in_every_row_ends_within_a_second(inner: str) -> None:
    """Each is dear by itself; two thousand of them are stopped by what they cost, not by a clock."""

    def work() -> None:
        try:
            evaluate(f"EACH(rows, {inner})", BIG)
        except Trouble as trouble:
            assert trouble.code in (TOO_MUCH, "too_long")

    assert seconds(work, limit=1.5) < 1.5
