//! Clients that come too often, and datagrams with a sender that cannot be true.

use std::net::SocketAddrV4;

use socket2::Protocol;
use tests::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// Answers, though these clients must not get an answer.
#[derive(Default)]
struct Talkative;

impl BaseServer for Talkative {
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        request.sendall(b"too often").expect("room for a word");
    }
}

impl BaseServer<Datagram> for Talkative {
    fn refuse_request(&self, request: &Datagram, client: &Address, _: &ServerRef<Self>) {
        request
            .socket
            .sendto(b"too often", client)
            .expect("room for a word");
    }
}

fn connections_over_the_rate_are_refused<C: Column>() {
    let builder = Server::<Tcp, C, Echo, Talkative>::builder().max_rate_per_address(3, HOUR);
    let server = run(builder, LOCAL);
    for _ in 0..3 {
        let mut client = Client::stream(&server.address());
        assert_eq!(client.ask("hello"), b"hello");
        assert_eq!(client.finish(), b"");
    }
    for _ in 0..5 {
        assert_eq!(Client::stream(&server.address()).rest(), b"", "not a word");
    }
    assert_eq!(
        Client::stream_from_another(&server.address()).ask("hello"),
        b"hello"
    );
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.accepted, stats.refused), (9, 5));
}

fn datagrams_over_the_rate_are_refused<C: Column>() {
    let builder = Server::<Udp, C, Echo, Talkative>::builder().max_rate_per_address(3, HOUR);
    let server = run(builder, LOCAL);
    let mut client = Client::datagram(&server.address());
    for _ in 0..3 {
        assert_eq!(client.ask("hello"), b"hello");
    }
    for _ in 0..5 {
        client.send("hello");
    }
    until("all are counted", || server.stats().refused == 5);
    let mut other = Client::datagram_from("127.0.0.2:0", &server.address());
    assert_eq!(other.ask("still here"), b"still here");
    // The first client has got no answer.
    let Client::Udp(socket) = &client else {
        unreachable!("this is UDP")
    };
    socket.set_nonblocking(true).expect("non-blocking");
    let error = socket.recv(&mut [0; 10]).expect_err("nothing");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

/// Each takes the other for its client, and neither can know its own echo.
fn two_servers_stop_answering_each_other<C: Column>() {
    let builder = || {
        let builder = Server::<Udp, C, Echo>::builder();
        builder.max_rate_per_address(10, HOUR)
    };
    let first = builder().bind(LOCAL).expect("bind");
    let second = run(builder().allow_reuse_port(true), LOCAL);
    // One datagram with the address of the other server, which alone gets the answer.
    let forger = socket2::Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    forger.set_reuse_port(true).expect("an option");
    let address = inet(&second.address()).into();
    forger.bind(&address).expect("bind");
    let server = inet(first.server_address()).into();
    forger.send_to(b"hello", &server).expect("send");
    drop(forger);
    let first = Running::from(first.spawn().expect("spawn"));
    until("it is over", || {
        first.stats().refused + second.stats().refused > 0
    });
    let (first, second) = (first.drain(DEADLINE).1, second.drain(DEADLINE).1);
    assert_eq!((first.finished, first.refused), (10, 1));
    assert_eq!((second.finished, second.refused), (10, 0));
}

matrix!(
    columns: connections_over_the_rate_are_refused, datagrams_over_the_rate_are_refused,
    two_servers_stop_answering_each_other,
);

fn unix_clients_have_no_rate<T: Row, C: Column>() {
    let builder = Server::<T, C, Echo>::builder().max_rate_per_address(1, HOUR);
    let (_folder, server) = placed(builder);
    for _ in 0..10 {
        assert_eq!(T::client(&server.address()).ask("hello"), b"hello");
    }
}

matrix!(unix: unix_clients_have_no_rate);

/// Sends what it gets to its own server, and answers its client when that is done.
#[derive(BaseRequestHandler)]
struct ToItself {
    request: Datagram,
    client_address: Address,
    server: ServerRef<()>,
}

impl ToItself {
    fn handle(&self) -> std::io::Result<()> {
        let socket = &self.request.socket;
        let own = match self.server.server_address() {
            Address::Inet(address) if address.ip().is_unspecified() => {
                (Ipv4Addr::LOCALHOST.to_string(), address.port()).to_address()?
            }
            address => address.clone(),
        };
        socket.sendto(&self.request.data, own)?;
        socket.sendto(b"done", &self.client_address).map(drop)
    }
}

fn a_server_does_not_answer_itself<T: Datagrams>(address: Address) {
    let server = Server::<T, Threading, ToItself>::builder();
    let server = run(server, address);
    let mut client = match server.address() {
        Address::Inet(address) => {
            let local = (Ipv4Addr::LOCALHOST.to_string(), address.port());
            Client::datagram(&local.to_address().expect("an address"))
        }
        address => Client::datagram(&address),
    };
    for count in 1..=5 {
        assert_eq!(client.ask("hello"), b"done");
        until("its own datagram is refused", || {
            server.stats().refused == count
        });
    }
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.finished, stats.refused), (5, 5));
}

#[test]
fn datagrams_from_the_server_itself_are_refused() {
    let address = |text: &str| text.to_address().expect("an address");
    a_server_does_not_answer_itself::<Udp>(address(LOCAL));
    a_server_does_not_answer_itself::<Udp>(address("0.0.0.0:0"));
    let folder = Folder::new();
    let path = Address::Unix(folder.join("server"));
    a_server_does_not_answer_itself::<UnixDatagram>(path);
}

/// Only a process that may send raw packets can try this.
#[test]
fn a_datagram_from_port_0_is_refused() {
    let raw = socket2::Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP));
    let Ok(raw) = raw else {
        return;
    };
    let server = run(UDPServer::<Echo>::builder(), LOCAL);
    let to = inet(&server.address());
    let length = 8 + 5_u16;
    // From port 0, and without a checksum.
    let header = [0, to.port(), length, 0].map(u16::to_be_bytes).concat();
    let packet = [header.as_slice(), b"hello"].concat();
    raw.send_to(&packet, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())
        .expect("send");
    until("it is refused", || server.stats().refused == 1);
    assert_eq!(Client::datagram(&server.address()).ask("hello"), b"hello");
    assert_eq!(server.stats().failed, 0);
}

#[test]
fn a_rate_below_the_limit_is_served() {
    let builder = ThreadingUDPServer::<Echo>::builder();
    let server = run(
        builder.max_rate_per_address(1_000_000, Duration::from_secs(1)),
        LOCAL,
    );
    let mut client = Client::datagram(&server.address());
    for _ in 0..500 {
        assert_eq!(client.ask("hello"), b"hello");
    }
    assert_eq!(server.drain(DEADLINE).1.refused, 0);
}
