//! Forking servers in a thread, with clients in other threads of the same process, as in CPython's
//! own tests. Here that needs a promise.

use tests::prelude::*;

use crate::harness::list;

list!(
    TESTS: clients_in_many_threads_are_answered,
    shutdown_does_not_wait_for_children,
);

/// Lets the servers of this file fork.
#[allow(unsafe_code)]
fn promise() -> ForkBesideThreads {
    // SAFETY: `tests::Echo`, the one handler here, only receives, sends and allocates. It takes no
    // lock, since it does not print, log or panic, nor ask its server anything, and it counts on no
    // other thread.
    unsafe { ForkBesideThreads::promise() }
}

fn builder<T: Row>() -> Builder<T, Forking, Echo, ()> {
    Server::<T, Forking, Echo>::builder().fork_beside_threads(promise())
}

fn local() -> Running<()> {
    run(builder::<Tcp>(), "127.0.0.1:0")
}

fn clients_in_many_threads_are_answered() {
    let server = local();
    let address = server.address();
    thread::scope(|scope| {
        for number in 0..8 {
            let address = &address;
            scope.spawn(move || {
                for round in 0..10 {
                    let mut client = Client::stream(address);
                    let text = format!("{number} {round} ").repeat(1_000);
                    assert!(client.ask(&text) == text.as_bytes());
                    assert_eq!(client.finish(), b"");
                }
            });
        }
    });
    let (drained, stats) = server.drain(DEADLINE);
    assert_eq!((drained.aborted, stats.finished), (0, 80), "{stats:?}");
}

fn shutdown_does_not_wait_for_children() {
    let server = builder::<Tcp>().bind("127.0.0.1:0").expect("bind");
    let handle = server.spawn().expect("spawn");
    let mut client = Client::stream(handle.server_address());
    assert_eq!(client.ask("hello"), b"hello");
    let server = (*handle).clone();
    in_time("shutdown", move || server.shutdown());
    assert_eq!(client.ask("still there?"), b"still there?");
    client.end();
    let drained = in_time("the end", move || handle.drain(DEADLINE));
    assert_eq!(drained.expect("it served well").aborted, 0);
}
