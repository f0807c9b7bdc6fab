//! Transports that the crate does not know, written outside it: messages over Unix connections,
//! netlink and vsock.

use tests::prelude::*;

const SEQPACKET: SocketKind = SocketKind::Other(5);
const NETLINK: i32 = 16;
const VSOCK: i32 = 40;

/// Waits until there is such a line in the log.
fn logged(line: &str) {
    let lines = keep_lines(LevelFilter::Debug);
    until(line, || !lines.about(line).is_empty());
}

/// How connections are accepted and ended is the same for every family.
macro_rules! connections {
    () => {
        type Request = Socket;

        fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
            socket.bind(address)
        }

        fn adopt(&self, _socket: &Socket) -> io::Result<()> {
            Ok(())
        }

        fn server_activate(&self, socket: &Socket) -> io::Result<()> {
            socket.listen(16)?;
            // `get_request` must not wait.
            socket.settimeout(Some(Duration::ZERO))
        }

        fn shutdown_request(&self, request: &Socket, _patience: Duration) {
            let _ = request.shutdown(Shutdown::Write);
        }

        fn abort(&self, request: &Socket) {
            let _ = request.shutdown(Shutdown::Both);
        }
    };
}

/// Messages over a connection between processes of one machine.
#[derive(Default)]
struct SeqPacket;

impl Transport for SeqPacket {
    connections!();

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        Socket::new(address.family(), SEQPACKET)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        socket.accept()
    }
}

/// Connections between virtual machines and their host.
#[derive(Default)]
struct Vsock;

impl Vsock {
    fn address(cid: u32, port: u32) -> OtherAddress {
        let mut data = [0; 14];
        data[2..6].copy_from_slice(&port.to_ne_bytes());
        data[6..10].copy_from_slice(&cid.to_ne_bytes());
        OtherAddress::new(VSOCK, data)
    }

    /// The address as an operator wants to read it.
    fn labelled(address: Address) -> Address {
        let Address::Other(address) = address else {
            return address;
        };
        let number = |at: usize| {
            let bytes = address.data().get(at..at + 4);
            u32::from_ne_bytes(bytes.and_then(|it| it.try_into().ok()).unwrap_or_default())
        };
        let (port, cid) = (number(2), number(6));
        address
            .with_label(format!("vsock {cid}:{port}"))
            .with_host(cid.to_ne_bytes())
            .into()
    }
}

impl Transport for Vsock {
    connections!();

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        Socket::new(address.family(), SocketKind::Stream)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        let (request, client_address) = socket.accept()?;
        Ok((request, Vsock::labelled(client_address)))
    }
}

/// Datagrams between processes, addressed by number.
#[derive(Default)]
struct Netlink;

impl Netlink {
    /// A socket of the protocol that is left to users.
    fn user_socket() -> io::Result<Socket> {
        let (domain, protocol) = (NETLINK.into(), Some(2.into()));
        let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, protocol)?;
        Ok(OwnedFd::from(socket).into())
    }

    /// `0` lets the system choose the number.
    fn address(number: u32) -> OtherAddress {
        let mut data = [0; 10];
        data[2..6].copy_from_slice(&number.to_ne_bytes());
        OtherAddress::new(NETLINK, data).with_label(format!("netlink {number}"))
    }
}

impl Transport for Netlink {
    type Request = Datagram;

    fn socket(&self, _address: &Address) -> io::Result<Socket> {
        Netlink::user_socket()
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        socket.bind(address)
    }

    fn adopt(&self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        socket.settimeout(Some(Duration::ZERO))
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        let (data, client_address) = socket.recvfrom(1_000)?;
        Ok((Datagram::new(data, socket.clone()), client_address))
    }

    fn shutdown_request(&self, _request: &Datagram, _patience: Duration) {}

    fn abort(&self, _request: &Datagram) {}
}

/// Answers each message with the client's address and the message, until one is to fail.
fn answer(request: Socket, client_address: Address) -> io::Result<()> {
    loop {
        match &*request.recv(1_000)? {
            b"" => return Ok(()),
            b"fail" => return Err(io::Error::other("as told")),
            message => {
                let message = String::from_utf8_lossy(message);
                request.sendall(format!("{client_address} says {message}").as_bytes())?;
            }
        }
    }
}

fn messages_over_connections_are_served<C: Column>() {
    keep_lines(LevelFilter::Debug);
    let folder = Folder::new();
    let server = run(
        Server::<SeqPacket, C, _, _>::handling(answer),
        folder.join("server"),
    );
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
    logged(&format!("request from {} failed (as told)", path.display()));
    let (_, stats) = server.drain(DEADLINE);
    assert_eq!((stats.accepted, stats.failed), (1, 1));
}

