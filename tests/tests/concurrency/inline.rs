//! One request after the other, on the loop's own thread, and what that means for the end.

use tests::prelude::*;

const SOON: Duration = Duration::from_millis(50);
/// More than an end needs whose deadline is `SOON`, and less than any other deadline.
const AT_ONCE: Duration = Duration::from_secs(4);

/// Whether that is the thread of `spawn` or the caller's of `handle_request`.
#[test]
fn requests_run_on_the_loops_thread() {
    let handler = |request: Socket, _| {
        let thread = thread::current();
        request.sendall(thread.name().expect("a name").as_bytes())
    };
    let server = run(TCPServer::handling(handler), LOCAL);
    let name = Client::stream(&server.address()).rest();
    assert_eq!(name, b"FnHandler server");
    assert_eq!(server.stats().workers, Default::default());

    let here = thread::current().id();
    let handler = move |_: Socket, _| assert_eq!(thread::current().id(), here);
    let server = bind(TCPServer::handling(handler));
    let _client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    assert_eq!(server.stats().finished, 1);
}

#[test]
fn datagrams_are_handled_in_order() {
    let (sender, numbers) = unbounded();
    let handler = move |request: Datagram, _| {
        let number = String::from_utf8_lossy(&request.data).parse::<usize>();
        sender.send(number.expect("a number")).expect("the test listens");
    };
    let folder = Folder::new();
    let server = run(UnixDatagramServer::handling(handler), folder.join("server"));
    let mut client = Client::datagram(&server.address());
    for number in 0..200 {
        client.send(number.to_string());
    }
    until("all are handled", || numbers.len() == 200);
    assert!(numbers.try_iter().eq(0..200));
}

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
    until("it has ended", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().aborted), (1, 0));
}

#[test]
fn a_shutdown_waits_for_the_request() {
    let server = run(TCPServer::<Echo>::builder(), LOCAL);
    let mut client = Client::stream(&server.address());
    assert_eq!(client.ask("hello"), b"hello");
    let stopping = (*server).clone();
    let stopping = thread::spawn(move || stopping.shutdown());
    until("it was asked", || server.is_stopping());
    assert_eq!(client.ask("still there"), b"still there");
    assert!(!stopping.is_finished());
    assert_eq!(client.finish(), b"");
    in_time("shutdown", move || stopping.join()).expect("no panic");
}

/// It waits for something other than its client. After the drain the loop serves no other client.
#[test]
fn a_stuck_handler_is_abandoned() {
    let (open, gate) = bounded::<()>(0);
    let begun = Arc::new(AtomicUsize::new(0));
    let beginning = begun.clone();
    let handler = move |request: Socket, _| {
        beginning.fetch_add(1, SeqCst);
        let _ = gate.recv();
        request.sendall(b"too late")
    };
    let server = run(TCPServer::handling(handler), apart());
    let (address, watching) = (server.address(), (*server).clone());
    let _stuck = Client::stream(&address);
    until("it is stuck", || begun.load(SeqCst) == 1);
    let _waits = Client::stream(&address);

    let began = Instant::now();
    let (drained, stats) = server.drain(SOON);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!((drained.finished, drained.aborted), (0, 1));
    assert_eq!((drained.abandoned, stats.aborted), (1, 1));
    assert!(Client::try_stream(&address).is_err(), "the port is closed");

    drop((open, watching));
    until("the loop has dropped its server", || Arc::strong_count(&begun) == 1);
    assert_eq!(begun.load(SeqCst), 1);
}
