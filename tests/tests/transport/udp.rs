//! Datagrams from end to end: UDP, and what Unix datagrams share with it.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, Concurrency, Datagram, Inline, Server,
    ServerRef, ToAddress, Udp, UnixDatagram, green,
};
use tests::{Client, Concurrent, DEADLINE, Folder, Place, Running, matrix, python, run, until};

fn echo(request: Datagram, client_address: Address) -> io::Result<()> {
    assert!(!request.truncated());
    let sent = request.socket.sendto(&request.data, client_address)?;
    assert_eq!(sent, request.data.len());
    Ok(())
}

/// Tells who asks, as far as the address goes.
fn who(request: Datagram, client_address: Address) -> io::Result<()> {
    let ip = client_address.ip().expect("an internet address");
    request
        .socket
        .sendto(ip.to_string().as_bytes(), client_address)?;
    Ok(())
}

fn every_size_is_one_request<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, _, _>::handling(echo), T::address(&folder));
    let mut client = T::client(&server.address());
    let sizes = [0, 1, 0, 2, 1_472, 1_473, 8_191, 8_192, 8_193, 65_507];
    for size in sizes {
        let data: Vec<u8> = (0..size).map(|place| place as u8).collect();
        // Not `send`, which does nothing with nothing.
        assert_eq!(client.write(&data).expect("send"), size);
        assert!(client.recv() == data, "{size} bytes");
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.accepted, stats.finished), (10, 10));
}

fn answers_go_to_who_asked<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, _, _>::handling(echo), T::address(&folder));
    let address = server.address();
    thread::scope(|scope| {
        for number in 0..20 {
            let address = &address;
            scope.spawn(move || {
                let mut client = T::client(address);
                for round in 0..50 {
                    let question = format!("{number} {round}");
                    assert_eq!(client.ask(&question), question.as_bytes());
                }
            });
        }
    });
    assert_eq!(server.stats().accepted, 1_000);
}

/// The client is let go before the answer is sent.
fn a_client_that_does_not_wait_harms_nobody<T, C>()
where
    T: Place<Request = Datagram>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let (gone, wait) = green::channel::<()>(usize::MAX);
    let builder = Server::<T, C, _, _>::handling(move |request, client_address| {
        wait.recv_timeout(DEADLINE).expect("the client has gone");
        echo(request, client_address)
    });
    let server = run(builder, T::address(&folder));
    for _ in 0..10 {
        T::client(&server.address()).send(b"never mind");
        gone.send(()).expect("the server runs");
    }
    gone.send(()).expect("the server runs");
    assert_eq!(T::client(&server.address()).ask(b"hello"), b"hello");
    until("all have ended", || server.stats().active == 0);
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.accept_errors), (11, 0));
}

matrix!(
    datagrams: every_size_is_one_request,
    answers_go_to_who_asked,
    a_client_that_does_not_wait_harms_nobody,
);

/// What came: how many bytes, and whether that was all.
type Seen = Mutex<Vec<(usize, bool)>>;

#[derive(Default)]
struct Log(Seen);

impl<R> BaseServer<R> for Log {}

#[derive(BaseRequestHandler)]
struct Note {
    request: Datagram,
    server: ServerRef<Log>,
}

impl Note {
    fn handle(&self) {
        let (length, cut) = (self.request.data.len(), self.request.truncated());
        self.server.0.lock().push((length, cut));
    }
}

/// What a server with a certain `max_packet_size` sees of datagrams of these sizes.
fn seen<T: Place<Request = Datagram>>(transport: T, sizes: &[usize]) -> Vec<(usize, bool)> {
    let folder = Folder::new();
    let builder = Builder::<T, Inline, Note, Log>::new(transport, Inline, Log::default());
    let server = run(builder, T::address(&folder));
    let mut client = T::client(&server.address());
    for &size in sizes {
        client.write_all(&vec![b'x'; size]).expect("send");
    }
    until("all are seen", || {
        server.stats().finished == sizes.len() as u64
    });
    server.0.lock().clone()
}

#[test]
fn what_is_longer_than_max_packet_size_is_cut_and_says_so() {
    let sizes = [9, 10, 11, 1_000, 10];
    let cut = [(9, false), (10, false), (10, true), (10, true), (10, false)];
    assert_eq!(seen(Udp::new().max_packet_size(10), &sizes), cut);
    assert_eq!(seen(UnixDatagram::new().max_packet_size(10), &sizes), cut);
    assert_eq!(seen(Udp::new().max_packet_size(0), &[1]), [(0, true)]);
    let whole = [(65_535, false), (65_535, true)];
    assert_eq!(seen(UnixDatagram::new(), &[65_535, 65_536]), whole);
}

fn as_ipv4(server: &Address) -> Address {
    ("127.0.0.1", server.port().expect("a port"))
        .to_address()
        .expect("an address")
}

fn as_ipv6(server: &Address) -> Address {
    ("::1", server.port().expect("a port"))
        .to_address()
        .expect("an address")
}

