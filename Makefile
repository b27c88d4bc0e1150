# The same commands as dj.py, for hands that type make. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

help: ## show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: ## prepare .venv with everything needed to work on Duijie
	@$(PYTHON) dj.py setup

demo: ## watch orders cross a bad network, once each
	@$(PYTHON) dj.py demo

test: ## ruff, mypy and every test
	@$(PYTHON) dj.py test

check: setup ## ruff, mypy and the shipped schemes, without the tests
	@$(BIN)/python -m ruff check
	@$(BIN)/python -m mypy
	@$(BIN)/duijie check $(filter-out %.test.yaml,$(wildcard flows/*.yaml))

lock: ## make requirements/*.txt anew from pyproject.toml (needs uv)
	@uv pip compile $(LOCK) --extra postgres -o requirements/run.txt pyproject.toml
	@uv pip compile $(LOCK) --extra dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml

editor: ## bundle the scheme editor anew (needs Node.js and npm)
	@cd webui/editor && npm ci --no-audit --no-fund && npm run build

.PHONY: help setup demo test check lock editor
