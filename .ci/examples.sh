#!/usr/bin/env bash
# Examples and programs: they build with the command that a user types. The tests run them.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --bins --examples
