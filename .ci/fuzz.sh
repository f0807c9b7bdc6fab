#!/usr/bin/env bash
# Coverage-guided fuzzing, run by hand: `.ci/fuzz.sh TARGET [SECONDS] [OPTION...]`, for 10 minutes
# unless it says otherwise. Without a target, all of them run, one after the other. The targets are
# the programs in `tests/fuzz/src/bin`. Inputs that reach new code are kept for the next run; one
# that fails is written to `target/fuzz/failed`, and `.ci/fuzz.sh TARGET 0 FILE` runs it again.
#
# It needs a compiler of C++. With SANITIZER=address, it also needs the nightly toolchain, and finds
# wrong uses of memory.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# = 0 ]; then
    for target in tests/fuzz/src/bin/*; do
        ".ci/fuzz.sh" "$(basename "$target" .rs)"
    done
    exit
fi
target="$1" seconds="${2:-600}"
shift $(($# < 2 ? $# : 2))
folder="$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")/fuzz"
# What `cargo fuzz` passes: counters of edges, and the operands of comparisons.
coverage=(
    --cfg=fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
)
toolchain=()
if [ -n "${SANITIZER:-}" ]; then
    toolchain=(+nightly) coverage+=("-Zsanitizer=$SANITIZER") folder="$folder-$SANITIZER"
fi
# With an explicit target, build scripts and macros are built without these flags.
host="$(rustc -vV | sed -n 's/^host: //p')"
RUSTFLAGS="${coverage[*]}" cargo "${toolchain[@]}" build --quiet --release --target "$host" \
    --target-dir "$folder" --package fuzz --features targets --bin "$target"
rm -rf "$folder/temporary/$target"
mkdir -p "$folder/temporary/$target" "$folder/seeds/$target" "$folder/corpus/$target" "$folder/failed"
options=(-max_total_time="$seconds" -timeout=10 -artifact_prefix="$folder/failed/$target-")
if [ -f "tests/fuzz/words/$target" ]; then
    options+=(-dict="tests/fuzz/words/$target")
fi
if [ "$seconds" != 0 ]; then
    set -- "$folder/corpus/$target" "$folder/seeds/$target" "$@"
fi
export TMPDIR="$folder/temporary/$target" FUZZ_SEEDS="$folder/seeds/$target"
exec "$folder/$host/release/$target" "${options[@]}" "$@"
