#!/usr/bin/env bash
# Model checker, run by hand: the pool, the baton and the end of a server in all interleavings of their
# threads with at most LOOM_MAX_PREEMPTIONS preemptions. Takes about five minutes. An argument selects
# models by name, such as `model::pool`.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
export RUSTFLAGS="--cfg loom"
# The flag rebuilds everything, so a separate directory keeps the other builds.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
timeout 600 cargo test --release --package socketserver --lib "${1:-model::}"
