//! Unix sockets: their names, and the process at the other end.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net;
use std::os::unix::net::SocketAddr;

use tests::prelude::*;

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
    let server = run(Server::<UnixStream, C, _, _>::handling(echo_once), format!("@{own}"));
    assert_eq!(server.address(), Address::Abstract(own.clone().into()));
    assert_eq!(server.address().to_string(), format!("@{own}"));
    let client = net::UnixStream::connect_addr(&abstract_address(&own)).expect("connect");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut client = Client::UnixStream(client);
    client.send("hello");
    assert_eq!(client.rest(), b"hello");

    let bind = |name: String| UnixStreamServer::<Echo>::bind(name).map(drop);
    assert_eq!(error_kind(bind(format!("@{own}"))), ErrorKind::AddrInUse);
    // The name goes with the server; there is nothing to be removed.
    drop(server);
    bind(format!("\0{own}")).expect("the name is free");
}

/// The client has an abstract name too, and is answered there.
fn datagrams_at_an_abstract_name<C: Column>() {
    let own = abstract_name();
    let _server = run(Server::<UnixDatagram, C, Echo>::builder(), format!("@{own}"));
    let client = net::UnixDatagram::bind_addr(&abstract_address(&abstract_name())).expect("bind");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client.connect_addr(&abstract_address(&own)).expect("connect");
    assert_eq!(Client::UnixDatagram(client, Folder::new()).ask("hello"), b"hello");
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

matrix!(
    columns: streams_at_an_abstract_name, datagrams_at_an_abstract_name,
    peer_cred_names_the_clients_process,
);

#[test]
fn peer_cred_of_tcp_is_unsupported() {
    let builder = TCPServer::handling(|request: Socket, _| {
        request.sendall(format!("{:?}", error_kind(request.peer_cred())).as_bytes())
    });
    let server = run(builder, LOCAL);
    assert_eq!(Client::stream(&server.address()).rest(), b"Unsupported");
}
