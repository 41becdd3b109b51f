# `make demo` and `make test` are all a newcomer needs: each sets up what it needs, as an ordinary user.

PYTHON ?= python3
UV_VERSION := 0.13.9
export UV_SYSTEM_CERTS := 1
# Container images set it; without bytecode each process compiles anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)
PARALLEL := --numprocesses=auto --maxprocesses=8 --dist=worksteal
SOURCES := operator trainer_image tests benchmarks examples

.DEFAULT_GOAL := help
.PHONY: help install demo test test-unit test-quick test-commands test-cluster lint format lock cluster cluster-down system-deps clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## Make the environment in .venv, from requirements.lock

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else f"assay needs Python 3.11 to 3.13; {sys.executable} is {sys.version.split()[0]}. Choose another: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/installed: .uv/bin/uv requirements.lock pyproject.toml
	.uv/bin/uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	.uv/bin/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	.uv/bin/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

demo: install ## Train 240 small models on real digits and see which proxy ranks like the full run
	@$(BIN)/python examples/digits/prepare.py
	@$(BIN)/assay shards build .assay/digits.npz --name digits --sizes 28,14 --held-out-percent 40 --to .assay/digits
	@$(BIN)/assay run -f examples/digits

test: install ## Run all tests that this machine can run, and say which ones it can't
	@status=0; $(MAKE) --no-print-directory test-quick || status=1; $(MAKE) --no-print-directory test-commands || status=1; $(MAKE) --no-print-directory test-cluster || status=1; exit $$status

# There is a test process for each core already.
test-unit test-quick: export OPENBLAS_NUM_THREADS := 1

test-unit: install ## Run the tests of single modules: under a minute on two cores
	$(BIN)/python -m pytest $(PARALLEL) tests/unit

test-quick: install ## Run the tests that need neither Kubernetes nor whole commands: 3 minutes on two cores
	$(BIN)/python -m pytest --without-cluster --ignore=tests/e2e $(PARALLEL)

test-commands: install ## Run the tests of whole commands that need no Kubernetes
	$(BIN)/python -m pytest --without-cluster $(PARALLEL) tests/e2e

test-cluster: install ## Run the tests that need a Kubernetes
	$(BIN)/python -m pytest --only-cluster

lint: install ## Check style, types, import rules and generated files
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/assay crds --check

format: install ## Format the code and regenerate the CRDs
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/assay crds

lock: .uv/bin/uv ## Work out requirements.lock anew from pyproject.toml
	.uv/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-annotate --no-header --output-file requirements.lock pyproject.toml

cluster: install ## Start a Kubernetes with Assay and S3 in the background (as root, after make system-deps)
	@PYTHONPATH=tests $(BIN)/python -m cluster.developer up

cluster-down: install ## Stop it, and remove all that it left
	@PYTHONPATH=tests $(BIN)/python -m cluster.developer down

system-deps: ## Install the system packages that some tests need (Debian; asks for root)
	$(SUDO) apt-get update --quiet --quiet
	$(SUDO) apt-get install --quiet --quiet --yes --no-install-recommends chromium \
		containerd runc containernetworking-plugins nftables iproute2 util-linux openssl busybox-static \
		buildah skopeo debootstrap prometheus

clean: ## Remove everything that was made here
	[ ! -e .assay/cluster ] || $(MAKE) cluster-down
	rm -rf .venv .uv .assay .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
