//! Clients that come too often, and datagrams with a sender that cannot be true.

use std::net::SocketAddrV4;

use socket2::Protocol;
use tests::prelude::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn connections_over_the_rate_are_refused<C: Column>() {
    let builder = Server::<Tcp, C, Echo, Busy>::builder().max_rate_per_address(3, HOUR);
    let server = run(builder, LOCAL);
    for _ in 0..3 {
        assert_eq!(Client::echoed(&server.address()).finish(), b"");
    }
    for _ in 0..5 {
        assert_eq!(Client::stream(&server.address()).rest(), b"", "not even that it is busy");
    }
    let mut other = Client::stream_from_another(&server.address());
    assert_eq!(other.ask("hello"), b"hello");
    drop(other);
    assert_eq!(server.ends(), [4, 0, 5, 0]);
}

fn datagrams_over_the_rate_are_refused<C: Column>() {
    let builder = Server::<Udp, C, Echo, Busy>::builder().max_rate_per_address(3, HOUR);
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
    client.udp().set_nonblocking(true).expect("non-blocking");
    assert_eq!(error_kind(client.read(&mut [0; 10])), ErrorKind::WouldBlock);
}

matrix!(columns: connections_over_the_rate_are_refused, datagrams_over_the_rate_are_refused);

fn unix_clients_have_no_rate<T: Row, C: Column>() {
    let builder = Server::<T, C, Echo>::builder().max_rate_per_address(1, HOUR);
    let (_folder, server) = placed(builder);
    for _ in 0..10 {
        assert_eq!(T::client(&server.address()).ask("hello"), b"hello");
    }
}

matrix!(unix: unix_clients_have_no_rate);

/// A server's own address, as its host calls it.
fn own(address: &Address) -> Address {
    match address {
        Address::Inet(address) => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())).into(),
        path => path.clone(),
    }
}

/// Sends what it gets to its own server, and answers its client when that is done.
#[derive(BaseRequestHandler)]
struct ToItself {
    request: Datagram,
    server: ServerRef<()>,
}

impl ToItself {
    fn handle(&self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(data, own(self.server.server_address()))?;
        self.request.reply(b"done")
    }
}

fn a_server_does_not_answer_itself<T: Datagrams>(address: Address) {
    let server = run(Server::<T, Threading, ToItself>::builder(), address);
    let mut client = Client::datagram(&own(&server.address()));
    for count in 1..=5 {
        assert_eq!(client.ask("hello"), b"done");
        until("its own datagram is refused", || server.stats().refused == count);
    }
    assert_eq!(server.ends(), [5, 0, 5, 0]);
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
    let Ok(raw) = raw else { return };
    let server = run(UDPServer::<Echo>::builder(), LOCAL);
    let to = inet(&server.address());
    let length = 8 + 5_u16;
    // From port 0, and without a checksum.
    let header = [0, to.port(), length, 0].map(u16::to_be_bytes).concat();
    let packet = [header.as_slice(), b"hello"].concat();
    raw.send_to(&packet, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).expect("send");
    until("it is refused", || server.stats().refused == 1);
    assert_eq!(Client::datagram(&server.address()).ask("hello"), b"hello");
    assert_eq!(server.stats().failed, 0);
}
