# make demo: the main job on the embedded sandbox. make test: everything that proves it.
# make unit: of the tests those without server, lake or Dagster, in less than a minute.
# make examples: dbt, in an environment of its own, reads a lake; downloads.
# make clients: clients that others wrote read the sandbox to the same rows.
# make torture MINUTES=10: faults, lies and kill -9 until the time is over; SEED=N begins likewise.
# make install-check: the core alone in a clean environment, used by a foreign project; downloads.
# make lowest: the main job with the lowest versions that pyproject.toml allows, which are downloaded.
# make browser: a headless Chromium clicks through the UI; not part of make test, for its time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo dev test unit lowest browser examples clients install-check torture lint format clean
.DELETE_ON_ERROR:

demo: $(VENV)/run.stamp
	$(BIN)/python -m zd_assets.cli.demo run

dev: $(VENV)/run.stamp
	$(BIN)/python -m zd_assets.cli.demo ui

test: lint
	$(BIN)/pytest

unit: $(VENV)/dev.stamp
	$(BIN)/pytest -m unit

# As a user has it: from a wheel, in a folder without the source.
LOWEST := .venv-lowest
lowest:
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(LOWEST)/constraints.txt '.[demo,deploy]'
	mkdir $(LOWEST)/job
	cd $(LOWEST)/job && ../bin/zd-assets demo run --days 2

examples: $(VENV)/dev.stamp
	$(BIN)/pytest -n 0 -m downloads

browser: $(VENV)/dev.stamp
	$(BIN)/pytest -n 0 -m browser -rs

clients: $(VENV)/run.stamp
	$(BIN)/python -m zd_assets_tests.clients

install-check: $(VENV)/run.stamp
	$(BIN)/python -m zd_assets_tests.install

MINUTES ?= 10
torture: $(VENV)/dev.stamp
	$(BIN)/python -m zd_assets_tests.torture --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(LOWEST) data/demo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name it: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/run.stamp
