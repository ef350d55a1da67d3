# Everything a developer runs. `make help` lists it. Set-up happens by itself, cached outside the tree.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/shadowlift
LOCK   := $(shell sha256sum requirements/dev.txt | cut -c1-12)
VENV   := $(CACHE)/venv-$(LOCK)
PY     := $(VENV)/bin/python
export PYTHONDONTWRITEBYTECODE ?= 1
# Tests run side by side (those that mostly wait, six at a time) and keep their bytecode with the rest of the cache: half of the time would go to compiling them.
PYTEST = PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=$(CACHE)/bytecode $(PY) -m pytest -q

export PYTHONPATH := operator:.

.PHONY: help venv lock generate lint unit architecture simulation component e2e endurance test faults demo demo-canary bench-stats bench-pipeline bench-router cluster-up cluster-down cluster-status cluster-shell

help: ## what can be done
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

venv: $(VENV)/.done ## the project's Python environment
	@echo $(VENV)

# Named by the hash of what is in it, so that clones share it and a newer file of the same content makes no new one.
$(VENV)/.done:
	@PYTHON=$(PYTHON) dev/venv.sh $(VENV)

lock: ## renew the locked dependencies (needs uv)
	uv pip compile pyproject.toml --extra router --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements/runtime.txt
	uv pip compile pyproject.toml --extra router --extra plots --group dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements/dev.txt
	uv pip compile requirements/bentos.in --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements/bentos.txt
	uv pip compile requirements/bentos-build.in --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -o requirements/bentos-build.txt

generate: venv ## write all generated files
	$(PY) -m dev.generate

lint: venv ## ruff, mypy, import contracts, generated files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --cache-dir $(CACHE)/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(PY) -m dev.generate --check

# Two halves side by side: of tests that take milliseconds a scheduler between them would cost as much as it saves.
HALF = $(addprefix tests/unit/,rollout chart bentos router)
unit: venv ## every unit by itself, no process, no network: seconds
	@$(PYTEST) --timeout 60 $(filter-out $(HALF),$(wildcard tests/unit/*)) & other=$$!; \
	$(PYTEST) --timeout 60 $(HALF); code=$$?; wait $$other && exit $$code

architecture: venv ## directions of imports, shapes, texts, and whole objects against their golden files
	$(PYTEST) --timeout 60 -n 2 tests/architecture tests/golden

simulation: venv ## seeded simulations of the statistics and of a shop, and what holds for all outcomes, whatever is drawn
	$(PYTEST) --timeout 300 -n 2 tests/properties tests/simulation

component: venv ## real Envoy, recorder, SQLite and traffic on loopback; the operator's whole life behind fakes
	$(PYTEST) --timeout 300 -n 6 --dist load --maxschedchunk 1 tests/component $(wildcard tests/contract) -m "not cluster"

e2e: ## everything on a real cluster (KUBECONFIG, else the local one)
	dev/e2e.sh

endurance: ## trials too long for every change: a full spool, minutes and probabilities, every example (the local cluster)
	SHADOWLIFT_CHART_VALUES="--set router.spoolSize=4Mi" dev/e2e.sh tests/endurance

faults: ## the operator killed at every one of its writes, before it and after it: an hour or two (the local cluster)
	SHADOWLIFT_FAULTS=$${SHADOWLIFT_FAULTS:-all} dev/e2e.sh tests/e2e/faults/test_faults.py

bench-pipeline: venv ## what misleads, through recorder, evidence and verdict, some hundred times each: half an hour
	$(PY) -m dev.bench.pipeline

test: lint unit architecture simulation component e2e ## all of the above: what CI runs

demo: ## a model is promoted, another rejected, on one screen
	dev/demo.sh

demo-canary: ## canaries of a shop: one offer is promoted, one rejected, one expires
	dev/demo-canary.sh

bench-stats: venv ## every promise of the statistics against its target: minutes
	$(PY) -m dev.bench.stats

bench-router: venv ## what a router costs beside a bare Envoy: minutes
	$(PY) -m dev.bench.router

cluster-up: ## the local cluster: up (idempotent)
	$(PYTHON) -m dev.cluster up
cluster-down: ## the local cluster: down, leaving nothing
	$(PYTHON) -m dev.cluster down
cluster-status: ## the local cluster: state, memory, pods
	$(PYTHON) -m dev.cluster status
cluster-shell: ## a shell inside the local cluster's namespaces
	$(PYTHON) -m dev.cluster shell
