#!/usr/bin/env bash
# Soundness, run by hand: the tests of green threads, and the green column of the grid, under the address sanitizer, which
# also looks for leaks. It has to be told of every change of stacks; corosensei's feature does that. Needs a nightly
# toolchain with its standard library as it comes. Ends after half an hour at the latest, usually after some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTFLAGS="-Zsanitizer=address"
# A target that is named keeps the sanitizer out of build scripts and macros.
target=$(rustc +nightly -vV | sed -n 's/^host: //p')
sanitized() {
    timeout 900 cargo +nightly test --target "$target" --package tests --package socketserver \
        --features corosensei/sanitizer --no-fail-fast "$@"
}
# Of those that are skipped one takes address space away, of which the sanitizer needs terabytes, and one is about a word
# of the standard library's that is the sanitizer's here.
sanitized --test green -- --skip without_room_for_a_stack --skip an_ordinary_thread_overflows
sanitized --test server --test transport --test concurrency --test handler --test socket -- green
