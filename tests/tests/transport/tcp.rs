//! Streams from end to end: TCP, and what Unix streams share with it.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

use socket2::SockRef;
use socketserver::{Address, Concurrency, Inline, Server, Socket, Tcp, ToAddress};
use tests::{Client, Concurrent, DEADLINE, Echo, Folder, Place, Running, matrix, run, until};

/// Tells who asks, as far as the address goes.
fn who(request: Socket, client_address: Address) -> io::Result<()> {
    let ip = client_address.ip().expect("an internet address");
    request.sendall(ip.to_string().as_bytes())
}

fn text(length: usize) -> Vec<u8> {
    let mut text = b"the quick brown fox ".repeat(length / 20 + 1);
    text.truncate(length);
    text
}

fn every_byte_comes_back<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = run(Server::<T, C, Echo>::builder(), T::address(&folder));
    for length in [0, 1, 2, 1_023, 1_024, 1_025, 8_191, 8_192, 8_193, 65_537] {
        let mut client = T::client(&server.address());
        assert_eq!(client.ask(text(length)), text(length));
        assert_eq!(client.finish(), b"");
    }
    let mut client = T::client(&server.address());
    for _ in 0..30 {
        assert!(client.ask(text(100_000)) == text(100_000));
    }
}

fn a_client_that_vanishes_harms_nobody<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = run(Server::<T, C, Echo>::builder(), T::address(&folder));
    for _ in 0..20 {
        let mut client = T::client(&server.address());
        client.send(text(1_000));
        if let Client::Tcp(socket) = &client {
            SockRef::from(socket)
                .set_linger(Some(Duration::ZERO))
                .expect("a reset instead of an end");
        }
    }
    assert_eq!(
        T::client(&server.address()).ask(b"still there?"),
        b"still there?"
    );
    until("all have ended", || server.stats().active == 0);
    assert_eq!(server.stats().accepted, 21);
}

matrix!(streams: every_byte_comes_back, a_client_that_vanishes_harms_nobody);

fn clients_that_stay_do_not_keep_others_waiting<C: Concurrent>() {
    let server = run(Server::<Tcp, C, Echo>::builder(), "127.0.0.1:0");
    let mut clients: Vec<Client> = (0..50).map(|_| Client::stream(&server.address())).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate().rev() {
            let question = format!("{number} {round}");
            assert_eq!(client.ask(&question), question.as_bytes());
        }
    }
    assert_eq!(server.stats().active, 50);
}

matrix!(concurrent: clients_that_stay_do_not_keep_others_waiting);

fn clients_of_ipv6<C: Concurrency + Default>() {
    let server = run(Server::<Tcp, C, _, _>::handling(who), "[::1]:0");
    assert_ne!(server.address().port(), Some(0));
    assert_eq!(Client::stream(&server.address()).rest(), b"::1");
}

/// A server at every address of this machine, as an IPv4 client sees it. No other test listens at
/// that address, so nobody else answers if the server does not.
fn as_ipv4(server: &Address) -> Address {
    let port = server.port().expect("a port");
    Address::Inet((Ipv4Addr::new(127, 0, 0, 66), port).into())
}

fn as_ipv6(server: &Address) -> Address {
    ("::1", server.port().expect("a port"))
        .to_address()
        .expect("an address")
}

fn a_dual_stack_serves_both<C: Concurrency + Default>() {
    let server = run(
        Server::<Tcp, C, _, _>::handling(who).dual_stack(true),
        "[::]:0",
    );
    assert_eq!(Client::stream(&as_ipv6(&server.address())).rest(), b"::1");
    // The socket says ::ffff:127.0.0.1.
    assert_eq!(
        Client::stream(&as_ipv4(&server.address())).rest(),
        b"127.0.0.1"
    );
}

