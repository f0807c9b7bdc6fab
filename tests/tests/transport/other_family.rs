//! Transports that the crate does not know, written outside it: messages over Unix connections, and
//! netlink.

use tests::prelude::*;

const SEQPACKET: SocketKind = SocketKind::Other(5);
const NETLINK: i32 = 16;

fn logged(line: &str) {
    let lines = keep_lines(LevelFilter::Debug);
    until(line, || !lines.about(line).is_empty());
}

/// Messages over a connection between processes of one machine.
#[derive(Default)]
struct SeqPacket;

impl Transport for SeqPacket {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        Socket::new(address.family(), SEQPACKET)
    }
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        socket.bind(address)
    }
    fn adopt(&self, _: &Socket) -> io::Result<()> {
        Ok(())
    }
    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        socket.listen(16)?;
        // `get_request` must not wait.
        socket.settimeout(Some(Duration::ZERO))
    }
    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        socket.accept()
    }
    fn shutdown_request(&self, request: &Socket, _: Duration) {
        let _ = request.shutdown(Shutdown::Write);
    }
    fn abort(&self, request: &Socket) {
        let _ = request.shutdown(Shutdown::Both);
    }
}

/// Datagrams between processes, addressed by number.
#[derive(Default)]
struct Netlink;

impl Netlink {
    /// A socket of the protocol that is left to users.
    fn user_socket() -> io::Result<Socket> {
        let (domain, protocol) = (NETLINK.into(), Some(2.into()));
        let socket = socket2::Socket::new(domain, Type::DGRAM, protocol)?;
        Ok(OwnedFd::from(socket).into())
    }

    /// A client with a number that the system has chosen.
    fn client() -> Socket {
        let client = Netlink::user_socket().expect("a socket");
        client.settimeout(Some(DEADLINE)).expect("a timeout");
        client.bind(Netlink::any()).expect("bind");
        client
    }

    fn any() -> OtherAddress {
        OtherAddress::new(NETLINK, [0; 10])
    }

    /// The address as an operator wants to read it.
    fn labelled(address: Address) -> Address {
        let Address::Other(address) = address else {
            unreachable!("{address} is of another family");
        };
        let number = address.data()[2..6].try_into().expect("four bytes");
        let label = format!("netlink {}", u32::from_ne_bytes(number));
        address.with_label(label).into()
    }
}

impl Transport for Netlink {
    type Request = Datagram;

    fn socket(&self, _: &Address) -> io::Result<Socket> {
        Netlink::user_socket()
    }
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        socket.bind(address)
    }
    fn adopt(&self, _: &Socket) -> io::Result<()> {
        Ok(())
    }
    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        socket.settimeout(Some(Duration::ZERO))
    }
    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        let (data, client) = socket.recvfrom(1_000)?;
        Ok((Datagram::new(data, socket.clone()), Netlink::labelled(client)))
    }
    fn shutdown_request(&self, _: &Datagram, _: Duration) {}
    fn abort(&self, _: &Datagram) {}
}

