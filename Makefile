# Labor Ledger. Bare `make` prints this list. Everything that needs the environment makes it first.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
# Nothing is written outside the checkout, caches included.
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export UV_PYTHON_DOWNLOADS := never
export PIP_NO_CACHE_DIR := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DO_NOT_TRACK := 1
export DAGSTER_DISABLE_TELEMETRY := 1

SOURCES ?= sample
PORT ?= 3000

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

#### Set-up ####

.PHONY: setup
setup: $(STAMP) ## the environment in .venv, from requirements.lock; nothing when it is up to date

$(STAMP): requirements.lock requirements-setup.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "make: no Python 3.11, 3.12 or 3.13 found; install one, or say make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@echo "setting up $(VENV) with $$($(PYTHON) --version) (about 20 s, once)"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "make: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-setup.lock
	@$(BIN)/uv pip sync --quiet --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: $(STAMP) ## requirements.lock anew from pyproject.toml (hashes, no host)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate requirements-setup.in -o requirements-setup.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock
