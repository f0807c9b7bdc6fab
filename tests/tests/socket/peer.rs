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
