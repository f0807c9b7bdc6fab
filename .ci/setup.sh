#!/usr/bin/env bash
# What the steps need besides Rust: Python, for the clients and servers that some tests run.
set -euo pipefail
if ! command -v python3 >/dev/null; then
    apt-get update
    apt-get install --yes --no-install-recommends python3
fi
