#!/usr/bin/env bash
# Faults, run by hand: each in full size, one at a time, and then all figures as tables. Takes about
# 25 minutes on a machine that does nothing else. Arguments select faults by name.
set -euo pipefail
cd "$(dirname "$0")/.."
# One of the servers is the chat, a demo. With the command that the tests use, they build nothing.
cargo build --release --quiet --workspace --bins --examples
timeout --kill-after=10 1800 \
    cargo test --release --package tests --test faults -- "$@" --full --table
