//! The addresses of servers and clients, as text.

use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;

use rustix::net::{SocketAddrUnix, bind, connect};
use socket2::{Domain, Socket, Type};
use socketserver::Address;
use tests::{Client, DEADLINE, Folder};

use crate::clients::unnamed;
use crate::scenario::{Scenario, THREADING, on};
use crate::session::Session;

/// What both servers are told: who it is goes into the trace.
const TELL: &str = "handle=address,upper";
/// The same at an address that takes IPv6 clients, and IPv4 clients as well.
const DUAL: &str = "handle=address,upper address=[::]:0";
/// The same at an abstract name.
const ABSTRACT: &str = "handle=address,upper address=@FOLDER/server";

pub(super) fn scenarios() -> Vec<Scenario> {
    let one = |transport, name: &str, words: &str, client| {
        let name = format!("address_of_{name}");
        on(&[transport], THREADING, &name, words, client)
    };
    [
        one("tcp", "ipv4", TELL, usual),
        one("udp", "ipv4", TELL, usual),
        one("tcp6", "ipv6", TELL, usual),
        one("udp6", "ipv6", TELL, usual),
        one("tcp", "ipv4_client_of_ipv6", DUAL, ipv4_stream),
        one("udp", "ipv4_client_of_ipv6", DUAL, ipv4_datagram),
        one("unix_stream", "nobody", TELL, usual),
        one("unix_stream", "abstract_server", ABSTRACT, path),
        one("unix_datagram", "nobody", TELL, |session| {
            let client = unnamed(session);
            introduce(session, client);
        }),
        both("path", path),
        both("longest_path", |session| path_of(107, session)),
        both("path_without_an_end", |session| path_of(108, session)),
        both("abstract_name", abstract_name),
    ]
    .concat()
}

fn both(name: &str, client: fn(&mut Session<'_>)) -> Vec<Scenario> {
    let name = format!("address_of_{name}");
    on(
        &["unix_stream", "unix_datagram"],
        THREADING,
        &name,
        TELL,
        client,
    )
}

/// Lets the server see a client.
fn introduce(session: &mut Session<'_>, mut client: Client) {
    let own = match &client {
        Client::Tcp(socket) => Some(socket.local_addr()),
        Client::Udp(socket) => Some(socket.local_addr()),
        Client::UnixStream(_) | Client::UnixDatagram(..) => None,
    };
    if let Some(own) = own {
        let port = own.expect("an address").port();
        session.name(port.to_string(), "CLIENT");
    }
    client.send("hello\n");
    client.end();
    session.go();
    session.see("client", &mut client);
}

fn usual(session: &mut Session<'_>) {
    let client = session.client();
    introduce(session, client);
}

/// The server's port, under an address of IPv4.
fn mapped(session: &Session<'_>) -> SocketAddr {
    let port = session.address.port().expect("a port");
    (Ipv4Addr::LOCALHOST, port).into()
}

fn ipv4_stream(session: &mut Session<'_>) {
    let socket = TcpStream::connect(mapped(session)).expect("connect");
    introduce(session, Client::Tcp(socket));
}

fn ipv4_datagram(session: &mut Session<'_>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    socket.connect(mapped(session)).expect("connect");
    introduce(session, Client::Udp(socket));
}

fn path(session: &mut Session<'_>) {
    let own = session.folder.join("client");
    let client = unix(&Address::Unix(own), session);
    introduce(session, client);
}

/// A client whose path has so many bytes. With 108 of them no room is left for the zero byte at the end.
fn path_of(length: usize, session: &mut Session<'_>) {
    let mut own = session.folder.join("client").display().to_string();
    own += &"x".repeat(length - own.len());
    session.name(own.clone(), "PATH");
    let client = unix(&Address::Unix(own.into()), session);
    introduce(session, client);
}

/// A name that is nobody else's, since the folder in it is nobody else's.
fn abstract_name(session: &mut Session<'_>) {
    let own = session.folder.join("client").display().to_string();
    let client = unix(&Address::Abstract(own.into()), session);
    introduce(session, client);
}

/// A client with an address of its own.
fn unix(own: &Address, session: &Session<'_>) -> Client {
    let kind = if session.is_stream() {
        Type::STREAM
    } else {
        Type::DGRAM
    };
    let socket = Socket::new(Domain::UNIX, kind, None).expect("a socket");
    bind(&socket, &unix_address(own)).expect("bind");
    connect(&socket, &unix_address(&session.address)).expect("connect");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let socket = OwnedFd::from(socket);
    match session.is_stream() {
        true => Client::UnixStream(socket.into()),
        false => Client::UnixDatagram(socket.into(), Folder::new()),
    }
}

fn unix_address(address: &Address) -> SocketAddrUnix {
    let address = match address {
        Address::Unix(path) => SocketAddrUnix::new(path.as_path()),
        Address::Abstract(name) => SocketAddrUnix::new_abstract_name(name),
        other => unreachable!("{other} is no name of a Unix socket"),
    };
    address.expect("an address")
}
