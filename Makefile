# The front door: people and CI type the same words.
# Never here: anything that only works on one machine.

CARGO ?= cargo
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 900
SERVER := target/debug/anygpt-mcp
RELEASE := target/release/anygpt-mcp
# Whose repository and images they are; a release fails while it is this.
OWNER ?= YOUR_ORG
COMMIT ?= $(shell git rev-parse HEAD)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## Build, and show a whole MCP conversation
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin conversation -- $(SERVER)

.PHONY: test
test: ## Build, and run all tests
	$(CARGO) test --locked
	tests/clients/python/run
	tests/clients/node/run
	tests/conformance/run

.PHONY: fuzz
fuzz: ## Fuzz the protocol, FUZZ_SECONDS=900 per target
	tests/fuzz/run $(FUZZ_SECONDS)

.PHONY: build
build: ## Build the program for release (target/release/anygpt-mcp)
	$(CARGO) build --locked --release -p anygpt-mcp

.PHONY: install
install: build ## Copy it to $(PREFIX)/bin (PREFIX=/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/anygpt-mcp

.PHONY: lint
lint: ## Check formatting, lints, documentation, dependencies and workflows
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked -p anygpt-no-std -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items
	.ci/lint

.PHONY: registry
registry: ## Write runtime/registry anew from the program
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin registry -- $(SERVER) runtime/registry

.PHONY: submission
submission: ## Fill it in for the registries, under dist/registry (OWNER=you)
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin registry -- \
		--owner "$(OWNER)" --commit "$(COMMIT)" $(SERVER) dist/registry

.PHONY: mcpb
mcpb: submission ## Pack the bundle for Claude Desktop from the programs under dist/ (OWNER=you)
	runtime/registry/mcpb/pack dist/registry/mcpb/manifest.json dist dist/anygpt-mcp.mcpb

.PHONY: sbom
sbom: ## Write the bill of materials (dist/anygpt-mcp.cdx.json)
	.ci/sbom

.PHONY: bench
bench: build ## Measure start-up and memory
	$(CARGO) run --locked --quiet --release -p anygpt-bench -- $(RELEASE)

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: clean
clean: ## Remove everything that was built
	$(CARGO) clean
