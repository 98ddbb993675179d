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
# Of the whole workspace, as run.sh does: another choice of packages would build the dependencies again.
LONG=1 cargo test --locked --workspace --test formats --test redis_load
LONG=1 cargo test --locked --workspace --test same_bytes
LONG=1 cargo test --locked --workspace --test live
LONG=1 cargo test --locked --workspace --test rabbitmq_faults hundreds
CELERY_TASKS=10000 cargo test --locked --workspace --test ground_truth
FUZZ_SECONDS=60 cargo test --locked --workspace --lib broken_
target/debug/generator --mutate
cargo bench --locked --package generator --bench whole_run
./tests/majors.sh
LONG=1 cargo test --locked --workspace --test postgres_faults restarts
LONG=1 cargo test --locked --workspace --test e2e what_runs_ends
./tests/bench/redis.sh
LONG=1 ./tests/bench/postgres.sh
./tests/bench/celery.sh
./tests/bench/api.sh
