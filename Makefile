# The two commands are `make run` and `make test`; both install what they need on Debian and Ubuntu.

RUNNER = .build/release/runner
PREFIX ?= /usr/local
SWIFT ?= swift
SOURCES = Package.swift Sources Tests
# What `make lab` takes: a goal for its largest row, and which rows (default: all).
CONNECTIONS ?= 20k
ROWS ?=

# How many seeds the oracle plays.
SEEDS ?= 1000

# How long `make soak` holds its connections.
MINUTES ?= 20

# What `make sanitize` builds with.
SANITIZERS ?= address

# Which changes `make mutants` plants, and how many; PLACE keeps its build for the next time.
SEED ?= 1
COUNT ?= 200
PLACE ?=

# How long each target is fuzzed, and which are (default: all).
SECONDS ?= 600
TARGETS ?=

.PHONY: run build test test-deps deps lint format bench bench-1m bench-scale bench-deps compare-check \
	soak limits verdicts faults peers refusals foreign sanitize oracle planted-bugs mutants fuzz lab lab-deps \
	install clean


run: build
	$(RUNNER) plans/ramp-1m.plan

build: deps
	$(SWIFT) build -c release --product runner

test: deps lint
	$(SWIFT) build --build-tests
	# Foundation copies a whole `struct dirent` from wherever readdir(3) put a shorter one. In the heap
	# of a thread there may be nothing behind it, and the process of the tests would end there.
	MALLOC_ARENA_MAX=1 $(SWIFT) test

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

# Ratios to plain C programs and to wrk: 13 minutes. `bench-1m` takes 6, `bench-scale` 3.
bench: build bench-deps
	Benchmarks/run --json reports/bench.json

bench-1m: build bench-deps
	Benchmarks/run million --json reports/bench-1m.json

bench-scale: build bench-deps
	Benchmarks/run scale --json reports/bench-scale.json

bench-deps:
	@Tools/install-packages binutils gcc libc6-dev libssl-dev linux-perf python3 wrk

# That equal runs are no regression, and that a slower server is one: 6 minutes.
compare-check: build
	@Tools/install-packages python3
	Benchmarks/compare.py --runner $(RUNNER)

# What grows while nothing should: connections held with churn and heartbeats, watched from outside.
soak: CONNECTIONS = 100k
soak: build
	@Tools/install-packages python3
	Benchmarks/soak.py --minutes $(MINUTES) --connections $(CONNECTIONS)

# Every limit that this machine can be brought to.
limits: build
	@Tools/install-packages iproute2 nftables python3
	Limits/run

# Every line of docs/verdict.md forced, then what was once found wrong beside it: nine minutes.
verdicts: build
	@Tools/install-packages iproute2 nftables python3
	Limits/verdicts; verdicts=$$?; Limits/findings && exit $$verdicts

# What goes wrong on real machines, done to runs: processes killed and stopped, full disks, terminals that
# go, files that others lock: seven minutes.
faults: build
	@Tools/install-packages python3
	Limits/faults

# Servers and clients that do whatever they like, beside good ones: four minutes.
peers: build
	@Tools/install-packages python3
	Limits/peers

# What TLS, HTTP, WebSocket and MQTT have to refuse with, and how each is named: two minutes.
refusals: build
	@Tools/install-packages mosquitto nginx-light openssl python3
	Limits/refusals

# A server under 19,000 connections that it does not expect, built with the address sanitizer.
foreign: deps
	@Tools/install-packages python3
	$(SWIFT) build --sanitize=address --scratch-path .build-asan --product runner
	Limits/foreign

# All tests once more in a build that watches memory; see Tools/sanitize.
sanitize: deps
	Tools/sanitize $(SANITIZERS)

# Whole runs on a simulated host, each from one seed, held against what has really happened there, and which
# failures and limits were met: 1,000 take half a minute on two processors.
oracle: deps
	$(SWIFT) build -c release --product runner-oracle
	.build/release/runner-oracle --seeds $(SEEDS) --coverage

# Whether the oracle finds bugs that are planted, within so many seeds: ten minutes.
planted-bugs: deps
	Tools/planted-bugs $(SEEDS)

# Whether tests notice changes of one line that one seed plants all over Sources: an hour for 200.
mutants: deps test-deps
	Tools/mutants/run --seed $(SEED) --count $(COUNT) $(if $(PLACE),--place $(PLACE))

# Whatever others may write, under libFuzzer and the address sanitizer. The toolchain has both.
fuzz: deps
	@Tools/install-packages python3
	RUNNER_FUZZ=1 $(SWIFT) build -c release --scratch-path .build-fuzz --product FuzzCommand \
		-Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=fuzzer-no-link,address -Xswiftc -use-ld=lld
	Tools/fuzz $(SECONDS) $(TARGETS)


# Limits that need a kernel of their own; see Lab/README.md.
lab: build
	Lab/run --connections $(CONNECTIONS) $(if $(ROWS),--rows $(ROWS))

lab-deps:
	@Tools/install-packages qemu-system-x86 busybox-static nftables iproute2 cpio kmod

install: build
	install -D $(RUNNER) $(DESTDIR)$(PREFIX)/bin/runner

clean:
	$(SWIFT) package clean

# What the program is built with.
deps:
	@Tools/install-packages libxml2-dev libsqlite3-dev libssl-dev pkg-config

# Programs that only tests use; without one of them its tests are skipped.
test-deps:
	@Tools/install-packages chromium iproute2 libxml2-utils mosquitto mosquitto-clients \
		nftables nginx-light openssl python3 \
		python3-jsonschema python3-websockets redis-server sqlite3 strace tmux
