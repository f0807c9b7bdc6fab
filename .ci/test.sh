#!/usr/bin/env bash
# The README's own command.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --workspace
