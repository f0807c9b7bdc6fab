//! The addresses of servers and clients, as text.

use rustix::net::{SocketAddrUnix, bind, connect};
use socket2::Socket;
use tests::prelude::*;

use crate::clients::{ask_with, unnamed};
use crate::scenario::{IPV6, Scenario, THREADING, UNIX, scenarios};
use crate::session::Session;

/// The addresses go into the trace.
const TELL: &str = "handle=address,upper";
/// The server takes clients of IPv6 and IPv4.
const DUAL: &str = "handle=address,upper address=[::]:0";
/// The server has an abstract name.
const ABSTRACT: &str = "handle=address,upper address=@FOLDER/server";

pub(super) fn scenarios() -> Vec<Scenario> {
    scenarios! {
        &["tcp", "udp"], THREADING; "address_of_ipv4", TELL; usual;
        IPV6, THREADING; "address_of_ipv6", TELL; usual;
        &["tcp", "udp"], THREADING; "address_of_ipv4_client_of_ipv6", DUAL; ipv4;
        &["unix_stream"], THREADING; "address_of_nobody", TELL; usual;
        &["unix_stream"], THREADING; "address_of_abstract_server", ABSTRACT; path;
        &["unix_datagram"], THREADING; "address_of_nobody", TELL;
            |session| ask_with(unnamed(session), session);
        UNIX, THREADING; "address_of_path", TELL; path;
        UNIX, THREADING; "address_of_longest_path", TELL; |session| path_of(107, session);
        UNIX, THREADING; "address_of_path_without_an_end", TELL; |session| path_of(108, session);
        UNIX, THREADING; "address_of_abstract_name", TELL; abstract_name;
    }
}

/// Sends one line, with the client's port under a fixed name.
fn introduce(session: &mut Session<'_>, client: Client) {
    let own = match &client {
        Client::Tcp(socket) => Some(socket.local_addr()),
        Client::Udp(socket) => Some(socket.local_addr()),
        Client::UnixStream(_) | Client::UnixDatagram(..) => None,
    };
    if let Some(own) = own {
        let port = own.expect("an address").port();
        session.name(port.to_string(), "CLIENT");
    }
    ask_with(client, session);
}

fn usual(session: &mut Session<'_>) {
    let client = session.client();
    introduce(session, client);
}

/// A client of the server's port at an IPv4 address.
fn ipv4(session: &mut Session<'_>) {
    let port = session.address.port().expect("a port");
    session.address = SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
    usual(session);
}

fn path(session: &mut Session<'_>) {
    let own = session.folder.join("client");
    let client = unix(&Address::Unix(own), session);
    introduce(session, client);
}

/// A client with a path of that many bytes. With 108 no room is left for the zero byte at the end.
fn path_of(length: usize, session: &mut Session<'_>) {
    let mut own = session.folder.join("client").display().to_string();
    own += &"x".repeat(length - own.len());
    session.name(own.clone(), "PATH");
    let client = unix(&Address::Unix(own.into()), session);
    introduce(session, client);
}

/// A name that no other test has, because it contains the folder.
fn abstract_name(session: &mut Session<'_>) {
    let own = session.folder.join("client").display().to_string();
    let client = unix(&Address::Abstract(own.into()), session);
    introduce(session, client);
}

fn unix(own: &Address, session: &Session<'_>) -> Client {
    let kind = if session.is_stream() { Type::STREAM } else { Type::DGRAM };
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
        other => unreachable!("expected the name of a Unix socket, got {other}"),
    };
    address.expect("an address")
}
