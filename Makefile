# The front door: developers and CI run the same targets.
# Never here: anything that only works on one machine.

CARGO ?= cargo
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 900
SOAK_SECONDS ?= 600
SERVER := target/debug/anygpt-mcp
# Where the tests leave the requests that they sent to the mock provider, for tests/contracts/run.
BODIES := target/contracts/bodies
RELEASE := target/release/anygpt-mcp
# Owner of the repository and of the images; a release fails while it is this placeholder.
OWNER ?= YOUR_ORG
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)

# Images. All of these can be given as make arguments or in the environment.
DOCKER ?= docker
IMAGE ?= anygpt-mcp:dev
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
REVISION ?= $(COMMIT)
CREATED ?= $(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
# Empty: the images named in the Dockerfiles. Another builder needs cargo, a C compiler, and Rust's musl target or rustup.
BUILDER_IMAGE ?=
ALPINE_IMAGE ?=
# Where the index for both platforms goes; OUTPUT=type=registry pushes it.
OUTPUT ?= type=oci,dest=dist/anygpt-mcp.oci.tar
# A builder of buildx, where the engine's own builds for only one platform at a time.
BUILDER ?=
# The architecture that this machine does not have.
OTHER = $(if $(filter aarch64 arm64,$(shell uname -m)),amd64,arm64)
BUILD_ARGS = $(foreach name,VERSION OWNER REVISION CREATED BUILDER_IMAGE ALPINE_IMAGE,$(if $($(name)),--build-arg $(name)=$($(name))))

# The program to measure: the static one of this machine's architecture, or one that is given and taken as it is.
MACHINE := $(shell uname -m)
ARCHITECTURE := $(if $(filter aarch64 arm64,$(MACHINE)),arm64,amd64)
STATIC ?= dist/$(ARCHITECTURE)/anygpt-mcp
FLOOR := target/$(MACHINE)-unknown-linux-musl/release/floor
BENCH := $(CARGO) run --locked --quiet --profile bench -p anygpt-bench --
EFFORT ?=
# Other servers to measure: --peer 'NAME=COMMAND' for each.
PEERS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: ## Build, and show a whole MCP conversation
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin conversation -- $(SERVER)

.PHONY: check
check: ## Format, clippy, unit tests, transcripts, end-to-end tests; needs only Rust
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked -p anygpt-core -p anygpt-providers -p anygpt-mcp -p anygpt-tests

.PHONY: test
test: ## All tests: those of check, fuzz targets, official clients and packages, conformance (Python, Node)
	rm -rf $(BODIES)
	ANYGPT_TEST_BODIES=$(CURDIR)/$(BODIES) $(CARGO) test --locked
	tests/contracts/run $(BODIES)
	tests/clients/python/run
	tests/clients/node/run
	tests/conformance/run

.PHONY: counterparts
counterparts: ## Servers and clients of others with the program (Python; fetches 400 MB)
	tests/counterparts/run

.PHONY: fuzz
fuzz: ## Fuzz the protocol, FUZZ_SECONDS=900 per target
	tests/fuzz/run $(FUZZ_SECONDS)

.PHONY: build
build: ## Build the program for release (target/release/anygpt-mcp)
	$(CARGO) build --locked --release -p anygpt-mcp

.PHONY: install
install: ## Copy what make build built to $(PREFIX)/bin (PREFIX=/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/anygpt-mcp

.PHONY: lint
lint: ## Check formatting, lints, documentation, dependencies and workflows
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked -p anygpt-no-std -- -D warnings
	$(CARGO) clippy --locked -p anygpt-tests --test memory -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items
	.ci/lint

.PHONY: registry
registry: ## Write runtime/registry from the program
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin registry -- $(SERVER) runtime/registry

.PHONY: settings
settings: ## Write what documents say of the settings: JSON Schema, README, example, page
	WRITE_SETTINGS=1 $(CARGO) test --locked --quiet -p anygpt-mcp --lib -- settings::schema settings::documents

.PHONY: facts
facts: ## Write the table of models from a public list, and check it (Python; fetches 44 MB)
	runtime/providers/facts/generate.py

.PHONY: submission
submission: ## Write the registries' entries with owner and commit under dist/registry (OWNER=you)
	$(CARGO) build --locked -p anygpt-mcp
	$(CARGO) run --locked --quiet -p anygpt-tests --bin registry -- \
		--owner "$(OWNER)" --commit "$(COMMIT)" $(SERVER) dist/registry

.PHONY: mcpb
mcpb: submission licenses ## Pack the bundle for Claude Desktop from the programs under dist/ (OWNER=you)
	runtime/registry/mcpb/pack dist/registry/mcpb/manifest.json dist dist/anygpt-mcp.mcpb

.PHONY: licenses
licenses: ## Write the licence texts of everything that is linked in (dist/THIRD-PARTY-LICENSES)
	runtime/image/licenses dist/THIRD-PARTY-LICENSES

.PHONY: sbom
sbom: ## Write the bill of materials (dist/anygpt-mcp.cdx.json)
	.ci/sbom

.PHONY: bench
bench: $(STATIC) bench-floor ## Measure everything next to the floor (EFFORT=--short; in target/bench)
	$(BENCH) $(EFFORT) $(PEERS) all $(STATIC) $(FLOOR) target/bench

.PHONY: bench-peers
bench-peers: ## The same next to echo servers on the official SDKs for Rust, Node and Python
	peers=$$(bench/peers/build) && $(MAKE) bench PEERS="$$peers"

.PHONY: bench-record
bench-record: bench ## The same, and keep the table in bench/README.md, numbers and charts in bench/last
	install -d bench/last
	cd target/bench && install -m 644 report.json *.svg ../../bench/last
	sed -i -e '/^<!-- table -->$$/,/^<!-- end -->$$/{//!d;}' -e '/^<!-- table -->$$/r target/bench/table.md' bench/README.md

.PHONY: bench-gate
bench-gate: $(STATIC) ## Fail if a message needs more instructions than its ceiling in bench/instructions.txt
	$(BENCH) gate $(STATIC) bench/instructions.txt target/bench

.PHONY: bench-count
bench-count: $(STATIC) ## Write new ceilings, 10 % above the counts
	$(BENCH) count $(STATIC) bench/instructions.txt target/bench

.PHONY: bench-floor
bench-floor:
	RUSTFLAGS="-Clinker=rust-lld -Clink-arg=--no-dependent-libraries" \
		$(CARGO) build --locked --quiet --profile bench -p anygpt-floor --target $(MACHINE)-unknown-linux-musl

# The static program: the one that is released, with musl instead of this machine's C library.
.PHONY: dist/$(ARCHITECTURE)/anygpt-mcp
dist/$(ARCHITECTURE)/anygpt-mcp:
	runtime/image/compile $(ARCHITECTURE) dist/$(ARCHITECTURE)

.PHONY: memory
memory: $(STATIC) ## Check that the static program stays within its memory limits, whatever it is sent
	ANYGPT_TEST_BINARY=$(abspath $(STATIC)) $(CARGO) test --locked -p anygpt-tests --test memory

.PHONY: soak
soak: $(STATIC) ## Keep the static program busy, SOAK_SECONDS=600, and check that it stays correct and small
	$(CARGO) run --locked --quiet --release -p anygpt-tests --bin soak -- --seconds $(SOAK_SECONDS) $(STATIC)

.PHONY: dist
dist: licenses ## Build the static programs for both architectures (dist/amd64, dist/arm64)
	runtime/image/compile amd64 dist/amd64
	runtime/image/compile arm64 dist/arm64

.PHONY: image
image: ## Build the image $(IMAGE), from source, and print its size
	$(DOCKER) build $(BUILD_ARGS) -t $(IMAGE) .
	@tests/image/size $(IMAGE)

.PHONY: image-alpine
image-alpine: ## Build $(IMAGE)-alpine: the same program with a shell
	$(DOCKER) build $(BUILD_ARGS) -t $(IMAGE)-alpine -f Dockerfile.alpine .
	@tests/image/size $(IMAGE)-alpine

.PHONY: image-multiarch
image-multiarch: ## Build one index for linux/amd64 and linux/arm64 (OUTPUT=type=registry to push it)
	$(DOCKER) buildx build $(if $(BUILDER),--builder $(BUILDER)) --platform linux/amd64,linux/arm64 $(BUILD_ARGS) -t $(IMAGE) --output $(OUTPUT) .

.PHONY: image-test
image-test: image image-alpine ## Run the images in every way they are meant to run
	$(DOCKER) build $(BUILD_ARGS) --platform linux/$(OTHER) -t $(IMAGE)-$(OTHER) .
	tests/image/run $(IMAGE)

.PHONY: reproducible
reproducible: ## Prove that two clean builds of the image give the same bytes
	tests/image/reproducible $(BUILD_ARGS)

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: clean
clean: ## Remove everything that was built
	$(CARGO) clean
