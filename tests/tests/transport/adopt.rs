//! Servers of a socket that exists already.

use std::os::unix::net::{UnixDatagram, UnixListener};

use tests::prelude::*;

/// The name of a transport.
fn name<T>() -> &'static str {
    type_name::<T>().rsplit("::").next().expect("a name")
}

/// A socket of the standard library for each transport.
fn sockets(folder: &Folder) -> [(&'static str, Socket); 4] {
    let udp = UdpSocket::bind(LOCAL).expect("bind");
    udp.set_nonblocking(true).expect("a non-blocking socket");
    let stream = UnixListener::bind(folder.join("UnixStream")).expect("bind");
    let datagram = UnixDatagram::bind(folder.join("UnixDatagram")).expect("bind");
    [
        ("Tcp", TcpListener::bind(LOCAL).expect("bind").into()),
        ("Udp", udp.into()),
        ("UnixStream", stream.into()),
        ("UnixDatagram", datagram.into()),
    ]
}

/// A socket that fits, and the same once more for the test.
fn shared<T>(folder: &Folder) -> (Socket, OwnedFd) {
    let mut sockets = sockets(folder).into_iter();
    let (_, socket) = sockets.find(|(kind, _)| *kind == name::<T>()).expect("one");
    let shared = socket.as_fd().try_clone_to_owned();
    (
        Socket::from(shared.expect("a descriptor")),
        socket.detach().expect("detach"),
    )
}

/// Others still listen there after the server's end, and its file is not the server's.
///
/// Complaint 35.
fn a_listener_outlives_its_server<T: Streams, C: Column>() {
    let folder = Folder::new();
    let (shared, listener) = shared::<T>(&folder);
    let server = Server::<T, C, Echo>::builder().from_socket(listener);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    let address = server.address();
    assert_eq!(address, shared.getsockname().expect("a name"));
    assert_eq!(T::client(&address).ask(b"hello"), b"hello");

    let (drained, _) = server.drain(DEADLINE);
    assert_eq!(drained.aborted, 0);
    let mut client = Client::stream(&address);
    let (accepted, _) = shared.accept().expect("accept");
    accepted.sendall(b"mine").expect("write");
    accepted.close();
    assert_eq!(client.rest(), b"mine");
}

matrix!(streams: a_listener_outlives_its_server);

fn a_bound_datagram_socket_is_served<T: Datagrams, C: Column>() {
    let folder = Folder::new();
    let (shared, socket) = shared::<T>(&folder);
    let server = Server::<T, C, Echo>::builder().from_socket(socket);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    let address = server.address();
    assert_eq!(address, shared.getsockname().expect("a name"));
    assert_eq!(T::client(&address).ask(b"hello"), b"hello");
    drop(server);
    if let Address::Unix(path) = address {
        assert!(path.exists(), "the file is not the server's");
    }
}

matrix!(datagrams: a_bound_datagram_socket_is_served);

fn sockets_of_another_kind_are_rejected<T: TestTransport, C: Column>() {
    let folder = Folder::new();
    let sequence = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::SEQPACKET, None);
    let sequence = OwnedFd::from(sequence.expect("a socket"));
    let sockets = sockets(&folder).into_iter();
    for (kind, socket) in sockets.chain([("none", sequence.into())]) {
        let builder = Server::<T, C, _, _>::handling(|_: T::Request, _: Address| ());
        let result = builder.from_socket(socket).map(drop);
        if name::<T>() == kind {
            result.expect("its own kind");
        } else {
            let error = result.expect_err(kind);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{kind}: {error}");
            assert!(
                error.to_string().starts_with("expected a "),
                "{kind}: {error}"
            );
        }
    }
}

matrix!(all: sockets_of_another_kind_are_rejected);

/// Complaint 35.
#[test]
fn a_listener_may_be_inherited() {
    if is_elsewhere() {
        let inherited = io::stdin().as_fd().try_clone_to_owned();
        let server = ThreadingTCPServer::<Echo>::builder().timeout(DEADLINE);
        let server = server
            .drain_timeout(DEADLINE)
            .from_socket(inherited.expect("standard input"));
        let served = server.expect("a listener").handle_request();
        assert_eq!(served.expect("serves"), Served::Handled);
        return;
    }
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = Address::from(listener.local_addr().expect("an address"));
    let mut child = elsewhere_command("adopt::a_listener_may_be_inherited")
        .stdin(OwnedFd::from(listener))
        .stdout(Stdio::null())
        .spawn()
        .expect("spawn");
    let mut client = Client::stream(&address);
    assert_eq!(client.ask("hello"), b"hello");
    assert_eq!(client.finish(), b"");
    let status = in_time("the child's end", move || child.wait()).expect("wait");
    assert!(status.success(), "{status}");
}
