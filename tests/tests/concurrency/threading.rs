//! What is only to be had with a thread for every live request: the pool as a server sees it, and a close that need not
//! wait. The rest of what threads promise is in `concurrent`.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use socketserver::{BaseRequestHandler, BaseServer, ServerRef, ThreadingTCPServer};
use tests::{Client, DEADLINE, Echo, in_time, run, until};

use crate::LOCAL;

#[test]
fn threads_have_names_and_are_used_again_and_let_go() {
    let (sender, names) = unbounded();
    #[derive(BaseRequestHandler)]
    struct Named {
        server: ServerRef<Names>,
    }
    struct Names(crossbeam_channel::Sender<String>);
    impl BaseServer for Names {}
    impl Named {
        fn handle(&self) {
            let name = thread::current().name().expect("a name").to_owned();
            self.server.0.send(name).expect("the test listens");
        }
    }
    let server = ThreadingTCPServer::<Named, _>::with(Names(sender));
    let server = run(server.keep_alive(Duration::from_millis(200)), LOCAL);
    for _ in 0..100 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
    let names: HashSet<_> = names.try_iter().collect();
    assert!(
        names.iter().all(|name| name.starts_with("Named-")),
        "{names:?}"
    );
    assert!(names.len() < 20, "{names:?}");
    assert!(server.stats().workers.all < 20, "{:?}", server.stats());
    until("idle threads have left", || server.stats().workers.all == 0);
    assert_eq!(Client::stream(&server.address()).rest(), b"");
}

#[test]
fn closing_waits_unless_it_is_told_not_to() {
    let builder = || ThreadingTCPServer::<Echo>::builder().drain_timeout(Duration::from_millis(50));
    let waits = builder().bind(LOCAL).expect("bind");
    let mut client = Client::stream(waits.server_address());
    waits.handle_request().expect("serves");
    assert_eq!(waits.server_close().aborted, 1);
    assert_eq!(client.rest(), b"");

    for builder in [
        builder().block_on_close(false),
        builder().daemon_threads(true),
    ] {
        let leaves = builder.bind(LOCAL).expect("bind");
        let mut client = Client::stream(leaves.server_address());
        leaves.handle_request().expect("serves");
        assert_eq!(leaves.server_close().aborted, 0);
        let server = leaves.server_ref();
        drop(leaves);
        assert_eq!(client.ask("hello"), b"hello");
        assert_eq!(client.finish(), b"");
        until("it has finished", || server.stats().finished == 1);
    }
}

#[test]
fn a_close_that_need_not_wait_cuts_nobody_of_a_drain() {
    let server = ThreadingTCPServer::<Echo>::builder().block_on_close(false);
    let server = server.drain_timeout(Duration::from_millis(50)).bind(LOCAL);
    let server = Arc::new(server.expect("bind"));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    let patient = server.clone();
    let patient = thread::spawn(move || patient.drain(DEADLINE / 2));
    until("it is drained", || server.fileno() == -1);
    server.server_close();
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    let drained = in_time("the drain", move || patient.join());
    assert_eq!(drained.expect("no panic").aborted, 0);
}

#[test]
fn idle_threads_may_stay_as_good_as_for_ever() {
    let server = ThreadingTCPServer::<Echo>::builder().keep_alive(Duration::MAX);
    let server = run(server, LOCAL);
    for _ in 0..2 {
        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    }
    let (drained, stats) = server.drain(DEADLINE / 2);
    assert_eq!((drained.aborted, stats.finished), (0, 2));
}
