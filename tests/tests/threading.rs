//! A thread for every live request: the pool as a server sees it, the limits, and the end.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, unbounded};
use parking_lot::Mutex;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Drained, FnHandler, FnState, Server, ServerRef,
    Socket, Tcp, Threading, ThreadingTCPServer, UnixStream,
};
use tests::{Client, DEADLINE, Echo, Folder, Place, in_time, run, until};

const LOCAL: &str = "127.0.0.1:0";

#[test]
fn silent_clients_keep_nobody_out() {
    let server = run(ThreadingTCPServer::<Echo>::builder(), LOCAL);
    let silent: Vec<_> = (0..50).map(|_| Client::stream(&server.address())).collect();
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    assert_eq!(server.stats().accepted, 51);
    assert!(server.stats().workers.all >= 50);
    drop(silent);
}

#[test]
fn beyond_max_threads_clients_wait_in_the_queue() {
    for limited in [
        ThreadingTCPServer::<Echo>::builder().max_threads(2),
        ThreadingTCPServer::<Echo>::builder().max_connections(2),
    ] {
        let server = run(limited, LOCAL);
        let client = || Client::stream(&server.address());
        let (mut first, mut second, mut third) = (client(), client(), client());
        third.send("third");
        assert_eq!(first.ask("first"), b"first");
        assert_eq!(second.ask("second"), b"second");
        assert_eq!(server.stats().accepted, 2);
        assert_eq!(first.finish(), b"");
        assert_eq!(third.finish(), b"third");
        assert_eq!(server.stats().accepted, 3);
    }
}

#[test]
fn a_full_server_is_woken_every_time() {
    for limited in [
        ThreadingTCPServer::<Echo>::builder().max_threads(1),
        ThreadingTCPServer::<Echo>::builder().max_connections(1),
    ] {
        let server = run(limited, LOCAL);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
                    }
                });
            }
        });
        assert_eq!(server.stats().accepted, 2_000);
    }
}

#[test]
fn a_full_server_can_be_stopped() {
    let server = run(ThreadingTCPServer::<Echo>::builder().max_threads(1), LOCAL);
    let mut busy = Client::stream(&server.address());
    assert_eq!(busy.ask("hello"), b"hello");
    let _waits = Client::stream(&server.address());
    let stopping = (*server).clone();
    in_time("shutdown", move || stopping.shutdown());
    assert_eq!(busy.ask("still there"), b"still there");
}

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
fn handlers_share_the_state() {
    #[derive(Default)]
    struct Counter(Mutex<u64>);
    impl BaseServer for Counter {}
    #[derive(BaseRequestHandler)]
    struct Count {
        request: Socket,
        server: ServerRef<Counter>,
    }
    impl Count {
        fn handle(&self) -> io::Result<()> {
            while !self.request.recv(1)?.is_empty() {
                *self.server.0.lock() += 1;
            }
            Ok(())
        }
    }
    let server = run(ThreadingTCPServer::<Count, Counter>::builder(), LOCAL);
    let mut clients: Vec<_> = (0..8).map(|_| Client::stream(&server.address())).collect();
    for _ in 0..100 {
        clients.iter_mut().for_each(|client| client.send("x"));
    }
    for client in clients {
        assert_eq!(client.finish(), b"");
    }
    assert_eq!(*server.0.lock(), 800);
}

#[test]
fn one_address_cannot_take_all_places() {
    let server = ThreadingTCPServer::<Echo>::builder().max_connections_per_address(2);
    let server = run(server, LOCAL);
    let (mut first, mut second) = (
        Client::stream(&server.address()),
        Client::stream(&server.address()),
    );
    assert_eq!(
        (first.ask("1"), second.ask("2")),
        (b"1".to_vec(), b"2".to_vec())
    );
    assert_eq!(
        Client::stream(&server.address()).rest(),
        b"",
        "one too many"
    );
    until("it is counted", || server.stats().refused == 1);

    let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let other = other.expect("socket");
    let from: SocketAddr = ([127, 0, 0, 2], 0).into();
    other.bind(&from.into()).expect("bind");
    let Address::Inet(address) = server.address() else {
        unreachable!("this is TCP")
    };
    other
        .connect_timeout(&address.into(), DEADLINE)
        .expect("connect");
    assert_eq!(Client::Tcp(other.into()).ask("3"), b"3");

    assert_eq!(first.finish(), b"");
    until("two have left", || server.stats().active == 1);
    assert_eq!(Client::stream(&server.address()).ask("4"), b"4");
}

