# Everything that people and CI run. Needs Rust, Python 3.10 or later, and make.

ARCH ?= arm64
HOST := $(subst aarch64,arm64,$(shell uname -m))
SETTINGS ?= postern.toml
STACK ?= postern
ZIPS ?= target/lambda/$(ARCH)
CRATES := postern-policy postern-core postern-report postern-aws postern-engine postern-runtime postern-cli \
    subnet-inspector endpoint-inspector policy-inspector service-inspector sweeper

# The tools of .venv come first: cargo finds cargo-lambda there, and cargo-lambda zig (through python3 -m ziglang).
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# The AWS CLI of .venv knows AWS_DEFAULT_REGION only.
ifdef AWS_REGION
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

.DEFAULT_GOAL := help
.PHONY: help demo test lint generate bench bench-compare fuzz soak build dist deploy destroy

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

# Said once, before anything is compiled.
DEBUG := $(or $(CARGO_TARGET_DIR),target)/debug
define announce
@test -e '$(DEBUG)/demo' || printf '%s\n' \
    'First build: about 500 crates. The AWS SDK takes most of the time, and up to 8 GB of memory.' \
    'With two cores expect about 9 minutes; later builds take seconds.'
endef

demo: .venv/.stamp ## deploy to a local stack, break a VPC, watch the repair
	$(announce)
	cargo build --locked --workspace
	cargo run --locked --quiet --bin demo

# Tests of the deployed functions wait for local stand-ins of AWS most of the time, so that more of them than there are
# processors run at once.
test: export RUST_TEST_THREADS ?= 4
test: .venv/.stamp ## run every test; STORMS=n sets the number of storms
	$(announce)
	cargo build --locked --workspace
	cargo test --locked --workspace

lint: .venv/.stamp ## check formatting, clippy, spelling, the template, generated files and each crate alone
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	.venv/bin/typos
	.venv/bin/cfn-lint infra/*.yaml
	cargo test --locked --quiet --workspace --lib -- generated schema golden links
	for crate in $(CRATES); do cargo check --locked --quiet --package $$crate || exit; done

generate: ## write the control pages, JSON Schemas and golden reports from the code
	GENERATE=1 cargo test --locked --quiet --workspace --lib -- generated schema golden

# What is measured are packages as build makes them, for this machine, beside a function that does nothing.
bench: export POSTERN_PROGRAMS := $(CURDIR)/target/lambda/bench
bench: .venv/.stamp ## measure speed and size, and write the tables to target/bench.md
	$(call lambda,$(HOST)) --package idle --output-format zip --lambda-dir $(POSTERN_PROGRAMS) --include postern.toml
	python3 infra/compress.py $(POSTERN_PROGRAMS)/*/bootstrap.zip
	for zip in $(POSTERN_PROGRAMS)/*/bootstrap.zip; do \
	    python3 -m zipfile -e $$zip $${zip%/*} && chmod +x $${zip%.zip} || exit; done
	cargo build --locked --workspace
	mkdir -p target
	{ cargo run --locked --quiet --bin bench && cargo run --locked --quiet --bin figures && \
	    cargo bench --locked --quiet --package postern-core --bench evaluate; } > target/bench.md; \
	    status=$$?; cat target/bench.md; exit $$status
	cargo bench --locked --quiet --package postern-policy --bench analyse

bench-compare: bench ## measure, and compare with tests/bench/baseline.md; fails if a figure grew by more than a tenth
	python3 tests/bench/compare.py tests/bench/baseline.md target/bench.md

fuzz: export FUZZ_SECONDS ?= 600
fuzz: export FUZZ_SEED ?= $(shell date +%s)
fuzz: export REQUESTS ?= 1000000
fuzz: ## try random policies and requests on the analyser for FUZZ_SECONDS
	cargo test --locked --release --package postern-policy --test fuzz -- --nocapture

soak: export SOAK_SECONDS ?= 600
soak: export SOAK_SEED ?= $(shell date +%s)
soak: ## run storms on the model cloud for SOAK_SECONDS, or SOAK_STORMS of them
	cargo run --locked --quiet --bin soak

# The functions are always built together: alone, each would have the SDK compiled anew.
lambda = AWS_LC_SYS_NO_JITTER_ENTROPY=1 cargo lambda build --locked --release --$(subst _,-,$(1)) \
    --package subnet-inspector --package endpoint-inspector --package policy-inspector \
    --package service-inspector --package sweeper

# One zip file per function with the program and SETTINGS, in target/lambda/ARCH/FUNCTION/bootstrap.zip.
# The jitter entropy of aws-lc can take a second of a cold start; the kernel's is there at once.
build: .venv/.stamp ## build the functions for ARCH (arm64, x86_64)
	@test -f '$(SETTINGS)' || { echo 'build: no settings file `$(SETTINGS)`' >&2; exit 1; }
	$(call lambda,$(ARCH)) --output-format zip --lambda-dir $(ZIPS) --include postern.toml:$(SETTINGS)
	python3 infra/compress.py $(ZIPS)/*/bootstrap.zip

# Programs that need nothing of the machine on which they run. cargo-cyclonedx writes a file beside each Cargo.toml.
# Manual pages and completions are written by the program for this machine, and are the same in each archive.
DIST := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
TARGETS := x86_64-unknown-linux-musl aarch64-unknown-linux-musl
NATIVE := $(DIST)/$(subst arm64,aarch64,$(HOST))-unknown-linux-musl/release/postern
SHARE := $(DIST)/share
PROGRAM = postern-$(shell cargo pkgid --package postern-cli | sed 's/.*[\#@]//')
dist: export AWS_LC_SYS_NO_JITTER_ENTROPY := 1
dist: .venv/.stamp ## build archives of the program postern for Linux, with checksums and bills of materials, in target/dist
	rm -rf target/dist $(SHARE) && mkdir -p target/dist
	cargo install --quiet --locked --root .venv cargo-cyclonedx@0.5.9
	for target in $(TARGETS); do \
	    rustup target add $$target && \
	    cargo zigbuild --locked --release --target $$target --package postern-cli || exit; done
	mkdir -p $(SHARE)/man/man1 $(SHARE)/completions
	$(NATIVE) man $(SHARE)/man/man1
	$(NATIVE) completions bash > $(SHARE)/completions/postern.bash
	$(NATIVE) completions zsh > $(SHARE)/completions/_postern
	$(NATIVE) completions fish > $(SHARE)/completions/postern.fish
	for target in $(TARGETS); do \
	    name=$(PROGRAM)-$$target && \
	    cargo cyclonedx --quiet --manifest-path cli/Cargo.toml --format json --target $$target --override-filename sbom.cdx && \
	    mv cli/sbom.cdx.json target/dist/$$name.cdx.json && rm -f */sbom.cdx.json */*/sbom.cdx.json && \
	    tar --create --gzip --file target/dist/$$name.tar.gz --directory $(DIST)/$$target/release postern \
	        --directory $(CURDIR) LICENSE --directory $(SHARE) man completions || exit; done
	cd target/dist && sha256sum *.tar.gz *.json > SHA256SUMS

# What is set on the command line or in the environment reaches the scripts as it is: BUCKET, PARAMETERS, TAGS, ...
deploy destroy: export STACK := $(STACK)
deploy: export ARCH := $(ARCH)
deploy: export ZIPS := $(ZIPS)
deploy: .venv/.stamp ## deploy the built functions to STACK through BUCKET
	infra/deploy.sh

destroy: .venv/.stamp ## delete STACK, after a question
	infra/destroy.sh

.venv/.stamp: requirements.txt
	python3 -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	touch $@
