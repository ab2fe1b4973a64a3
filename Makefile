# Every target makes .venv and installs what it needs when that is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NOTEBOOKS := -p tests.lean_imports --nbval --nbval-current-env --nbval-cell-timeout=60
ENDS_WHAT_HANGS := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true --max-worker-restart=0
CHROMIUM := apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update && \
	apt-get -qq install --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Compiled once: else each of the hundred processes that the tests start compiles the library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test sweep test-http browser-deps test-browser moto-next lint lab notebooks fork package wheel bench soak clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: $(VENV)/.core  ## run the whole pipeline on the embedded AWS
	$(BIN)/python -m inventory_lab demo

test: lint  ## lint, types, all tests, and the notebooks output by output; of exhaustive tests a sample
	$(BIN)/python -m pytest $(NOTEBOOKS) $(ENDS_WHAT_HANGS) -n auto --dist loadscope --ignore=notebooks/solutions tests notebooks

sweep: $(VENV)/.dev  ## every case of the tests that make test samples, and the solution notebooks
	$(BIN)/python -m pytest $(ENDS_WHAT_HANGS) -n auto --dist loadscope --exhaustive -m exhaustive tests
	$(BIN)/python -m pytest $(NOTEBOOKS) $(ENDS_WHAT_HANGS) -n auto --dist loadscope notebooks/solutions

test-http: $(VENV)/.dev  ## deploy, publish, reconcile, kill -9 and teardown over HTTP against moto's server
	$(BIN)/python -m pytest --http tests/http

browser-deps: $(VENV)/.browser  ## install Playwright and, with apt as root, Chromium
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit; done; \
	timeout 300 sh -c '$(CHROMIUM)' || \
	echo 'There is no Chromium, and apt cannot install it here: make test-browser skips its tests.'

test-browser: $(VENV)/.dev  ## test the dashboard in JupyterLab and Chromium; run make browser-deps first
	$(BIN)/python -m pytest --browser tests/browser

moto-next:  ## test the embedded AWS with the newest moto, pre-releases included, in .venv-moto-next
	$(PYTHON) -m venv .venv-moto-next
	.venv-moto-next/bin/python -m pip --quiet install --editable '.[dev,notebook]'
	.venv-moto-next/bin/python -m pip --quiet install --upgrade --pre 'moto[dynamodb,server]'
	.venv-moto-next/bin/python -m pip show moto | grep Version
	.venv-moto-next/bin/python -m pytest -q --any-moto tests/embedded_aws

lint: $(VENV)/.dev  ## ruff and mypy
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

lab: $(VENV)/.notebook  ## open the notebooks in Jupyter
	$(BIN)/python -m jupyter lab notebooks

notebooks: $(VENV)/.dev  ## execute and store every notebook, its solution, and the table of them
	$(BIN)/python -m ruff format --quiet notebooks
	$(BIN)/python -m tools.store

fork: $(VENV)/.dev  ## give the course its address: make fork ADDRESS=https://github.com/owner/name (or none)
	$(BIN)/python -m tools.fork '$(ADDRESS)'

package: $(VENV)/.core  ## write dist/function.zip, the code of the Lambda function
	mkdir -p dist
	$(BIN)/python -c 'import sys; from inventory_lab.resources.function import build_zip; sys.stdout.buffer.write(build_zip())' > dist/function.zip

wheel: $(VENV)/.core  ## write dist/inventory_lab-….whl, which a learner uploads to Colab
	$(PIP) wheel --no-deps --wheel-dir dist .

soak: $(VENV)/.dev  ## thousands of schedules of faults; the model on 100,000 events; the simple design's drift
	$(BIN)/python -m pytest -n auto --dist worksteal --exhaustive --schedules 3000 --schedule-events 50 --model-events 100000 tests/test_schedules.py tests/test_model.py
	$(BIN)/python -m pytest -n auto --exhaustive --mutations 1000 tests/teaching/exercises/test_every_exercise.py
	$(BIN)/python -m pytest -n auto --dist worksteal --exhaustive --hypothesis-profile soak -m hypothesis tests
	$(BIN)/python -m pytest -n auto --dist worksteal --exhaustive --cuts 100000 tests/resources/test_interrupted_builds.py tests/test_interrupts.py
	$(BIN)/python -m benchmarks.threads --seconds 30
	$(BIN)/python -m benchmarks.drift_of_both_designs --schedules 300

bench: $(VENV)/.core  ## folded batches against one write a record; the IAM gate's cost; long streams; a dashboard's half hour
	$(BIN)/python benchmarks/folded_against_per_record.py
	$(BIN)/python benchmarks/share_of_the_gate.py
	$(BIN)/python benchmarks/behind_many_records.py
	$(BIN)/python benchmarks/patches_for_speed.py
	$(BIN)/python -m benchmarks.watched_by_a_dashboard

clean:  ## remove the virtual environment
	rm -rf $(VENV)

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "inventory-lab needs Python 3.11 or newer; say make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.core: $(VENV)/.python pyproject.toml
	@echo 'installing the library into $(VENV): some minutes the first time'
	$(PIP) install --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	@echo 'installing what the tests need into $(VENV): some minutes the first time'
	$(PIP) install --editable '.[dev,notebook]'
	touch $@

$(VENV)/.browser: $(VENV)/.dev
	-$(PIP) install --editable '.[browser]'
	touch $@

$(VENV)/.notebook: $(VENV)/.core
	@echo 'installing Jupyter into $(VENV): some minutes the first time'
	$(PIP) install --editable '.[notebook]'
	touch $@