#[test]
fn the_deadline_cuts_who_is_slow_and_nobody_else() {
    let deadline = Duration::from_millis(300);
    let server = run(
        ThreadingTCPServer::<Echo>::builder().deadline(deadline),
        LOCAL,
    );
    let began = Instant::now();
    let mut silent = Client::stream(&server.address());
    let mut dripping = Client::stream(&server.address());
    let dripping = thread::spawn(move || {
        // No operation of its handler takes long, only all of them together.
        while dripping.write_all(b"x").is_ok() && dripping.read(&mut [0]).is_ok_and(|read| read > 0)
        {
            thread::sleep(Duration::from_millis(5));
        }
    });
    while !dripping.is_finished() {
        assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
        assert!(began.elapsed() < DEADLINE);
    }
    dripping.join().expect("no panic");
    assert_eq!(silent.rest(), b"");
    assert!(began.elapsed() >= deadline, "{:?}", began.elapsed());
    until("both are counted", || server.stats().cut == 2);
}

#[test]
fn who_does_not_notice_the_cut_is_left_behind() {
    let (open, gate) = bounded::<()>(0);
    let handler = move |request: Socket, _| {
        request.sendall(b"here")?;
        let _ = gate.recv();
        request.sendall(b"too late")
    };
    let server = run(ThreadingTCPServer::handling(handler), LOCAL);
    let watching = (*server).clone();
    let mut client = Client::stream(&server.address());
    assert_eq!(client.recv(), b"here");
    let began = Instant::now();
    let (drained, stats) = server.drain(Duration::from_millis(50));
    assert!(began.elapsed() < Duration::from_secs(2), "{drained:?}");
    assert_eq!(
        (drained.finished, drained.cut, drained.abandoned),
        (0, 1, 1)
    );
    assert_eq!(client.rest(), b"");
    drop(open);
    until("its thread has gone", || watching.stats().workers.all == 0);
    assert_eq!(
        (stats.cut, watching.stats().cut, watching.stats().failed),
        (1, 1, 0)
    );
}

