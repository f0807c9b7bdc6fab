//! A socket's descriptor: closed, detached, or taken from the standard library.

use std::os::unix::net;
use std::os::unix::net::UnixStream;

use tests::prelude::*;

use crate::{listening, new};

/// Whether it says "bad file descriptor".
fn is_closed(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::BADF.raw_os_error())
}

fn a_closed_socket_refuses_every_call<W: Thread>() {
    let (socket, mut other) = tcp_pair();
    let (clone, (mut rfile, mut wfile)) = (socket.clone(), socket.makefile(-1, 0));
    let waiting = thread::spawn({
        let socket = socket.clone();
        move || W::in_time("recv", move || socket.recv(1))
    });
    socket.close();
    socket.close();
    // Despite the clone the other side sees the end, and so does the call that waits.
    assert_eq!(other.read(&mut [0]).expect("the end"), 0);
    let woken = waiting.join().expect("no panic");
    // It may not have begun to wait.
    assert!(woken.map_or_else(|error| is_closed(&error), |data| data.is_empty()));
    assert_eq!((socket.fileno(), clone.fileno()), (-1, -1));

    let mut buffer = [0; 1];
    let results: [(&str, io::Result<()>); 20] = [
        ("recv", clone.recv(1).map(drop)),
        ("recv_into", clone.recv_into(&mut buffer).map(drop)),
        ("recvfrom", clone.recvfrom(1).map(drop)),
        ("recvfrom_into", clone.recvfrom_into(&mut buffer).map(drop)),
        ("send", clone.send(b"x").map(drop)),
        ("sendall", clone.sendall(b"x")),
        ("sendto", clone.sendto(b"x", "127.0.0.1:9").map(drop)),
        ("connect", clone.connect("127.0.0.1:9")),
        ("bind", clone.bind("127.0.0.1:0")),
        ("listen", clone.listen(1)),
        ("accept", clone.accept().map(drop)),
        ("settimeout", clone.settimeout(None)),
        ("setsockopt", clone.setsockopt(SocketOption::NoDelay(true))),
        ("shutdown", clone.shutdown(Shutdown::Both)),
        ("detach", clone.detach().map(drop)),
        ("getsockname", clone.getsockname().map(drop)),
        ("getpeername", clone.getpeername().map(drop)),
        ("peer_cred", clone.peer_cred().map(drop)),
        ("rfile", rfile.readline(1).map(drop)),
        ("wfile", wfile.write_all(b"x")),
    ];
    for (call, result) in results {
        assert!(is_closed(&result.expect_err(call)), "{call}");
    }
}

fn a_detached_socket_is_the_callers_alone<W: Thread>() {
    let (socket, mut other) = tcp_pair();
    let clone = socket.clone();
    socket.settimeout(Some(Duration::from_millis(1))).expect("a timeout");
    // A wait before has made it known to a scheduler, if there is one.
    let waited = socket.clone();
    assert_eq!(error_kind(W::in_time("recv", move || waited.recv(1))), ErrorKind::TimedOut);
    let mut mine = TcpStream::from(socket.detach().expect("detach"));
    assert_eq!((socket.fileno(), clone.fileno()), (-1, -1));
    let late = clone.clone();
    let late = W::in_time("recv", move || late.recv(1));
    assert!(is_closed(&late.expect_err("closed")));
    assert!(is_closed(&clone.detach().expect_err("closed")));
    clone.close();
    drop((socket, clone));

    assert_eq!(mine.read_timeout().expect("no timeout"), None);
    other.write_all(b"hello").expect("write");
    let mut buffer = [0; 5];
    mine.read_exact(&mut buffer).expect("read");
    mine.write_all(&buffer).expect("write");
    drop(mine);
    let mut text = String::new();
    other.read_to_string(&mut text).expect("read");
    assert_eq!(text, "hello");
}

#[test]
fn a_detached_socket_is_blocking() {
    let (one, _other) = UnixStream::pair().expect("a pair");
    one.set_nonblocking(true).expect("a non-blocking socket");
    for socket in [Socket::from(one), listening(LOCAL)] {
        let fd = socket.detach().expect("detach");
        let flags = rustix::fs::fcntl_getfl(&fd).expect("flags");
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }
}

