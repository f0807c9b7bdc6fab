//! `Socket`, method by method.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net;
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use socket2::SockRef;
use socketserver::{
    Address, AddressFamily, Socket, SocketKind, SocketOption, ToAddress, create_connection, green,
    select,
};
use tests::{DEADLINE, Folder, in_time, python, tcp_pair, unix_pair};

fn new(family: AddressFamily, kind: SocketKind) -> Socket {
    let socket = Socket::new(family, kind).expect("a socket");
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    socket
}

/// Sends and receives in every way, with `other` at the other end.
fn send_and_receive(socket: &Socket, mut other: impl Read + Write) {
    other.write_all(b"hello, world").expect("write");
    assert_eq!(socket.recv(5).expect("recv"), b"hello");
    let mut buffer = [0; 2];
    assert_eq!(socket.recv_into(&mut buffer).expect("recv_into"), 2);
    assert_eq!(&buffer, b", ");
    let (mut one, mut same) = (socket.clone(), socket);
    assert_eq!(one.read(&mut buffer).expect("read"), 2);
    assert_eq!(&buffer, b"wo");
    assert_eq!(same.read(&mut buffer).expect("read"), 2);
    assert_eq!(&buffer, b"rl");
    assert_eq!(socket.recv(65_536).expect("recv"), b"d");

    assert_eq!(socket.send(b"a").expect("send"), 1);
    socket.sendall(b"bc").expect("sendall");
    one.write_all(b"d").expect("write");
    same.write_all(b"e").expect("write");
    socket.shutdown(Shutdown::Write).expect("shutdown");
    let mut text = String::new();
    other.read_to_string(&mut text).expect("read");
    assert_eq!(text, "abcde");
    assert_eq!(
        socket.send(b"f").expect_err("after the end").kind(),
        ErrorKind::BrokenPipe
    );

    other
        .write_all(b"the other half still works")
        .expect("write");
    drop(other);
    assert_eq!(socket.recv(3).expect("recv"), b"the");
    assert_eq!(socket.recv(100).expect("recv"), b" other half still works");
    for _ in 0..2 {
        assert_eq!(socket.recv(100).expect("the end of the stream"), b"");
    }
}

#[test]
fn streams_carry_bytes_both_ways() {
    let (socket, other) = tcp_pair();
    send_and_receive(&socket, other);
    let (socket, other) = unix_pair();
    send_and_receive(&socket, other);
}

/// As in Python, where it says nothing about the stream.
#[test]
fn to_receive_nothing_takes_no_time() {
    let (socket, _other) = tcp_pair();
    in_time("recv(0)", move || {
        assert_eq!(socket.recv(0).expect("recv"), b"");
        assert_eq!(socket.recv_into(&mut []).expect("recv_into"), 0);
    });
}

