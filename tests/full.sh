#!/usr/bin/env bash
# Everything that run.sh does, then the long forms: comparisons with other exporters and whatever takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

./tests/run.sh
./tests/bench/redis.sh