/// Whatever this process has open by now.
#[test]
fn programs_inherit_no_socket() {
    let folder = Folder::new();
    let _server = run(Server::<Tcp, Threading, _, _>::handling(|_, _| ()), "127.0.0.1:0");
    let (socket, _other) = tcp_pair();
    let (unix, _pair) = unix_pair();
    let listener = listening(folder.join("server"));
    let _client = create_connection(folder.join("server"), None).expect("connect");
    let _accepted = listener.accept().expect("accept");
    let _clones = (socket.clone(), unix.detach().expect("detach"));

    let list = Process::start(Command::new("ls").args(["-l", "/proc/self/fd"]));
    let list = list.ended().passed();
    // Three pipes, the folder that it reads, and perhaps more, but no socket.
    assert!(list.contains("pipe:") && !list.contains("socket:"), "{list}");
}

/// It is woken, and gets no datagram that does not exist.
fn close_ends_a_wait_for_a_datagram<W: Thread>() {
    let receives: [fn(&Socket) -> io::Result<()>; 5] = [
        |socket| socket.recvfrom(1).map(drop),
        |socket| socket.recv(1).map(drop),
        |socket| socket.recv_into(&mut [0]).map(drop),
        |socket| socket.peek(1).map(drop),
        |socket| socket.recvmsg(1, 0).map(drop),
    ];
    for round in 0..40 {
        let unbound = || Socket::new(AddressFamily::Inet, SocketKind::Datagram).expect("a socket");
        let (socket, peer) = match round % 2 {
            0 => (unbound(), None),
            _ => {
                socketpair(SocketKind::Datagram).map(|(one, peer)| (one, Some(peer))).expect("two")
            }
        };
        if peer.is_none() {
            socket.bind(LOCAL).expect("bind");
        }
        let (waits, (begins, begun)) = (socket.clone(), bounded(1));
        let receive = receives[round as usize % receives.len()];
        let waiting = thread::spawn(move || {
            W::in_time("the wait", move || {
                begins.send(()).expect("the test waits");
                receive(&waits)
            })
        });
        begun.recv().expect("it begins");
        // In some rounds it waits by then, and in others not.
        thread::sleep(Duration::from_millis(round / 8));
        socket.close();
        let error = waiting.join().expect("no panic").expect_err("a closed socket");
        assert!(is_closed(&error), "{round}: {error}");
    }
}

matrix!(threads: a_closed_socket_refuses_every_call, a_detached_socket_is_the_callers_alone,
    close_ends_a_wait_for_a_datagram);

#[test]
fn a_socket_of_std_may_be_taken() {
    let folder = Folder::new();
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let client = TcpStream::connect(listener.local_addr().expect("an address"));
    let unix = net::UnixListener::bind(folder.join("a")).expect("bind");
    let unix_datagram = net::UnixDatagram::bind(folder.join("b")).expect("bind");
    let sockets: [(Socket, SocketKind); 6] = [
        (client.expect("connect").into(), SocketKind::Stream),
        (listener.into(), SocketKind::Stream),
        (unix.into(), SocketKind::Stream),
        (net::UnixStream::pair().expect("a pair").0.into(), SocketKind::Stream),
        (UdpSocket::bind(LOCAL).expect("bind").into(), SocketKind::Datagram),
        (unix_datagram.into(), SocketKind::Datagram),
    ];
    for (socket, kind) in sockets {
        assert_eq!(socket.kind().expect("kind"), kind);
        assert_eq!(socket.fileno(), socket.as_raw_fd());
        assert_eq!(socket.as_fd().as_raw_fd(), socket.as_raw_fd());
        assert_eq!(socket.gettimeout(), None);
    }
    let sequence = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::SEQPACKET, None);
    let socket = Socket::from(std::os::fd::OwnedFd::from(sequence.expect("a socket")));
    let kind = i32::from(socket2::Type::SEQPACKET);
    assert_eq!(socket.kind().expect("kind"), SocketKind::Other(kind));
}

#[test]
fn debug_shows_both_addresses() {
    let (socket, other) = tcp_pair();
    let near = other.peer_addr().expect("a peer");
    let far = other.local_addr().expect("a name");
    let expected = format!("{{ fd: {}, laddr: {near}, raddr: {far} }}", socket.fileno());
    assert_eq!(format!("{socket:?}"), format!("Socket {expected}"));
    socket.close();
    assert_eq!(format!("{socket:?}"), "Socket { fd: -1 }");
    let alone = new(AddressFamily::Unix, SocketKind::Datagram);
    let expected = format!("Socket {{ fd: {}, laddr: unnamed }}", alone.fileno());
    assert_eq!(format!("{alone:?}"), expected);
}
