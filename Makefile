# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8000
BIN = .venv/bin
# more than the cores: many tests wait for servers, kills and browsers
PROCESSES ?= 4
PIP = $(BIN)/python -m pip --disable-pip-version-check
export PORT
# tests write thousands of small files and wait until each is on the disk: in memory where there is room for them
SCRATCH = TMPDIR="$${TMPDIR:-$$(sh tests/scratch.sh)}"
# every start of `sipas` in a test, and every collection, would compile its modules anew
unexport PYTHONDONTWRITEBYTECODE
# what `make test-fast` runs: statistics, questionnaires, words and import contracts, but for FAST_NOT, simulations that
# take a sixth of its time
FAST = analysis surveys sipas tests/analysis tests/surveys tests/words tests/boundaries/test_imports.py \
  tests/test_long_parts.py
FAST_NOT = tests/analysis/test_coverage.py tests/analysis/comparison/test_stratified_difference.py \
  tests/analysis/weighting/test_coarse_rows.py tests/analysis/weighting/test_rows_without_point.py
LONG = statistics promises pages tables
LONG_statistics = tests/analysis
LONG_promises = tests/boundaries
LONG_pages = tests/pages
LONG_tables = tests/sipas/tables

.DEFAULT_GOAL = help
.PHONY: help install system demo test test-fast test-long $(LONG:%=test-long-%) test-spark test-mutants bench screens picture catalogs words lock licences manuals decisions wheel clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: .venv/.installed  ## Make the environment: .venv with .venv/bin/sipas, catalogs compiled

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Say which with PYTHON=…"; exit 1; }
	@if ! $(PYTHON) -m venv .venv 2>/dev/null; then \
	  rm -rf .venv; echo "Debian left out python3-venv; installing it."; \
	  if [ "$$(id -u)" = 0 ] && apt-get install -y -q python3-venv >/dev/null 2>&1 || { apt-get update -q >/dev/null 2>&1 && apt-get install -y -q python3-venv >/dev/null 2>&1; }; then $(PYTHON) -m venv .venv; \
	  else echo "Could not install it. Run this once, then again make install:"; echo "    sudo apt-get install -y python3-venv"; exit 1; fi; fi
	@touch $@

