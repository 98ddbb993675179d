#!/usr/bin/env bash
# Compares our PostgreSQL exporter with Debian's and with pg_exporter, all in their release builds, and prints a Markdown table.
# Names of cases as arguments run these only; LONG=1 adds 501 databases, 10,000 tables and 10,000 scrapes.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=0.22.2
export PG_EXPORTER_BIN=${PG_EXPORTER_BIN:-$PWD/target/peers/bin/pg_exporter}
[[ -x $PG_EXPORTER_BIN ]] || cargo install --quiet --root target/peers "pg_exporter@$version" ||
    printf 'tests/bench/postgres.sh: pg_exporter %s cannot be built; its column stays empty\n' "$version" >&2
exec cargo bench --quiet --package it --bench postgres -- "$@"
