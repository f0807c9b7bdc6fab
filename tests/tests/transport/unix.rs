//! Unix sockets: their names, who is at the other end, and clients that cannot or do not want to be
//! answered.

use std::io::{self, ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::SocketAddrUnix;
use socketserver::{
    Address, Builder, Concurrency, Datagram, Inline, Server, Socket, TCPServer, Threading,
    ToAddress, Transport, UnixDatagram, UnixDatagramServer, UnixStream, UnixStreamServer,
};
use tests::{Client, DEADLINE, Echo, Folder, Place, Running, matrix, python, run, until};

/// Sends back one piece of text.
fn echo(request: Socket, _: Address) -> io::Result<()> {
    let data = request.recv(65_536)?;
    request.sendall(&data)
}

/// Sends back every datagram.
fn answer(request: Datagram, client_address: Address) -> io::Result<()> {
    request.socket.sendto(&request.data, client_address)?;
    Ok(())
}

/// Tells the client how it is called.
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

fn streams_at_an_abstract_name<C: Concurrency + Default>() {
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
    assert_eq!(
        taken.map(drop).expect_err("taken").kind(),
        ErrorKind::AddrInUse
    );
    // The name goes with the server; there is nothing to be removed.
    drop(server);
    let again = UnixStreamServer::handling(echo).bind(format!("\0{own}"));
    assert!(again.is_ok(), "the name is free");
}

/// The client has an abstract name too, and is answered there.
fn datagrams_at_an_abstract_name<C: Concurrency + Default>() {
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

fn an_existing_listener_is_served_and_its_file_left<C: Concurrency + Default>() {
    let folder = Folder::new();
    let path = folder.join("server");
    let listener = net::UnixListener::bind(&path).expect("bind");
    let shared = listener.try_clone().expect("a second descriptor");
    let server = Server::<UnixStream, C, _, _>::handling(echo).from_socket(listener);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    assert_eq!(server.address(), Address::Unix(path.clone()));
    assert_eq!(
        UnixStream::client(&server.address()).ask(b"hello"),
        b"hello"
    );

    let address = server.address();
    server.drain(DEADLINE);
    assert!(path.exists(), "the file is not the server's");
    let mut client = Client::stream(&address);
    shared.set_nonblocking(false).expect("a blocking listener");
    drop(shared.accept().expect("accept"));
    assert_eq!(client.rest(), b"");
}

fn an_existing_datagram_socket_is_served_and_its_file_left<C: Concurrency + Default>() {
    let folder = Folder::new();
    let path = folder.join("server");
    let socket = net::UnixDatagram::bind(&path).expect("bind");
    let server = Server::<UnixDatagram, C, _, _>::handling(answer).from_socket(socket);
    let server = Running::from(server.expect("from_socket").spawn().expect("spawn"));
    assert_eq!(
        UnixDatagram::client(&server.address()).ask(b"hello"),
        b"hello"
    );
    drop(server);
    assert!(path.exists(), "the file is not the server's");
}

fn a_stream_knows_the_process_at_its_other_end<C: Concurrency + Default>() {
    let folder = Folder::new();
    let builder = Server::<UnixStream, C, _, _>::handling(|request: Socket, _| {
        let cred = request.peer_cred()?;
        request.sendall(format!("{} {} {}", cred.pid, cred.uid, cred.gid).as_bytes())
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

fn a_client_is_called_by_its_name_if_it_has_one<C: Concurrency + Default>() {
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

/// There is nowhere to answer to; the server goes on.
fn a_datagram_without_a_sender_is_handled<C: Concurrency + Default>() {
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

/// It gets ten answers or so and leaves them in its queue; the next ones are given up.
fn a_client_that_does_not_read_does_not_stop_the_server<C: Concurrency + Default>() {
    let folder = Folder::new();
    let builder = Server::<UnixDatagram, C, _, _>::handling(answer);
    let builder = builder.send_timeout(Duration::from_millis(20));
    let server = run(builder, UnixDatagram::address(&folder));
    // Not connected: the system counts what lies in its queue only for such a client.
    let lazy = net::UnixDatagram::bind(folder.join("lazy")).expect("bind");
    lazy.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    for _ in 0..40 {
        lazy.send_to(b"?", folder.join("server")).expect("send");
    }
    assert_eq!(
        UnixDatagram::client(&server.address()).ask(b"hello"),
        b"hello"
    );
    until("all have ended", || server.stats().active == 0);
    let stats = server.stats();
    assert_eq!(stats.accepted, 41);
    assert!(stats.failed > 0 && stats.finished > 1, "{stats:?}");
}

/// A client bound to a path that fills its field to the last byte, without the zero that usually
/// follows: the system allows that.
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

fn a_client_with_the_longest_name_is_served<C: Concurrency + Default>() {
    let folder = Folder::new();
    let address = UnixStream::address(&folder);
    let server = run(Server::<UnixStream, C, _, _>::handling(echo), address);
    let mut client = client_with_the_longest_name(socket2::Type::STREAM, &folder);
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("recv");
    assert_eq!(reply, "hello");
    assert_eq!(server.stats().accept_errors, 0);
}

fn a_datagram_from_the_longest_name_is_handled<C: Concurrency + Default>() {
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
    columns: streams_at_an_abstract_name,
    datagrams_at_an_abstract_name,
    an_existing_listener_is_served_and_its_file_left,
    an_existing_datagram_socket_is_served_and_its_file_left,
    a_stream_knows_the_process_at_its_other_end,
    a_client_is_called_by_its_name_if_it_has_one,
    a_datagram_without_a_sender_is_handled,
    a_client_that_does_not_read_does_not_stop_the_server,
    a_client_with_the_longest_name_is_served,
    a_datagram_from_the_longest_name_is_handled,
);

/// A Unix socket that counts how often it is asked for a request.
#[derive(Default)]
struct Own {
    unix: UnixStream,
    asked: Arc<AtomicU64>,
    fails_to_activate: bool,
}

impl Transport for Own {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.unix.socket(address)
    }
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.unix.server_bind(socket, address)
    }
    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.unix.adopt(socket)
    }
    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        if self.fails_to_activate {
            return Err(ErrorKind::Unsupported.into());
        }
        self.unix.server_activate(socket)
    }
    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.unix.get_request(socket)
    }
    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        self.unix.shutdown_request(request, patience);
    }
    fn abort(&self, request: &Socket) {
        self.unix.abort(request);
    }
    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.unix.fence(socket)
    }
    fn server_close(&self, socket: &Socket) {
        self.unix.server_close(socket);
    }
}

