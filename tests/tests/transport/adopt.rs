//! Servers of a socket that exists already.

use std::os::unix::net::{UnixDatagram, UnixListener};

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use tests::prelude::*;

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
    (Socket::from(shared.expect("a descriptor")), socket.detach().expect("detach"))
}

/// Others still listen there after the server's end, and its file is not the server's.
///
/// Complaint 35.
fn an_adopted_socket_outlives_its_server<T: Row, C: Column>() {
    let folder = Folder::new();
    let (shared, listener) = shared::<T>(&folder);
    let server = Server::<T, C, Echo>::builder().from_socket(listener);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    let address = server.address();
    assert_eq!(address, shared.getsockname().expect("a name"));
    assert_eq!(T::client(&address).ask(b"hello"), b"hello");

    let (drained, _) = server.drain(DEADLINE);
    assert_eq!(drained.aborted, 0);
    assert!(address.path().is_none_or(Path::exists), "the file is not the server's");
    if shared.kind().expect("a kind") == SocketKind::Stream {
        let mut client = Client::stream(&address);
        let (accepted, _) = shared.accept().expect("accept");
        accepted.sendall(b"mine").expect("write");
        accepted.close();
        assert_eq!(client.rest(), b"mine");
    }
}

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
            assert!(error.to_string().starts_with("expected a "), "{kind}: {error}");
        }
    }
}

matrix!(all: an_adopted_socket_outlives_its_server, sockets_of_another_kind_are_rejected);

/// A client, and its connection as a service manager hands it over.
fn connection<T: Streams>() -> (Client, Socket) {
    let folder = Folder::new();
    let (listener, _) = shared::<T>(&folder);
    let client = T::client(&listener.getsockname().expect("a name"));
    (client, listener.accept().expect("accept").0)
}

fn greet(request: Socket, _: Address) -> io::Result<()> {
    request.sendall(b"hello")?;
    request.sendall(&request.recv(100)?)
}

fn a_connection_is_served_once<T: Streams, C: Column>() {
    let (mut client, connection) = connection::<T>();
    let server = Server::<T, C, _, _>::handling(greet).from_socket(connection);
    let server = Arc::new(server.expect("from_socket"));
    let serving = serve(&server);
    assert_eq!(client.ask("x"), b"h");
    assert_eq!(client.finish(), b"ellox");
    ends_well(serving);
    assert_eq!(server.stats().finished, 1);
    assert_eq!(error_kind(server.serve_forever()), ErrorKind::NotConnected);
}

fn a_connection_ends_as_an_accepted_one<T: Streams, C: Column>() {
    let (mut client, refused) = connection::<T>();
    let unwelcome = Function::echo().on_verify(|_, _| false);
    let server = Server::<T, C, Call, _>::with(unwelcome).from_socket(refused);
    let server = server.expect("from_socket");
    server.serve_forever().expect("a good end");
    assert_eq!((server.stats().refused, client.rest()), (1, vec![]));

    let (mut client, silent) = connection::<T>();
    let server = Server::<T, C, Echo>::builder().from_socket(silent);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    until("it is served", || server.stats().active == 1);
    let (drained, _) = server.drain(Duration::from_millis(50));
    assert_eq!((drained.aborted, client.rest()), (1, vec![]));

    let (mut client, backlog) = connection::<T>();
    let server = Server::<T, C, Echo>::builder().from_socket(backlog);
    client.send("hello");
    client.end();
    assert_eq!(server.expect("from_socket").drain(DEADLINE).finished, 1);
    assert_eq!(client.rest(), b"hello");

    let (client, once) = connection::<T>();
    let server = Server::<T, C, Echo>::builder().from_socket(once).expect("from_socket");
    client.end();
    assert_eq!(server.handle_request().expect("serves"), Served::Handled);
    assert_eq!(server.handle_request().expect("serves"), Served::Stopped);
}

matrix!(streams: a_connection_is_served_once, a_connection_ends_as_an_accepted_one);

#[test]
fn an_ended_connection_is_named_in_the_error() {
    let (client, connection) = connection::<Tcp>();
    client.reset();
    let result = ThreadingTCPServer::<Echo>::builder().from_socket(connection);
    let error = result.map(drop).expect_err("no client");
    assert!(error.kind() == ErrorKind::NotConnected, "{error}");
    assert!(error.to_string().contains("a connection that has ended"));
}

/// Runs the calling test in a process that inherits its standard input. Returns how to wait for it.
fn child(stdin: OwnedFd) -> impl FnOnce() {
    let mut test = elsewhere_command();
    let mut child = test.stdin(stdin).stdout(Stdio::null()).spawn().expect("spawn");
    move || {
        let status = in_time("the child's end", move || child.wait()).expect("wait");
        assert!(status.success(), "{status}");
    }
}

