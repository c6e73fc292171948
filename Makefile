# make train   set up, play the preset `tiny`, print the table and the report's path
# make frontier   the preset `frontier`, at most 20 minutes of one core; the same again goes on where it was stopped
# make test    set up, run the test suite
# make check   lint, types and tests: what the continuous integration runs
# make slow    the tests that take long, part by part; make slow PART=kill plays one part
# make settings   the tables of docs/settings.md, and docs/commands.md
# make docs    the site of docs/, in build/site; warnings are errors
# make locked  set up with exactly the files of requirements.lock, by hash (Linux x86-64)
# make lock    renew requirements.lock after pyproject.toml or constraints.txt changed
# make audit   known vulnerabilities of what requirements.lock names
# make sdist   the source archive, dist/*.tar.gz
# Any of them takes PYTHON=…, which sets up the virtual environment; left out, the first supported one that is found.

PYTHONS := 3.11 3.12 3.13 3.14
SUPPORTED := 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(PYTHONS)".split())'
PYTHON ?= $(shell for name in $(PYTHONS:%=python%) python3 python; do \
	"$$name" -c $(SUPPORTED) 2> /dev/null && echo "$$name" && break; done)
VENV ?= .venv
SEED ?= 0
RUN_DIR ?= runs/$(shell date +%Y%m%d-%H%M%S)
# A run that is to go on needs a name that stays the same.
FRONTIER_DIR := $(if $(filter file,$(origin RUN_DIR)),runs/frontier-$(SEED),$(RUN_DIR))
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
# Small models and two cores: one thread a process is faster than two, and reproducible.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: train frontier test slow settings docs lint types check clean lock locked audit sdist

# The slow tests in parts; tests/test_workflows.py holds that every slow test is in exactly one.
PARTS := runs pages drills-a drills-b kill damage processes environments models sandbox installation site
SLOW_runs := tests/plugins tests/selfplay/test_metrics_dictionary.py tests/selfplay/run/test_adapt.py tests/selfplay/run/test_schedule.py tests/selfplay/run/test_served_run.py tests/selfplay/run/test_stages_and_hooks.py tests/selfplay/run/test_weight_sharing.py
SLOW_pages := tests/selfplay/report tests/selfplay/sharing tests/browser/test_review.py tests/browser/test_review_hostile.py tests/browser/test_watch.py
SLOW_drills-a := tests/selfplay/guard -k 'verifier or rate or nan'
SLOW_drills-b := tests/selfplay/guard -k 'not (verifier or rate or nan)'
SLOW_kill := tests/selfplay/run/test_kill.py
SLOW_damage := tests/selfplay/evaluations tests/selfplay/run/test_run.py tests/selfplay/run/test_updates.py tests/selfplay/run/test_sources_of_a_run.py tests/selfplay/run/questions tests/selfplay/storage tests/selfplay/commands tests/test_cli_fuzz.py
SLOW_processes := tests/selfplay/run/test_multi_process.py
SLOW_environments := tests/envs tests/selfplay/bench tests/selfplay/league tests/selfplay/run/turns
SLOW_models := tests/agents tests/interop tests/selfplay/run/test_smollm2_round.py
SLOW_sandbox := tests/verifiers
SLOW_installation := tests/test_installation.py
SLOW_site := tests/browser/test_site.py tests/test_documents.py
PART ?= $(PARTS)

train: $(VENV)/.ready
	$(BIN)/selfplay-gym train --preset tiny --seed $(SEED) --run-dir $(RUN_DIR)

frontier: $(VENV)/.ready
	$(BIN)/selfplay-gym train --run-dir $(FRONTIER_DIR) \
		$(if $(wildcard $(FRONTIER_DIR)/config.toml),--resume,--preset frontier --seed $(SEED))

test: $(VENV)/.ready-dev
	$(BIN)/pytest -n 2 -m "not slow and not gpu"

settings: $(VENV)/.ready
	$(BIN)/python docs/make_settings.py
	$(BIN)/python docs/make_commands.py

# BUILDER=linkcheck asks for every address outside the site.
BUILDER ?= html
docs: $(VENV)/.ready-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b $(BUILDER) -c docs/site -d build/doctrees docs build/site

slow: $(VENV)/.ready-dev
	$(foreach part,$(PART),$(BIN)/pytest -m slow $(SLOW_$(part)) &&) true

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy .

check: lint types test

$(VENV)/bin/python:
	@"$(PYTHON)" -c $(SUPPORTED) 2> /dev/null || { echo "'$(PYTHON)' is no Python of $(PYTHONS); name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$("$(PYTHON)" --version)."
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Set-up, 1 of 2: torch, the largest part; a minute or more."
	@$(PIP_INSTALL) torch
	@echo "Set-up, 2 of 2: what else the package needs."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.ready-docs: $(VENV)/.ready
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "Set-up: the tools of tests and checks."
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@

# What uv and pip-audit need besides the package itself; setuptools builds it.
TOOLS := setuptools>=77 pip-audit uv

lock: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet uv
	mkdir -p build
	printf '%s\n' $(foreach tool,$(TOOLS),'$(tool)') > build/tools.txt
	$(foreach version,$(PYTHONS),$(BIN)/uv pip compile --quiet pyproject.toml build/tools.txt --extra dev \
		--constraint constraints.txt --python-version $(version) --python-platform x86_64-manylinux_2_28 \
		--format pylock.toml --output-file build/pylock.$(subst .,,$(version)).toml &&) true
	$(BIN)/python .github/lock.py $(foreach version,$(PYTHONS),build/pylock.$(subst .,,$(version)).toml) > build/lock
	mv build/lock requirements.lock

locked: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(VENV)/.ready $(VENV)/.ready-docs $(VENV)/.ready-dev

audit: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip

sdist: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --sdist

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
