# Yiwang 一网 — `make help` is the one door. Every CI step is a target here.
SHELL       := /bin/bash
.DEFAULT_GOAL := help
PYTHON      ?= python3
VENV        := .venv
BIN         := $(VENV)/bin
STAMP       := $(VENV)/.ready
CACHE       ?= $(HOME)/.cache/yiwang
LANE        := $(BIN)/python tests/support/lane.py
export UV_CACHE_DIR ?= $(CACHE)/uv
export PIP_DISABLE_PIP_VERSION_CHECK = 1

##@ Start here
help: ## show this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/bootstrap.lock requirements/dev.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "需要 Python ≥ 3.11 / Python ≥ 3.11 is needed, found %d.%d. Next: make PYTHON=python3.11 $(MAKECMDGOALS)" % sys.version_info[:2])'
	@echo "› virtual environment from requirements/dev.lock (hash-checked)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

venv: $(STAMP) ## make .venv from the hash-locked requirements

up: $(STAMP) ## control, province, city and county from one definition (MONITORING=1: Prometheus beside them); a second run changes nothing
	@$(BIN)/yiwang up
	@$(if $(MONITORING),$(BIN)/yiwang monitor up)

status: $(STAMP) ## what runs where, proven when
	@$(BIN)/yiwang status

down: $(STAMP) ## stop everything that `make up` started; data stays
	@$(BIN)/yiwang down

demo: up ## `make up`, then 100,000 invented orders over the three sites (YIWANG_ORDERS=…)
	@$(BIN)/yiwang demo --orders $${YIWANG_ORDERS:-100000}

# Browser tests that start sites of their own run beside those that need three real ones.
OWN_SITES   := $(addprefix tests/browser/test_,topics.py indicator_pages.py management_centre.py)

##@ Work on it
test: $(STAMP) ## the fast lane: unit, contract, golden, architecture, integration (≤ 8 min)
	@$(LANE) test 480 -- $(BIN)/python -m pytest -q -n 3 --dist loadscope tests/unit tests/contract tests/golden tests/architecture tests/integration

test-api: $(STAMP) ## schemathesis at every documented operation, as visitor and as each role (≤ 4 min)
	@$(LANE) test-api 240 -- $(BIN)/python -m pytest -q tests/api

test-rights: $(STAMP) ## 5,000 questions about rights to the hub and to OpenFGA, no answer may differ (≤ 3 min)
	@$(LANE) test-rights 180 -- $(BIN)/python -m pytest -q -n 2 tests/rights

test-browser: $(STAMP) ## the console in Debian's Chromium on three sites (≤ 8 min)
	@$(LANE) test-browser 480 -- $(BIN)/python tests/support/beside.py \
		"$(BIN)/python -m pytest -q $(OWN_SITES)" \
		"$(BIN)/python tests/support/with_sites.py -- $(BIN)/python -m pytest -q tests/journey tests/browser $(OWN_SITES:%=--ignore=%)"

test-monitoring: $(STAMP) ## rules by promtool, real Prometheus and Alertmanager beside three sites (≤ 8 min)
	@$(LANE) test-monitoring 480 -- $(BIN)/python tests/support/with_sites.py -- $(BIN)/python -m pytest -q tests/monitoring

test-inspect: $(STAMP) ## faults planted at real sites are found, closed by a retest, reported and ordered (≤ 7 min)
	@$(LANE) test-inspect 420 -- $(BIN)/python tests/support/with_sites.py -- $(BIN)/python -m pytest -q -rA tests/inspection

reliability: $(STAMP) ## rollouts while orders flow; beside them crash seeds of the exchange, backup and restore (≤ 10 min)
	@$(LANE) reliability 600 -- $(BIN)/python tests/support/beside.py \
		"sh -c '$(BIN)/python -m pytest -q tests/reliability/test_exchange_seeds.py && $(BIN)/python tests/support/with_sites.py -- $(BIN)/python -m pytest -q tests/reliability/test_backup_and_restore.py'" \
		"$(BIN)/python tests/support/with_sites.py -- $(BIN)/python -m pytest -q tests/reliability/test_rollouts.py"

SCAN_STAMP := .venv-scan/.ready
$(SCAN_STAMP): $(STAMP) requirements/scan.lock
	@test -x .venv-scan/bin/python || $(PYTHON) -m venv .venv-scan
	@$(BIN)/uv pip sync --quiet --python .venv-scan/bin/python --require-hashes requirements/scan.lock
	@touch $@

scan: $(SCAN_STAMP) ## bandit, ruff's security rules, secrets, licences, advisories (SCAN_FEED=file) with dated waivers (≤ 2 min)
	@$(LANE) scan 120 -- env PYTHONPATH=tests $(BIN)/python tests/support/scan.py

soak: $(STAMP) ## more seeds of the exchange: YIWANG_SEEDS=500 make soak
	@YIWANG_SEEDS=$${YIWANG_SEEDS:-500} $(BIN)/python -m pytest -q tests/reliability/test_exchange_seeds.py

lint: $(STAMP) ## ruff, import contracts, emitted files up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/yiwang render --check

types: $(STAMP) ## mypy: strict on the platform and the kit
	@$(BIN)/mypy

render: $(STAMP) ## write everything that is emitted from the definition
	@$(BIN)/yiwang render

golden: $(STAMP) ## update the goldens; review and commit the diff
	@$(BIN)/python tests/golden/update.py

bench: $(STAMP) ## measure what docs/reference/measurements.md states
	@$(BIN)/python tests/bench/measure.py

docs: $(STAMP) ## emitted reference pages, and the tests of the docs
	@$(BIN)/yiwang render
	@$(BIN)/python -m pytest -q tests/architecture

lock: $(STAMP) ## resolve the locks again (hashes, no registry addresses)
	@$(BIN)/python tests/support/lock.py

.PHONY: help venv up status down demo test test-api test-rights test-browser test-monitoring test-inspect reliability scan soak lint types render golden bench docs lock
