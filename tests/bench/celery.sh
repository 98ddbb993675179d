#!/usr/bin/env bash
# What our Celery exporter bears, beside flower where that keeps up, in release builds: prints figures and a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cargo bench --quiet --package celery-exporter --bench load
