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
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { echo "make: $(PYTHON) has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-setup.lock
	@$(BIN)/uv pip sync --quiet --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -W ignore -c 'import orchestration.defs.dbt'  # dbt's manifest, so that the first run need not wait
	@touch $@

.PHONY: lock
lock: $(STAMP) ## requirements.lock anew from pyproject.toml (hashes, no host)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate requirements-setup.in -o requirements-setup.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev --extra ray pyproject.toml -c requirements.lock -o requirements-ray.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev --group store --extra s3 pyproject.toml -c requirements.lock -o requirements-s3.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --group dev --group store --extra lake pyproject.toml -c requirements.lock -o requirements-lake.lock

.PHONY: setup-system
setup-system: ## (root, Debian) Chromium, WordPress and PostgreSQL for the tests that look at real ones
	@command -v apt-get >/dev/null || { echo "make: setup-system needs Debian's apt-get; install chromium, wordpress and postgresql by hand" >&2; exit 1; }
	@[ "$$(id -u)" = 0 ] || { echo "make: setup-system installs Debian packages: run it as root" >&2; exit 1; }
	@missing=$$(for p in $$(grep -v '^#' requirements-system.txt); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	if [ -n "$$missing" ]; then apt-get update -q && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; fi

.PHONY: setup-drivers
setup-drivers: $(STAMP) ## venvs with other DuckDB versions in .venvs, for the tests that open the published file with them
	@$(BIN)/python -m tests.drivers

.PHONY: hooks
hooks: $(STAMP) ## the checks before each commit (local hooks only)
	$(BIN)/pre-commit install

#### Run ####

.PHONY: run
run: $(STAMP) ## the whole pipeline on the embedded sample outlet: scrape, extract, build, check, publish
	@$(BIN)/laborledger run --sources sample

.PHONY: ui
ui: $(STAMP) ## the Dagster UI on http://127.0.0.1:3000 (SOURCES=live for the real outlets, PORT=...)
	@exec $(BIN)/laborledger ui --sources $(SOURCES) --port $(PORT)

.PHONY: report
report: $(STAMP) ## the report on the sample as one HTML page, with its charts as SVG and PNG (HOME_DIR=folder for another home)
	@[ -e "$(or $(HOME_DIR),warehouse/sample)/published/labor_ledger.duckdb" ] || $(BIN)/laborledger run --sources sample
	@$(BIN)/laborledger report --home $(or $(HOME_DIR),warehouse/sample)

.PHONY: export
export: $(STAMP) ## the published tables as CSV and Parquet with a datapackage.json: make export DIR=folder (HOME_DIR=folder for another home)
	@[ -n "$(DIR)" ] || { echo "make export: say DIR=folder" >&2; exit 2; }
	@$(BIN)/laborledger export "$(DIR)" $(if $(HOME_DIR),--home $(HOME_DIR))

SUPERSET := .venvs/superset
FILE ?= $(firstword $(wildcard warehouse/live/published/labor_ledger.duckdb warehouse/sample/published/labor_ledger.duckdb))

$(SUPERSET)/.up-to-date: $(STAMP) requirements-superset.lock
	@echo "setting up Superset in $(SUPERSET) (about a minute, once)"
	@[ -x $(SUPERSET)/bin/python ] || $(PYTHON) -m venv --clear $(SUPERSET)
	@$(BIN)/uv pip sync --quiet --python $(SUPERSET)/bin/python --require-hashes requirements-superset.lock
	@touch $@

.PHONY: superset
superset: $(SUPERSET)/.up-to-date ## Superset with the ledger's dashboard on http://127.0.0.1:8088 (FILE=published file, PORT=...)
	@exec $(SUPERSET)/bin/python warehouse/bi/superset/serve.py "$(or $(FILE),warehouse/sample/published/labor_ledger.duckdb)" --kept-in .cache/superset --port $(if $(filter 3000,$(PORT)),8088,$(PORT))

.PHONY: outlet
outlet: $(STAMP) ## the sample outlet alone, to look at it in a browser
	@exec $(BIN)/python -m orchestration.sample_outlet

#### Check ####

.PHONY: check
check: $(STAMP) ## lint, format, types, layers, Dagster definitions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/dg check defs

.PHONY: test
test: $(STAMP) ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: test-wordpress
test-wordpress: $(STAMP) ## the suite against a real WordPress on loopback (root; `make setup-system` brings it)
	LABORLEDGER_WORDPRESS=1 $(BIN)/python -m pytest -n 0 tests/wordpress

.PHONY: test-superset
test-superset: $(SUPERSET)/.up-to-date ## every chart of the Superset dashboard, in a real Superset and Chromium
	LABORLEDGER_SUPERSET_TESTS=1 $(BIN)/python -m pytest -n 0 tests/superset

.PHONY: test-deploy
test-deploy: $(STAMP) ## the image's build in a bare Debian and its three processes in it (root; `make setup-system` brings debootstrap)
	$(BIN)/python -m tests.deploy.image
	LABORLEDGER_DEPLOY_TESTS=1 $(BIN)/python -m pytest -n 0 tests/deploy

# Environments of their own for what few need, each with its lock.
.venvs/ray/.up-to-date .venvs/s3/.up-to-date .venvs/lake/.up-to-date: .venvs/%/.up-to-date: $(STAMP) requirements-%.lock
	@echo "setting up .venvs/$* (about a minute, once)"
	@[ -x .venvs/$*/bin/python ] || $(PYTHON) -m venv --clear .venvs/$*
	@$(BIN)/uv pip sync --quiet --python .venvs/$*/bin/python --require-hashes requirements-$*.lock
	@$(BIN)/uv pip install --quiet --python .venvs/$*/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test-ray
test-ray: .venvs/ray/.up-to-date ## `read --engine ray` on a cluster of two workers of this machine
	LABORLEDGER_RAY=1 .venvs/ray/bin/python -m pytest -n 0 tests/ray

.PHONY: test-lake
test-lake: .venvs/lake/.up-to-date ## a warehouse that many write to: DuckLake in PostgreSQL (root, `make setup-system`) and an object store on loopback
	LABORLEDGER_LAKE_TESTS=1 .venvs/lake/bin/python -m pytest -n 0 tests/lake

.PHONY: test-s3
test-s3: .venvs/s3/.up-to-date ## `read s3://...` from an object store on loopback
	LABORLEDGER_S3=1 .venvs/s3/bin/python -m pytest -n 0 tests/s3

.PHONY: score
score: $(STAMP) ## the extractor on the sample and on fresh articles (PIN=1 writes quality.json, MISSES=1 lists misses, GOLD="FOLDER ..." others)
	@$(BIN)/python -m tests.gold.pin $(if $(PIN),--pin $(PIN)) $(if $(MISSES),--misses) $(if $(GOLD),--gold $(GOLD))

.PHONY: bench
bench: $(STAMP) ## articles a second, start and memory of `extract` (ONLY=world, SECONDS=2, JSON=1)
	@$(BIN)/python -m benchmarks $(addprefix --only ,$(ONLY)) --seconds $(or $(SECONDS),2) $(if $(JSON),--json)

FUZZ := .venvs/fuzz

$(FUZZ)/.up-to-date: $(STAMP) requirements-fuzz.txt
	@$(BIN)/python -m venv --clear $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet -r requirements-fuzz.txt || echo "make: no atheris for this machine"
	@touch $@

.PHONY: fuzz
fuzz: $(FUZZ)/.up-to-date ## made-up texts through the extractor for MINUTES=10; what breaks is kept in .cache/fuzz
	@PYTHONPATH=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
	  $(FUZZ)/bin/python -m tests.fuzz --minutes $(or $(MINUTES),10)

.PHONY: page
page: $(STAMP) ## save a live page as a test case: make page SOURCE=dailynk-en URL=https://...
	@[ -n "$(SOURCE)" ] && [ -n "$(URL)" ] || { echo "make page: say SOURCE=id and URL=address" >&2; exit 2; }
	@$(BIN)/python -m tests.save_page $(if $(SOURCES_FILE),--sources $(SOURCES_FILE)) '$(SOURCE)' '$(URL)'

#### The reader ####

TRAIN := .venvs/train

.PHONY: setup-train
setup-train: $(TRAIN)/.up-to-date ## torch and the base model in .venvs/train, for the targets below

$(TRAIN)/.up-to-date: requirements-train.txt
	@[ -x $(TRAIN)/bin/python ] || $(PYTHON) -m venv --clear $(TRAIN)
	@$(TRAIN)/bin/python -m pip install --quiet -r requirements-train.txt
	@touch $@

.PHONY: train
train: setup-train ## the reader anew from training/articles (about 40 minutes on two cores)
	$(TRAIN)/bin/python -m training train

.PHONY: crossval
crossval: setup-train ## each newsroom scored by a reader that has not seen it (ROOMS="t1 t2" for some)
	$(TRAIN)/bin/python -m training crossval $(if $(ROOMS),--newsrooms $(ROOMS))

.PHONY: distil
distil: setup-train ## (GPU) the reader taught by a larger one: TEACHER=folder of all-mpnet-base-v2, SAVE=folder
	@[ -d "$(TEACHER)" ] && [ -n "$(SAVE)" ] || { echo "make distil: say TEACHER=folder of all-mpnet-base-v2 and SAVE=folder" >&2; exit 2; }
	$(TRAIN)/bin/python -m training distil --teacher-base $(TEACHER) --save $(SAVE) --epochs 61 --teacher-epochs 24 --rate 5e-4 --twice t43 t44 t45 t46
	$(TRAIN)/bin/python -m training export --weights $(SAVE)/weights-*

.PHONY: endurance
endurance: $(STAMP) ## the long campaigns, hours in all: kills of publishing, backups, runs and a server (KILLS=200, SEED=7), troubled machines (root), readers (PUBLISHES=200), polls (POLLS=500)
	LABORLEDGER_KILLS=$(or $(KILLS),200) $(BIN)/python -m pytest -n 2 --dist loadfile tests/test_publish.py tests/test_pipeline.py tests/test_backup.py -k killed
	LABORLEDGER_KILLS=$(or $(KILLS),200) LABORLEDGER_SEED=$(or $(SEED),7) $(BIN)/python -m pytest -n 0 -s tests/test_recovery.py tests/test_troubled_machine.py tests/test_serving.py
	LABORLEDGER_PUBLISHES=$(or $(PUBLISHES),200) $(BIN)/python -m pytest -n 0 -s tests/test_published_readers.py
	LABORLEDGER_POLLS=$(or $(POLLS),500) $(BIN)/python -m pytest -n 0 -s tests/test_endless_polls.py

.PHONY: clean
clean: ## what was built from the sample outlet (warehouse/live is kept)
	rm -rf warehouse/sample dbt_project/target
