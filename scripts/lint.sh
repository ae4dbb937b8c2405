#!/usr/bin/env bash
# What every change must pass before it is tested.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not formatted (gofmt -w): $unformatted" >&2; exit 1; }

go vet ./...

before=$(git ls-files -s '*_templ.go' | sha256sum; git diff -- '*_templ.go' | sha256sum)
go tool templ generate >/dev/null 2>&1
after=$(git ls-files -s '*_templ.go' | sha256sum; git diff -- '*_templ.go' | sha256sum)
[ "$before" = "$after" ] || { echo "generated pages are not up to date: run make generate and commit" >&2; exit 1; }

before=$(sha256sum templates/lang/messages.yaml)
go generate ./templates/lang
[ "$before" = "$(sha256sum templates/lang/messages.yaml)" ] || { echo "the list of texts is not up to date: run make generate and commit" >&2; exit 1; }

if command -v golangci-lint >/dev/null; then
	golangci-lint run
else
	echo "golangci-lint is not installed: only gofmt, vet and generated files were checked" >&2
fi