fn messages_over_connections_are_served<C: Column>() {
    keep_lines(LevelFilter::Debug);
    // Answers each message with the client's address and the message, until one is to fail.
    let answer = |request: Socket, client_address: Address| loop {
        match &*request.recv(1_000)? {
            b"" => return Ok(()),
            b"fail" => return Err(io::Error::other("as told")),
            message => {
                let message = String::from_utf8_lossy(message);
                request.sendall(format!("{client_address} says {message}").as_bytes())?;
            }
        }
    };
    // The second as a service manager hands it over.
    for adopted in [false, true] {
        let folder = Folder::new();
        let path = folder.join("server");
        let builder = Server::<SeqPacket, C, _, _>::handling(answer);
        let server = if adopted {
            let listener = Socket::new(AddressFamily::Unix, SEQPACKET).expect("a socket");
            listener.bind(&path).expect("bind");
            listener.listen(5).expect("listen");
            let server = builder.from_socket(listener).expect("from_socket");
            Running::from(server.spawn().expect("spawn"))
        } else {
            run(builder, path)
        };
        let client = Socket::new(AddressFamily::Unix, SEQPACKET).expect("a socket");
        client.settimeout(Some(DEADLINE)).expect("a timeout");
        assert_eq!(client.kind().expect("a kind"), SEQPACKET);
        assert_eq!(client.family().expect("a family"), AddressFamily::Unix);
        let path = folder.join("client");
        client.bind(&path).expect("bind");
        client.connect(server.server_address()).expect("connect");
        for message in ["one", "two"] {
            client.sendall(message.as_bytes()).expect("send");
        }
        // Two messages, two answers: they keep their boundaries.
        for message in ["one", "two"] {
            let reply = String::from_utf8(client.recv(1_000).expect("recv")).expect("text");
            assert_eq!(reply, format!("{} says {message}", path.display()));
        }
        client.sendall(b"fail").expect("send");
        logged(&format!("request 1 from {} failed (as told)", path.display()));
        assert_eq!(server.ends(), [0, 1, 0, 0]);
    }
}

fn answer(request: Datagram, client_address: Address) -> io::Result<()> {
    match &*request.data {
        b"fail" => Err(io::Error::other("as told")),
        data => request.socket.sendto(&data.to_ascii_uppercase(), &client_address).map(drop),
    }
}

fn datagrams_of_another_family_are_answered<C: Column>() {
    keep_lines(LevelFilter::Debug);
    let server = run(Server::<Netlink, C, _, _>::handling(answer), Netlink::any());
    let client = Netlink::client();
    let own = Netlink::labelled(client.getsockname().expect("a name"));
    assert_eq!(own.family(), AddressFamily::Other(NETLINK));
    assert_ne!(&own, server.server_address());
    for message in ["one", "two"] {
        let sent = client.sendto(message.as_bytes(), server.server_address());
        assert_eq!(sent.expect("sendto"), message.len());
        let (reply, from) = client.recvfrom(1_000).expect("recvfrom");
        assert_eq!(reply, message.to_uppercase().as_bytes());
        assert_eq!(&from, server.server_address());
    }
    client.sendto(b"fail", server.server_address()).expect("sendto");
    assert!(own.to_string().starts_with("netlink "), "{own}");
    logged(&format!("request 3 from {own} failed (as told)"));
}

/// Each number is a separate host, because clients of this family share nothing else.
#[test]
fn limits_count_clients_of_another_family() {
    let builder = Server::<Netlink, Threading, _, _>::handling(answer);
    let builder = builder.max_rate_per_address(1, Duration::from_secs(3_600));
    let server = run(builder, Netlink::any());
    // Each lives on, or the next one could get its address.
    let mut clients = Vec::new();
    for refused in 1..=2 {
        let client = Netlink::client();
        for message in [b"one", b"two"] {
            assert_eq!(client.sendto(message, server.server_address()).expect("sendto"), 3);
        }
        assert_eq!(client.recv(100).expect("recv"), b"ONE");
        until("the second is refused", || server.stats().refused == refused);
        clients.push(client);
    }
}

#[test]
fn unknown_family_is_an_error_of_the_system() {
    let error = Socket::new(AddressFamily::Other(12_345), SocketKind::Stream);
    let error = error.expect_err("no such family");
    assert!(error.raw_os_error().is_some(), "{error}");
    let long = OtherAddress::new(NETLINK, [0; 1_000]);
    let socket = Netlink::user_socket().expect("a socket");
    assert_eq!(error_kind(socket.bind(&long)), ErrorKind::InvalidInput);
    assert_eq!(error_kind(socket.connect(&long)), ErrorKind::InvalidInput);
    assert_eq!(error_kind(socket.sendto(b"x", &long)), ErrorKind::InvalidInput);
}

matrix!(columns: messages_over_connections_are_served, datagrams_of_another_family_are_answered);