.venv/.installed: .venv/.made requirements.lock setup.cfg pyproject.toml $(wildcard translations/*/LC_MESSAGES/*.po)
	@echo "Installing the packages of requirements.lock …"
	@$(PIP) install -q --no-deps --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m compileall -q -j 0 -x '/tests/' .venv/lib >/dev/null
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@$(MAKE) -s catalogs
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q -j 0 analysis surveys sipas
	@touch $@

catalogs:  ## Compile the catalogs of words
	@for domain in messages instruments click; do $(BIN)/pybabel -q compile -d translations -D $$domain; done

words: .venv/.installed  ## Collect the words of the sources anew, for those who translate
	@$(BIN)/pybabel -q extract -F translations/babel.cfg -k plural:1,2 --sort-by-file --add-location=file --no-wrap --omit-header -o translations/messages.pot sipas analysis surveys
	@$(BIN)/pybabel -q extract -F translations/instruments.cfg --no-default-keywords -k pgettext:1c,2 --sort-by-file --no-wrap --omit-header -o translations/instruments.pot surveys/instruments
	@$(BIN)/pybabel -q extract -F translations/click.cfg --sort-output --no-location --no-wrap --omit-header -o translations/click.pot $$($(BIN)/python -c 'import click; print(*click.__path__)')
	@for catalog in messages:vi instruments:en click:vi; do \
	  $(BIN)/pybabel -q update -d translations -D $${catalog%:*} -l $${catalog#*:} -i translations/$${catalog%:*}.pot \
	    --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date; done
	@$(BIN)/sipas words collect

system:  ## Install the Debian packages of the demo and the tests, where it may; says which
	@sh .ci/system-packages run test

demo: install  ## Prepare the demo province and serve it (PORT=8000, SIPAS_HOME=~/.local/share/sipas)
	@sh .ci/system-packages run
	@$(BIN)/sipas demo

.venv/.tests: .venv/.installed tests/requirements.lock
	@echo "Installing what the tests need …"
	@$(PIP) install -q --no-deps --require-hashes -r tests/requirements.lock
	@touch $@

# the checks take one process half a minute, so they run beside the tests
test: .venv/.tests  ## Install what the tests need, then run all of them but the long ones, in PROCESSES=4 at a time, and the checks
	@sh .ci/system-packages test
	@mkdir -p build
	@{ PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/checks.sh >build/checks.txt 2>&1 && echo passed >>build/checks.txt; } & \
	  $(SCRATCH) $(BIN)/python -m pytest -m "not long" -n $(PROCESSES) --dist worksteal; suite=$$?; wait; \
	  cat build/checks.txt; [ $$suite = 0 ] && [ "$$(tail -n 1 build/checks.txt)" = passed ]

test-fast: .venv/.tests  ## Run the checks, and the tests of statistics, questionnaires and words, in less than a minute
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tests/checks.sh
	@$(SCRATCH) $(BIN)/python -m pytest -m "not long and not browser and not postgres" -n 2 --dist worksteal $(FAST) $(FAST_NOT:%=--ignore=%)

test-long: $(LONG:%=test-long-%)  ## Run what is slow by nature, part by part: test-long-statistics, test-long-promises, test-long-pages

test-long-statistics:  # simulations: whether intervals hold the truth as often as they say
test-long-promises:  # kills, attackers, disks: 50 kills in place of 5, 4,000 visitors in place of 600
test-long-pages:  # every page, state, language and look in a browser; alone some 11 minutes

$(LONG:%=test-long-%): test-long-%: .venv/.tests
	@sh .ci/system-packages test
	@$(BIN)/python -m pytest -m long -s -vv --durations=10 $(LONG_$*)

test-spark: install  ## Run the pass on Spark's local[2] in an environment of its own; says when Java is missing
	@command -v java >/dev/null || { echo "Java is missing; install it with: sudo apt-get install -y openjdk-17-jre-headless"; exit 1; }
	@[ -x build/spark/bin/python ] || { $(PYTHON) -m venv build/spark && build/spark/bin/python -m pip install -q --no-deps --require-hashes -r requirements.lock -r tests/requirements.lock && build/spark/bin/python -m pip install -q 'pyspark>=4,<5' 'pandas>=2.2,<3'; }
	@SPARK_LOCAL_IP=127.0.0.1 PYSPARK_PYTHON="$(CURDIR)/build/spark/bin/python" PYTHONPATH="$(CURDIR)" build/spark/bin/python -m pytest -q tests/analysis/tabulation/test_spark.py -W ignore

test-mutants: .venv/.tests  ## Ask whether the tests bite: a sample of small faults in each folder of figures and promises (MUTANTS="ROOM … --seed 7")
	@$(BIN)/python -m tests.mutants $(MUTANTS)

bench: .venv/.tests  ## Measure, as ratios in one run against rivals and limits
	@$(BIN)/python -m tests.bench

screens: .venv/.tests  ## Write every screen to build/screens/ for people to look at
	@sh .ci/system-packages test
	@$(BIN)/python -m tests.pages.screens

picture: .venv/.tests  ## Take the README's picture anew, of the demo's kiosk and result
	@sh .ci/system-packages test
	@$(BIN)/python -m tests.pages.picture

lock:  ## Write the lock files anew (needs pip-tools in .venv)
	@$(PIP) install -q pip-tools
	@$(BIN)/pip-compile -q --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra build -o requirements.lock setup.cfg
	@$(BIN)/pip-compile -q --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o tests/requirements.lock tests/requirements.in

licences: install  ## Write sipas/docs/licences.md from the lock file
	@$(BIN)/python -m sipas.docs.licences

manuals: .venv/.tests  ## Note that the Vietnamese manuals say what the English ones say now
	@$(BIN)/python -m tests.manuals

decisions: .venv/.tests  ## Write DECISIONS.md, the index of the dated decisions in all READMEs
	@$(BIN)/python -m tests.decisions

wheel: install  ## Build a wheel into dist/
	@$(PIP) wheel -q --no-deps --no-build-isolation -w dist .

clean:  ## Remove what was built; your data in SIPAS_HOME stay
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
