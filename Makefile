# The two commands that matter are `make run` and `make test`; the rest serves them.
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
NEW_ENOUGH := -c "import sys; sys.exit(sys.version_info < (3, 11))"
# The first Python that will do; PYTHON=… names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python $(NEW_ENOUGH) 2>/dev/null && { echo $$python; exit; }; done; echo python3)

# A dozen processes import the same modules: compiled again by each, a start takes half as long again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test bench bench-planning bench-sending bench-mail lint kill-test lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run  ## set up everything and run the product
	@exec $(VENV)/bin/ratify up

test: $(VENV)/.dev  ## set up everything and run all tests
	$(PY) -m slipcover -m pytest

bench: $(VENV)/.dev  ## measure the pages beside a bare Flask page, and a large import (JSON=FILE writes the figures)
	$(PY) -m benchmarks.pages $(if $(JSON),--json $(JSON))
	$(PY) -m benchmarks.imports $(if $(JSON),--json $(JSON))

bench-sending: $(VENV)/.dev  ## measure a mailing's pages while its 100,000 letters leave (JSON=FILE writes the figures)
	$(PY) -m benchmarks.sending $(if $(JSON),--json $(JSON))

bench-planning: $(VENV)/.dev  ## plan 10,000 and 100,000 letters: linear time, flat memory (JSON=FILE writes the figures)
	$(PY) -m benchmarks.planning $(if $(JSON),--json $(JSON))

bench-mail: $(VENV)/.bench  ## send letters beside smtp-source and other senders (SIZES=2,20 WORKERS=1,2 MEMORY=1 JSON=FILE)
	$(PY) -m benchmarks.mail $(if $(SIZES),--sizes $(SIZES)) $(if $(WORKERS),--workers $(WORKERS)) \
		$(if $(MEMORY),--memory) $(if $(JSON),--json $(JSON))

kill-test: $(VENV)/.dev  ## send letters while workers are killed KILLS times (default 100)
	$(PY) -m tests.kill_test --kills $(or $(KILLS),100) $(if $(DATABASE_URL),--database-url $(DATABASE_URL))

lint: $(VENV)/.dev  ## ruff, mypy --strict, import-linter, templates, messages
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint --lint --quiet templates
	$(VENV)/bin/pybabel -q extract -F babel.cfg -o $(VENV)/messages.pot .

lock:  ## renew the pinned, hashed dependencies from pyproject.toml (needs uv)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q --custom-compile-command 'make lock' pyproject.toml -o requirements.lock
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q --custom-compile-command 'make lock' --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q --custom-compile-command 'make lock' --extra bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock

clean:  ## remove the virtual environment and the local data
	rm -rf $(VENV) instance

$(PY):
	@$(PYTHON) $(NEW_ENOUGH) 2>/dev/null || { \
		echo "Ratify needs Python 3.11 or newer; $(PYTHON) here is: $$($(PYTHON) --version 2>&1 | head -n 1)." >&2; \
		echo "Install one (Debian: apt install python3 python3-venv), or name it: make run PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version): half a minute or so, once"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Renewed where the lock files have changed.
$(VENV)/.run: $(PY) requirements.lock pyproject.toml
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Installing what tests and checks need"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Who cannot have them measures without them.
$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	@echo "Installing what letters are sent with beside"
	@$(PIP) install --require-hashes -r requirements-bench.lock && touch $@ || \
		echo "Without Django and mailmerge: they could not be installed" >&2
