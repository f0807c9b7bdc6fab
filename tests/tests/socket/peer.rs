//! What a socket knows about its peer: its process, also where the system has none to name, and
//! whether it has gone.

use std::os::unix::net::UnixDatagram;

use tests::prelude::*;

/// Both ends of a pair were made here, whatever its kind.
#[test]
fn pairs_know_this_process() {
    for kind in [SocketKind::Stream, SocketKind::Datagram] {
        let (one, _other) = socketpair(kind).expect("a pair");
        let cred = one.peer_cred().expect("credentials");
        assert_eq!(cred.pid, Some(std::process::id() as i32));
        assert_eq!(cred.uid, rustix::process::getuid().as_raw());
        assert_eq!(cred.gid, rustix::process::getgid().as_raw());
    }
}

/// The system reports process 0 and user -1 there.
#[test]
fn connected_datagram_socket_is_unsupported() {
    let folder = Folder::new();
    let path = folder.join("server");
    let _server = UnixDatagram::bind(&path).expect("bind");
    let client = Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("a socket");
    let kind = || client.peer_cred().expect_err("nothing is known").kind();
    assert_eq!(kind(), ErrorKind::NotConnected);
    client.connect(&path).expect("connect");
    assert_eq!(kind(), ErrorKind::Unsupported);
}

type Call = fn(&Socket) -> io::Result<()>;

/// The system tells a connected socket that nothing receives its datagrams.
#[test]
fn refused_datagrams_are_disconnects() {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let socket = Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
    socket.connect(peer.local_addr().expect("a name")).expect("connect");
    drop(peer);
    let calls: [(&str, Call); 6] = [
        ("recv", |socket| socket.recv(1).map(drop)),
        ("recvfrom", |socket| socket.recvfrom(1).map(drop)),
        ("recvmsg", |socket| socket.recvmsg(1, 0).map(drop)),
        ("peek", |socket| socket.peek(1).map(drop)),
        ("send", |socket| socket.send(b"x").map(drop)),
        ("sendmsg", |socket| socket.sendmsg(&[b"x"], &[], None).map(drop)),
    ];
    for (name, call) in calls {
        socket.send(b"hello").expect("nothing is known yet");
        let ready = select(&[&socket], &[], &[], Some(DEADLINE)).expect("select");
        assert!(ready.reads(&socket), "{name}");
        let error = call(&socket).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{name}");
        assert!(is_disconnect(&error), "{name}");
    }
}

/// At an address there may never have been a peer.
#[test]
fn refusals_of_an_address_are_no_disconnects() {
    let folder = Folder::new();
    let path = folder.join("server");
    let server = UnixDatagram::bind(&path).expect("bind");
    let new = || Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("a socket");
    let (socket, connected) = (new(), new());
    connected.connect(&path).expect("connect");
    drop(server);
    let address = Address::Unix(path.clone());
    for refused in [
        socket.sendto(b"x", &path).map(drop),
        socket.sendmsg(&[b"x"], &[], Some(&address)).map(drop),
        socket.connect(&path),
    ] {
        let error = refused.expect_err("no server");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(!is_disconnect(&error), "{error}");
    }
    assert!(is_disconnect(&connected.send(b"x").expect_err("it has gone")));
}

/// As of a server in a container, whose client is outside. Skipped where this process may not make
/// a namespace.
#[test]
fn peer_in_another_namespace_has_no_pid() {
    if is_elsewhere() {
        let stdin = io::stdin();
        let stdin = stdin.as_fd().try_clone_to_owned().expect("a duplicate");
        let cred = Socket::from(stdin).peer_cred().expect("credentials");
        assert_eq!(cred.pid, None);
        assert_eq!(cred.uid, rustix::process::getuid().as_raw());
        return;
    }
    let namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork"]);
        command
    };
    let allowed = namespace().arg("true").stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no namespace can be made here");
    }
    let (one, _other) = socketpair(SocketKind::Stream).expect("a pair");
    let test = elsewhere_command();
    let output = namespace()
        .arg(test.get_program())
        .args(test.get_args())
        .env("ELSEWHERE", "a namespace")
        .stdin(one.as_fd().try_clone_to_owned().expect("a duplicate"))
        .output()
        .expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Also if there are bytes before the end that were not read yet.
fn closed_peer_is_seen_without_a_read<W: Thread>() {
    W::in_time("its end", || {
        let (request, mut client) = tcp_pair();
        client.write_all(b"unread").expect("write");
        assert!(!request.has_peer_closed().expect("it is open"));
        drop(client);
        until("the end is seen", || request.has_peer_closed().expect("it is open"));
        assert_eq!(request.recv(10).expect("recv"), b"unread");
        request.close();
        request.has_peer_closed().expect_err("closed here");
    });
}

matrix!(threads: closed_peer_is_seen_without_a_read);
