# `make demo` and `make test` do all set-up by themselves, from a clone, on Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Programs that processing uses when they are there: OCR, RAR.
TOOLS := tesseract-ocr tesseract-ocr-deu libarchive-tools unar
TOOLS_STAMP := $(VENV)/.tools

.PHONY: install demo firm test faults check format bench services services-down clean

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Installed where we may; nothing fails without them, and `ediscovery doctor` says what they cost.
$(TOOLS_STAMP): | $(STAMP)
	@if dpkg -s $(TOOLS) >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing optional programs: $(TOOLS)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y -o DPkg::Lock::Timeout=120 \
			--no-install-recommends $(TOOLS) >/dev/null || echo "They could not be installed."; \
	else echo "Optional, for OCR and RAR: sudo apt-get install $(TOOLS)"; fi
	@touch $@

install: $(STAMP) $(TOOLS_STAMP)

demo: $(STAMP) $(TOOLS_STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" sh samples/demo.sh

# A firm's deployment on this machine: servers, a cluster, the sample, the same answers, all down.
firm: $(STAMP) $(TOOLS_STAMP)
	$(BIN)/python -m tests.firm

# Real servers for the tests that need them; without these such tests are left out and say so.
services:
	$(PYTHON) -m tests.services up

services-down:
	$(PYTHON) -m tests.services down

# Servers named in the environment are used, else those that `make services` started.
test: $(STAMP) $(TOOLS_STAMP)
	@env | grep -q '^EDISCOVERY_TEST_[A-Z0-9_]*=[a-z]*://' || eval "$$($(PYTHON) -m tests.services env)"; \
	$(BIN)/pytest -n 3 --dist worksteal

# Servers, workers, connections, disks and clocks fail in the middle of the work.
faults: $(STAMP) $(TOOLS_STAMP)
	@env | grep -q '^EDISCOVERY_TEST_[A-Z0-9_]*=[a-z]*://' || eval "$$($(PYTHON) -m tests.services env)"; \
	$(BIN)/pytest -m fault

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m docs.generate --check

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
