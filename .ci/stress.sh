#!/usr/bin/env bash
# Runs every fault at full size, one at a time, and prints the figures as tables. Takes some minutes
# on a machine with nothing else to do. Arguments choose faults by parts of their names.
set -euo pipefail
cd "$(dirname "$0")/.."
# One of the servers is the chat.
cargo build --release --quiet --package demos
timeout --kill-after=10 1800 \
    cargo test --release --package tests --test faults -- "$@" --full --table
