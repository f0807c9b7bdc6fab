//! How deep the code on a green thread may go.

use std::hint::black_box;

use tests::prelude::*;

use crate::join;

/// The recursion that `serde_json` allows unless told otherwise. (It is tried in
/// `faults/hostile_input.rs`.)
const LEVELS: usize = 127;

struct Nested(Vec<Nested>);

/// As much as a level of a typed parser takes.
const FRAME: usize = if cfg!(debug_assertions) { 6 << 10 } else { 1 << 10 };

#[inline(never)]
fn parse(text: &[u8]) -> Nested {
    let frame = [1_u8; FRAME];
    black_box(&frame);
    let inner = match text {
        [b'[', inner @ .., b']'] => vec![parse(inner)],
        _ => vec![],
    };
    black_box(&frame);
    Nested(inner)
}

#[test]
fn default_stack_holds_larger_frames() {
    let nested = "[".repeat(LEVELS) + &"]".repeat(LEVELS);
    let parsed = green::spawn(move || black_box(parse(nested.as_bytes())).0.len());
    assert_eq!(parsed.join().expect("no panic"), 1);
}

#[test]
fn stack_is_as_large_as_asked_for() {
    const LEVELS_OF_200_MIB: usize = (200 << 20) / (16 << 10);
    let run = green::try_spawn(1 << 30, || deep(LEVELS_OF_200_MIB)).expect("address space");
    assert_eq!(join(run), LEVELS_OF_200_MIB);
}

/// They run a part of its request.
#[test]
fn scoped_threads_have_stacks_as_large_as_their_starters() {
    let levels = (4 << 20) / (16 << 10);
    let run = green::try_spawn(8 << 20, move || {
        green::scope(|scope| {
            let inner =
                move || green::scope(|scope| join_scoped(scope.spawn(move || deep(levels))));
            join_scoped(scope.spawn(inner))
        })
    });
    assert_eq!(join(run.expect("a stack")), levels);
}

fn join_scoped<T>(thread: green::ScopedJoinHandle<'_, T>) -> T {
    thread.join().expect("no panic")
}

#[test]
fn stack_beyond_all_bounds_is_an_error() {
    for size in [1 << 40, usize::MAX] {
        assert_eq!(error_kind(green::try_spawn(size, || ()).map(drop)), ErrorKind::InvalidInput);
    }
}

#[test]
fn stack_that_came_near_its_end_is_reported() {
    // Other tests would add lines of theirs.
    let Some(()) = alone() else { return };
    let lines = keep_lines(LevelFilter::Warn);
    let size = 1 << 20;
    let run = |levels| {
        let one = green::try_spawn(size, move || deep(levels)).expect("a stack");
        one.join().expect("no panic");
    };
    // Half of the stack is no reason for a line, on any of the stacks that are used again.
    for _ in 0..20 {
        run(25);
    }
    assert_eq!(lines.about(""), []);
    run(53);
    until("there is a line", || !lines.about("").is_empty());
    let (_, line) = lines.about("")[0].clone();
    assert!(line.contains("more than three quarters of its stack of 1024 KiB"), "{line}");
    // The next one on that stack is innocent.
    thread::sleep(Duration::from_millis(1_100));
    for _ in 0..20 {
        run(25);
    }
    assert_eq!(lines.about("").len(), 1);
}