fn without_dual_stack_there_is_ipv6_alone<C: Concurrency + Default>() {
    let server = run(
        Server::<Tcp, C, _, _>::handling(who).dual_stack(false),
        "[::]:0",
    );
    assert_eq!(Client::stream(&as_ipv6(&server.address())).rest(), b"::1");
    let refused = Client::try_stream(&as_ipv4(&server.address())).expect_err("no IPv4");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

/// What was handed over may be shared: others still listen there after the server's end.
fn an_existing_listener_is_served_and_left_alive<C: Concurrency + Default>() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let shared = listener.try_clone().expect("a second descriptor");
    let server = Server::<Tcp, C, Echo>::builder().from_socket(listener);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    let address = server.address();
    assert_eq!(address, shared.local_addr().expect("an address").into());
    assert_eq!(Client::stream(&address).ask(b"hello"), b"hello");

    let (drained, _) = server.drain(DEADLINE);
    assert_eq!(drained.aborted, 0);
    let mut client = Client::stream(&address);
    shared.set_nonblocking(false).expect("a blocking listener");
    let (mut accepted, _) = shared.accept().expect("accept");
    accepted.write_all(b"mine").expect("write");
    drop(accepted);
    assert_eq!(client.rest(), b"mine");
}

matrix!(
    columns: clients_of_ipv6,
    a_dual_stack_serves_both,
    without_dual_stack_there_is_ipv6_alone,
    an_existing_listener_is_served_and_left_alive,
);

fn only_its_own_kind_of_socket_is_taken<T: Place, C: Concurrency + Default>() {
    let folder = Folder::new();
    let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let stream = UnixListener::bind(folder.join("stream")).expect("bind");
    let datagram = UnixDatagram::bind(folder.join("datagram")).expect("bind");
    let sequence = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::SEQPACKET, None);
    let sequence = OwnedFd::from(sequence.expect("a socket"));
    let sockets: [(&str, Socket); 5] = [
        ("::Tcp", tcp.into()),
        ("::Udp", udp.into()),
        ("::UnixStream", stream.into()),
        ("::UnixDatagram", datagram.into()),
        ("nobody's", sequence.into()),
    ];
    for (kind, socket) in sockets {
        let builder = Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ());
        let result = builder.from_socket(socket).map(drop);
        if std::any::type_name::<T>().ends_with(kind) {
            result.expect("its own kind");
        } else {
            let error = result.expect_err(kind);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{kind}: {error}");
            assert!(
                error.to_string().contains("socket is wanted"),
                "{kind}: {error}"
            );
        }
    }
}

matrix!(all: only_its_own_kind_of_socket_is_taken);

#[test]
fn what_cannot_be_bound_says_why_and_leaves_nothing_open() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("an address");
    let bind = |place: &dyn ToAddress| {
        let result = Server::<Tcp, Inline, Echo>::builder().bind(place).map(drop);
        result.expect_err("no server there").kind()
    };
    for _ in 0..2_000 {
        assert_eq!(bind(&address), ErrorKind::AddrInUse);
    }
    // An address that is for documentation, and nobody's.
    assert_eq!(bind(&"192.0.2.1:0"), ErrorKind::AddrNotAvailable);
    for text in [
        "./path",
        "@abstract",
        "127.0.0.1",
        "127.0.0.1:port",
        "::1:80",
        "",
    ] {
        assert_eq!(bind(&text), ErrorKind::InvalidInput, "{text}");
    }
    // Descriptors are given out from below: after a leak this one would be high.
    let next = Server::<Tcp, Inline, Echo>::builder()
        .bind("127.0.0.1:0")
        .expect("bind");
    assert!((0..1_000).contains(&next.fileno()), "{}", next.fileno());
}

fn a_silent_client_is_not_even_accepted<C: Concurrency + Default>() {
    let builder = Server::<Tcp, C, Echo>::builder().wait_for_input(DEADLINE * 10);
    let server = run(builder, "127.0.0.1:0");
    let mut silent = Client::stream(&server.address());
    let mut second = Client::stream(&server.address());
    // An inline server would wait for the first if it had been accepted.
    assert_eq!(second.ask(b"hello"), b"hello");
    assert_eq!(server.stats().accepted, 1);
    drop(second);
    assert_eq!(silent.ask(b"here I am"), b"here I am");
}

fn a_silent_client_is_accepted_in_the_end<C: Concurrency + Default>() {
    let builder = Server::<Tcp, C, Echo>::builder().wait_for_input(Duration::from_secs(1));
    let server = run(builder, "127.0.0.1:0");
    let _silent = Client::stream(&server.address());
    until("it is accepted", || server.stats().accepted == 1);
}

matrix!(columns: a_silent_client_is_not_even_accepted, a_silent_client_is_accepted_in_the_end);
