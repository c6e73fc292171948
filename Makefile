# make train   set up, play the preset `tiny`, print the table and the report's path
# make test    set up, run the test suite
# make check   lint, types and tests: what the continuous integration runs

PYTHON ?= python3.11
VENV ?= .venv
SEED ?= 0
RUN_DIR ?= runs/$(shell date +%Y%m%d-%H%M%S)
BIN := $(VENV)/bin
# Small models and two cores: one thread a process is faster than two, and reproducible.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: train test slow lint types check clean

train: $(VENV)/.ready
	$(BIN)/selfplay-gym train --preset tiny --seed $(SEED) --run-dir $(RUN_DIR)

test: $(VENV)/.ready-dev
	$(BIN)/pytest -n 2 -m "not slow and not gpu"

settings: $(VENV)/.ready
	$(BIN)/python docs/make_settings.py

slow: $(VENV)/.ready-dev
	$(BIN)/pytest -m slow

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy .

check: lint types test

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
