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

fn builder() -> Builder<Tcp, Forking, Echo, ()> {
    ForkingTCPServer::builder().fork_beside_threads(promise())
}

fn clients_in_many_threads_are_answered() {
    let server = run(builder(), LOCAL);
    crowd(8, 80, |number| {
        let mut client = Client::stream(&server.address());
        let text = format!("{number} ").repeat(2_000);
        assert!(client.ask(&text) == text.as_bytes());
        assert_eq!(client.finish(), b"");
    });
    assert_eq!(server.ends(), [80, 0, 0, 0]);
}

fn shutdown_does_not_wait_for_children() {
    let handle = bind(builder()).spawn().expect("spawn");
    let mut client = Client::echoed(handle.server_address());
    let server = (*handle).clone();
    in_time("shutdown", move || server.shutdown());
    assert_eq!(client.ask("still there?"), b"still there?");
    client.end();
    let drained = in_time("the end", move || handle.drain(DEADLINE));
    assert_eq!(drained.expect("it served well").aborted, 0);
}
