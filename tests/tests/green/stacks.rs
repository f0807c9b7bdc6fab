//! The stacks of green threads: their size, and the guard at their end.

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;

use tests::prelude::*;

use crate::{join, on_green};

/// Runs `part` in a process that it ends by that signal. Returns the standard error.
#[track_caller]
fn ends_by(signal: Signal, part: fn()) -> String {
    let Some(ended) = own_process() else {
        // Without a core file.
        lower(Resource::Core, 0);
        part();
        unreachable!("there is no end to it, or no room for it");
    };
    assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{ended:?}");
    ended.errors
}

#[test]
fn an_overflow_ends_the_process_with_a_message() {
    let errors = ends_by(Signal::SEGV, || {
        let handler = |request: Socket, _| request.sendall(&deep(usize::MAX).to_ne_bytes());
        let server = run(GreenTCPServer::handling(handler), LOCAL);
        Client::stream(&server.address()).rest();
    });
    let message = "a green thread has overflowed its stack: give it a larger stack_size";
    assert!(errors.contains(message), "{errors}");
}

/// A frame that ends beyond the guard is touched page by page, and so meets it.
#[test]
fn a_large_frame_cannot_skip_the_guard() {
    let errors = ends_by(Signal::SEGV, || {
        let _ = green::spawn(|| black_box([1_u8; 2 << 20]).len()).join();
    });
    assert!(errors.contains("overflowed its stack"), "{errors}");
}

/// The standard library reports it.
#[test]
fn an_ordinary_thread_overflows_as_ever() {
    let errors = ends_by(Signal::ABORT, || {
        assert_eq!(on_green(|| 1), 1);
        let thread = thread::Builder::new().name("ordinary".to_owned());
        let thread = thread.spawn(|| deep(usize::MAX)).expect("a thread");
        let _ = thread.join();
    });
    assert!(errors.contains("'ordinary'") && !errors.contains("green"), "{errors}");
}

/// The usual size is not enough for a hundred levels.
#[test]
fn a_server_may_have_larger_stacks() {
    let handler = |request: Socket, _| request.sendall(deep(100).to_string().as_bytes());
    let server = run(GreenTCPServer::handling(handler).stack_size(16 << 20), LOCAL);
    for _ in 0..20 {
        assert_eq!(Client::stream(&server.address()).rest(), b"100");
    }
}

/// An unused stack costs address space alone.
#[test]
fn a_stack_without_room_is_an_error() {
    let Some(()) = alone() else { return };
    assert_eq!(on_green(|| 1), 1);
    // One that gets no signal stack ends the process. A thread has its name after that.
    until("the schedulers and their watchdog run", || {
        let tasks = fs::read_dir("/proc/self/task").expect("/proc").flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("green-")).count() > cores()
    });
    let before = lower(Resource::As, 4 << 30);
    let (open, gate) = green::channel::<()>(1);
    let wait = || {
        let gate = gate.clone();
        green::try_spawn(64 << 20, move || gate.recv())
    };
    let mut waiting = Vec::new();
    let error: io::Error = loop {
        match wait() {
            Ok(one) => waiting.push(one),
            Err(error) => break error,
        }
        assert!(waiting.len() < 64, "that is more than there is");
    };
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    // More attempts than there may ever be mappings cost nothing.
    (0..5_000).for_each(|_| drop(wait().expect_err("there is no room")));
    setrlimit(Resource::As, before).expect("the old limit");
    waiting.push(wait().expect("there is room again"));
    drop(open);
    let count = waiting.len().min(8);
    assert!(waiting.into_iter().all(|one| join(one).is_err()));
    // Their stacks are there for others.
    let again: Vec<_> = (0..count).map(|_| green::try_spawn(64 << 20, || 1)).collect();
    for one in again {
        assert_eq!(join(one.expect("a stack that was used before")), 1);
    }
}
