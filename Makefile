# Two commands: `make run` opens the window, `make test` runs every test. The rest is for developers.
# Everything else they need is fetched once: libtorch into .libtorch/, system packages when you are root.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
PYTHON ?= python3
NEXTEST_PROFILE ?= default

.PHONY: help run demo test build bench checkpoints screenshots libtorch packages clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

run: build ## open the window on the demo session (without a display: compute it into out/demo)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec target/release/flatland; \
	else echo "No display found (DISPLAY and WAYLAND_DISPLAY are empty): computing the demo into out/demo instead."; \
	exec target/release/flatland demo --out out/demo; fi

demo: build ## all analyses and figures of the demo session into out/demo
	target/release/flatland demo --out out/demo

test: libtorch packages ## the examples of the documentation, then every test
	$(CARGO) test --workspace --locked --doc --quiet
	@if $(CARGO) nextest --version >/dev/null 2>&1; then $(CARGO) nextest run --workspace --locked --profile $(NEXTEST_PROFILE); \
	else $(CARGO) test --workspace --locked --lib --bins --tests; fi

build: libtorch packages ## target/release/flatland and its worker
	$(CARGO) build --release --workspace --locked

bench: build ## time corruptions, landscapes and training; with PYTHON=.. that has torch, beside PyTorch
	$(CARGO) bench -p flatland --bench corruptions
	benches/landscape.sh
	benches/training.sh

checkpoints: build ## retrain the demo checkpoints
	checkpoints/make.sh

screenshots: build ## the tabs under Xvfb into docs/
	docs/screenshots.sh

libtorch: ## fetch libtorch 2.11.0 into .libtorch (skipped with your own LIBTORCH or LIBTORCH_USE_PYTORCH)
	@PYTHON="$(PYTHON)" .ci/libtorch.sh

packages: ## install the system packages, or print the line that does
	@.ci/packages.sh

clean: ## remove what was built
	$(CARGO) clean