fn clients_of_ipv6<C: Concurrency + Default>() {
    let server = run(Server::<Udp, C, _, _>::handling(who), "[::1]:0");
    assert_ne!(server.address().port(), Some(0));
    let mut client = Client::datagram(&server.address());
    client.send(b"who am I?");
    assert_eq!(client.recv(), b"::1");
}

/// The answer finds its way back, though the socket's address for the client is ::ffff:127.0.0.1.
fn a_dual_stack_serves_both<C: Concurrency + Default>() {
    let server = run(
        Server::<Udp, C, _, _>::handling(who).dual_stack(true),
        "[::]:0",
    );
    for (address, ip) in [
        (as_ipv4(&server.address()), "127.0.0.1"),
        (as_ipv6(&server.address()), "::1"),
    ] {
        let mut client = Client::datagram(&address);
        client.send(b"who am I?");
        assert_eq!(client.recv(), ip.as_bytes());
    }
}

/// The port is free for a server of IPv4, which shows whose it is.
fn without_dual_stack_there_is_ipv6_alone<C: Concurrency + Default>() {
    let server = run(
        Server::<Udp, C, _, _>::handling(who).dual_stack(false),
        "[::]:0",
    );
    let port = server.address().port().expect("a port");
    // At an address that no other test uses.
    UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 66), port)).expect("the port is IPv6's alone");
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).expect_err("the port is taken");
    let mut client = Client::datagram(&as_ipv6(&server.address()));
    client.send(b"who am I?");
    assert_eq!(client.recv(), b"::1");
}

fn an_existing_socket_is_served<C: Concurrency + Default>() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.set_nonblocking(true).expect("a non-blocking socket");
    let address: Address = socket.local_addr().expect("an address").into();
    let server = Server::<Udp, C, _, _>::handling(echo).from_socket(socket);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    assert_eq!(server.address(), address);
    assert_eq!(Client::datagram(&address).ask(b"hello"), b"hello");
}

/// Python's `socket` module as the client.
fn a_client_in_python<C: Concurrency + Default>() {
    let server = run(Server::<Udp, C, _, _>::handling(echo), "127.0.0.1:0");
    let script = "
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(20)
for size in (0, 1, 8192, 65507):
    client.sendto(b'x' * size, ('127.0.0.1', int(sys.argv[1])))
    data, address = client.recvfrom(65536)
    print(len(data), address[1] == int(sys.argv[1]))
";
    let port = server.address().port().expect("a port").to_string();
    let Some(client) = python(script, &[&port]) else {
        return;
    };
    let (status, said, errors) = client.wait();
    assert!(status.success(), "{errors}");
    assert_eq!(said, "0 True\n1 True\n8192 True\n65507 True\n");
}

matrix!(
    columns: clients_of_ipv6,
    a_dual_stack_serves_both,
    without_dual_stack_there_is_ipv6_alone,
    an_existing_socket_is_served,
    a_client_in_python,
);

#[test]
fn what_cannot_be_bound_says_why_and_leaves_nothing_open() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("an address");
    let bind = |place: &dyn ToAddress| {
        let result = Server::<Udp, Inline, _, _>::handling(echo).bind(place);
        result.map(drop).expect_err("no server there").kind()
    };
    for _ in 0..2_000 {
        assert_eq!(bind(&address), ErrorKind::AddrInUse);
    }
    assert_eq!(bind(&"192.0.2.1:0"), ErrorKind::AddrNotAvailable);
    for text in ["./path", "@abstract", "127.0.0.1", "127.0.0.1:port", ""] {
        assert_eq!(bind(&text), ErrorKind::InvalidInput, "{text}");
    }
    // Descriptors are given out from below: after a leak this one would be high.
    let next = Server::<Udp, Inline, _, _>::handling(echo)
        .bind("127.0.0.1:0")
        .expect("bind");
    assert!((0..1_000).contains(&next.fileno()), "{}", next.fileno());
}

/// The socket is the server's, and stays whole when one of its requests is cut.
fn a_request_that_is_cut_does_not_take_the_socket_with_it<C: Concurrent>() {
    let (go_on, wait) = green::channel::<()>(1);
    let builder = Server::<Udp, C, _, _>::handling(move |request: Datagram, client_address| {
        if *request.data == *b"wait" {
            wait.recv_timeout(DEADLINE).expect("told to go on");
        }
        echo(request, client_address)
    });
    // With no time at all a request is overdue when the loop looks next.
    let server = run(builder.deadline(Duration::ZERO), "127.0.0.1:0");
    let mut waiting = Client::datagram(&server.address());
    waiting.send(b"wait");
    until("it waits", || server.stats().active == 1);
    // The loop looks between two batches, and no batch has as many as these.
    let mut others = Client::datagram(&server.address());
    for _ in 0..100 {
        assert_eq!(others.ask(b"hello"), b"hello");
    }
    go_on.send(()).expect("it waits");
    assert_eq!(waiting.recv(), b"wait");
    until("all have ended", || server.stats().active == 0);
    assert!(server.stats().aborted >= 1);
}

matrix!(concurrent: a_request_that_is_cut_does_not_take_the_socket_with_it);
