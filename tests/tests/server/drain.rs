//! The end of a server that serves several clients.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use socketserver::{
    Address, BaseRequestHandler, BaseServer, Drained, FnHandler, FnState, Server, ServerRef,
    Socket, Tcp, UnixStream, green,
};
use tests::{Client, Concurrent, DEADLINE, Echo, Folder, Place, in_time, matrix, run, until};

use crate::LOCAL;

fn who_does_not_notice_the_cut_is_left_behind<C: Concurrent>() {
    let (open, gate) = green::channel::<()>(1);
    let handler = move |request: Socket, _| {
        request.sendall(b"here")?;
        let _ = gate.recv();
        request.sendall(b"too late")
    };
    let server = run(Server::<Tcp, C, _, _>::handling(handler), LOCAL);
    let watching = (*server).clone();
    let mut client = Client::stream(&server.address());
    assert_eq!(client.recv(), b"here");
    let began = Instant::now();
    let (drained, stats) = server.drain(Duration::from_millis(50));
    assert!(began.elapsed() < Duration::from_secs(2), "{drained:?}");
    assert_eq!(
        (drained.finished, drained.aborted, drained.abandoned),
        (0, 1, 1)
    );
    assert_eq!(client.rest(), b"");
    drop(open);
    until("its thread has gone", || watching.stats().workers.all == 0);
    assert_eq!(
        (
            stats.aborted,
            watching.stats().aborted,
            watching.stats().failed
        ),
        (1, 1, 0)
    );
}

/// A server whose handler closes it, when its client has spoken.
type ClosedByHandler<C> = Server<Tcp, C, FnHandler, FnState<Closing>>;
type Closing = Box<dyn Fn(Socket, Address) -> io::Result<()> + Send + Sync>;

fn closed_by_its_handler<C: Concurrent>() -> Arc<ClosedByHandler<C>> {
    let place = Arc::new(OnceLock::<Weak<ClosedByHandler<C>>>::new());
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

fn a_handler_may_close_its_server<C: Concurrent>() {
    let server = closed_by_its_handler::<C>();
    let mut client = Client::stream(server.server_address());
    let serving = server.clone();
    let serving = thread::spawn(move || serving.serve_forever());
    client.send("x");
    assert_eq!(client.rest(), b"closed");
    in_time("the loop's end", move || serving.join().expect("no panic")).expect("a good end");
    assert_eq!(server.fileno(), -1);
    assert_eq!(
        (server.server_close().aborted, server.stats().finished),
        (0, 1)
    );
}

fn a_handler_may_close_a_server_that_has_stopped<C: Concurrent>() {
    let server = closed_by_its_handler::<C>();
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    client.send("x");
    assert_eq!(client.rest(), b"closed");
    until("it has ended", || server.stats().finished == 1);
    assert_eq!((server.fileno(), server.server_close().aborted), (-1, 0));
}

fn the_limits_hold_in_a_drain_too<C: Concurrent>() {
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
    let server = Server::<Tcp, C, Counted, _>::with(Most(seen)).max_connections(2);
    let server = run(server, LOCAL);
    let clients: Vec<_> = (0..20).map(|_| Client::stream(&server.address())).collect();
    until("the server is full", || server.stats().active == 2);
    let ending = thread::spawn(move || clients.into_iter().for_each(|client| _ = client.finish()));
    let (drained, stats) = server.drain(DEADLINE / 2);
    ending.join().expect("clean ends");
    assert_eq!(
        (drained.aborted, stats.finished, most.load(SeqCst)),
        (0, 20, 2)
    );
}

/// Whoever is accepted is answered. Returns how many got a connection and no answer.
fn resets_in_a_drain<T: Place<Request = Socket>, C: Concurrent>() -> u64 {
    let mut resets = 0;
    for _ in 0..10 {
        let folder = Folder::new();
        let server = run(Server::<T, C, Echo>::builder(), T::address(&folder));
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
        assert_eq!((drained.aborted, stats.accepted), (0, answered));
        resets += reset;
    }
    resets
}

fn a_drain_of_tcp_loses_nobody_who_was_accepted<C: Concurrent>() {
    // On a busy machine the last step of a handshake may come after the listener has closed, as over a long line.
    resets_in_a_drain::<Tcp, C>();
}

fn a_drain_of_a_unix_socket_loses_nobody<C: Concurrent>() {
    assert_eq!(resets_in_a_drain::<UnixStream, C>(), 0);
}

fn there_is_one_loop_at_a_time<C: Concurrent>() {
    let server = Arc::new(Server::<Tcp, C, Echo>::bind("127.0.0.1:0").expect("bind"));
    let looping = server.clone();
    let looping = thread::spawn(move || looping.serve_forever());
    let mut client = Client::stream(server.server_address());
    assert_eq!(client.ask("hello"), b"hello");
    let busy = |error: io::Error| error.kind() == io::ErrorKind::ResourceBusy;
    assert!(server.serve_forever().is_err_and(busy));
    assert!(server.handle_request().is_err_and(busy));
    assert_eq!(client.ask("still there"), b"still there");
    server.shutdown();
    in_time("the loop's end", move || looping.join())
        .expect("no panic")
        .expect("a good end");
}

fn everybody_who_drains_has_a_deadline_of_their_own<C: Concurrent>() {
    let server = Arc::new(Server::<Tcp, C, Echo>::bind("127.0.0.1:0").expect("bind"));
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serves");
    assert_eq!(client.ask("hello"), b"hello");
    let patient = server.clone();
    let patient = thread::spawn(move || patient.drain(DEADLINE));
    until("it is drained", || server.fileno() == -1);
    let began = Instant::now();
    server.drain(Duration::from_millis(50));
    assert!(began.elapsed() < DEADLINE / 2, "{:?}", began.elapsed());
    assert_eq!(client.rest(), b"");
    assert_eq!(
        in_time("the first", move || patient.join())
            .expect("no panic")
            .aborted,
        1
    );
}

matrix!(
    concurrent: there_is_one_loop_at_a_time,
    everybody_who_drains_has_a_deadline_of_their_own,
    who_does_not_notice_the_cut_is_left_behind,
    a_handler_may_close_its_server,
    a_handler_may_close_a_server_that_has_stopped,
    the_limits_hold_in_a_drain_too,
    a_drain_of_tcp_loses_nobody_who_was_accepted,
    a_drain_of_a_unix_socket_loses_nobody,
);
