"""From a record to a document: cells, paths, pipes, formulas, templates; compiled once, then pure.

Begin at compile.py; a cell's life is in fill.py, what a value may be in plain.py and dress.py.
"""
