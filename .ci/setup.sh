#!/usr/bin/env bash
# What the steps need beside Rust: Python, whose clients and servers the tests drive.
set -euo pipefail
if ! command -v python3 >/dev/null; then
    apt-get update
    apt-get install --yes --no-install-recommends python3
fi
