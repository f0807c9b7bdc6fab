//! What the loop does when it has no descriptor for a request. (How often it tries, and what it logs,
//! is measured in `faults/no_descriptors.rs`.)

use tests::prelude::*;

/// Takes all descriptors but one, which a client gets that the server cannot accept.
fn without_descriptors(server: &Running<()>) -> (Vec<File>, Client) {
    let mut taken = all_descriptors();
    drop(taken.pop());
    let late = Client::stream(&server.address());
    until("the loop has tried", || server.stats().accept_errors > 0);
    (taken, late)
}

/// Complaint 07.
#[test]
fn without_descriptors_a_drain_waits_too() {
    let Some(()) = alone() else { return };
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let watching = (*server).clone();
    let (taken, mut late) = without_descriptors(&server);
    let tried = server.stats().accept_errors;
    let draining = thread::spawn(move || server.drain(DEADLINE / 2));
    until("the drain has tried", || {
        watching.is_stopping() && watching.stats().accept_errors > tried
    });
    drop(taken);
    assert_eq!(late.ask("hello"), b"hello");
    assert_eq!(late.finish(), b"");
    let (drained, stats) = draining.join().expect("a good end");
    assert_eq!((drained.aborted, stats.finished), (0, 1));
}

/// Complaint 07.
#[test]
fn a_server_that_loses_its_reserve_waits() {
    let Some(()) = alone() else { return };
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = kept.clone();
    let server = ThreadingTCPServer::<Call, _>::with(Function::echo().on_refuse(move |request| {
        request.sendall(b"busy").expect("room for a word");
        keeping.lock().push(request.clone());
    }));
    let server = bind(server.reserve_descriptor(true));
    let mut early = Client::stream(server.server_address());
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(early.ask("before"), b"before");
    let mut waiting = Client::streams(2, server.server_address());
    let taken = all_descriptors();
    let server = Running::from(server.spawn().expect("spawn"));
    // The hook keeps the first connection, and with it the only descriptor.
    assert_eq!(waiting[0].rest(), b"busy");
    until("the loop has tried again", || server.stats().accept_errors > 0);
    assert_eq!(server.stats().refused, 1);
    assert_eq!(early.ask("meanwhile"), b"meanwhile");
    // A descriptor that comes free serves like any other.
    kept.lock().clear();
    assert_eq!(waiting[1].ask("after"), b"after");
    drop(taken);
    let _later = Client::echoed(&server.address());
    // The reserve is back, too.
    let mut taken = all_descriptors();
    drop(taken.pop());
    assert_eq!(Client::stream(&server.address()).rest(), b"busy");
    drop((early, waiting));
}
