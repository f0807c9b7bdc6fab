#!/usr/bin/env bash
# The examples build as a user builds them.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --examples
