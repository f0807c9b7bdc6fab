//! Connections: made, accepted and refused.

use std::os::unix::net;

use tests::prelude::*;

use crate::{listening, new};

/// The call fails, and so must change nothing.
#[test]
fn accept_leaves_a_connection_as_it_was() {
    let (server, mut client) = tcp_pair();
    server.settimeout(Some(Duration::from_millis(10))).expect("an option");
    assert_eq!(error_kind(server.accept().map(drop)), ErrorKind::InvalidInput);
    assert_eq!(error_kind(server.recv(1)), ErrorKind::TimedOut);
    client.write_all(b"x").expect("send");
    assert_eq!(server.recv(1).expect("recv"), b"x");
    server.close();
    assert_eq!(client.read(&mut [0]).expect("the end of the stream"), 0);
}

fn a_server_by_hand<W: Thread>() {
    let folder = Folder::new();
    let name = format!("@{}-{}", type_name::<W>(), std::process::id());
    let path = folder.join("server");
    let places: [&dyn ToAddress; 4] = [&"127.0.0.1:0", &"[::1]:0", &path, &name];
    for place in places {
        let listener = listening(place);
        let address = listener.getsockname().expect("a name");
        let accepting = thread::spawn(move || W::in_time("accept", move || listener.accept()));
        let there = address.clone();
        let connect = move || create_connection(there, Some(DEADLINE));
        let client = W::in_time("connect", connect).expect("connect");
        let (accepted, from) = accepting.join().expect("no panic").expect("accept");
        assert_eq!(from, client.getsockname().expect("a name"));
        assert_eq!(accepted.getpeername().expect("a peer"), from);
        assert_eq!(accepted.getsockname().expect("a name"), address);
        assert_eq!(client.getpeername().expect("a peer"), address);
        assert_eq!((client.gettimeout(), accepted.gettimeout()), (Some(DEADLINE), None));
        client.sendall(b"hello").expect("send");
        assert_eq!(accepted.recv(5).expect("recv"), b"hello");
    }
}

fn a_connection_without_a_listener_is_refused<W: Thread>() {
    let taken = new(AddressFamily::Inet, SocketKind::Stream);
    // Bound and not listening, so that no other test can listen there.
    taken.bind("127.0.0.1:0").expect("bind");
    let address = taken.getsockname().expect("a name");
    let connect = |address: &dyn ToAddress| {
        let address = address.to_address().expect("an address");
        W::in_time("connect", move || create_connection(address, Some(DEADLINE)))
    };
    assert_eq!(error_kind(connect(&address)), ErrorKind::ConnectionRefused);
    let folder = Folder::new();
    let path = folder.join("unused");
    assert_eq!(error_kind(connect(&path)), ErrorKind::NotFound);
    drop(net::UnixListener::bind(&path).expect("bind"));
    // A program that another test starts has all descriptors for a moment, the listener among them.
    until("the listener has gone", || {
        connect(&path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
}

/// As programs do that wait for a server to start.
fn a_refused_socket_may_try_again<W: Thread>() {
    for timeout in [None, Some(DEADLINE)] {
        let listener = new(AddressFamily::Inet, SocketKind::Stream);
        // Bound and not listening, so that no other test can listen there.
        listener.bind("127.0.0.1:0").expect("bind");
        let address = listener.getsockname().expect("a name");
        let socket = new(AddressFamily::Inet, SocketKind::Stream);
        socket.settimeout(timeout).expect("an option");
        let connect = || {
            let (socket, address) = (socket.clone(), address.clone());
            W::in_time("connect", move || socket.connect(address))
        };
        for _ in 0..3 {
            assert_eq!(error_kind(connect()), ErrorKind::ConnectionRefused);
        }
        listener.listen(5).expect("listen");
        connect().expect("there is a listener now");
        let error = connect().expect_err("it is connected").to_string();
        assert!(error.contains("already connected"), "{error}");
    }
}

matrix!(
    threads: a_server_by_hand, a_connection_without_a_listener_is_refused,
        a_refused_socket_may_try_again
);

#[test]
fn every_address_of_a_host_is_tried() {
    struct Host(Vec<Address>);
    impl ToAddress for Host {
        fn to_address(&self) -> io::Result<Address> {
            Ok(self.0[0].clone())
        }
        fn to_addresses(&self, _: Option<Duration>) -> io::Result<Vec<Address>> {
            Ok(self.0.clone())
        }
    }
    // Bound and not listening, so that no other test has it.
    let closed = new(AddressFamily::Inet, SocketKind::Stream);
    closed.bind("127.0.0.1:0").expect("bind");
    let closed = closed.getsockname().expect("getsockname");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let open = Address::from(listener.local_addr().expect("an address"));

    let host = Host(vec![closed.clone(), open.clone()]);
    let socket = create_connection(&host, Some(DEADLINE)).expect("the second is open");
    assert_eq!(socket.getpeername().expect("getpeername"), open);
    let refused = create_connection(Host(vec![closed]), Some(DEADLINE));
    assert_eq!(error_kind(refused), ErrorKind::ConnectionRefused);

    let port = open.port().expect("a port");
    let all = ("localhost", port).to_addresses(None).expect("a look-up");
    assert!(all.contains(&open), "{all:?}");
    assert_eq!(format!("localhost:{port}").to_addresses(None).expect("a look-up"), all);
}

#[test]
fn the_empty_host_is_no_peer() {
    let socket = new(AddressFamily::Inet, SocketKind::Datagram);
    let errors = [
        create_connection(("", 9), Some(DEADLINE)).map(drop),
        create_connection(":9", Some(DEADLINE)).map(drop),
        new(AddressFamily::Inet, SocketKind::Stream).connect(("", 9)),
        socket.sendto(b"hello", ("".to_owned(), 9)).map(drop),
    ];
    for error in errors {
        assert_eq!(error_kind(error), ErrorKind::InvalidInput);
    }
    socket.bind(("", 0)).expect("every address of this machine");
}

/// Where few ports are left, the system soon gives a client the port that it connects to.
#[test]
fn a_client_does_not_connect_to_itself() {
    let few_ports = "echo 45000 45003 > /proc/sys/net/ipv4/ip_local_port_range";
    let Some(()) = alone_in_network(few_ports) else { return };
    for _ in 0..20 {
        let connected = create_connection("127.0.0.1:45000", Some(DEADLINE));
        assert_eq!(error_kind(connected), ErrorKind::ConnectionRefused);
    }
}
