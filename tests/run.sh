#!/usr/bin/env bash
# Every check and test of the project, from a bare checkout with Rust to the end-to-end tests. Installs what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# Runs a command under a heading and says how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n=== %s\n' "$name"
    "$@"
    printf '=== %s: %d s\n' "$name" $((SECONDS - start))
}

fail() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 1
}

# Debian packages of the programs in tests/debian.txt that are not there.
missing_packages() {
    local program package
    while read -r program package; do
        [[ $program == '#' ]] || command -v "$program" >/dev/null || printf '%s\n' "$package"
    done <tests/debian.txt | sort --unique
}

# Debian starts the services that it installs, on their usual ports; no test uses those, so whether they start does not matter.
install_packages() {
    local packages=("$@") as_root=()
    local line="apt-get install --yes ${packages[*]}"
    command -v apt-get >/dev/null || fail "these Debian packages (or their programs, see tests/debian.txt) are missing: ${packages[*]}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "neither root nor sudo; as root, run: $line"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update || printf 'tests/run.sh: apt-get update failed; trying the lists that are there\n' >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" ||
        printf 'tests/run.sh: apt-get reported a failure\n' >&2
}

programs() {
    local packages
    mapfile -t packages < <(missing_packages)
    if ((${#packages[@]})); then
        install_packages "${packages[@]}"
        mapfile -t packages < <(missing_packages)
        ((${#packages[@]} == 0)) || fail "could not install: ${packages[*]}"
    fi
    command -v cargo >/dev/null || fail "cargo is missing; see https://rustup.rs"
    local component
    for component in rustfmt clippy; do
        command -v "cargo-${component/rustfmt/fmt}" >/dev/null || rustup component add "$component" || fail "$component is missing; run: rustup component add $component"
    done
}

# Python packages that tests drive other programs with, if any.
python_environment() {
    [[ -s tests/requirements.txt ]] || return 0
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    [[ -x target/venv/bin/pip ]] || python3 -m venv target/venv || fail "cannot make a Python environment; run: apt-get install --yes python3-venv"
    target/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt || fail "pip could not install tests/requirements.txt"
}

step 'Programs' programs
step 'Python environment' python_environment
step 'Format' cargo fmt --all --check
step 'Lints' cargo clippy --locked --workspace --all-targets -- --deny warnings
# The API's layer without the reference service, as other services take it.
step 'Layer alone' cargo check --locked --package api-metrics --no-default-features
step 'Documentation' env RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps
# With the programs that tests start, which share their dependencies with the tests.
step 'Programs and tests' cargo build --locked --workspace --bins --tests
# Most tests wait for servers, so there may be more of them than processors.
step 'Tests' env RUST_TEST_THREADS=4 cargo test --locked --workspace
step 'Rendered files are up to date' "${CARGO_TARGET_DIR:-target}/debug/generator" --check
printf '\nAll passed in %d s\n' "$SECONDS"
