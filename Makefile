# Needs Python 3.11 or newer and make; everything else goes into $(VENV).
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
TEST_ARGS ?=
ENGINE ?= docker
FORMATS_VENV := .venv-formats
FORMATS_TESTS := tests/search/models/formats tests/search/test_export.py

.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help install demo test faults walks acceptance formats ray check docs format clean

help:  ## list the targets
	@awk -F ':.*## *' '/^[a-z]+:.*##/ {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# One stamp for each set of extras; it is made again when what is asked for changes.
extras_run :=
extras_test := [test]
extras_check := [test,check]
extras_docs := [docs]
extras_ray := [test,ray]
extras_formats := [test,coreml,executorch,litert,ncnn,openvino]
$(VENV)/.installed-%: pyproject.toml constraints.txt
	@python=$$(sh scripts/find_python.sh $(PYTHON)) && \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.$(extras_$*)'
	@touch $@

install: $(VENV)/.installed-run  ## the environment alone
	@echo "installed in $(VENV); activate it with:  . $(BIN)/activate"

demo: $(VENV)/.installed-run  ## both studies on scikit-learn's digits, and their Pareto report in runs/demo/
	$(BIN)/python -m search.run --config configs/demo.yaml

test: $(VENV)/.installed-test  ## the tests, one process for each core (TEST_ARGS="-k front" to choose)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto $(TEST_ARGS)

faults: $(VENV)/.installed-test  ## the long form of the fault suite: kills, restarts, a two-minute pause
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m faults --timeout 3600 -s $(TEST_ARGS)

walks: $(VENV)/.installed-test  ## a walk through the page in a real browser, and the benchmarks that take longest
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m walks $(TEST_ARGS)

acceptance: $(VENV)/.installed-test  ## the Compose file, built and run on a container engine (ENGINE=docker)
	ENGINE=$(ENGINE) PATH="$(abspath $(BIN)):$$PATH" bash scripts/acceptance.sh

# In an environment of its own: what converters need is much, and LiteRT's does not resolve. Each format has a process of
# its own, as in an export: LiteRT's converter starts the threads of JAX, and OpenVINO starts processes.
formats:  ## the export formats of all extras, in the environment .venv-formats, and their tests
	$(MAKE) VENV=$(FORMATS_VENV) $(FORMATS_VENV)/.installed-formats
	$(FORMATS_VENV)/bin/python -m pip install --no-deps litert-torch==0.10.0 litert-converter==0.5.0 ai-edge-quantizer==0.10.0 executorch==1.3.1
	$(FORMATS_VENV)/bin/python -c "from search.models.formats.web_files import runtime; runtime()"
	for format in coreml executorch litert ncnn openvino web; do \
		OMP_NUM_THREADS=1 $(FORMATS_VENV)/bin/python -m pytest -n auto -k $$format $(FORMATS_TESTS) $(TEST_ARGS) || exit 1; \
	done

ray: $(VENV)/.installed-ray  ## workers on a Ray cluster of three nodes on this machine, one of which is killed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/e2e/test_ray.py $(TEST_ARGS)

check: $(VENV)/.installed-check  ## linters, types, import rules, Dockerfile, Compose file, manifests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python scripts/house.py
	$(BIN)/yamllint --strict .
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck .ci/run scripts/*.sh deploy/slurm/workers.sbatch
	$(BIN)/docker-compose -f docker-compose.yml config --quiet
	$(BIN)/docker-compose -f docker-compose.yml -f docker-compose.gpu.yml config --quiet
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/copy.yaml deploy/kubernetes/base/[!ks]*.yaml
	$(BIN)/python -m pytest --quiet -m check tests/test_house.py

docs: $(VENV)/.installed-docs  ## the documentation as a site in site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

format: $(VENV)/.installed-check  ## apply what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove the environment, the caches, the site and the demo's output
	rm -rf $(VENV) runs/demo site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
