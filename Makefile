# Every target a developer or operator needs; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PICTURES := home campaigns campaign campaign-summary publish distribution-tried voucher
# Races, kills and what takes the whole machine run one after the other; commands don't mind each other.
BESIDE := $(patsubst %,tests/acceptance/test_%.py,commands demo external)
ALONE := tests/races $(filter-out $(BESIDE),$(wildcard tests/acceptance/test_*.py))

.DEFAULT_GOAL := help
.PHONY: help setup run test test-slow screenshots acceptance check format bench clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv from requirements.lock, with this project in it

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: setup ## Start a server with a demo project, publish two codes, keep serving (PORT=8100: another port)
	$(BIN)/largesse demo $(if $(PORT),--port $(PORT))

test: setup ## Run the test suite but for what is slow; it starts what it needs
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: setup ## A million rows, every page in Chromium, contract fuzzing; then races and kills by themselves
	$(BIN)/python -m pytest -n auto -m slow $(ALONE:%=--ignore %)
	$(BIN)/python -m pytest -m slow $(ALONE)

screenshots: setup ## Look at every page with Chromium, and take the pictures of the docs
	$(BIN)/python -m pytest -n auto tests/browser
	mkdir -p docs/screenshots
	for name in $(PICTURES); do cp build/screenshots/desk/$$name.png docs/screenshots/; done

acceptance: setup ## Check every row of the acceptance table and write docs/acceptance.md
	$(BIN)/python -m pytest -p tests.rows.report -n auto -m row

check: setup ## Linters, formatting, types, room contracts, house rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m checks

format: setup ## Format the code and apply the linters' safe fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup ## Measure publishing, lists, bad input (QUICK=1: short, ONLY="lists": a part)
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

clean: ## Remove what was installed and built, not the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build dist
