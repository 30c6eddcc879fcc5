# Each target does all the set-up it needs on a machine that has only Python >= 3.11 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo test lint docs fuzz nightly bench bench-models lock clean

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "weilend needs Python 3.11 or later; say make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# what only developers need, Spark among it: it takes minutes to install, so the demo does without
$(READY_TO_TEST): $(READY) requirements-test.lock
	$(PIP) --requirement requirements-test.lock
	touch $@

DEMO_DATA := $(if $(DATA),$(DATA),demo/portfolio/files)
DEMO_NOTE := $(if $(DATA),,a made-up economy of seed 1: no figure here says anything about real businesses)
DEMO_BUDGET_YUAN := $(if $(DATA),100000000,20000000)

# what the demo makes, and all that it deletes
DEMO_FOLDERS := demo/lender demo/committee demo/portfolio
DEMO_LENDER := --users 30000 --least-bads 40 --seed 7

demo: $(READY)  ## a lender that learns, and a committee's portfolio; DATA=PATH runs the portfolio on real invoices
	rm -rf $(DEMO_FOLDERS)
	$(BIN)/weilend sim run $(DEMO_LENDER) --out demo/lender
	$(if $(DATA),,$(BIN)/weilend sim portfolio --seed 1 --known 400 --out demo/portfolio)
	$(BIN)/weilend run enterprise_loan --data cumcm2020c=$(DEMO_DATA) --consent own-data --budget-yuan $(DEMO_BUDGET_YUAN) \
		--as-of 2020-01-01 --assume-label-known --note "$(DEMO_NOTE)" --home demo/committee/home --out demo/committee
	$(BIN)/weilend fraud fit --home demo/lender/home
	$(BIN)/weilend features crowds --home demo/lender/home
	$(BIN)/weilend replay --all --home demo/committee/home
	$(BIN)/weilend replay --all --home demo/lender/home
	@echo "report of the lender: file://$(CURDIR)/demo/lender/report.html"

test: $(READY_TO_TEST)  ## the whole suite; what is skipped, as Spark without Java >= 17, says why
	$(BIN)/python -m pytest -rs -n 2 --dist loadgroup -m "not nightly"

lint: $(READY_TO_TEST)  ## style, types, walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY_TO_TEST)  ## generated pages: data dictionary, command line, README picture
	$(BIN)/python docs/generate.py $(wildcard demo/lender/report.html)

fuzz: $(READY_TO_TEST)  ## 100,000 differential pairs of the formula language, and the other fuzzers
	WEILEND_FUZZ=100000 $(BIN)/python -m pytest -n 2 tests/laws -k fuzz

nightly: $(READY_TO_TEST)  ## long campaigns: kill, soak, big data
	WEILEND_FUZZ=100000 $(BIN)/python -m pytest -n 2 -m nightly

bench: $(READY_TO_TEST)  ## ratios against peers, in an environment of their own
	$(BIN)/python bench/run.py

bench-models: $(READY_TO_TEST)  ## boosters against tuned LightGBM and FLAML on public lending data (WEILEND_DATA); hours
	$(BIN)/python -c "from bench.run import make_environment; make_environment()"
	.bench-venv/bin/python -m bench.models

LOCK := .lock-venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet

lock:  ## pin every dependency, without registry addresses
	$(PYTHON) -m venv .lock-venv && .lock-venv/bin/python -m pip install --quiet uv
	$(LOCK) --extra build --output-file requirements.lock
	$(LOCK) --extra build --extra dev --extra geoip --extra onnx --extra spark --constraint requirements.lock --output-file requirements-test.lock
	rm -rf .lock-venv

clean:
	rm -rf $(VENV) $(DEMO_FOLDERS) .pytest_cache .mypy_cache .ruff_cache .hypothesis
