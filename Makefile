# Two commands do everything on a fresh Debian 12 machine that has a Swift toolchain: `make run` and `make test`.

SHELL := /bin/bash
CONFIG ?=
ARGS ?=
BUILD_FLAGS ?= --explicit-target-dependency-import-check error
# The Swift runtime inside the binary: one file to copy, and a third less memory at rest. No library is looked for beside it:
# whoever may write there would decide what it runs.
RELEASE_FLAGS := $(BUILD_FLAGS) --static-swift-stdlib --disable-local-rpath
# What CI adds; `make test STRICT=1` is the same by hand. Without line numbers the tests build in a tenth less time.
STRICT_FLAGS := $(if $(STRICT),-Xswiftc -warnings-as-errors -debug-info-format none)

LIBRARIES := libcurl4-openssl-dev libssl-dev libre2-dev libargon2-dev libcrypt-dev libhiredis-dev \
    libarchive-dev zlib1g-dev pkg-config binutils dpkg-dev
# Registries, proxies, clients and tools that the end-to-end tests and the benchmarks run for real.
TOOLS := docker-registry nginx-light haproxy redis-server skopeo podman buildah umoci containerd docker.io debootstrap crun openssh-client openssh-server \
    uidmap apache2-utils openssl curl wrk strace prometheus iproute2 systemd man-db zsh fish python3 python3-venv ca-certificates

.PHONY: help run build install deb test images bench cel-vectors format lint deps libraries sanitize fuzz soak clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

run: libraries ## Build a release and serve on 127.0.0.1:5000 (CONFIG=file.toml, ARGS=...)
	swift build -c release --product entrepot $(RELEASE_FLAGS)
	exec "$$(swift build -c release --show-bin-path)/entrepot" $(if $(CONFIG),-c $(CONFIG)) server $(ARGS)

# Two thirds of what the linker writes are symbols, which only a debugger reads.
DIST := .build/dist
build: libraries ## Build a release binary: .build/dist/entrepot, with its symbols beside it
	swift build -c release --product entrepot $(RELEASE_FLAGS)
	@mkdir -p $(DIST)
	@objcopy --only-keep-debug "$$(swift build -c release --show-bin-path)/entrepot" $(DIST)/entrepot.debug
	@cd $(DIST) && objcopy --strip-all --add-gnu-debuglink=entrepot.debug \
	    "$$(cd ../.. && swift build -c release --show-bin-path)/entrepot" entrepot

# BINARY=path takes one that is built already.
BINARY ?=
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
install: $(if $(BINARY),,build) ## Install program, manual, completions, systemd unit (PREFIX, SYSCONFDIR, DESTDIR)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' config/packaging/install '$(or $(BINARY),$(DIST)/entrepot)'

deb: libraries $(if $(BINARY),,build) ## Make a Debian package in .build/dist
	@config/packaging/build-deb '$(or $(BINARY),$(DIST)/entrepot)' $(DIST)

# Those that only compute go first and alone: beside them, tests with sockets would wait for a processor. So do those that look
# at how long a connection may take, for the many others would make every client a slow one.
TEST := swift test --skip-build $(BUILD_FLAGS) $(STRICT_FLAGS)
PURE := ^(OCI|CEL|Hashing|Configuration|Cluster|Documentation|Fuzz)Tests[.]
EDGE := ^(HTTPServer|CurlClient)Tests[.]
# What they need is installed and made while they are built: the one waits for networks, the other for processors.
test: libraries ## Run every test, end to end included (FILTER=regex for some)
	@$(MAKE) -s images & made=$$!; \
	    swift build --build-tests $(BUILD_FLAGS) $(STRICT_FLAGS); built=$$?; \
	    wait $$made && exit $$built
ifdef FILTER
	$(TEST) --filter '$(FILTER)'
else
	$(TEST) --filter '$(PURE)'
	$(TEST) --filter '$(EDGE)'
	$(TEST) --skip '$(PURE)|$(EDGE)|EndToEndTests'
	$(TEST) --filter EndToEndTests
endif

images: deps
	@Tests/EndToEndTests/Support/build-images.sh .build/e2e

cel-vectors: libraries ## Run a folder of CEL conformance vectors (DIR=...)
	@swift build -q --product cel-vectors $(BUILD_FLAGS)
	@"$$(swift build --show-bin-path)/cel-vectors" "$(DIR)"

bench: deps build ## Measure against docker-registry and nginx (ARGS="--quick", ARGS="--write" for docs/benchmarks.md)
	python3 Tests/Bench/bench.py --entrepot $(DIST)/entrepot $(ARGS)

format: ## Format all Swift code in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests

lint: ## Check format and style; any finding fails
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

# Unit tests of the parts that share memory between threads, each sanitizer in its own scratch path. Leaks are not looked
# for: what the tests hold to their end counts as one.
CONCURRENT := ^(AccessTests|ConsoleTests|CoordinationTests|CurlClientTests|EventsTests|FileStorageTests|HTTPServerTests|LocalTierTests|ObservabilityTests|RegistryTests|ThreadsTests|UpstreamTests)\.
sanitize: libraries ## Run the concurrent parts' unit tests under the thread and address sanitizers
	TSAN_OPTIONS=suppressions=$(CURDIR)/.ci/thread-sanitizer.supp \
	    swift test --scratch-path .build/tsan --sanitize thread --filter '$(CONCURRENT)'
	ASAN_OPTIONS=detect_leaks=0:suppressions=$(CURDIR)/.ci/address-sanitizer.supp \
	    swift test --scratch-path .build/asan --sanitize address --filter '$(CONCURRENT)|^FuzzTests\.'

# Each reader of what strangers send: SECONDS=600 for each, two at a time, TARGETS="toml cel" for some.
SECONDS ?= 600
TARGETS ?=
fuzz: libraries ## Fuzz what reads strangers' bytes (SECONDS=600 each, TARGETS="toml cel")
	SECONDS_EACH=$(SECONDS) Tests/Fuzz/run $(TARGETS)

soak: deps build ## Servers at work for half an hour while everything fails (ARGS="--seconds 3600 --write docs/soak.md")
	python3 Tests/Soak/soak.py --entrepot $(DIST)/entrepot $(ARGS)

libraries: ## Install the C libraries the build needs, where missing
	@.ci/install-packages $(LIBRARIES)

deps: ## Install all that the tests need, where missing
	@.ci/install-packages $(LIBRARIES) $(TOOLS)
	@.ci/install-moto .build/moto
	@.ci/install-kubernetes .build/kubernetes

clean: ## Remove what was built
	swift package clean
