#!/usr/bin/env bash
# Installs what is missing for the parts named: postgres, node, chromium, python, poppler. Debian and Ubuntu; elsewhere it says what
# to install. Parts that only some tests need are optional: without them those tests skip and say so.
set -euo pipefail

have_postgres() {
	[ -n "${DATABASE_URL:-}" ] || [ -n "${TENURE_PG_BIN:-}" ] || ls /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb >/dev/null 2>&1 ||
		{ command -v initdb >/dev/null && command -v postgres >/dev/null; }
}
have_node() { command -v node >/dev/null && command -v npm >/dev/null; }
have_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
have_python() { command -v python3 >/dev/null; }
have_poppler() { command -v pdftotext >/dev/null && command -v pdftoppm >/dev/null; }

package_of() {
	case $1 in
	postgres) echo postgresql postgresql-client ;;
	node) echo nodejs npm ;;
	chromium) echo chromium ;;
	python) echo python3 ;;
	poppler) echo poppler-utils ;;
	esac
}

updated=
for part in "$@"; do
	"have_$part" && continue
	packages=$(package_of "$part")
	as_root=
	[ "$(id -u)" = 0 ] || as_root=sudo
	if ! command -v apt-get >/dev/null || { [ -n "$as_root" ] && ! command -v sudo >/dev/null; }; then
		echo "please install: $packages" >&2
		[ "$part" = postgres ] && exit 1
		continue
	fi
	echo "installing $packages" >&2
	[ -n "$updated" ] || $as_root apt-get update -qq >/dev/null || true
	updated=1
	if [ "$part" = postgres ]; then
		# Only the programs: Tenure runs servers of its own, so the distribution's is not started.
		$as_root mkdir -p /etc/postgresql-common
		[ -e /etc/postgresql-common/createcluster.conf ] ||
			echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	# shellcheck disable=SC2086
	if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null; then
		echo "could not install $packages" >&2
		[ "$part" = postgres ] && exit 1
	fi
done
exit 0
