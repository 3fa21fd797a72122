# make run    the app on http://localhost:8501; PORT=8600 changes the port
# make test   everything that is checked: ruff, mypy, pytest, a browser
# make check  ruff and mypy only
# make bench  this project beside its peers, as ratios
# make campaign  random questions by the thousand, each answered twice; SEED=1 draws others
# make presets  trains anew what the page on networks opens with

PORT ?= 8501
ADDRESS ?= 127.0.0.1
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell grep '^torch==' requirements.txt)
AT_LEAST_3_11 := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3; do $$p -c '$(AT_LEAST_3_11)' 2>/dev/null && echo $$p && break; done)
PACKAGE = $(notdir $(PYTHON))-venv
APT_INSTALL := export DEBIAN_FRONTEND=noninteractive && apt-get update && apt-get install -y --no-install-recommends

.PHONY: run test check bench campaign presets browser
.DELETE_ON_ERROR:

run: $(VENV)/installed
	@$(BIN)/python -c 'import socket; socket.create_server(("$(ADDRESS)", $(PORT)))' 2>/dev/null \
		|| { echo "Port $(PORT) cannot be used: it is taken, or not allowed. Choose another: make run PORT=8600" >&2; exit 1; }
	@exec $(BIN)/python -m streamlit run app.py --server.address=$(ADDRESS) --server.port=$(PORT)

test: browser check
	$(BIN)/python tests/other_processors.py
	$(BIN)/python -m pytest -n 2 --maxschedchunk 1

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed-dev
	@for file in benchmarks/[a-z]*.py; do \
		echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

SEED ?= 0
CAMPAIGNS ?= verdicts certificates kinks

campaign: $(VENV)/installed-dev
	@for name in $(CAMPAIGNS); do \
		echo "== $$name"; $(BIN)/python -m benchmarks.campaigns.$$name $(SEED) || exit 1; done

presets: $(VENV)/installed
	$(BIN)/python -m pages.shared.stored
	$(BIN)/python -m pages.shared.networks_example

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it: apt-get install python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
		then $(APT_INSTALL) $(PACKAGE); \
		else echo "Python's venv module is missing; install it: apt-get install $(PACKAGE)" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)

# torch first and alone, from an index of CPU builds: the index of all other packages may only have a
# build of several GB with CUDA. Whatever the first line could not fetch, the second does.
$(VENV)/installed: requirements.txt | $(BIN)/python
	$(PIP) install --no-deps --timeout 5 --retries 0 --index-url $(TORCH_INDEX) $(TORCH) \
		|| echo "$(TORCH_INDEX) has not answered with torch; going on without it."
	$(PIP) install $(TORCH)
	grep -v -e '^--extra-index-url' -e '^torch==' requirements.txt > $(VENV)/requirements.txt
	$(PIP) install -r $(VENV)/requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(PIP) install -r requirements-dev.txt
	touch $@

# Chromium, a font for it, and the one library that Playwright's driver needs beyond the base system.
BROWSER := chromium fonts-liberation libatomic1

browser: $(VENV)/installed-dev
	@command -v chromium >/dev/null && $(BIN)/python -m playwright --version >/dev/null 2>&1 || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(APT_INSTALL) $(BROWSER); \
		else echo "The browser tests need more; install it: apt-get install $(BROWSER)" >&2; exit 1; fi
