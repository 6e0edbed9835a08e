# Everything runs from .venv, which `make` makes. Tests that need real input find it in the
# folder that BUTLER_TEST_DATA names, and are skipped without.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
SETUP := .venv/.set-up
LINTERS := .venv/.linters
SITE := .venv/.site
PEER := .venv-peer/.set-up
PYTEST := $(PYTHON) -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

# What the documentation's site is made of, as it lies in the project: links lead to the same places in both.
PAGES := README.md CHANGELOG.md CONTRIBUTING.md RELEASE.md CITATION.cff LICENSE benchmarks changes docs db

.PHONY: help setup test test-fast test-slow test-versions test-previous demo demo-full bench schema revision lint hooks docs \
    changelog release check clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | while read -r target text; do \
	    printf '%-15s %s\n' "$$target" "$$text"; done

setup: $(SETUP) ## Install what is missing: PostgreSQL, PostGIS, Python packages

test: $(SETUP) ## Run all tests
	$(PYTEST)

test-fast: $(SETUP) ## Run the tests that need no real input, those that failed first
	$(PYTEST) -m "not data and not peer and not slow" --failed-first

test-slow: $(SETUP) ## Run the tests that take minutes
	$(PYTEST) -m slow

test-versions: ## Run those that depend on versions, of what is committed, on Debian 13: PostgreSQL 17, Python 3.13
	.ci/versions

demo: $(SETUP) ## Show what Butler does, in a new repository in demo/
	$(PYTHON) -m butler.demo --out demo

demo-full: $(SETUP) ## The same with much more data, in demo-full/
	$(PYTHON) -m butler.demo --full --out demo-full

bench: $(SETUP) $(PEER) ## Measure beside the peer: ONLY=name for one workload, SCALE=0.1 for a quick look
	$(PYTHON) -m benchmarks --peer-python $(dir $(PEER))bin/python $(if $(ONLY),--only $(ONLY)) \
	    $(if $(SCALE),--scale $(SCALE))

test-previous: $(SETUP) ## Run the acceptance tests of the last release, by its own client, on the schema as it is
	.ci/previous

schema: $(SETUP) ## Freeze the newest revision anew, until it is released, and what is made from it
	$(PYTHON) setup/freeze_schema.py

revision: $(SETUP) ## Begin a revision of the schema: MESSAGE="what changes"
	$(PYTHON) setup/new_revision.py "$(MESSAGE)"

lint: $(LINTERS) ## Check style, types and docstrings of all files, and the changes for the changelog
	.venv/bin/pre-commit run --all-files --show-diff-on-failure

hooks: $(LINTERS) ## Check before each commit what it changes, as lint does
	.venv/bin/pre-commit install

docs: $(SITE) ## Build the site of the documentation in build/site
	rm -rf build/pages
	mkdir -p build/pages
	ln -s $(addprefix $(CURDIR)/,$(PAGES)) build/pages
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build

changelog: $(LINTERS) ## Show what the next version will say about itself
	@.venv/bin/towncrier build --draft 2> /dev/null

release: ## Make a release, VERSION=0.1.0, but upload nothing: RELEASE.md. DRY_RUN=1 does all of it and keeps nothing
	DRY_RUN=$(DRY_RUN) VERSION=$(VERSION) .ci/release

check: lint docs test ## All that must pass before a change is merged

clean: ## Remove all that the other targets have made, databases too
	@find demo demo-full -path '*/embedded/state.json' 2> /dev/null | while read -r record; do \
	    $(PYTHON) -c "import sys, pathlib, butler.embedded as c; c.EmbeddedServer(pathlib.Path(sys.argv[1])).destroy()" \
	        "$${record%/embedded/state.json}"; done
	rm -rf demo demo-full build dist .venv .venv-peer .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(SETUP): pyproject.toml setup/install.sh
	setup/install.sh
	@touch $@

$(SITE): $(SETUP)
	$(PYTHON) -m pip install -qq --disable-pip-version-check --editable '.[docs]'
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
