#!/usr/bin/env bash
# Every fault with the numbers that count, one at a time, and the figures as a table. Takes some
# minutes and a machine that does nothing else. Arguments choose faults by their names.
set -euo pipefail
cd "$(dirname "$0")/.."
# The chat's program is one of the servers.
cargo build --release --quiet --package demos
timeout --kill-after=10 1800 \
    cargo test --release --package tests --test faults -- --full --table "$@"
