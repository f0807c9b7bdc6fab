#!/usr/bin/env bash
# Examples: they build with the command that a user types.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --examples
