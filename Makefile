.PHONY: help check format lint types contracts migrations test bench

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-12s %s\n", $$1, $$2}'

check: lint types contracts migrations test  ## everything CI runs

format:  ## rewrite the code in the house style
	uv run ruff format .
	uv run ruff check --fix .

lint:  ## style and banned calls
	uv run ruff format --check .
	uv run ruff check .

types:  ## mypy, strict
	uv run mypy

contracts:  ## import layers
	uv run lint-imports

migrations:  ## models and migrations agree
	uv run pytest -q tests/db/test_migrations.py

test:  ## the whole suite
	uv run pytest

bench:  ## the gateway benchmark, side by side with a peer
	uv run python -m benchmarks.gateway
