//! Clients of a full server: they wait, or they are refused. (For crowds of both kinds see
//! `faults/overflow.rs`.)

use std::sync::atomic::AtomicU16;

use tests::prelude::*;

/// Its own loop is busy.
#[test]
fn a_full_inline_server_lets_clients_wait() {
    let builder = TCPServer::<Echo, Busy>::builder().max_connections(1);
    let server = run(builder.overflow(Overflow::Refuse), LOCAL);
    let mut first = Client::echoed(&server.address());
    let mut second = Client::stream(&server.address());
    second.send("second");
    assert_eq!(first.ask("still here"), b"still here");
    assert_eq!(server.stats().accepted, 1, "the second is in the backlog");
    assert_eq!(first.finish(), b"");
    assert_eq!(second.finish(), b"second");
    assert_eq!(server.drain(DEADLINE).1.refused, 0);
}

#[test]
fn a_drain_refuses_the_backlog_when_full() {
    let builder = ThreadingTCPServer::<Echo, Busy>::builder().max_connections(1);
    let server = bind(builder.overflow(Overflow::Refuse));
    let address = server.server_address().clone();
    let mut first = Client::stream(&address);
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(first.ask("first"), b"first");
    let mut second = Client::stream(&address);
    assert_eq!(server.handle_request().expect("serves"), Served::Refused);
    assert_eq!(second.rest(), b"busy");

    let waiting: Vec<_> = Client::streams(10, &address);
    let draining = thread::spawn(move || (server.drain(DEADLINE), server.stats()));
    for mut client in waiting {
        assert_eq!(client.rest(), b"busy");
    }
    assert_eq!(first.finish(), b"");
    let (drained, stats) = in_time("the end", move || draining.join().expect("no panic"));
    assert_eq!((drained.finished, drained.aborted), (11, 0));
    assert_eq!((stats.finished, stats.refused), (1, 11));
}

/// The hook makes the calls that could take long, and reports how they failed. `select` only looks.
fn a_refused_socket_does_not_block<T: Streams>() {
    let (tell, told) = unbounded();
    let slow = Function::echo().on_refuse(move |request| {
        request.settimeout(None).expect("a timeout");
        assert!(select(&[request], &[], &[], None).expect("select").is_empty());
        let recv = error_kind(request.recv(1));
        let send = error_kind(request.sendall(&vec![0; 32 << 20]));
        tell.send([recv, send]).expect("the test");
    });
    let builder = Builder::<T, _, Call, _>::new(T::default(), Threading::new(), slow);
    let (_folder, server) = placed(builder.max_connections(1).overflow(Overflow::Refuse));
    let mut member = Client::echoed(&server.address());
    let _silent = T::client(&server.address());
    let tried = told.recv_timeout(DEADLINE / 2).expect("it came back");
    assert_eq!(tried, [ErrorKind::WouldBlock; 2]);
    // The member's own calls wait as ever.
    assert_eq!(member.ask("still here"), b"still here");
}

#[test]
fn refuse_request_cannot_block_the_loop() {
    a_refused_socket_does_not_block::<Tcp>();
    a_refused_socket_does_not_block::<UnixStream>();
}

#[test]
fn a_panic_in_refuse_request_costs_no_other() {
    let panicking = Function::echo().on_refuse(|_| resume_unwind(Box::new("on purpose")));
    let builder = ThreadingTCPServer::<Call, _>::with(panicking);
    let server = run(builder.max_connections(1).overflow(Overflow::Refuse), LOCAL);
    let mut member = Client::echoed(&server.address());
    for _ in 0..3 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
    }
    until("all are counted", || server.stats().refused == 3);
    assert_eq!(member.ask("still here"), b"still here");
}

#[derive(BaseRequestHandler)]
struct Patient {
    request: Datagram,
    server: ServerRef<Busy>,
}

impl Patient {
    fn handle(&self) -> io::Result<()> {
        until("the server is to end", || self.server.is_stopping());
        self.request.reply(&self.request.data)
    }
}

