#!/usr/bin/env bash
# Tests: the command in the README.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --workspace
