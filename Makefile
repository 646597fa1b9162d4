# What an engineer runs. CI (.ci/run) calls the same targets, so what is green here is green there.
GO      ?= go
BUF     := $(GO) tool -modfile=tools/go.mod buf
LINT    := $(GO) tool -modfile=tools/lint/go.mod golangci-lint
FUZZTIME ?= 10s
# Where third-party data stands, if anywhere: its tests say loudly when it is not set.
export MASHGATE_EXTERNAL_DATA ?= $(wildcard $(abspath ../shared/data))
export MASHGATE_EXTERNAL_SCENARIOS ?= $(wildcard $(abspath ../shared/scenarios))

.PHONY: help demo test generate check-generate lint policy race fuzz bench mutate licences soak

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: ## The main job on embedded defaults
	$(GO) run ./cmd/mashgate demo

test: ## Every test, with a list of what was skipped and why
	@command -v npm >/dev/null || { echo "make test needs Node.js with npm for the sign-in tests: apt-get install nodejs npm"; exit 1; }
	MASHGATE_REQUIRE_SERVERS=1 $(GO) run -C tools ./report -timeout 20m ./...

generate: ## Make the generated code anew
	rm -rf proto/gen/mashgate
	$(BUF) generate

check-generate: generate ## Fail when generating changes anything
	@git diff --exit-code --stat -- proto/gen || { echo "generated code is not up to date: run make generate and commit"; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard proto/gen)" || { echo "generated files are not committed"; exit 1; }

lint: ## Contracts, Go
	$(BUF) lint
	$(BUF) format --diff --exit-code proto/api
	test -z "$$(gofmt -l $$(git ls-files '*.go' ':!proto/gen'))"
	$(GO) vet ./...
	$(LINT) run ./...

# The day is that of the last commit: what was reviewed in time then goes on passing here.
policy: ## Every policy pack: format, strict compilation, the domain's lints, tests and scenarios with coverage
	@set -e; day=$$(git log -1 --format=%cs); $(GO) build -o $(CURDIR)/.policy/mashctl ./cmd/mashctl; trap 'rm -rf $(CURDIR)/.policy' EXIT; \
	  for pack in policy/rules agencies/*/policy; do \
	    echo "policy $$pack"; .policy/mashctl policy check --strict --today $$day $$pack; .policy/mashctl policy test $$pack; done

# Left out are tests of many decisions rather than of many goroutines: the oracle asks OPA's own command about each record, two of them
# decide hundreds of thousands of records again (policy/history has the test of the goroutines that do), one makes ten thousand requests.
race: ## The race detector over what runs concurrently
	$(GO) test -race -skip '^(TestOracle|TestTenThousandRequestsDuringReload|TestReplay|TestASimulationIsStoppedAndResumed)$$' -timeout 20m ./internal/peer ./internal/seal ./internal/warrant ./agencies ./agencies/localstore ./gateway/... ./policy ./policy/history

fuzz: ## Each fuzz target for FUZZTIME (a time, or a number of inputs such as 500x)
	@set -e; for f in $$(grep -rl --include='*_test.go' 'func Fuzz' . | grep -v node_modules); do \
	  for t in $$(grep -oE 'func Fuzz[A-Za-z0-9_]+' $$f | cut -d' ' -f2); do \
	    echo "fuzz $$(dirname $$f) $$t"; $(GO) test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) -parallel 2 $$(dirname $$f); done; done

bench: ## What the path costs, as ratios to a raw fan-out measured in the same run
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./gateway/bench ./policy ./policy/simulate

mutate: ## Every mutation of the default policy pack; no survivor may remain
	$(GO) run ./cmd/mashctl policy mutate

licences: ## The licences of everything that is built in
	$(GO) run -C tools ./licences > tools/licences/THIRD_PARTY.md

soak: ## Long runs: the race detector over everything, longer fuzzing, every mutation
	$(GO) test -race -timeout 120m ./...
	$(MAKE) fuzz FUZZTIME=5m
	$(MAKE) mutate
