#!/usr/bin/env bash
# Documentation: it builds without warnings, so it has no broken links. With the usual features
# alone, too: a link to an item of another feature would be broken for most programs.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTDOCFLAGS="-D warnings"
cargo doc --workspace --no-deps
cargo doc --package socketserver --no-deps
