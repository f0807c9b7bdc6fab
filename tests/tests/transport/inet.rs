//! IPv4 and IPv6, over TCP and UDP alike.

use tests::prelude::*;

/// Answers with its client's address, without the port.
#[derive(BaseRequestHandler)]
struct Who {
    request: Request,
    client_address: Address,
}

impl Who {
    fn handle(&self) -> io::Result<()> {
        let ip = self.client_address.ip().expect("an internet address").to_string();
        match &self.request {
            Request::Stream(socket) => socket.sendall(ip.as_bytes()),
            Request::Datagram(datagram) => datagram.reply(ip),
        }
    }
}

/// The IP address by which the server knows a client there.
fn client_ip<T: TestTransport>(address: &Address) -> Vec<u8> {
    let mut client = T::client(address);
    if let Client::Udp(_) = client {
        client.send("who am I?");
    }
    client.recv()
}

/// An address of this machine that no other test uses.
const APART: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

fn as_ipv6(server: &Address) -> Address {
    let address = ("::1", server.port().expect("a port")).to_address();
    address.expect("an address")
}

/// The socket's own word for the second client is ::ffff:127.0.0.1.
fn a_dual_stack_serves_both<T: Row, C: Column>(builder: Builder<T, C, Who, ()>, ipv4: Ipv4Addr) {
    let server = run(builder, "[::]:0");
    let address = server.address();
    let port = address.port().expect("a port");
    assert_eq!(client_ip::<T>(&as_ipv6(&address)), b"::1");
    assert_eq!(client_ip::<T>(&Address::Inet((ipv4, port).into())), b"127.0.0.1");
}

/// The port is free for a server of IPv4, which shows whose it is.
fn a_single_stack_is_ipv6_alone<T: Row, C: Column>(builder: Builder<T, C, Who, ()>) {
    let server = run(builder, "[::]:0");
    let address = server.address();
    let port = address.port().expect("a port");
    let binds = |address: SocketAddr| match T::client(&as_ipv6(&server.address())) {
        Client::Udp(_) => UdpSocket::bind(address).map(drop),
        _ => TcpListener::bind(address).map(drop),
    };
    binds((APART, port).into()).expect("the port is IPv6's alone");
    binds((Ipv6Addr::UNSPECIFIED, port).into()).expect_err("the port is taken");
    assert_eq!(client_ip::<T>(&as_ipv6(&address)), b"::1");
}

/// Complaint 19.
fn tcp_serves_ipv6<C: Column>() {
    a_dual_stack_serves_both(Server::<Tcp, C, _>::builder().dual_stack(true), APART);
    a_single_stack_is_ipv6_alone(Server::<Tcp, C, _>::builder().dual_stack(false));
}

/// Complaint 19.
fn udp_serves_ipv6<C: Column>() {
    // The answer comes from the machine's first address, whichever the client asked.
    let first = Ipv4Addr::LOCALHOST;
    a_dual_stack_serves_both(Server::<Udp, C, _>::builder().dual_stack(true), first);
    a_single_stack_is_ipv6_alone(Server::<Udp, C, _>::builder().dual_stack(false));
}

matrix!(columns: tcp_serves_ipv6, udp_serves_ipv6);
