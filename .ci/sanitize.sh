#!/usr/bin/env bash
# Address sanitizer, run by hand: the tests of green threads and of their stacks, and the green column of the grid. The
# sanitizer also finds leaks. It must know of every switch between stacks, for which corosensei has a feature. Needs a
# nightly toolchain, with the standard library it comes with. Takes a few minutes, and at most half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTFLAGS="-Zsanitizer=address"
# With an explicit target, build scripts and macros are built without the sanitizer.
target=$(rustc +nightly -vV | sed -n 's/^host: //p')
sanitized() {
    timeout 900 cargo +nightly test --target "$target" --package tests --package socketserver \
        --features corosensei/sanitizer --no-fail-fast "$@"
}
# Five tests are skipped. Two take away address space, of which the sanitizer needs terabytes; one expects a message of
# the standard library, which the sanitizer replaces; one counts on the size of frames, which the sanitizer changes; and
# one leaves a green thread asleep, whose memory is a leak for the sanitizer.
sanitized --test green -- --skip a_stack_without_room --skip stacks_need_little --skip an_ordinary_thread_overflows \
    --skip stack_that_came_near_its_end_is_reported --skip an_endless_sleep
sanitized --test server --test transport --test concurrency --test handler --test socket -- green
sanitized --lib -- computing on_stack
