//! The answers to datagrams: from which address they leave, and which clients get one.

use std::os::unix::net;

use tests::prelude::*;

/// Answers by each of the ways there are, as the datagram says.
pub(crate) fn answer(request: Datagram, client_address: Address) -> io::Result<()> {
    match &*request.data {
        b"reply" => request.reply(b"REPLY"),
        b"where" => request.reply(request.local_address()?.to_string()),
        data => {
            let data = data.to_ascii_uppercase();
            request.socket.sendto(&data, client_address).map(drop)
        }
    }
}

/// A client that hears only the address that it asks.
pub(crate) fn connected(server: impl Into<SocketAddr>) -> Client {
    Client::datagram_from("0.0.0.0:0", &server.into().into())
}

fn answer_leaves_from_the_address_asked<C: Column>() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let server = run(Server::<Udp, C, _, _>::handling(answer).dual_stack(true), address);
        let port = inet(&server.address()).port();
        for last in [1, 2, 99] {
            let place = SocketAddr::from(([127, 0, 0, last], port));
            let mut client = connected(place);
            assert_eq!(client.ask("sendto"), b"SENDTO");
            assert_eq!(client.ask("reply"), b"REPLY");
            assert_eq!(client.ask("where"), place.to_string().as_bytes());
        }
    }
}

fn local_address_is_the_servers_own_at_one_address<T: Datagrams, C: Column>() {
    let (_folder, server) = placed(Server::<T, C, _, _>::handling(answer));
    let mut client = T::client(&server.address());
    assert_eq!(client.ask("where"), server.address().to_string().as_bytes());
    assert_eq!(client.ask("reply"), b"REPLY");
}

#[derive(DatagramRequestHandler)]
struct Files {
    socket: ReplySocket,
    client_address: Address,
    rfile: PacketReader,
    wfile: Vec<u8>,
}

impl Files {
    fn handle(&mut self) -> io::Result<()> {
        for line in &mut self.rfile {
            self.wfile.extend(line.to_ascii_uppercase());
        }
        self.socket.sendto(b"first", &self.client_address).map(drop)
    }
}

fn derived_handlers_answer_from_the_address_asked<C: Column>() {
    let server = run(Server::<Udp, C, Files>::builder(), "0.0.0.0:0");
    let port = inet(&server.address()).port();
    let mut client = connected(([127, 0, 0, 2], port));
    assert_eq!(client.ask("one\ntwo"), b"first");
    assert_eq!(client.recv(), b"ONE\nTWO");
}

/// Only the client's own host is answered from there: another one is reached as the system likes.
fn third_party_is_reached_from_any_address<C: Column>() {
    let third = UdpSocket::bind(LOCAL).expect("bind");
    third.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let to = third.local_addr().expect("an address");
    let builder = Server::<Udp, C, _, _>::handling(move |request: Datagram, _| {
        request.socket.sendto(&request.data, to).map(drop)
    });
    let server = run(builder, "0.0.0.0:0");
    let client = UdpSocket::bind("127.0.0.3:0").expect("bind");
    let port = inet(&server.address()).port();
    client.send_to(b"pass it on", ("127.0.0.2", port)).expect("send");
    let mut data = [0; 20];
    let (length, from) = third.recv_from(&mut data).expect("a datagram");
    assert_eq!(&data[..length], b"pass it on");
    assert_eq!(from.ip(), Ipv4Addr::LOCALHOST);
}

/// From a known complaint: a program with the same port at its end, as with mDNS and SSDP.
fn peer_with_the_same_port_is_answered<C: Column>() {
    let server = Server::<Udp, C, _, _>::handling(answer).allow_reuse_address(true);
    let server = run(server, "0.0.0.0:0");
    let port = inet(&server.address()).port();
    let [asked, own] = [1, 2].map(|last| SocketAddr::from(([127, 0, 0, last], port)));
    let peer = Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
    peer.setsockopt(SocketOption::ReuseAddress(true)).expect("an option");
    peer.settimeout(Some(DEADLINE)).expect("a timeout");
    peer.bind(own).expect("bind");
    for _ in 0..3 {
        peer.sendto(b"hello", asked).expect("send");
        assert_eq!(peer.recvfrom(100).expect("an answer"), (b"HELLO".to_vec(), asked.into()));
    }
    assert_eq!(server.stats().refused, 0);
}

matrix!(
    columns: answer_leaves_from_the_address_asked, derived_handlers_answer_from_the_address_asked,
    third_party_is_reached_from_any_address, peer_with_the_same_port_is_answered,
);

