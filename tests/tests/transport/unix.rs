//! Unix sockets: their names, and the process at the other end.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net;
use std::os::unix::net::SocketAddr;

use rustix::net::SocketAddrUnix;
use tests::prelude::*;

/// Sends back one message.
fn echo(request: Socket, _: Address) -> io::Result<()> {
    let data = request.recv(65_536)?;
    request.sendall(&data)
}

/// Sends back every datagram.
fn answer(request: Datagram, client_address: Address) -> io::Result<()> {
    request.socket.sendto(&request.data, client_address)?;
    Ok(())
}

/// Sends the client its name.
fn name(request: Socket, client_address: Address) -> io::Result<()> {
    request.sendall(client_address.to_string().as_bytes())
}

/// A name in the abstract namespace that no other test has.
fn abstract_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("socketserver-{}-{number}", std::process::id())
}

fn abstract_address(name: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(name).expect("a short name")
}

fn streams_at_an_abstract_name<C: Column>() {
    let own = abstract_name();
    let server = run(
        Server::<UnixStream, C, _, _>::handling(echo),
        format!("@{own}"),
    );
    assert_eq!(server.address(), Address::Abstract(own.clone().into()));
    assert_eq!(server.address().to_string(), format!("@{own}"));
    let mut client = net::UnixStream::connect_addr(&abstract_address(&own)).expect("connect");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client.write_all(b"hello").expect("send");
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("recv");
    assert_eq!(reply, "hello");

    let taken = UnixStreamServer::handling(echo).bind(server.address());
    assert_eq!(error_kind(taken.map(drop)), ErrorKind::AddrInUse);
    // The name goes with the server; there is nothing to be removed.
    drop(server);
    let again = UnixStreamServer::handling(echo).bind(format!("\0{own}"));
    assert!(again.is_ok(), "the name is free");
}

/// The client has an abstract name too, and is answered there.
fn datagrams_at_an_abstract_name<C: Column>() {
    let (own, clients) = (abstract_name(), abstract_name());
    let server = run(
        Server::<UnixDatagram, C, _, _>::handling(answer),
        format!("@{own}"),
    );
    let client = net::UnixDatagram::bind_addr(&abstract_address(&clients)).expect("bind");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client
        .connect_addr(&abstract_address(&own))
        .expect("connect");
    client.send(b"hello").expect("send");
    let mut reply = [0; 16];
    let length = client.recv(&mut reply).expect("recv");
    assert_eq!(&reply[..length], b"hello");
    drop(server);
}

fn peer_cred_names_the_clients_process<C: Column>() {
    let folder = Folder::new();
    let builder = Server::<UnixStream, C, _, _>::handling(|request: Socket, _| {
        let cred = request.peer_cred()?;
        let pid = cred.pid.expect("a process of this machine");
        request.sendall(format!("{pid} {} {}", cred.uid, cred.gid).as_bytes())
    });
    let server = run(builder, UnixStream::address(&folder));
    let own = (rustix::process::getuid(), rustix::process::getgid());
    let expected = |pid| format!("{pid} {} {}", own.0.as_raw(), own.1.as_raw());
    let mut client = Client::stream(&server.address());
    assert_eq!(client.rest(), expected(std::process::id()).as_bytes());

    let script = "
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
client.connect(sys.argv[1])
print(client.makefile().read())
";
    let path = server.address().to_string();
    if let Some(client) = python(script, &[&path]) {
        assert_eq!(client.line(), expected(client.id()));
    }
}

fn a_client_may_have_a_name<C: Column>() {
    let folder = Folder::new();
    let server = run(
        Server::<UnixStream, C, _, _>::handling(name),
        UnixStream::address(&folder),
    );
    assert_eq!(Client::stream(&server.address()).rest(), b"unnamed");

    let path = folder.join("client");
    let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let mut client = client.expect("a socket");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client
        .bind(&socket2::SockAddr::unix(&path).expect("a path"))
        .expect("bind");
    let address = server.address().to_string();
    client
        .connect(&socket2::SockAddr::unix(address).expect("a path"))
        .expect("connect");
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("recv");
    assert_eq!(reply, path.to_str().expect("a path of text"));
}

/// It cannot be answered; the server goes on.
fn a_datagram_without_a_sender_is_handled<C: Column>() {
    let folder = Folder::new();
    let (tell, told) = crossbeam_channel::unbounded();
    let builder = Server::<UnixDatagram, C, _, _>::handling(move |request, client_address| {
        let result = answer(request, client_address.clone());
        tell.send((client_address, result.map_err(|error| error.kind())))
    });
    let server = run(builder, UnixDatagram::address(&folder));
    let client = net::UnixDatagram::unbound().expect("a socket");
    let path = folder.join("server");
    client.send_to(b"hello", &path).expect("send");
    let expected = (Address::Unnamed, Err(ErrorKind::AddrNotAvailable));
    assert_eq!(told.recv_timeout(DEADLINE), Ok(expected));
    assert_eq!(
        UnixDatagram::client(&server.address()).ask(b"hello"),
        b"hello"
    );
}

/// A client bound to a path that fills its field to the last byte, without the usual NUL at its
/// end: the system allows that.
fn client_with_the_longest_name(kind: socket2::Type, folder: &Folder) -> socket2::Socket {
    let shortest = folder.join("x").as_os_str().len();
    let path = folder.join(&"x".repeat(1 + 108 - shortest));
    let client = socket2::Socket::new(socket2::Domain::UNIX, kind, None).expect("a socket");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let name = SocketAddrUnix::new(path.as_path()).expect("a path");
    rustix::net::bind(&client, &name).expect("bind");
    let server = socket2::SockAddr::unix(folder.join("server")).expect("a path");
    client.connect(&server).expect("connect");
    client.send(b"hello").expect("send");
    client
}

fn a_stream_from_the_longest_name_is_served<C: Column>() {
    let folder = Folder::new();
    let address = UnixStream::address(&folder);
    let server = run(Server::<UnixStream, C, _, _>::handling(echo), address);
    let mut client = client_with_the_longest_name(socket2::Type::STREAM, &folder);
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("recv");
    assert_eq!(reply, "hello");
    assert_eq!(server.stats().accept_errors, 0);
}

fn a_datagram_from_the_longest_name_is_handled<C: Column>() {
    let folder = Folder::new();
    let address = UnixDatagram::address(&folder);
    let server = run(Server::<UnixDatagram, C, _, _>::handling(answer), address);
    let _client = client_with_the_longest_name(socket2::Type::DGRAM, &folder);
    let mut next = UnixDatagram::client(&server.address());
    assert_eq!(next.ask(b"hello"), b"hello");
    assert_eq!(
        (server.stats().accepted, server.stats().accept_errors),
        (2, 0)
    );
}

matrix!(
    columns: streams_at_an_abstract_name, datagrams_at_an_abstract_name,
    peer_cred_names_the_clients_process, a_client_may_have_a_name,
    a_datagram_without_a_sender_is_handled, a_stream_from_the_longest_name_is_served,
    a_datagram_from_the_longest_name_is_handled,
);

#[test]
fn peer_cred_of_tcp_is_unsupported() {
    let builder = TCPServer::handling(|request: Socket, _| {
        let error = request.peer_cred().expect_err("no such thing");
        request.sendall(format!("{:?}", error.kind()).as_bytes())
    });
    let server = run(builder, LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"Unsupported");
}
