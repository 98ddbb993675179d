#!/usr/bin/env bash
# Everything that run.sh does, then the long forms: comparisons with other exporters and whatever takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

./tests/run.sh
LONG=1 cargo test --locked --package it --test formats --test redis_load
LONG=1 cargo test --locked --package generator --test same_bytes
LONG=1 cargo test --locked --package it --test alert_routing
cargo run --locked --quiet --package generator -- --mutate
cargo bench --locked --package generator --bench whole_run
./tests/bench/redis.sh
