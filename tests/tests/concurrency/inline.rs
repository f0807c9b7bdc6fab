//! One request after the other, on the loop's own thread, and what that means for the end.

use tests::prelude::*;

#[test]
fn a_deadline_does_not_abort_an_inline_request() {
    let server = TCPServer::<Echo>::builder().deadline(Duration::from_millis(10));
    let server = run(server, LOCAL);
    let mut client = Client::stream(&server.address());
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(100) {
        assert_eq!(client.ask("hello"), b"hello");
    }
    assert_eq!(client.finish(), b"");
    assert_eq!(server.ends(), [1, 0, 0, 0]);
}

#[test]
fn a_shutdown_waits_for_the_request() {
    let server = run(TCPServer::<Echo>::builder(), LOCAL);
    let mut client = Client::echoed(&server.address());
    let stopping = (*server).clone();
    let stopping = thread::spawn(move || stopping.shutdown());
    until("it was asked", || server.is_stopping());
    assert_eq!(client.ask("still there"), b"still there");
    assert!(!stopping.is_finished());
    assert_eq!(client.finish(), b"");
    in_time("shutdown", move || stopping.join()).expect("no panic");
}