#[test]
fn closing_waits_unless_it_is_told_not_to() {
    let builder = || ThreadingTCPServer::<Echo>::builder().drain_timeout(Duration::from_millis(50));
    let waits = builder().bind(LOCAL).expect("bind");
    let mut client = Client::stream(waits.server_address());
    waits.handle_request().expect("serves");
    assert_eq!(waits.server_close().cut, 1);
    assert_eq!(client.rest(), b"");

    for builder in [
        builder().block_on_close(false),
        builder().daemon_threads(true),
    ] {
        let leaves = builder.bind(LOCAL).expect("bind");
        let mut client = Client::stream(leaves.server_address());
        leaves.handle_request().expect("serves");
        assert_eq!(leaves.server_close().cut, 0);
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
    assert_eq!(drained.expect("no panic").cut, 0);
}

/// A server whose handler closes it, when its client has spoken.
type ClosedByHandler = Server<Tcp, Threading, FnHandler, FnState<Closing>>;
type Closing = Box<dyn Fn(Socket, Address) -> io::Result<()> + Send + Sync>;

fn closed_by_its_handler() -> Arc<ClosedByHandler> {
    let place = Arc::new(OnceLock::<Weak<ClosedByHandler>>::new());
    let closing = place.clone();
    let handler: Closing = Box::new(move |request, _| {
        request.recv(1)?;
        let server = closing.get().and_then(Weak::upgrade);
        let server = server.expect("the test holds it");
        assert_eq!(server.server_close(), Drained::default(), "it only asks");
        request.sendall(b"closed")
    });
    let server = Server::handling(handler).bind(LOCAL).expect("bind");
    let server = Arc::new(server);
    assert!(place.set(Arc::downgrade(&server)).is_ok());
    server
}

#[test]
fn a_handler_may_close_its_server() {
    let server = closed_by_its_handler();
    let mut client = Client::stream(server.server_address());
    let serving = server.clone();
    let serving = thread::spawn(move || serving.serve_forever());
    client.send("x");
    assert_eq!(client.rest(), b"closed");
    in_time("the loop's end", move || serving.join().expect("no panic")).expect("a good end");
    assert_eq!(server.fileno(), -1);
    assert_eq!((server.server_close().cut, server.stats().finished), (0, 1));
}

#[test]
fn a_handler_may_close_a_server_that_has_stopped() {
    let server = closed_by_its_handler();
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    client.send("x");
    assert_eq!(client.rest(), b"closed");
    until("it has ended", || server.stats().finished == 1);
    assert_eq!((server.fileno(), server.server_close().cut), (-1, 0));
}

#[test]
fn the_limits_hold_in_a_drain_too() {
    let most = Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    #[derive(BaseRequestHandler)]
    struct Counted {
        server: ServerRef<Most>,
        request: Socket,
    }
    struct Most(Arc<AtomicU64>);
    impl BaseServer for Most {}
    impl Counted {
        fn handle(&self) -> io::Result<()> {
            self.server.0.fetch_max(self.server.stats().active, SeqCst);
            self.request.recv(1).map(drop)
        }
    }
    let server = ThreadingTCPServer::<Counted, _>::with(Most(seen)).max_connections(2);
    let server = run(server, LOCAL);
    let clients: Vec<_> = (0..20).map(|_| Client::stream(&server.address())).collect();
    until("the server is full", || server.stats().active == 2);
    let ending = thread::spawn(move || clients.into_iter().for_each(|client| _ = client.finish()));
    let (drained, stats) = server.drain(DEADLINE / 2);
    ending.join().expect("clean ends");
    assert_eq!((drained.cut, stats.finished, most.load(SeqCst)), (0, 20, 2));
}

/// Whoever is accepted is answered. Returns how many got a connection and no answer.
fn resets_in_a_drain<T: Place<Request = Socket>>() -> u64 {
    let mut resets = 0;
    for _ in 0..10 {
        let folder = Folder::new();
        let server = run(Server::<T, Threading, Echo>::builder(), T::address(&folder));
        let address = server.address();
        let asking = (0..4).map(|_| {
            let address = address.clone();
            thread::spawn(move || {
                let (mut answered, mut answer) = (0, [0; 5]);
                while let Ok(mut client) = Client::impatient(&address) {
                    let asked = client.write_all(b"hello");
                    if asked.and_then(|()| client.read_exact(&mut answer)).is_err() {
                        return (answered, 1);
                    }
                    answered += 1;
                }
                (answered, 0)
            })
        });
        let asking: Vec<_> = asking.collect();
        until("they are at it", || server.stats().finished > 20);
        let (drained, stats) = server.drain(DEADLINE / 2);
        let asked = asking
            .into_iter()
            .map(|asking| asking.join().expect("no panic"));
        let (answered, reset) = asked.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        assert_eq!((drained.cut, stats.accepted), (0, answered));
        resets += reset;
    }
    resets
}

#[test]
fn a_drain_of_tcp_loses_nobody_who_was_accepted() {
    // On a busy machine the last step of a handshake may come after the listener has closed, as over a long line.
    resets_in_a_drain::<Tcp>();
}

#[test]
fn a_drain_of_a_unix_socket_loses_nobody() {
    assert_eq!(resets_in_a_drain::<UnixStream>(), 0);
}
