# Every target sets up what it needs by itself: Bun, packages, and for tests redis-server and chromium.
# ARGS is passed on: make dev ARGS="--port 8001", make test ARGS="tests/unit".

SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/bin:$(PATH)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install dev start test test-fault check lint format bench clean

help: ## Say this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Install Bun (the pinned version) and the packages
	@scripts/setup.sh

# exec: Ctrl-C and SIGTERM reach the server itself.
dev: install ## Run the server for development: reload, text logs, 127.0.0.1:8000
	@exec bun src/main.ts --dev $(ARGS)

start: install ## Run the server
	@exec bun src/main.ts $(ARGS)

test: ## Run all tests
	@scripts/setup.sh --test
	@exec bun test $(ARGS)

test-fault: ## Run the tests of faults at length, about half an hour
	@scripts/setup.sh --test
	@exec bun run --silent test:fault $(ARGS)

check: install ## Check types, lint, and the shape of the source tree
	@exec bun run --silent check

lint: install ## Lint
	@exec bun run --silent check:lint

format: install ## Format the code, and mend what lint can mend
	@exec bun run --silent format

bench: install ## Run the benchmarks
	@exec bun run --silent bench $(ARGS)

clean: ## Remove what the other targets made: packages, tools, builds, coverage
	@rm -rf node_modules .tools dist coverage
