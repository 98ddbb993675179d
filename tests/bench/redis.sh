#!/usr/bin/env bash
# Compares our Redis exporter with Debian's, both in their release builds, and prints a Markdown table.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cargo bench --quiet --package it --bench redis
