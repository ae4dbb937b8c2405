# Tenure. `make help` lists what there is. Everything a target needs and the machine lacks is installed first (Debian, Ubuntu).
SHELL := bash
GO ?= go
BIN := bin/tenure
DATA ?= ./var

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: deps
deps: ## Install what is missing: PostgreSQL (Debian, Ubuntu)
	@bash scripts/deps.sh postgres

.PHONY: build
build: ## Build bin/tenure
	@mkdir -p bin
	$(GO) build -trimpath -o $(BIN) ./cmd/tenure

.PHONY: demo
demo: deps build ## Show Tenure at work: demo company, real targets, portal in a browser
	$(BIN) demo --data $(DATA)/demo

.PHONY: dev
dev: deps build ## Serve the portal on an own database, with jobs
	$(BIN) migrate --data $(DATA)
	$(BIN) serve --gallery --data $(DATA)

.PHONY: test
test: deps ## Run the tests (installs what they need)
	@bash scripts/deps.sh node chromium python poppler
	@for dir in test/axe test/api; do [ -d $$dir/node_modules ] || npm ci --silent --no-audit --no-fund --prefix $$dir || exit; done
	$(GO) test -timeout 30m ./web ./templates ./... # the longest first

.PHONY: pictures
pictures: ## Make the pictures of the pages in docs/ anew, after a page has changed
	@bash scripts/deps.sh chromium
	rm -f docs/images/pages/*.webp
	$(GO) test ./templates -count 1 -run TestPictures -pictures $(abspath docs/images/pages)

.PHONY: race
race: deps ## Run the tests with the race detector
	$(GO) test -race ./internal/access/... ./internal/db/... ./internal/provision/... ./internal/connector/... ./web/...

.PHONY: lint
lint: ## Vet, format, generated files, golangci-lint where it is installed
	@bash scripts/lint.sh

.PHONY: generate
generate: ## Generate the pages' Go code and the list of their texts
	$(GO) tool templ generate
	$(GO) generate ./templates/lang

.PHONY: check
check: lint test ## Lint and test

.PHONY: replay
replay: deps build ## Replay 18 years of a real HR feed into foreign targets (YEARS=3 for the first three)
	@bash scripts/deps.sh node python
	TENURE=$(abspath $(BIN)) bash test/replay/run.sh

.PHONY: as-of
as-of: deps build ## Hold 1,000 answers about the past of that feed against its files, all years (part of replay as well)
	@bash scripts/deps.sh python
	TENURE=$(abspath $(BIN)) bash test/replay/run.sh as-of

.PHONY: looks
looks: deps ## Look at every sample of every page in every look
	@bash scripts/deps.sh node chromium
	@[ -d test/axe/node_modules ] || npm ci --silent --no-audit --no-fund --prefix test/axe
	$(GO) test -timeout 60m -count 1 -run TestBrowser ./templates -all

.PHONY: races
races: deps ## Race decisions of two processes 2,000 times, answers to one step 1,000 times, the end of a review 200 times, and 100,000 checks of portal rights against their changes
	TENURE_RACES=2000 $(GO) test -timeout 120m -count 1 -v -run Race ./internal/lifecycle
	TENURE_RACES=1000 $(GO) test -timeout 60m -count 1 -v -run TestOneDecision ./internal/request
	TENURE_RACES=200 $(GO) test -timeout 60m -count 1 -v -run 'NoItemIsLost|ItemsAreLost' ./internal/campaign
	TENURE_CHECKS=100000 $(GO) test -timeout 60m -count 1 -v -run NoStaleAllow ./internal/auth

.PHONY: reviews
reviews: deps ## Review everybody of a real company after 18 years of its HR feed: who is asked how much
	TENURE_EMPLOYEES=1 $(GO) test -timeout 60m -count 1 -v -run TestAReviewOfARealCompany ./internal/app

.PHONY: tamper
tamper: deps ## Flip 500 bytes of an evidence pack for both verifiers and 10,000 bits of sealed events, edit state 200 times, and tamper with logs as a superuser
	@bash scripts/deps.sh python
	TENURE_FLIPS=500 TENURE_BITS=10000 TENURE_EDITS=200 $(GO) test -timeout 60m -count 1 -v -run 'Flipped|Tampering|Named|Fork|Chain|Replayed' ./internal/audit/trail

.PHONY: properties
properties: deps ## Hold 1,000 generated organisations against an interpreter and plain SQL
	TENURE_ORGANISATIONS=1000 $(GO) test -timeout 60m -count 1 -v -run TestGeneratedOrganisations ./internal/app

.PHONY: bench
bench: deps build ## Measure against the floors of this machine
	$(BIN) bench

.PHONY: clean
clean: ## Remove what was built, not the data
	rm -rf bin coverage.out
