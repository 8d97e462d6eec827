UV ?= $(shell command -v uv || echo .uv/bin/uv)

.PHONY: help check format lint types contracts migrations supply clients test bench schemathesis

help:  ## list the targets
	@awk -F ":.*## " "/^[a-z]+:.*## / {printf \"%-12s %s\\n\", \$$1, \$$2}" $(MAKEFILE_LIST)

check: lint types contracts migrations supply test  ## everything CI runs

format:  ## rewrite the code in the house style
	$(UV) run --locked ruff format .
	$(UV) run --locked ruff check --fix .

lint:  ## style and banned calls
	$(UV) run --locked ruff format --check .
	$(UV) run --locked ruff check .

types:  ## mypy, strict
	$(UV) run --locked mypy

contracts:  ## import layers
	$(UV) run --locked lint-imports

migrations:  ## models and migrations agree
	$(UV) run --locked pytest -q tests/db/test_migrations.py

supply:  ## licences, start-up files and known vulnerabilities of what is installed; STRICT=1 to need an answer
	$(UV) run --locked python -m tools.supply --uv "$(UV)" $(if $(STRICT),--strict)

clients:  ## the clients that tests/clients runs: Python ones in environments of their own, npm's with node
	for name in agents instructor; do \
	  UV_PROJECT_ENVIRONMENT="$(CURDIR)/.clients/$$name" $(UV) sync --quiet --locked --compile-bytecode \
	    --project tests/clients/python/$$name || exit 1; \
	done
	npm ci --silent --no-audit --no-fund --prefix tests/clients/node

test:  ## the whole suite
	$(UV) run --locked pytest

bench:  ## the gateway benchmark, side by side with a peer
	$(UV) run --locked python -m benchmarks.gateway

schemathesis:  ## everything that the API's description allows and forbids is tried; CASES=1000 for each operation
	$(UV) run --locked python -m benchmarks.api_contract --cases $(or $(CASES),1000)
