#!/usr/bin/env bash
# Formatting: as rustfmt writes it.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --all --check
