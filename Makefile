# Neural Architecture Search, Reproduced. `make` alone lists the commands.

PYTHON  ?= python3
VENV    ?= .venv
REPORTS ?= _build/reports

PY := "$(VENV)/bin/python"
# Another Python than that of an environment that is there makes it anew, if it was asked for.
CHOSEN := $(if $(filter file,$(origin PYTHON)),,--remake)
# Two files of tests, or two notebooks, run side by side, each on one core.
TWO := OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install study book pdf slides test lint unit notebooks bench clean

help:  ## list the commands
	@echo "Neural Architecture Search, Reproduced"
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Another Python: make study PYTHON=python3.12    Installer options: PIP_FLAGS=..."
	@echo "Parameters of the chapters: make study ARGS=\"-p seed=3\""

study: install  ## run every chapter at scale=demo, then build the book from the runs
	@$(PY) -m tools.study $(ARGS)

book: install  ## build the book from the notebooks as they are stored
	@$(PY) -m tools.book

slides: install  ## make slides of the chapters as they are stored, in _build/slides
	@$(PY) -m course.slides

pdf: install  ## print the book as one PDF (needs Chromium)
	@$(PY) -m tools.pdf

test: lint unit notebooks book  ## check everything: style, code, notebooks, jobs, book
	@echo "make test: all good"

lint: install  ## style of the code, direction of the imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	"$(VENV)/bin/lint-imports" --no-cache

unit: install  ## tests of the package, the pages, the pairing and the job files
	$(TWO) --junitxml=$(REPORTS)/unit.xml

notebooks: install  ## run every notebook again and compare with its stored output
	$(TWO) --nbval --nbval-current-env --junitxml=$(REPORTS)/notebooks.xml notebooks

bench: install  ## measure speed and memory for the performance page
	@$(PY) -m perf

install:  ## make .venv with the pinned packages
	@$(PYTHON) -m tools.install "$(VENV)" $(CHOSEN)

clean:  ## remove what was built, keep .venv and the runs
	rm -rf _build build .pytest_cache .ruff_cache
