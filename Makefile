# All tasks of this project. CI calls nothing else.

CARGO ?= cargo
# Servers, the program and their tests use it, so that what is tested is what runs.
RELEASE := --release
# All that need no library of the system, as TLS by OpenSSL does.
FEATURES := --features seckill-client/full
# The rules are also tested with assertions of what cannot happen.
CHECKED := --profile checked
MODULE := target/release/libseckill_module.so
PROGRAM := target/release/seckill
BENCH := target/release/seckill-bench
PYTHON ?= python3
# Tests run in the folders of their packages, where a relative path would name another file.
ifneq ($(findstring /,$(firstword $(SERVER))),)
override SERVER := $(abspath $(firstword $(SERVER))) $(wordlist 2,$(words $(SERVER)),$(SERVER))
export SERVER
endif
# The program looks here, so the path must be absolute.
MODULE_DIR ?= /usr/local/lib/redis/modules
override MODULE_DIR := $(abspath $(MODULE_DIR))
RUST_VERSION := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

.DEFAULT_GOAL := help
.PHONY: help setup setup-build build build-bench run serve test test-servers test-upgrade check bench bench-scale bench-peers instructions waiting \
	growth blocking durable redlock package migrate-large simulate memcheck guard fuzz install test-install deb test-deb

help: ## Explain every target.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## Install what is missing: redis-server, redis-cli, libclang, and Node.js and Python with their clients for the examples.
	@tests/scripts/setup $(RUST_VERSION) tests

# Who builds and runs the program needs no other languages.
setup-build:
	@tests/scripts/setup $(RUST_VERSION) build

build: setup-build ## Build the module and the program.
	@$(CARGO) build $(RELEASE) --package seckill-module --package seckill-cli

build-bench: build
	@$(CARGO) build $(RELEASE) --package seckill-bench

run: build ## Replay the incident: hand-written locks beside Seckill. ARGS="--help" lists the options.
	@$(PROGRAM) incident $(ARGS)

serve: build ## Start a server with the module on port 6379, for redis-cli; data is in seckill-data. ARGS="--help" lists the options.
	@$(PROGRAM) serve $(ARGS)

test: setup build ## Run all tests. SERVER="valkey-server" chooses another server program.
	$(CARGO) test $(CHECKED) --package seckill-core
	$(CARGO) test $(RELEASE) --workspace $(FEATURES)

test-servers: setup build ## Run the tests on real servers on Redis 7.0, 8.0, 8.6 and Valkey 8.1, 9.1. ONLY="valkey-9.1" chooses one.
	@tests/scripts/on-servers $(CARGO) test $(RELEASE) --package seckill-tests --package seckill-bench

test-upgrade: build ## Run the tests of upgrades beside the module of an earlier commit: FROM=HEAD^ or another one.
	@tests/scripts/upgrade $(or $(FROM),HEAD^)

check: setup-build ## Check format, lints, layers and docs; every warning is an error.
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(RELEASE) --workspace --all-targets $(FEATURES) -- --deny warnings
	$(CARGO) test $(RELEASE) --quiet --package seckill-layers
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc $(RELEASE) --workspace --no-deps $(FEATURES) --document-private-items

bench: build-bench ## Measure Seckill beside what a user would do without it: tables and a page. ARGS="--help" lists the options.
	@$(BENCH) $(ARGS)

bench-scale: build-bench ## Measure one sale on many servers, and run the model of 64 servers and 10 million buyers. ARGS="--help" lists the options.
	@$(BENCH) scale $(ARGS)

bench-peers: build ## Measure how a contended lock changes hands, beside other locks of Redis; needs Python and Node.js. ARGS="--help" lists the options.
	@$(PYTHON) -B tests/peers $(PROGRAM) $(ARGS)

instructions: build-bench ## Compare the instructions of the hot commands with the table of them. ARGS="--write" renews it.
	@$(BENCH) instructions $(ARGS)

waiting: build-bench ## Measure what callers cost that wait for locks and for events: as many as the limit of open files allows.
	@ulimit -n $$(ulimit -Hn) && $(BENCH) waiting $(ARGS)

growth: ## Measure time and memory of a sale that grows to 5 million orders.
	$(CARGO) test $(RELEASE) --package seckill-core --test growth -- --ignored --nocapture --test-threads=1

blocking: build ## Measure how long commands on sales of 1 and 5 million orders block the server. Needs 2 GB of memory.
	$(CARGO) test $(RELEASE) --package seckill-tests -- --ignored --nocapture --test-threads=1 sales::blocking

durable: build ## Measure durable orders a second beside a WAIT after each purchase by hand.
	$(CARGO) test $(RELEASE) --package seckill-tests -- --ignored --nocapture --test-threads=1 client::durable::speed

redlock: build ## Measure what a lock on three servers costs beside one on one server.
	$(CARGO) test $(RELEASE) --package seckill-tests -- --ignored --nocapture --test-threads=1 client::redlock_cost

package: ## Build the packages of the core and the client as they would be published, in this order, and publish nothing.
	$(CARGO) publish --dry-run --package seckill-core --package seckill-client

migrate-large: build ## Measure how long a node takes to MIGRATE a sale of 5 million orders. Needs 8 GB of memory.
	$(CARGO) test $(RELEASE) --package seckill-tests -- --ignored --nocapture --test-threads=1 cluster::large_migrations

simulate: ## Simulate servers that fail in every way, without end. SIMULATOR_SEED=n repeats one schedule.
	SIMULATOR_SCHEDULES=0 $(CARGO) test $(CHECKED) --package seckill-core --test simulator -- --nocapture

memcheck: setup build ## Run the tests with their servers under valgrind; takes some minutes.
	@tests/scripts/memcheck

guard: build ## Measure that the module does not slow Redis down, by redis-benchmark. ROUNDS=15 for more.
	@tests/scripts/guard $(or $(ROUNDS),7) $(MODULE)

fuzz: ## Fuzz the decoders for a minute each; needs cargo-fuzz. SECONDS=600 for longer.
	@tests/scripts/fuzz $(or $(SECONDS),60)

install: build ## Copy the module to MODULE_DIR (/usr/local/lib/redis/modules), and install the program by cargo, which finds it there.
	mkdir -p $(DESTDIR)$(MODULE_DIR)
	install -m 755 $(MODULE) $(DESTDIR)$(MODULE_DIR)/seckill.so
	SECKILL_MODULE_DIR=$(MODULE_DIR) $(CARGO) install --path client/cli --locked

test-install: build ## Install into a temporary directory, and replay a small incident there.
	@tests/scripts/install

deb: build ## Build a Debian package of the module and the program, in target/deb.
	@tests/scripts/deb

test-deb: deb ## Install that package into a clean chroot, or unpack it where debootstrap is missing, and sell with it.
	@tests/scripts/test-deb
