#!/usr/bin/env bash
# Documentation: it builds without warnings, so it has no broken links.
set -euo pipefail
cd "$(dirname "$0")/.."
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
