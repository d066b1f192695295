# Every target sets up what it needs; a second run reuses it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup browser demo test check learn lint range page docs clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; say which Python 3.11 or later to use: make PYTHON=python3" >&2; exit 2; }
	@echo "setting up $(VENV): a minute or two"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $(READY)

browser:
	@sh tools/browser.sh

demo: setup
	$(BIN)/engrax demo

test: setup browser
	$(BIN)/python -m pytest -n 2 -m "not learn" --durations=25

check: lint
	$(BIN)/python -m pytest -n 2 -m "not learn and not slow"

learn: setup
	XLA_FLAGS= $(BIN)/python -m pytest -m learn

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

range: setup
	$(BIN)/python tools/range.py

page: setup
	$(BIN)/python tools/page.py

docs: setup
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs
	@echo "built: build/docs/index.html"

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
