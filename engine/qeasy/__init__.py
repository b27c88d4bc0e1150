"""Metadata of 轻易云 schemes into schemes of ours: pure, from JSON to YAML text and a report.

    expression.py  the MySQL expressions behind `_function`, as trees; lexer.py, parser.py read them
    formula.py     such a tree as a formula of ours; functions.py knows what each MySQL function is here
    words.py       what a `value` says: a literal, `{{…}}`, an expression, a lookup
    fields.py      field objects, in whatever form they come, as one tree
    source.py, target.py, shaping.py, …     the two sides
    ledger.py      every key of the metadata and what became of it: none is dropped
    importing.py   all of it together

A key nobody could translate stays in the scheme, as a 待办 where it belongs and word for word under `x-qeasy`.
"""