/// Python's handlers would hold a closed socket then.
fn a_kept_socket_ends_with_its_server<T: Datagrams, C: Column>() {
    let (sender, kept) = unbounded();
    let handler = move |request: Datagram, _: Address| {
        request.reply("heard")?;
        sender.send(request.socket).expect("the test waits");
        io::Result::Ok(())
    };
    let (folder, server) = placed(Server::<T, C, _, _>::handling(handler));
    let (address, mut client) = (server.address(), T::client(&server.address()));
    assert_eq!(client.ask("hello"), b"heard");
    let kept = kept.recv_timeout(DEADLINE).expect("a handler");
    kept.sendto(b"later", client_of(&client)).expect("the server lives");
    assert_eq!(client.recv(), b"later");
    server.drain(Duration::ZERO);
    let late = kept.sendto(b"later", client_of(&client));
    assert_eq!(error_kind(late), ErrorKind::ConnectionAborted);
    assert_eq!(kept.fileno(), -1);
    // Its port is free.
    let server = run(Server::<T, C, Echo>::builder(), address);
    assert_eq!(T::client(&server.address()).ask("hello"), b"hello");
    drop((kept, folder));
}

fn client_of(client: &Client) -> Address {
    match client {
        Client::Udp(socket) => socket.local_addr().expect("an address").into(),
        Client::UnixDatagram(socket, _) => {
            let name = socket.local_addr().expect("an address");
            name.as_pathname().expect("a path").to_path_buf().to_address().expect("an address")
        }
        other => unreachable!("no client of datagrams: {other:?}"),
    }
}

matrix!(
    datagrams: local_address_is_the_servers_own_at_one_address, a_kept_socket_ends_with_its_server,
);

#[test]
fn reply_needs_to_know_the_client() {
    let socket = UdpSocket::bind(LOCAL).expect("bind");
    let client = UdpSocket::bind(LOCAL).expect("bind");
    let datagram = Datagram::new(*b"hello", socket.into());
    assert_eq!(error_kind(datagram.reply("to nobody")), io::ErrorKind::AddrNotAvailable);
    let address: Address = client.local_addr().expect("an address").into();
    datagram.from_client(address).reply("to the client").expect("a client");
    let mut data = [0; 20];
    assert_eq!(client.recv(&mut data).expect("a reply"), 13);
}

#[test]
fn empty_host_names_no_receiver() {
    let handler = |request: Datagram, _: Address| -> io::Result<()> {
        request.reply(error_kind(request.socket.sendto(b"lost", ("", 9))).to_string())
    };
    let server = run(ThreadingUDPServer::handling(handler), LOCAL);
    let told = Client::datagram(&server.address()).ask("hello");
    assert_eq!(told, ErrorKind::InvalidInput.to_string().as_bytes());
}

/// All clients' unread answers share one buffer, which is as large as the system allows.
#[test]
fn unix_send_buffer_is_large() {
    fn room(request: Datagram, _: Address) -> io::Result<()> {
        let room = request.socket.getsockopt(SocketOption::SendBuffer)?;
        request.reply(room.to_string())
    }
    let (_folder, server) = placed(ThreadingUnixDatagramServer::handling(room));
    let told = Client::datagram(&server.address()).ask("?");
    let allowed = std::fs::read_to_string("/proc/sys/net/core/wmem_max").expect("a limit");
    let allowed: usize = allowed.trim().parse().expect("a number");
    let room: usize = String::from_utf8(told).expect("text").parse().expect("a number");
    assert!(room >= 2 * allowed.min(2 << 20), "{room} bytes");
}

/// How many unread answers to one client there are before another gets none: more than the system's
/// usual buffer holds.
#[test]
fn unread_answers_leave_room_for_others() {
    let builder = ThreadingUnixDatagramServer::handling(answer);
    let (folder, server) = placed(builder.send_timeout(Duration::from_millis(50)));
    let lazy = net::UnixDatagram::bind(folder.join("lazy")).expect("bind");
    lazy.connect(folder.join("server")).expect("connect");
    lazy.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    for _ in 0..400 {
        lazy.send(&[b'x'; 100]).expect("send");
    }
    until("all are handled", || server.stats().active == 0);
    assert_eq!(Client::datagram(&server.address()).ask("hello"), b"HELLO");
    assert_eq!(server.stats().failed, 0);
}

/// As with a stream, it is the client that has disconnected: nothing for an operator.
#[test]
fn unix_client_that_has_gone_is_a_disconnect() {
    let (gone, wait) = green::channel::<()>(1);
    let (tell, told) = green::channel::<ErrorKind>(2);
    let builder = ThreadingUnixDatagramServer::handling(move |request: Datagram, client| {
        wait.recv_timeout(DEADLINE).expect("the client goes");
        let by_name = request.socket.sendto(b"hello", client);
        for error in [by_name.map(drop), request.reply(b"hello")] {
            let kind = error.expect_err("the client has gone").kind();
            tell.send(kind).expect("the test waits");
        }
    });
    let (folder, server) = placed(builder);
    for is_removed in [false, true] {
        let path = folder.join("client");
        let client = net::UnixDatagram::bind(&path).expect("bind");
        client.send_to(b"hello", folder.join("server")).expect("send");
        drop(client);
        if is_removed {
            std::fs::remove_file(&path).expect("the client's file");
        }
        gone.send(()).expect("the handler waits");
        for _ in 0..2 {
            let kind = told.recv_timeout(DEADLINE).expect("an error");
            assert_eq!(kind, ErrorKind::ConnectionReset);
        }
        let _ = std::fs::remove_file(&path);
    }
    assert_eq!(server.stats().accept_errors, 0);
}
