# The commands of the project; docs/operations.md says more about running it.
# `make setup` needs Python 3.11 to 3.14 and make; it uses uv where that is present, else venv and pip.

PYTHONS := python3.13 python3.12 python3.11 python3.14 python3 python
BIN := .venv/bin
READY := .venv/.ready
PAGE := webapp_api/miniapp/built/.stamp

# Two tests at a time (one: make test ARGS="-n 0").
# They start many servers, each of which would compile everything again where bytecode may not be written.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup run test history soak-feed soak-bot soak-settlement soak load check lint bench screens fuzz fuzz-api audit-dependencies lock

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(READY) $(PAGE) ## install everything that the locks name into .venv
	@:

run: setup ## the exchange on http://127.0.0.1:8080 (more options: make run ARGS="--port 9000")
	@exec $(BIN)/clobster run $(ARGS)

test: setup ## the whole test suite (a part of it: make test ARGS=tests/engine)
	@$(PYTEST) $(ARGS)

history: setup ## the timing of pages at ten million rows, which takes some minutes and 3 GB
	@CLOBSTER_TEST_ROWS=10000000 $(BIN)/pytest tests/data/store/test_history.py

postgres: setup ## the edge, the bot and whole runs again, on a real PostgreSQL (the store's tests play on it always)
	@CLOBSTER_TEST_DATABASE=postgres $(PYTEST) tests/webapp_api tests/bot \
		tests/e2e/test_bot.py tests/e2e/test_deposits.py tests/e2e/test_money_through_the_house.py \
		tests/e2e/test_solvency.py tests/e2e/test_withdrawals.py $(ARGS)

soak-feed: setup ## the recordings whole, at every pace, through the real client to our books: 14 minutes
	@CLOBSTER_TEST_SOAK_FEED=1 $(BIN)/pytest -s tests/data/binance/test_replay.py \
		tests/e2e/test_quotes_follow_binance.py $(ARGS)

soak-bot: setup ## 5,000 notices through the bot at Telegram's pace, with errors and a restart: 4 minutes
	@CLOBSTER_TEST_SOAK_BOT=1 $(BIN)/pytest -s tests/bot/test_queue.py -k thousands $(ARGS)

soak-settlement: setup ## 10,000 trades settled through every fault of the localnet and 50 restarts (another play of it: SEED=8)
	@CLOBSTER_TEST_SOAK_SETTLEMENT=$(or $(SEED),7) $(BIN)/pytest --durations=3 \
		tests/data/solana/settlement/test_settling.py -k whenever_we_die $(ARGS)

check: lint test ## what CI runs: lint, format, types, layers, tests

lint: setup ## the checks that run nothing: lint, format, types, layers
	@$(call step,ruff check,$(BIN)/ruff check .)
	@$(call step,ruff format,$(BIN)/ruff format --check .)
	@$(call step,mypy,$(BIN)/mypy)
	@$(call step,lint-imports,$(BIN)/lint-imports)
	@$(call step,tsc,$(BIN)/python hatch_build.py tsc)

bench: setup ## every benchmark: a table on the screen, JSON under var/bench
	@$(BIN)/python -m benchmarks $(ARGS)

load: setup ## a mixed population uses an exchange for five minutes; the report is var/load/report.html (ARGS="--rate 500")
	@$(BIN)/python -m benchmarks.load $(ARGS)

soak: setup ## the same for half an hour, at a rate of your choice (RATE=250): memory and latency must stay flat
	@$(BIN)/python -m benchmarks.load --seconds 1800 --flat --rate $(or $(RATE),250) --report var/load/soak.html $(ARGS)

screens: setup ## pictures of every screen of the page, in var/screens
	@$(BIN)/python -m tests.page.screens

fuzz-api: setup ## ask a fresh exchange everything its description allows and forbids (requests an operation: ARGS=500)
	@$(BIN)/python -m tests.e2e.fuzz $(ARGS)

fuzz: setup ## every decoder for a minute each, by another play each time (longer: SECONDS=600; again: SEED=8)
	@CLOBSTER_TEST_FUZZ_S=$(or $(SECONDS),60) CLOBSTER_TEST_FUZZ_SEED=$(or $(SEED),$$(date +%s)) $(PYTEST) tests/fuzz $(ARGS)

audit-dependencies: ## known weaknesses in what the locks name, by pip-audit (asks the internet)
	@python3 -m venv var/pip-audit && var/pip-audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	@var/pip-audit/bin/pip-audit --disable-pip --require-hashes -r requirements.lock

lock: ## remake the locks from pyproject.toml (needs uv)
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

COMPILE = uv pip compile --quiet --upgrade --all-extras --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# One line for a step that is fine, everything that it said for one that is not.
step = said=$$($(2) 2>&1) && echo "ok      $(1)" || { printf '%s\n' "$$said"; echo "FAILED  $(1)"; exit 1; }

# A Python may be on the path and still not run (pyenv's shims), so each candidate is tried.
USABLE = -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1

$(READY): requirements-dev.lock pyproject.toml package-lock.json hatch_build.py
	@set -e; \
	if ! $(BIN)/python $(USABLE); then \
	  for python in $(PYTHONS) none; do if $$python $(USABLE); then break; fi; done; \
	  if [ $$python != none ]; then python=$$(command -v $$python); \
	  elif command -v uv >/dev/null; then python=3.13; \
	  else echo "Clobster needs Python 3.11 to 3.14, and none of these runs: $(PYTHONS)" >&2; exit 1; fi; \
	  rm -rf .venv; \
	  if command -v uv >/dev/null; then uv venv --quiet --python $$python .venv; else $$python -m venv .venv; fi; \
	fi; \
	echo "Installing into .venv ($$($(BIN)/python -V)) ..."; \
	if command -v uv >/dev/null; then pip="uv pip install --quiet --python $(BIN)/python"; \
	else \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	  pip="$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input"; \
	fi; \
	$$pip --require-hashes -r requirements-dev.lock; \
	$$pip --no-deps --no-build-isolation -e .; \
	$(BIN)/python hatch_build.py install >/dev/null; \
	touch $@

$(PAGE): $(READY) $(shell find webapp_api/miniapp webapp_api/admin_page webapp_api/wallet_page -path '*/built*' -prune -o -name '*.js' -print -o -name '*.css' -print)
	@$(BIN)/python hatch_build.py build