fn newest_datagrams_are_refused<T: Datagrams>() {
    let builder = Server::<T, Threading, Patient, Busy>::builder();
    let (_folder, server) = placed(builder.max_connections(1).overflow(Overflow::Refuse));
    let (mut first, mut second) = (T::client(&server.address()), T::client(&server.address()));
    first.send("first");
    until("it is handled", || server.stats().active == 1);
    for word in ["second", "third"] {
        second.send(word);
        assert_eq!(second.recv(), b"busy");
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!(first.recv(), b"first");
    assert_eq!((stats.finished, stats.refused), (1, 2));
}

#[test]
fn a_full_server_refuses_new_datagrams() {
    newest_datagrams_are_refused::<Udp>();
    newest_datagrams_are_refused::<UnixDatagram>();
}

/// A server with room for `limit` clients, by either kind of limit.
fn with_places<C: Concurrent>(limit: usize) -> [Builder<Tcp, C, Echo, Busy>; 2] {
    [
        Builder::new(Tcp::new(), C::at_most(limit), Busy),
        Builder::new(Tcp::new(), C::default(), Busy).max_connections(limit),
    ]
}

/// Complaint 11.
fn clients_beyond_the_limit_wait<C: Concurrent>() {
    for limited in with_places::<C>(2) {
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

fn a_full_server_can_be_stopped<C: Concurrent>() {
    for limited in with_places::<C>(1) {
        let server = run(limited, LOCAL);
        let mut busy = Client::echoed(&server.address());
        let _waits = Client::stream(&server.address());
        let stopping = (*server).clone();
        in_time("shutdown", move || stopping.shutdown());
        assert_eq!(busy.ask("still there"), b"still there");
    }
}

/// Gives each client the next of two addresses of one /48, and of two networks.
#[derive(Default)]
struct Elsewhere(AtomicU16);

impl TransportHooks<Tcp> for Elsewhere {
    fn get_request(&self, inner: &Tcp, socket: &Socket) -> io::Result<(Socket, Address)> {
        let (request, _) = inner.get_request(socket)?;
        let network = self.0.fetch_add(1, Ordering::Relaxed) % 2;
        let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, 1);
        Ok((request, SocketAddr::from((ip, 1)).into()))
    }
}

fn ipv6_prefix_says_which_clients_are_one<C: Concurrent>() {
    for (bits, answer) in [(64, "hello"), (48, "busy")] {
        let transport = Wrapped::new(Tcp::new(), Elsewhere::default());
        let server = Builder::<_, C, Echo, _>::new(transport, C::default(), Busy)
            .max_connections_per_address(1)
            .ipv6_prefix(bits);
        let server = run(server, LOCAL);
        let [mut first, mut second] = [(); 2].map(|()| Client::stream(&server.address()));
        assert_eq!(first.ask("hello"), b"hello");
        second.send("hello");
        second.end();
        assert_eq!(second.rest(), answer.as_bytes(), "/{bits}");
    }
}

matrix!(
    concurrent: ipv6_prefix_says_which_clients_are_one, clients_beyond_the_limit_wait,
    a_full_server_can_be_stopped,
);

/// With its own message, where it could also let the client wait.
///
/// Complaint 11.
#[test]
fn verify_request_may_answer_before_it_refuses() {
    let state = Function::echo().on_verify(|request, server| {
        let welcome = server.stats().active <= 4;
        if !welcome {
            request.sendall(b"full").expect("room for a word");
        }
        welcome
    });
    let server = run(ThreadingTCPServer::<Call, _>::with(state), LOCAL);
    let _members = [(); 4].map(|()| Client::echoed(&server.address()));
    for mut refused in Client::streams(200, &server.address()) {
        assert_eq!(refused.rest(), b"full");
    }
    until("all are counted", || server.stats().refused == 200);
    assert_eq!(server.stats().workers.all, 4);
}

/// The loop of a full server looks at no listener, so a higher limit wakes it.
fn a_higher_limit_lets_clients_in_at_once<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo>::builder().max_connections(1), LOCAL);
    let mut first = Client::echoed(&server.address());
    let mut second = Client::stream(&server.address());
    second.send("second");
    second.tcp().set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    assert_eq!(second.read(&mut [0]).expect_err("it waits").kind(), ErrorKind::WouldBlock);
    second.tcp().set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let began = Instant::now();
    server.set_max_connections(Some(2));
    assert_eq!(second.recv_exact(6), b"second");
    assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    let mut third = Client::stream(&server.address());
    third.send("third");
    server.set_max_connections(None);
    assert_eq!(third.recv_exact(5), b"third");
    // A lower one aborts none.
    server.set_max_connections(Some(1));
    assert_eq!(first.ask("still here"), b"still here");
    assert_eq!(server.drain(Duration::ZERO).1.refused, 0);
}

/// (For its builder's option see `faults/address_flood.rs`.)
///
/// Complaint 11.
fn the_limit_per_address_may_change<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo, _>::with(Busy), LOCAL);
    let client = || Client::stream(&server.address());
    let mut before = client();
    assert_eq!(before.ask("hello"), b"hello");
    server.set_max_connections_per_address(Some(1));
    let mut member = client();
    assert_eq!(member.ask("hello"), b"hello");
    assert_eq!(client().rest(), b"busy");
    server.set_max_connections_per_address(Some(2));
    let mut another = client();
    assert_eq!(another.ask("hello"), b"hello");
    assert_eq!(client().rest(), b"busy");
    server.set_max_connections_per_address(None);
    let mut more = [(); 3].map(|()| client());
    for member in more.iter_mut().chain([&mut before, &mut member, &mut another]) {
        assert_eq!(member.ask("still here"), b"still here");
    }
}

matrix!(concurrent: a_higher_limit_lets_clients_in_at_once, the_limit_per_address_may_change);
