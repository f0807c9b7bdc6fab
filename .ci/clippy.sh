#!/usr/bin/env bash
# Lints: no warnings in any target, with and without the optional features.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --workspace --all-targets -- -D warnings
cargo clippy --package socketserver --no-default-features -- -D warnings
