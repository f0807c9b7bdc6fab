#!/usr/bin/env bash
# Instructions: no hot path takes 5 % more than `tests/benches/instructions/counts.txt` says.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release --package instructions
