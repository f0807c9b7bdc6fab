//! So many and no more, so long and no longer.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use socketserver::{BaseRequestHandler, BaseServer, Builder, Server, ServerRef, Socket, Tcp};
use tests::{Client, Concurrent, DEADLINE, Echo, in_time, inet, matrix, run, until};

use crate::LOCAL;

fn silent_clients_keep_nobody_out<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo>::builder(), LOCAL);
    let silent: Vec<_> = (0..50).map(|_| Client::stream(&server.address())).collect();
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    assert_eq!(server.stats().accepted, 51);
    assert!(server.stats().workers.all >= 50);
    drop(silent);
}

fn beyond_the_limit_clients_wait_in_the_queue<C: Concurrent>() {
    for limited in [
        Builder::new(Tcp::new(), C::at_most(2), ()),
        Server::<Tcp, C, Echo>::builder().max_connections(2),
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

fn a_full_server_is_woken_every_time<C: Concurrent>() {
    for limited in [
        Builder::new(Tcp::new(), C::at_most(1), ()),
        Server::<Tcp, C, Echo>::builder().max_connections(1),
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

fn a_full_server_can_be_stopped<C: Concurrent>() {
    let server = run(
        Builder::<_, _, Echo, ()>::new(Tcp::new(), C::at_most(1), ()),
        LOCAL,
    );
    let mut busy = Client::stream(&server.address());
    assert_eq!(busy.ask("hello"), b"hello");
    let _waits = Client::stream(&server.address());
    let stopping = (*server).clone();
    in_time("shutdown", move || stopping.shutdown());
    assert_eq!(busy.ask("still there"), b"still there");
}

fn handlers_share_the_state<C: Concurrent>() {
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
    let server = run(Server::<Tcp, C, Count, Counter>::builder(), LOCAL);
    let mut clients: Vec<_> = (0..8).map(|_| Client::stream(&server.address())).collect();
    for _ in 0..100 {
        clients.iter_mut().for_each(|client| client.send("x"));
    }
    for client in clients {
        assert_eq!(client.finish(), b"");
    }
    assert_eq!(*server.0.lock(), 800);
}

fn one_address_cannot_take_all_places<C: Concurrent>() {
    let server = Server::<Tcp, C, Echo>::builder().max_connections_per_address(2);
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
    other
        .connect_timeout(&inet(&server.address()).into(), DEADLINE)
        .expect("connect");
    assert_eq!(Client::Tcp(other.into()).ask("3"), b"3");

    assert_eq!(first.finish(), b"");
    until("two have left", || server.stats().active == 1);
    assert_eq!(Client::stream(&server.address()).ask("4"), b"4");
}

fn the_deadline_cuts_who_is_slow_and_nobody_else<C: Concurrent>() {
    let deadline = Duration::from_millis(300);
    let server = run(Server::<Tcp, C, Echo>::builder().deadline(deadline), LOCAL);
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
    until("both are counted", || server.stats().aborted == 2);
}

matrix!(
    concurrent: silent_clients_keep_nobody_out,
    beyond_the_limit_clients_wait_in_the_queue,
    a_full_server_is_woken_every_time,
    a_full_server_can_be_stopped,
    handlers_share_the_state,
    one_address_cannot_take_all_places,
    the_deadline_cuts_who_is_slow_and_nobody_else,
);
