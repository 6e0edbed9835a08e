# Everything runs from .venv, which `make` makes. Tests that need real input find it in the
# folder that BUTLER_TEST_DATA names, and are skipped without.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
SETUP := .venv/.set-up
LINTERS := .venv/.linters
PEER := .venv-peer/.set-up
PYTEST := $(PYTHON) -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

.PHONY: help setup test test-fast test-slow demo demo-full bench schema lint check clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | while read -r target text; do \
	    printf '%-10s %s\n' "$$target" "$$text"; done

setup: $(SETUP) ## Install what is missing: PostgreSQL, PostGIS, Python packages

test: $(SETUP) ## Run all tests
	$(PYTEST)

test-fast: $(SETUP) ## Run the tests that need no real input, those that failed first
	$(PYTEST) -m "not data and not peer and not slow" --failed-first

test-slow: $(SETUP) ## Run the tests that take minutes
	$(PYTEST) -m slow

demo: $(SETUP) ## Show what Butler does, in a new repository in demo/
	$(PYTHON) -m butler.demo --out demo

demo-full: $(SETUP) ## The same with much more data, in demo-full/
	$(PYTHON) -m butler.demo --full --out demo-full

bench: $(SETUP) $(PEER) ## Measure beside the peer: ONLY=name for one workload, SCALE=0.1 for a quick look
	$(PYTHON) -m benchmarks --peer-python $(dir $(PEER))bin/python $(if $(ONLY),--only $(ONLY)) \
	    $(if $(SCALE),--scale $(SCALE))

schema: $(SETUP) ## Freeze the first revision anew, until the first release, and what is made from it
	$(PYTHON) -m butler.schema.baseline
	$(PYTHON) -m butler.schema.reference_page > docs/.schema.md
	mv docs/.schema.md docs/schema.md

lint: $(LINTERS) ## Check style and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/sqlfluff lint --disable-progress-bar db

check: lint test ## All that must pass before a change is merged

clean: ## Remove all that the other targets have made, databases too
	@find demo demo-full -path '*/embedded/state.json' 2> /dev/null | while read -r record; do \
	    $(PYTHON) -c "import sys, pathlib, butler.embedded as c; c.EmbeddedServer(pathlib.Path(sys.argv[1])).destroy()" \
	        "$${record%/embedded/state.json}"; done
	rm -rf demo demo-full build dist .venv .venv-peer .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SETUP): pyproject.toml setup/install.sh
	setup/install.sh
	@touch $@

$(LINTERS): $(SETUP)
	$(PYTHON) -m pip install -qq --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

# An environment of its own: both packages install a command named butler.
$(PEER): pyproject.toml | $(SETUP)
	$(PYTHON) -m venv --clear $(dir $@)
	$(PYTHON) -c "import tomllib; extras = tomllib.load(open('$<', 'rb'))['project']['optional-dependencies']; \
	    print(*extras['bench'], sep='\n')" > $(dir $@)requirements.txt
	$(dir $@)bin/python -m pip install -qq --disable-pip-version-check --requirement $(dir $@)requirements.txt
	@touch $@
