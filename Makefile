# One command for everything a developer does. `make help` lists them.
# Every target that needs the environments sets them up first; once they are there, that takes a fifth of a second.

PYTHON ?= python3.11
RUN := .venv/bin/python -m
UV := .tools/uv/bin/uv
NO_PYTHON = echo "missing: Python 3.11 ('$(PYTHON)' was not found). Install it (Debian 12: \`apt-get install python3.11 python3.11-venv\`;" \
	"macOS: \`brew install python@3.11\`; anywhere: \`pyenv install 3.11\`), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

export PYTHONPATH := $(CURDIR):$(CURDIR)/edge:$(CURDIR)/client:$(CURDIR)/functions
export PYTHONUNBUFFERED := 1
# OpenBLAS' threads spin while they wait: on a busy machine one is faster than two.
export OPENBLAS_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint smoke soak bench peers doctor contract lock audit sbom docs screens app site meter operator health backup restore deploy clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## installs everything the project needs into the checkout (nothing into the system)
	@command -v $(PYTHON) >/dev/null || { $(NO_PYTHON); exit 1; }
	@$(PYTHON) -m dev.setup

demo: setup ## the product on your machine: emulators, a hub, three houses, the app  [RECORDING=FILE] [FAULT=…] [KEEP=1]
	@$(RUN) dev.demo

test: setup ## every test  [PYTEST_ARGS=…]
	@$(RUN) dev.tests $(PYTEST_ARGS)

lint: setup ## ruff, mypy, and pyright over the firmware
	@$(RUN) dev.lint

smoke: setup ## the main job without hands: a recorded day, faster than real time, read back in the browser  [RECORDING=FILE]
	@$(RUN) dev.smoke

soak: setup ## three houses, faults of every kind, hours at 60 times the clock; then all books must agree  [HOURS=1] [SEED=1] [PACED=1]
	@$(RUN) dev.soak

bench: setup ## prints a figure the project claims, beside its peers: make bench NAME=path
	@$(RUN) dev.bench "$(NAME)"

peers: setup ## installs what `make bench NAME=forecast` is measured beside (700 MB, into a folder of its own, .venv-bench)
	@$(UV) venv --quiet --allow-existing --python .venv/bin/python .venv-bench
	@$(UV) pip sync --quiet --require-hashes --python .venv-bench requirements/bench.txt

doctor: ## what is missing, and the command or package that brings it
	@command -v $(PYTHON) >/dev/null || { $(NO_PYTHON); exit 1; }
	@$(PYTHON) -m dev.doctor

contract: ## copies contract/ into the programs that deploy alone
	@$(PYTHON) -m dev.contract_copies

lock: setup ## renews the lock files after an edit of requirements/*.in, functions/requirements.in or package.json
	@$(LOCK) requirements/uv.in --output-file requirements/uv.txt
	@$(LOCK) requirements/typings.in --output-file requirements/typings.txt
	@$(LOCK) requirements/dev.in --output-file requirements/dev.txt
	@$(LOCK) requirements/bench.in --constraint requirements/dev.txt --output-file requirements/bench.txt
	@$(LOCK) requirements/edge.in --constraint requirements/dev.txt --output-file requirements/edge.txt
	@$(LOCK) requirements/client.in --constraint requirements/dev.txt --output-file requirements/client.txt
	@$(LOCK) functions/requirements.in --constraint requirements/dev.txt --output-file functions/requirements.txt
	@npm install --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
	@$(RUN) dev.npm_lock

audit: setup ## what is known to be wrong with the pinned packages; says so where it could not be asked
	@$(RUN) dev.audit

sbom: setup ## what each part is made of, as CycloneDX, into .run/sbom
	@$(RUN) dev.sbom

docs: setup ## the documentation as a site in .run/docs/html; links and anchors are checked
	@$(RUN) dev.docs

screens: setup ## screenshots of every screen, phone and desktop, light and dark
	@$(RUN) tests.browser.screens

app: setup ## the app in web-server mode, against a running stack or a real project
	@$(RUN) dev.app

site: setup ## the app as a static site: client/site for the project that FIREBASE_PROJECT names, else into the running stack
	@$(RUN) dev.site

meter: setup ## makes a meter of an ESP32: make meter WIFI=NAME HUB=HOST [PORT=/dev/ttyUSB0] [IMAGE=FILE] [ARGS="--dry-run"]
	@$(RUN) dev.meter --wifi "$(WIFI)" --hub "$(HUB)" $(if $(PORT),--port $(PORT)) $(if $(IMAGE),--image $(IMAGE)) $(ARGS)

operator: setup ## makes somebody an operator of areas: make operator EMAIL=ada@example.org AREAS="north south" (none: of none)
	@$(RUN) dev.operator "$(EMAIL)" $(AREAS)

deploy: setup ## the cloud part to a Firebase project, after a look at what it needs: make deploy PROJECT=my-project [CHECK=1] [ARGS=…]
	@$(RUN) dev.deploy "$(PROJECT)" $(if $(filter-out 0,$(CHECK)),--check) $(ARGS)

health: setup ## how every part is: functions, hubs, meters, what waits; of the running stack, or of FIREBASE_PROJECT
	@$(RUN) dev.health

backup: setup ## every document and account of the running stack, or of FIREBASE_PROJECT: make backup TO=FOLDER
	@$(RUN) dev.backup backup "$(TO)"

restore: setup ## the same back into an empty project: make restore FROM=FOLDER
	@$(RUN) dev.backup restore "$(FROM)"

clean: ## removes everything `make setup` and running stacks made, what KEEP=1 keeps too
	rm -rf .tools .venv .venv-bench functions/venv node_modules typings client/assets/fonts client/site .run
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
