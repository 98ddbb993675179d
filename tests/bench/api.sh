#!/usr/bin/env bash
# What measuring costs an API, in release builds: a request through the layer beside axum-prometheus (layer), an event of a bounded
# family (bounded), a flood of values on two threads (attack), and CPU and instructions of a real service (overhead), then what
# counting costs in core beside its peers (count, stalls). Names of these as arguments run only them.
# Instructions are counted by valgrind, which nothing else here needs: apt-get install valgrind.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=("$@")
((${#wanted[@]})) || wanted=(layer bounded attack overhead count stalls)
if [[ " ${wanted[*]} " == *' overhead '* ]] && ! command -v valgrind >/dev/null; then
    printf 'tests/bench/api.sh: overhead needs valgrind; run: apt-get install valgrind\n' >&2
    exit 1
fi

# Lines of criterion and of our own benches as rows: what was measured, and what came out.
table() {
    printf '\n### %s\n\n| measured | figure |\n|---|---|\n' "$1"
    awk '
        / time: +\[/ { sub(/^ +/, ""); split($0, part, / +time: +\[/); name = part[1] == "" ? last : part[1]; split(part[2], time, " ")
            printf "| %s | %s %s |\n", name, time[3], time[4]; next }
        /^[^ ].*\// { last = $0; next }
        /^(Benchmarking|Found|Gnuplot|Warning)/ || /^ / || /^$/ { next }
        { printf "| %s | |\n", $0 }'
}

for bench in "${wanted[@]}"; do
    package=api-metrics
    [[ $bench != count && $bench != stalls ]] || package=exporter-core
    cargo bench --quiet --locked --package "$package" --bench "$bench" | table "$bench"
done
