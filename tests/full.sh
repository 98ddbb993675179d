#!/usr/bin/env bash
# Everything that run.sh does, then the long forms: comparisons with other exporters and whatever takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

# For the API's bench, at the very end.
command -v valgrind >/dev/null || {
    printf 'tests/full.sh: valgrind is missing; run: apt-get install valgrind\n' >&2
    exit 1
}
./tests/run.sh
LONG=1 cargo test --locked --package it --test formats --test redis_load
LONG=1 cargo test --locked --package generator --test same_bytes
LONG=1 cargo test --locked --package it --test live
CELERY_TASKS=10000 cargo test --locked --package celery-exporter --test ground_truth
FUZZ_SECONDS=60 cargo test --locked --package celery-exporter --lib broken_
cargo run --locked --quiet --package generator -- --mutate
cargo bench --locked --package generator --bench whole_run
./tests/majors.sh
LONG=1 cargo test --locked --package it --test postgres_faults restarts
LONG=1 cargo test --locked --package postgres-exporter --test e2e what_runs_ends
./tests/bench/redis.sh
LONG=1 ./tests/bench/postgres.sh
./tests/bench/celery.sh
./tests/bench/api.sh