#[test]
fn a_drain_looks_for_clients_no_longer_than_there_are_some() {
    let folder = Folder::new();
    let transport = Own::default();
    let asked = transport.asked.clone();
    let server = Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ());
    let server = server.bind(folder.join("server")).expect("bind");
    let clients = [(); 3].map(|()| Client::stream(server.server_address()));
    let leaving = thread::spawn(|| clients.map(Client::finish));
    assert_eq!(server.drain(DEADLINE).aborted, 0);
    leaving.join().expect("no panic");
    // Once for each, once that finds nobody, and once more because the socket seems to be ready.
    assert_eq!(asked.load(Ordering::Relaxed), 5);
}

#[test]
fn what_fails_after_bind_leaves_no_file() {
    let folder = Folder::new();
    let transport = Own {
        fails_to_activate: true,
        ..Own::default()
    };
    let server = Builder::<_, _, Echo, ()>::new(transport, Threading::new(), ());
    let path = folder.join("server");
    let error = server
        .bind(&path)
        .map(drop)
        .expect_err("it cannot be activated");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!path.exists());
}

#[test]
fn an_internet_socket_does_not_know_who_is_at_its_other_end() {
    let builder = TCPServer::handling(|request: Socket, _| {
        let error = request.peer_cred().expect_err("no such thing");
        request.sendall(format!("{:?}", error.kind()).as_bytes())
    });
    let server = run(builder, "127.0.0.1:0");
    assert_eq!(Client::stream(&server.address()).rest(), b"Unsupported");
}

#[test]
fn what_cannot_be_bound_says_why_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let bind = |address: &dyn ToAddress| {
        let stream = UnixStreamServer::handling(echo).bind(address).map(drop);
        let datagram = UnixDatagramServer::handling(answer).bind(address).map(drop);
        let kinds = [
            stream.expect_err("stream").kind(),
            datagram.expect_err("datagram").kind(),
        ];
        assert_eq!(kinds[0], kinds[1]);
        kinds[0]
    };
    for _ in 0..1_000 {
        assert_eq!(bind(&folder.join("missing/server")), ErrorKind::NotFound);
    }
    let too_long = folder.join(&"x".repeat(108));
    assert_eq!(bind(&too_long), ErrorKind::InvalidInput);
    assert_eq!(
        bind(&format!("@{}", "x".repeat(108))),
        ErrorKind::InvalidInput
    );
    assert_eq!(bind(&folder.join("nul\0byte")), ErrorKind::InvalidInput);
    assert_eq!(bind(&"127.0.0.1:0"), ErrorKind::InvalidInput);
    assert_eq!(bind(&Address::Unnamed), ErrorKind::InvalidInput);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Descriptors are given out from below: after a leak this one would be high.
    let next = Server::<UnixStream, Inline, _, _>::handling(echo).bind(folder.join("server"));
    let fileno = next.expect("bind").fileno();
    assert!((0..1_000).contains(&fileno), "{fileno}");
}
