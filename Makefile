# Habar needs Python 3.11 or newer, make and pip; nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

LOCK := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
  --no-header --no-emit-index-url --no-emit-find-links pyproject.toml --extra build

.PHONY: help install install-dev run simulate docs reference test test-browser pictures test-faults check bench format lock

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed ## Make .venv from the lock

install-dev: $(VENV)/.installed-dev ## The same, with the tools the tests need

run: install ## A gateway on 127.0.0.1:8080 with SQLite; the dummy provider unless one is set
	@if [ -f .env ] || [ -n "$$SMS_PROVIDER" ]; then $(BIN)/habar serve; \
	else SMS_DUMMY=true $(BIN)/habar serve; fi

simulate: install ## The four providers' stand-ins on 127.0.0.1:9090
	$(BIN)/habar simulate

docs: install-dev ## A site of the documents, in build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

reference: install-dev ## docs/reference.md, made anew from the OpenAPI document
	$(BIN)/python -m tests.reference

test: install-dev ## Everything CI runs
	$(MAKE) --no-print-directory check
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

test-browser: install-dev ## The pages in Chromium, if it is installed (Debian: apt install chromium)
	$(BIN)/pytest tests/browser

pictures: install-dev ## The pictures of docs/dashboard.md, made anew
	HABAR_PICTURES=docs/pictures $(BIN)/pytest tests/browser -k pictures

test-faults: install-dev ## Kills, cuts, crashes and stops of real processes; takes about twenty minutes
	$(BIN)/pytest tests/faults

check: install-dev ## Format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@! grep -nE '://|--(extra-)?index-url|--find-links' requirements*.lock

bench: install-dev ## The figures of benchmarks/README.md; takes minutes
	$(BIN)/python benchmarks/figures.py

format: install-dev ## Put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Resolve the locks again (needs uv)
	$(LOCK) -o requirements.lock
	$(LOCK) --extra otel -c requirements.lock -o requirements-otel.lock
	$(LOCK) --extra otel --extra docs --extra dev -c requirements.lock -o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Habar needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "This Python has no venv; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.installed: $(VENV)/bin/python requirements.lock pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
