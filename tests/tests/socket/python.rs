//! What a Python program looks for in `socket`: options that are read, a mode, a pair, a peek, every address of a host.

use std::io::{self, ErrorKind, Write};
use std::net::TcpListener;
use std::time::Duration;

use socketserver::{
    Address, AddressFamily, Socket, SocketKind, SocketOption, ToAddress, create_connection, green,
    socketpair,
};
use tests::{DEADLINE, in_time, tcp_pair};

#[test]
fn options_are_read_as_they_are_set() {
    let socket = Socket::new(AddressFamily::Inet6, SocketKind::Stream).expect("a socket");
    type Switch = fn(bool) -> SocketOption;
    let switches: [Switch; 5] = [
        SocketOption::ReuseAddress,
        SocketOption::ReusePort,
        SocketOption::KeepAlive,
        SocketOption::NoDelay,
        SocketOption::OnlyV6,
    ];
    for switch in switches {
        for on in [true, false] {
            socket.setsockopt(switch(on)).expect("setsockopt");
            let read = socket.getsockopt(switch).expect("getsockopt");
            assert_eq!(read, on, "{:?}", switch(on));
        }
    }
    let time = Some(Duration::from_secs(3));
    socket
        .setsockopt(SocketOption::Linger(time))
        .expect("setsockopt");
    assert_eq!(
        socket.getsockopt(SocketOption::Linger).expect("getsockopt"),
        time
    );
    for size in [SocketOption::ReceiveBuffer, SocketOption::SendBuffer] {
        socket.setsockopt(size(16_384)).expect("setsockopt");
        assert!(socket.getsockopt(size).expect("getsockopt") >= 16_384);
    }
    let (unix, _other) = socketpair(SocketKind::Stream).expect("a pair");
    unix.getsockopt(SocketOption::NoDelay)
        .expect_err("a Unix socket has no such option");
}

#[test]
fn a_pair_is_connected_and_waits_or_not() {
    let (one, other) = socketpair(SocketKind::Datagram).expect("a pair");
    one.setblocking(false).expect("setblocking");
    assert_eq!(one.gettimeout(), Some(Duration::ZERO));
    let error = one.recv(1).expect_err("nothing was sent");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    one.setblocking(true).expect("setblocking");
    assert_eq!(one.gettimeout(), None);
    other.send(b"one").expect("send");
    other.send(b"two").expect("send");
    assert_eq!(one.recv(10).expect("recv"), b"one");
    assert_eq!(one.recv(10).expect("recv"), b"two");
}

#[test]
fn what_was_peeked_at_is_received_again() {
    fn look(socket: &Socket) {
        assert_eq!(socket.peek(3).expect("peek"), b"hel");
        assert_eq!(socket.peek(100).expect("peek"), b"hello");
        assert_eq!(socket.recv(100).expect("recv"), b"hello");
        assert_eq!(
            socket.peek(100).expect("peek"),
            b"",
            "the end of the stream"
        );
    }
    let (socket, mut other) = tcp_pair();
    other.write_all(b"hello").expect("send");
    drop(other);
    look(&socket);

    let (socket, mut other) = tcp_pair();
    let looking = green::spawn(move || look(&socket));
    other.write_all(b"hello").expect("send");
    drop(other);
    in_time("the look", || looking.join()).expect("no panic");
}

#[test]
fn every_address_of_a_host_is_tried() {
    /// As a name with several addresses.
    struct Host(Vec<Address>);
    impl ToAddress for Host {
        fn to_address(&self) -> io::Result<Address> {
            Ok(self.0[0].clone())
        }
        fn to_addresses(&self) -> io::Result<Vec<Address>> {
            Ok(self.0.clone())
        }
    }
    // Bound and not listening, so that nobody else has it.
    let closed = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    closed.bind("127.0.0.1:0").expect("bind");
    let closed = closed.getsockname().expect("getsockname");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let open = Address::from(listener.local_addr().expect("an address"));

    let host = Host(vec![closed.clone(), open.clone()]);
    let socket = create_connection(&host, Some(DEADLINE)).expect("the second is open");
    assert_eq!(socket.getpeername().expect("getpeername"), open);
    let error = create_connection(Host(vec![closed]), Some(DEADLINE)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    let port = open.port().expect("a port");
    let all = ("localhost", port).to_addresses().expect("a look-up");
    assert!(all.contains(&open), "{all:?}");
    assert_eq!(
        format!("localhost:{port}")
            .to_addresses()
            .expect("a look-up"),
        all
    );
}

#[test]
fn a_writer_sends_what_is_left_as_it_is_dropped() {
    let (one, other) = socketpair(SocketKind::Stream).expect("a pair");
    let (_, mut wfile) = one.makefile(-1, -1);
    wfile.write_all(b"the rest").expect("write");
    other.setblocking(false).expect("setblocking");
    other.recv(100).expect_err("it is still in the buffer");
    drop(wfile);
    assert_eq!(other.recv(100).expect("recv"), b"the rest");
}
