# heedful: what people and CI run. `make` alone lists it.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: help env demo test lint types docs bench fuzz crash look clean

help:  ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

env: $(STAMP)  ## create .venv with everything that the other commands need

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --constraint constraints.txt --requirement requirements-dev.txt --editable .
	$(BIN)/python -c "from heedful.sources.packaged import vocabulary; vocabulary().index"
	@touch $(STAMP)

demo: $(STAMP)  ## simulate a town, run the whole loop on it, print where its page lies
	$(BIN)/heedful demo

test: $(STAMP) lint  ## everything that CI runs
	bash tests/browser/prepare.sh
	$(PYTEST) -n 2 --dist loadfile

lint: $(STAMP)  ## style, types, import layers, documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/mkdocs build --strict --quiet

docs: $(STAMP)  ## generated pages, then the site under site/
	$(BIN)/python scripts/build_reference.py
	$(BIN)/mkdocs build --strict

bench: $(STAMP)  ## speed and memory beside peers, with pass or miss
	$(BIN)/python -m bench.run

FUZZ_SECONDS ?= 300
FUZZ := .fuzz/venv

fuzz: $(FUZZ)/.installed  ## feed readers and the language pass hostile bytes for FUZZ_SECONDS (300)
	$(FUZZ)/bin/python -m tests.fuzz.run $(FUZZ_SECONDS)

$(FUZZ)/.installed: $(STAMP)  # a venv of its own: atheris beside what .venv holds
	test -x $(FUZZ)/bin/python || $(BIN)/python -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: atheris
	$(BIN)/python -c "import site, pathlib; print(site.getsitepackages()[0], pathlib.Path('src').resolve(), sep='\n')" \
		> $$(ls -d $(FUZZ)/lib/python*/site-packages)/heedful_environment.pth
	@touch $@

crash: $(STAMP)  ## kill the process 200 times, compare every table
	HEEDFUL_KILLS=200 $(PYTEST) -m crash

clean:  ## remove what these commands made
	rm -rf $(VENV) .fuzz site demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
