#!/usr/bin/env bash
# The pool and the end of a server under a model checker: every order in which threads can meet,
# with at most three switches that nothing forces. Takes a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
export RUSTFLAGS="--cfg loom"
# Everything is built anew with that flag: in a place of its own, so that other builds stay.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
timeout 600 cargo test --release --package socketserver --lib model:: "$@"