fn datagrams_of_another_family_are_answered<C: Column>() {
    keep_lines(LevelFilter::Debug);
    let builder = Server::<Netlink, C, _, _>::handling(
        |request: Datagram, client_address: Address| -> io::Result<()> {
            if &*request.data == b"fail" {
                return Err(io::Error::other("as told"));
            }
            let reply = request.data.to_ascii_uppercase();
            request.socket.sendto(&reply, &client_address)?;
            Ok(())
        },
    );
    let server = run(builder, Netlink::address(0));
    let client = Netlink::user_socket().expect("a socket");
    client.settimeout(Some(DEADLINE)).expect("a timeout");
    client.bind(Netlink::address(0)).expect("bind");
    let own = client.getsockname().expect("a name");
    assert_eq!(own.family(), AddressFamily::Other(NETLINK));
    assert_ne!(&own, server.server_address());
    for message in ["one", "two"] {
        let sent = client.sendto(message.as_bytes(), server.server_address());
        assert_eq!(sent.expect("sendto"), message.len());
        let (reply, from) = client.recvfrom(1_000).expect("recvfrom");
        assert_eq!(reply, message.to_uppercase().as_bytes());
        assert_eq!(&from, server.server_address());
    }
    client
        .sendto(b"fail", server.server_address())
        .expect("sendto");
    logged(&format!("request from {own} failed (as told)"));
}

/// Each number is a host of its own, as there is nothing else that clients could share.
#[test]
fn limits_count_clients_of_another_family() {
    let builder = Server::<Netlink, Threading, _, _>::handling(
        |request: Datagram, client_address: Address| {
            request
                .socket
                .sendto(&request.data, client_address)
                .map(drop)
        },
    );
    let builder = builder.max_rate_per_address(1, Duration::from_secs(3_600));
    let server = run(builder, Netlink::address(0));
    for refused in 1..=2 {
        let client = Netlink::user_socket().expect("a socket");
        client.settimeout(Some(DEADLINE)).expect("a timeout");
        client.bind(Netlink::address(0)).expect("bind");
        for message in [b"one", b"two"] {
            let sent = client.sendto(message, server.server_address());
            assert_eq!(sent.expect("sendto"), 3);
        }
        assert_eq!(client.recv(100).expect("recv"), b"one");
        until("the second is refused", || {
            server.stats().refused == refused
        });
    }
}

/// Skipped where the kernel has no loopback for vsock.
#[test]
fn vsock_client_appears_with_its_label() {
    const ANY: u32 = u32::MAX;
    const THIS_MACHINE: u32 = 1;
    keep_lines(LevelFilter::Debug);
    let listener =
        Server::<Vsock, Threading, _, _>::handling(answer).bind(Vsock::address(ANY, ANY));
    let server = match listener {
        Ok(server) => server,
        Err(error) => return eprintln!("skipped: cannot listen on vsock: {error}"),
    };
    let Address::Other(address) = server.server_address() else {
        panic!("{} is of another family", server.server_address());
    };
    assert_eq!(address.family(), AddressFamily::Other(VSOCK));
    let port = &address.data()[2..6];
    let port = u32::from_ne_bytes(port.try_into().expect("four bytes"));
    let server = Running::from(server.spawn().expect("spawn"));

    let client = Socket::new(AddressFamily::Other(VSOCK), SocketKind::Stream).expect("a socket");
    client
        .settimeout(Some(Duration::from_millis(500)))
        .expect("a timeout");
    if let Err(error) = client.connect(Vsock::address(THIS_MACHINE, port)) {
        return eprintln!("skipped: vsock has no loopback here: {error}");
    }
    client.settimeout(Some(DEADLINE)).expect("a timeout");
    client.sendall(b"one").expect("send");
    let own = Vsock::labelled(client.getsockname().expect("a name"));
    assert!(own.to_string().starts_with("vsock "), "{own}");
    let expected = format!("{own} says one");
    assert_eq!(client.recv(1_000).expect("recv"), expected.as_bytes());
    client.sendall(b"fail").expect("send");
    logged(&format!("request from {own} failed (as told)"));
    drop(server);
}

#[test]
fn unknown_family_is_an_error_of_the_system() {
    let error = Socket::new(AddressFamily::Other(12_345), SocketKind::Stream);
    let error = error.expect_err("no such family");
    assert!(error.raw_os_error().is_some(), "{error}");
    let long = OtherAddress::new(VSOCK, [0; 1_000]);
    let socket = Netlink::user_socket().expect("a socket");
    for result in [
        socket.bind(&long),
        socket.connect(&long),
        socket.sendto(b"x", &long).map(drop),
    ] {
        assert_eq!(error_kind(result), ErrorKind::InvalidInput);
    }
}

matrix!(columns: messages_over_connections_are_served, datagrams_of_another_family_are_answered);
