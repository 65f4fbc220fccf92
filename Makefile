# One word per habit. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup web remotion demo test test-slow test-all check format bench lock serve clean

help: ## this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@PYTHON=$(PYTHON) sh tools/setup.sh $(VENV)
	@touch $(STAMP)

setup: $(STAMP) ## virtual environment with the locked dependencies

demo: $(STAMP) ## make a three-camera talk and take it from raw footage to four published formats
	@$(BIN)/ruach demo

test: $(STAMP) ## the tests (under 10 minutes on 2 cores)
	@sh tools/tests.sh $(BIN)/python "not slow"

test-slow: $(STAMP) ## only the slow proofs: a full-size talk, outages, a second machine
	@sh tools/tests.sh $(BIN)/python slow

test-all: export RUACH_CHAIN_KILLS ?= 100
test-all: export RUACH_CHAOS_FAULTS ?= 300
test-all: test test-slow ## the tests and all slow proofs, with 300 faults and a hundred kills of the render chain per store

check: $(STAMP) ## architecture, types, lint, line counts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/check_tree.py

format: $(STAMP) ## let ruff put the code in shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

remotion: $(STAMP) ## Remotion's packages, for the runners `cli` and `lambda` (optional; see its licence)
	cd remotion && npm ci --ignore-scripts
	cd remotion && npm run check
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r remotion/requirements.lock

web: ## the operations page, served below /studio/ (optional; Node 20 or newer)
	cd web && npm ci --ignore-scripts
	cd web && npm run check
	cd web && npm run build

bench: $(STAMP) ## measured comparisons with what a user would take instead
	$(BIN)/python bench/assembly.py
	$(BIN)/python bench/assembly_sync.py
	$(BIN)/python bench/assembly_energy.py
	$(BIN)/python bench/assembly_angles.py
	$(BIN)/python bench/assembly_preview.py
	$(BIN)/python bench/exchange.py
	$(BIN)/python bench/render_text.py
	$(BIN)/python bench/render_loudness.py
	$(BIN)/python bench/formation_graph.py
	$(BIN)/python bench/formation_journal.py
	$(BIN)/python bench/formation_bulk.py
	$(BIN)/python bench/formation_window.py
	$(BIN)/python bench/formation_next_step.py
	$(BIN)/python bench/formation_impact.py
	$(BIN)/python bench/formation_search.py
	$(BIN)/python bench/render_speed.py --minutes 10
	$(BIN)/python bench/render_speed.py --flat
	$(BIN)/python bench/render_long.py

lock: $(STAMP) ## resolve the dependencies anew into requirements.lock
	$(BIN)/python tools/lock.py

serve: $(STAMP) ## API, workers and relay on the embedded database
	@$(BIN)/ruach serve

clean: ## remove the environment and what the demo made
	rm -rf $(VENV) .ruach out