#[test]
fn datagrams_keep_their_boundaries() {
    let folder = Folder::new();
    let addresses: [(Address, Address); 3] = [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("[::1]:0", "[::1]:0"),
        ("one", "other"),
    ]
    .map(|(one, other)| match one {
        "one" => (
            Address::Unix(folder.join(one)),
            Address::Unix(folder.join(other)),
        ),
        _ => (
            one.to_address().expect("one"),
            other.to_address().expect("other"),
        ),
    });
    for (one, other) in addresses {
        let sockets = [one, other].map(|address| {
            let socket = new(address.family(), SocketKind::Datagram);
            socket.bind(address).expect("bind");
            assert_eq!(socket.kind().expect("kind"), SocketKind::Datagram);
            socket
        });
        let [one, other] = &sockets;
        let (from, to) = (
            one.getsockname().expect("a name"),
            other.getsockname().expect("a name"),
        );
        for data in [b"first".as_slice(), b"", b"a longer one"] {
            assert_eq!(one.sendto(data, &to).expect("sendto"), data.len());
        }
        assert_eq!(
            other.recvfrom(100).expect("recvfrom"),
            (b"first".to_vec(), from.clone())
        );
        let mut buffer = [0; 8];
        assert_eq!(
            other.recvfrom_into(&mut buffer).expect("recvfrom"),
            (0, from.clone())
        );
        // What does not fit is lost.
        assert_eq!(
            other.recvfrom_into(&mut buffer).expect("recvfrom"),
            (8, from.clone())
        );
        assert_eq!(&buffer, b"a longer");

        assert_eq!(
            one.getpeername().expect_err("nobody yet").kind(),
            ErrorKind::NotConnected
        );
        one.connect(&to).expect("connect");
        assert_eq!(one.getpeername().expect("a peer"), to);
        assert_eq!(one.send(b"connected").expect("send"), 9);
        other.sendto(b"answer", &from).expect("sendto");
        assert_eq!(other.recv(100).expect("recv"), b"connected");
        assert_eq!(one.recv(100).expect("recv"), b"answer");
    }
    let nameless = new(AddressFamily::Unix, SocketKind::Datagram);
    let error = nameless
        .sendto(b"?", Address::Unnamed)
        .expect_err("nowhere");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn a_server_by_hand() {
    let folder = Folder::new();
    let name = format!("@socketserver-by-hand-{}", std::process::id());
    let path = folder.join("server");
    let places: [&dyn ToAddress; 4] = [&"127.0.0.1:0", &"[::1]:0", &path, &name];
    for place in places {
        let address = place.to_address().expect("an address");
        let listener = new(address.family(), SocketKind::Stream);
        listener.bind(&address).expect("bind");
        listener.listen(5).expect("listen");
        let address = listener.getsockname().expect("a name");
        let client = create_connection(&address, Some(DEADLINE)).expect("connect");
        let (accepted, from) = listener.accept().expect("accept");
        assert_eq!(from, client.getsockname().expect("a name"));
        assert_eq!(accepted.getpeername().expect("a peer"), from);
        assert_eq!(accepted.getsockname().expect("a name"), address);
        assert_eq!(client.getpeername().expect("a peer"), address);
        assert_eq!(
            (client.gettimeout(), accepted.gettimeout()),
            (Some(DEADLINE), None)
        );
        client.sendall(b"hello").expect("send");
        assert_eq!(accepted.recv(5).expect("recv"), b"hello");
    }
}

#[test]
fn nobody_there_is_refused() {
    let taken = new(AddressFamily::Inet, SocketKind::Stream);
    // Bound and not listening: nobody else can listen there either.
    taken.bind("127.0.0.1:0").expect("bind");
    let address = taken.getsockname().expect("a name");
    let connect = |address: &dyn ToAddress| create_connection(address, Some(DEADLINE));
    assert_eq!(
        connect(&address).expect_err("nobody").kind(),
        ErrorKind::ConnectionRefused
    );
    let folder = Folder::new();
    let path = folder.join("nobody");
    assert_eq!(
        connect(&path).expect_err("nothing").kind(),
        ErrorKind::NotFound
    );
    drop(net::UnixListener::bind(&path).expect("bind"));
    assert_eq!(
        connect(&path).expect_err("nobody").kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn select_tells_which_are_ready() {
    let ((quiet, _one), (ready, mut other)) = (tcp_pair(), unix_pair());
    let short = Some(Duration::from_millis(1));
    let nothing = (Vec::new(), Vec::new());
    assert_eq!(
        select(&[&quiet, &ready], &[], short).expect("select"),
        nothing
    );
    assert_eq!(
        select(&[], &[], Some(Duration::ZERO)).expect("select"),
        nothing
    );
    let writable = (Vec::new(), vec![0, 1]);
    assert_eq!(
        select(&[&quiet], &[&quiet, &ready], None).expect("select"),
        writable
    );
    other.write_all(b"x").expect("write");
    assert_eq!(
        select(&[&quiet, &ready], &[], None).expect("select"),
        (vec![1], vec![])
    );
    ready.recv(1).expect("recv");

    // It waits, and the end of a stream is something to be read.
    let late = thread::spawn(move || drop(other));
    assert_eq!(
        select(&[&ready, &quiet], &[], None).expect("select"),
        (vec![0], vec![])
    );
    late.join().expect("it only drops");
    quiet.close();
    select(&[&ready], &[&quiet], None).expect_err("a closed one");
}

#[test]
fn sockets_of_the_standard_library_become_ours() {
    let folder = Folder::new();
    let stream = SocketKind::Stream;
    let datagram = SocketKind::Datagram;
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let client = TcpStream::connect(listener.local_addr().expect("an address"));
    let sockets: [(Socket, SocketKind); 6] = [
        (client.expect("connect").into(), stream),
        (listener.into(), stream),
        (
            UdpSocket::bind("127.0.0.1:0").expect("bind").into(),
            datagram,
        ),
        (
            net::UnixListener::bind(folder.join("a"))
                .expect("bind")
                .into(),
            stream,
        ),
        (
            net::UnixDatagram::bind(folder.join("b"))
                .expect("bind")
                .into(),
            datagram,
        ),
        (net::UnixStream::pair().expect("a pair").0.into(), stream),
    ];
    for (socket, kind) in sockets {
        assert_eq!(socket.kind().expect("kind"), kind);
        assert_eq!(socket.fileno(), socket.as_raw_fd());
        assert_eq!(socket.as_fd().as_raw_fd(), socket.as_raw_fd());
        assert_eq!(socket.gettimeout(), None);
    }
    let sequence = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::SEQPACKET, None);
    let socket = Socket::from(std::os::fd::OwnedFd::from(sequence.expect("a socket")));
    assert_eq!(
        socket.kind().expect_err("neither").kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn options_reach_the_system() {
    let socket = new(AddressFamily::Inet6, SocketKind::Stream);
    let set = |option| socket.setsockopt(option).expect("setsockopt");
    let seen = SockRef::from(&socket);
    for on in [true, false] {
        set(SocketOption::ReuseAddress(on));
        set(SocketOption::ReusePort(on));
        set(SocketOption::KeepAlive(on));
        set(SocketOption::NoDelay(on));
        set(SocketOption::OnlyV6(on));
        set(SocketOption::Broadcast(on));
        set(SocketOption::Linger(on.then_some(Duration::from_secs(3))));
        assert_eq!(seen.reuse_address().expect("get"), on);
        assert_eq!(seen.reuse_port().expect("get"), on);
        assert_eq!(seen.keepalive().expect("get"), on);
        assert_eq!(seen.tcp_nodelay().expect("get"), on);
        assert_eq!(seen.only_v6().expect("get"), on);
        assert_eq!(seen.broadcast().expect("get"), on);
        assert_eq!(seen.linger().expect("get").is_some(), on);
    }
    set(SocketOption::ReceiveBuffer(10_000));
    set(SocketOption::SendBuffer(20_000));
    let sizes = (
        seen.recv_buffer_size().expect("get"),
        seen.send_buffer_size().expect("get"),
    );
    assert_eq!(sizes, (20_000, 40_000));

    let (unix, _other) = unix_pair();
    unix.setsockopt(SocketOption::NoDelay(true))
        .expect_err("a Unix socket has no such thing");
}

#[test]
fn it_shows_where_it_is() {
    let (socket, other) = tcp_pair();
    let (near, far) = (
        other.peer_addr().expect("a peer"),
        other.local_addr().expect("a name"),
    );
    let fd = socket.fileno();
    let shown = format!("{socket:?}");
    assert_eq!(
        shown,
        format!("Socket {{ fd: {fd}, laddr: {near}, raddr: {far} }}")
    );
    socket.close();
    assert_eq!(format!("{socket:?}"), "Socket { fd: -1 }");
    let alone = new(AddressFamily::Unix, SocketKind::Datagram);
    let shown = format!("{alone:?}");
    assert_eq!(
        shown,
        format!("Socket {{ fd: {}, laddr: unnamed }}", alone.fileno())
    );
}

/// What waits together is received together, without waiting for more.
#[test]
fn datagrams_that_came_at_once_do_not_wait_for_the_next() {
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let socket = new(AddressFamily::Inet, SocketKind::Datagram);
    socket
        .connect(other.local_addr().expect("an address"))
        .expect("connect");
    let Address::Inet(to) = socket.getsockname().expect("a name") else {
        unreachable!("it has a port");
    };
    let (tell, told) = unbounded();
    let receiver = green::spawn(move || {
        for _ in 0..100 {
            let all: io::Result<Vec<_>> = (0..10).map(|_| socket.recv(100)).collect();
            tell.send(all.map(|all| all.concat()))
                .expect("the test goes on");
        }
    });
    for _ in 0..100 {
        for digit in b"0123456789".chunks(1) {
            other.send_to(digit, to).expect("send");
        }
        let received = told.recv_timeout(DEADLINE / 4).expect("all ten");
        assert_eq!(received.expect("recv"), b"0123456789");
    }
    receiver.join().expect("it has ended");
}

#[test]
fn python_at_the_other_end_as_client() {
    let listener = new(AddressFamily::Inet, SocketKind::Stream);
    listener.bind("127.0.0.1:0").expect("bind");
    listener.listen(5).expect("listen");
    let port = listener
        .getsockname()
        .expect("a name")
        .port()
        .expect("a port")
        .to_string();
    let script = "
import socket, sys
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20)
print(client.getsockname()[1])
client.sendall(b'x' * 1000000)
client.shutdown(socket.SHUT_WR)
data = b''.join(iter(lambda: client.recv(65536), b''))
print(len(data), data == b'x' * len(data))
";
    let Some(client) = python(script, &[&port]) else {
        return;
    };
    let (socket, from) = listener.accept().expect("accept");
    assert_eq!(client.line(), from.port().expect("a port").to_string());
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    let mut data = Vec::new();
    (&socket).read_to_end(&mut data).expect("read");
    socket.sendall(&data).expect("sendall");
    socket.close();
    assert_eq!(client.line(), "1000000 True");
}

#[test]
fn python_at_the_other_end_as_server() {
    let script = "
import socket, sys
listener = socket.create_server(('127.0.0.1', 0))
listener.settimeout(20)
print(listener.getsockname()[1])
connection, address = listener.accept()
connection.settimeout(20)
print(address[1])
data = b''.join(iter(lambda: connection.recv(65536), b''))
connection.sendall(data.upper())
connection.close()
packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
packets.settimeout(20)
packets.bind(('127.0.0.1', 0))
print(packets.getsockname()[1])
while True:
    data, address = packets.recvfrom(65536)
    packets.sendto(data.upper(), address)
";
    let Some(server) = python(script, &[]) else {
        return;
    };
    let address = ("127.0.0.1", server.line().parse().expect("a port"));
    let client = create_connection(address, Some(DEADLINE)).expect("connect");
    let port = client.getsockname().expect("a name").port();
    assert_eq!(server.line(), port.expect("a port").to_string());
    client.sendall(&[b'x'; 1_000_000]).expect("sendall");
    client.shutdown(Shutdown::Write).expect("shutdown");
    let mut data = Vec::new();
    (&client).read_to_end(&mut data).expect("read");
    assert!(data == [b'X'; 1_000_000]);

    let address = ("127.0.0.1", server.line().parse().expect("a port"));
    let client = new(AddressFamily::Inet, SocketKind::Datagram);
    for data in ["", "x", &"x".repeat(65_507)] {
        client.sendto(data.as_bytes(), address).expect("sendto");
        let (answer, from) = client.recvfrom(65_536).expect("recvfrom");
        assert_eq!(from, address.to_address().expect("an address"));
        assert!(answer == data.to_uppercase().as_bytes());
    }
}