/// No client could send to it. (A stream socket of TCP gets its port when it begins to listen.)
#[test]
fn an_unbound_socket_is_rejected() {
    let new = |family, kind| Socket::new(family, kind).expect("a socket");
    let (inet, unix) = (AddressFamily::Inet, AddressFamily::Unix);
    let datagram = || Server::<Udp, Inline, _, _>::handling(|_: Datagram, _| ());
    let unix_datagram = || UnixDatagramServer::handling(|_: Datagram, _| ());
    let results = [
        datagram().from_socket(new(inet, SocketKind::Datagram)).map(drop),
        unix_datagram().from_socket(new(unix, SocketKind::Datagram)).map(drop),
        UnixStreamServer::<Echo>::builder().from_socket(new(unix, SocketKind::Stream)).map(drop),
    ];
    for result in results {
        let error = result.expect_err("unbound");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().starts_with("expected a socket that is bound, got "), "{error}");
    }
    let (_other, one) = socketpair(SocketKind::Datagram).expect("a pair");
    drop(unix_datagram().from_socket(one).expect("it has a peer"));
}

/// As inetd does it (`nowait`), and systemd (`Accept=yes`).
#[test]
fn a_connection_may_be_inherited() {
    if is_elsewhere() {
        let inherited = io::stdin().as_fd().try_clone_to_owned();
        let inherited = Socket::from(inherited.expect("standard input"));
        match inherited.family().expect("a socket") {
            AddressFamily::Unix => ThreadingUnixStreamServer::handling(greet)
                .from_socket(inherited)
                .and_then(|server| server.serve_forever()),
            _ => ThreadingTCPServer::handling(greet)
                .from_socket(inherited)
                .and_then(|server| server.serve_forever()),
        }
        .expect("a good end");
        return;
    }
    for (mut client, served) in [connection::<Tcp>(), connection::<UnixStream>()] {
        let child = child(served.detach().expect("detach"));
        assert_eq!(client.recv_exact(5), b"hello");
        client.send("x");
        assert_eq!(client.rest(), b"x");
        child();
    }
}

#[test]
fn an_adopted_listener_closes_on_exec() {
    let listener = TcpListener::bind(LOCAL).expect("bind");
    fcntl_setfd(&listener, FdFlags::empty()).expect("as a service manager leaves it");
    let server = ThreadingTCPServer::<Echo>::builder().from_socket(listener);
    let server = server.expect("from_socket");
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", server.fileno()));
    let info = info.expect("its descriptor");
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = u32::from_str_radix(flags.expect("flags").trim(), 8).expect("a number");
    assert_ne!(flags & OFlags::CLOEXEC.bits(), 0, "{info}");
}

/// Complaint 35.
#[test]
fn a_listener_may_be_inherited() {
    if is_elsewhere() {
        let inherited = io::stdin().as_fd().try_clone_to_owned();
        let server = ThreadingTCPServer::<Echo>::builder().timeout(DEADLINE);
        let server = server.drain_timeout(DEADLINE).from_socket(inherited.expect("standard input"));
        let served = server.expect("a listener").handle_request();
        assert_eq!(served.expect("serves"), Served::Handled);
        return;
    }
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = Address::from(listener.local_addr().expect("an address"));
    let child = child(listener.into());
    assert_eq!(Client::echoed(&address).finish(), b"");
    child();
}

/// The end of a server with a listener that is not its own alone must keep no client out.
#[test]
fn only_an_unshared_listener_is_fenced() {
    for shared in [true, false] {
        let listener = TcpListener::bind(LOCAL).expect("bind");
        let address = Address::from(listener.local_addr().expect("an address"));
        let copy = listener.try_clone().expect("a copy");
        let server = ThreadingTCPServer::<Echo>::builder().from_socket(copy).expect("a listener");
        // As it is for a listener that was handed over.
        if !shared {
            server.share_listener(false);
        }
        server.drain(DEADLINE);
        assert_eq!(Client::impatient(&address).is_ok(), shared);
    }
}

/// The next program serves at the file.
#[test]
fn a_shared_file_stays() {
    for shared in [true, false] {
        let folder = Folder::new();
        let path = folder.join("server");
        let server = ThreadingUnixStreamServer::<Echo>::bind(&path).expect("bind");
        server.share_listener(shared);
        let running = server.spawn().expect("spawn");
        assert_eq!(Client::stream(running.server_address()).ask("hello"), b"hello");
        running.drain(DEADLINE).expect("a good end");
        assert_eq!(path.exists(), shared);
    }
}
