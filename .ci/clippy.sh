#!/usr/bin/env bash
# Lints: no warnings in any target, nor in the library with no feature, with each one, and with all.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo clippy --workspace --all-targets -- -D warnings
lint() {
    cargo clippy --package socketserver --no-default-features "$@" -- -D warnings
}
lint
sed -n '/^\[features\]/,/^\[/s/^\([a-z-]*\) = .*/\1/p' socketserver/Cargo.toml | while read -r feature; do
    [ "$feature" = default ] || lint --features "$feature"
done
lint --all-features
