# Needs Python 3.11 to 3.13, git and make; everything else is installed into $(VENV) on the first call.
# Another interpreter: make test PYTHON=python3.12 VENV=.venv-3.12

VENV ?= .venv
PIP := $(VENV)/bin/python -m pip
RUN := $(VENV)/bin/python -m

# The first command that really starts a supported Python: a name on the PATH may be a wrapper that starts none.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$name && break; \
	done)

.PHONY: help demo test types suite

help:
	@echo "make demo   install moldesign and design 100 molecules into demo/"
	@echo "make test   install the developer's tools, then lint, check types and run all tests, which build the documents"

demo: $(VENV)/.installed
	rm -rf demo
	$(VENV)/bin/moldesign generate --budget 1000 --out demo
	@echo; echo "The first hits of demo/hits.csv:"; head -n 11 demo/hits.csv | cut -d, -f1-3

test: $(VENV)/.installed-dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(MAKE) --jobs 2 types suite

types:
	$(RUN) mypy

suite:
# On two cores a third process works while others wait for servers and workers that they have started; each has one
# thread: more would only wait for each other. Commands that tests run are compiled once.
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(RUN) pytest -n 3 --dist loadfile --no-loadscope-reorder

# Stamps appear only after a complete installation, so an interrupted one is taken up again by the next call.
$(VENV)/.installed: pyproject.toml
	$(create-venv)
	$(PIP) install -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(create-venv)
# Without compiling twenty thousand files of which the tests import a tenth.
	$(PIP) install --no-compile -e '.[dev]'
	@touch $(VENV)/.installed $@

define create-venv
@$(PIP) --version >/dev/null 2>&1 || { \
	test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	$(PYTHON) -m venv $(VENV); }
endef
