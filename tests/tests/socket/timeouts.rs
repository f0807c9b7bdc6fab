//! How long a call of a socket may take: for ever, no time, or up to its timeout.

use std::os::unix::net::{UnixDatagram, UnixStream};

use tests::prelude::*;

use crate::{listening, new};

const SHORT: Duration = Duration::from_millis(50);

/// How the call fails, and when.
fn failure<T>(call: impl FnOnce() -> io::Result<T>) -> (ErrorKind, Duration) {
    let began = Instant::now();
    let error = call().map(drop).expect_err("it cannot succeed");
    (error.kind(), began.elapsed())
}

/// Makes a call that cannot succeed: with a timeout of zero it fails at once, with a longer one
/// after that.
fn gives_up<W: Thread, T>(
    what: &'static str,
    socket: Socket,
    call: impl Fn(&Socket) -> io::Result<T> + Send + 'static,
) {
    W::in_time(what, move || {
        socket.settimeout(Some(Duration::ZERO)).expect("a timeout");
        assert_eq!(failure(|| call(&socket)).0, ErrorKind::WouldBlock, "{what}");
        socket.settimeout(Some(SHORT)).expect("a timeout");
        let (kind, took) = failure(|| call(&socket.clone()));
        assert_eq!(kind, ErrorKind::TimedOut, "{what}");
        assert!(took >= SHORT, "{what} {took:?}");
    });
}

fn fill(socket: &Socket) {
    let timeout = socket.gettimeout();
    socket.settimeout(Some(Duration::ZERO)).expect("a timeout");
    let kind = loop {
        if let Err(error) = socket.send(b"x") {
            break error.kind();
        }
    };
    assert_eq!(kind, ErrorKind::WouldBlock);
    socket.settimeout(timeout).expect("a timeout");
}

fn every_blocking_call_times_out<W: Thread>() {
    let (socket, _other) = tcp_pair();
    gives_up::<W, _>("recv", socket.clone(), |socket| socket.recv(1));
    gives_up::<W, _>("recv_into", socket.clone(), |socket| socket.recv_into(&mut [0]));
    gives_up::<W, _>("recvfrom", socket.clone(), |socket| socket.recvfrom(1));
    gives_up::<W, _>("sendall", socket.clone(), |socket| socket.sendall(&[0; 20_000_000]));
    let endless = File::open("/dev/zero").expect("open");
    gives_up::<W, _>("sendfile", socket, move |socket| socket.sendfile(&endless, 0, None));
    let (socket, _other) = unix_pair();
    gives_up::<W, _>("recv, Unix", socket.clone(), |socket| socket.recv(1));
    gives_up::<W, _>("recvmsg", socket.clone(), |socket| socket.recvmsg(1, 1));
    fill(&socket);
    gives_up::<W, _>("send, Unix", socket.clone(), |socket| socket.send(b"x"));
    gives_up::<W, _>("sendall, Unix", socket, |socket| socket.sendall(b"x"));

    let udp = Socket::from(UdpSocket::bind("127.0.0.1:0").expect("bind"));
    gives_up::<W, _>("recv, UDP", udp.clone(), |socket| socket.recv(1));
    gives_up::<W, _>("recvfrom, UDP", udp, |socket| socket.recvfrom(1));
    let (unix, _other) = UnixDatagram::pair().expect("a pair");
    let unix = Socket::from(unix);
    fill(&unix);
    gives_up::<W, _>("send, Unix datagrams", unix, |socket| socket.send(b"x"));
    // There is room for more in this socket, but not in the other's queue.
    let folder = Folder::new();
    let path = folder.join("lazy");
    let _lazy = UnixDatagram::bind(&path).expect("bind");
    let socket = new(AddressFamily::Unix, SocketKind::Datagram);
    socket.setblocking(false).expect("setblocking");
    while socket.sendto(b"x", &path).is_ok() {}
    gives_up::<W, _>("sendto", socket, move |socket| socket.sendto(b"x", &path));
}

/// A little room does not make a socket ready, though a call would succeed. It comes during the
/// wait, which nevertheless ends by its deadline.
fn a_wait_past_its_deadline_is_not_retried<W: Thread>() {
    let (socket, mut other) = unix_pair();
    fill(&socket);
    socket.settimeout(Some(SHORT)).expect("a timeout");
    let reader = thread::spawn(move || {
        thread::sleep(SHORT / 2);
        other.read_exact(&mut [0]).map(|()| other)
    });
    let (kind, took) = W::in_time("send", {
        let socket = socket.clone();
        move || failure(|| socket.send(b"x"))
    });
    assert_eq!(kind, ErrorKind::TimedOut);
    assert!(took >= SHORT, "{took:?}");
    let _other = reader.join().expect("no panic").expect("read");
    assert_eq!(socket.send(b"x").expect("there is room"), 1);
}

/// The system does not notify a sender when there is room in another socket's queue.
fn sendto_a_full_queue_waits_for_room<W: Thread>() {
    let folder = Folder::new();
    let path = folder.join("late");
    let late = UnixDatagram::bind(&path).expect("bind");
    // Another's datagrams, since the system does notify a sender when its own are read.
    let other = UnixDatagram::unbound().expect("a socket");
    other.set_nonblocking(true).expect("a non-blocking socket");
    while other.send_to(b"x", &path).is_ok() {}
    let socket = new(AddressFamily::Unix, SocketKind::Datagram);
    let reading = thread::spawn(move || {
        thread::sleep(SHORT);
        late.recv(&mut [0]).map(|_| late)
    });
    let sent = W::in_time("sendto", move || socket.sendto(b"y", &path));
    assert_eq!(sent.expect("there is room"), 1);
    reading.join().expect("no panic").expect("recv");
}

/// On a listener of ours, and on one of the standard library, which is blocking.
fn accept_times_out<W: Thread>() {
    gives_up::<W, _>("accept", listening(LOCAL), Socket::accept);
    let theirs = Socket::from(TcpListener::bind("127.0.0.1:0").expect("bind"));
    gives_up::<W, _>("accept of a listener of std", theirs.clone(), Socket::accept);

    // An accepted socket does not inherit the listener's timeout.
    theirs.settimeout(Some(DEADLINE)).expect("a timeout");
    let address = theirs.getsockname().expect("a name");
    let _client = create_connection(address, None).expect("connect");
    let (accepted, _) = theirs.accept().expect("accept");
    assert_eq!(accepted.gettimeout(), None);
    let option = socket2::SockRef::from(&accepted).read_timeout();
    assert_eq!(option.expect("an option"), None);
}

fn full_listener(address: impl ToAddress) -> (Socket, Vec<Socket>) {
    let listener = listening(address);
    let address = listener.getsockname().expect("a name");
    let client = |_| create_connection(&address, None).expect("there is room");
    (listener, (0..2).map(client).collect())
}

fn connect_times_out<W: Thread>() {
    let folder = Folder::new();
    let places: [Address; 2] =
        ["127.0.0.1:0".to_address().expect("an address"), Address::Unix(folder.join("full"))];
    for place in places {
        let (listener, _clients) = full_listener(&place);
        let address = listener.getsockname().expect("a name");
        W::in_time("connect", move || {
            let (kind, took) = failure(|| create_connection(&address, Some(SHORT)));
            assert_eq!(kind, ErrorKind::TimedOut, "{address}");
            assert!(took >= SHORT, "{address} {took:?}");
            let (kind, _) = failure(|| create_connection(&address, Some(Duration::ZERO)));
            assert_eq!(kind, ErrorKind::WouldBlock, "{address}");
        });
    }
}

/// The other side makes a little room every now and then, so that each part of the call succeeds.
fn the_timeout_covers_a_whole_sendall<W: Thread>() {
    let (socket, mut other) = unix_pair();
    socket.settimeout(Some(SHORT * 4)).expect("a timeout");
    let slow = thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while other.read(&mut buffer).is_ok_and(|received| received > 0) {
            thread::sleep(SHORT / 5);
        }
    });
    let (kind, took) = W::in_time("sendall", move || {
        let data = vec![0; 8_000_000];
        failure(|| socket.sendall(&data))
    });
    assert_eq!(kind, ErrorKind::TimedOut);
    // At that pace it would have taken longer than a test may.
    assert!(took >= SHORT * 4 && took < DEADLINE / 2, "{took:?}");
    slow.join().expect("it only reads");
}

/// As with `SO_SNDTIMEO` and `SO_RCVTIMEO`, which mean nothing to a green thread.
fn each_direction_has_its_own_timeout<W: Thread>() {
    let timeouts = |socket: &Socket| {
        let receive = socket.getsockopt(SocketOption::ReceiveTimeout);
        let send = socket.getsockopt(SocketOption::SendTimeout);
        (receive.expect("get"), send.expect("get"))
    };
    let (socket, mut other) = tcp_pair();
    let long = Some(Duration::from_millis(500));
    socket.settimeout(None).expect("a timeout");
    socket.setsockopt(SocketOption::SendTimeout(Some(SHORT))).expect("set");
    assert_eq!(timeouts(&socket), (None, Some(SHORT)));
    let (socket, took) = W::in_time("send", move || {
        let (kind, took) = failure(|| socket.sendall(&[0; 20_000_000]));
        assert_eq!(kind, ErrorKind::TimedOut);
        (socket, took)
    });
    assert!(took >= SHORT, "{took:?}");
    let writer = thread::spawn(move || {
        thread::sleep(3 * SHORT);
        other.write_all(b"x").expect("send");
        other
    });
    let socket = W::in_time("recv", move || {
        assert_eq!(socket.recv(1).expect("there is no timeout"), b"x");
        socket.setsockopt(SocketOption::ReceiveTimeout(Some(SHORT))).expect("set");
        assert_eq!(failure(|| socket.recv(1)).0, ErrorKind::TimedOut);
        socket
    });
    writer.join().expect("no panic");
    assert_eq!(timeouts(&socket), (Some(SHORT), Some(SHORT)));
    socket.settimeout(long).expect("a timeout");
    assert_eq!(timeouts(&socket), (long, long));
    socket.setsockopt(SocketOption::ReceiveTimeout(None)).expect("set");
    assert_eq!((timeouts(&socket), socket.gettimeout()), ((None, long), None));
}

/// The mode belongs to the descriptor, which others may share; the timeout is the socket's own.
fn a_non_blocking_descriptor_waits_too<W: Thread>() {
    let (one, other) = UnixStream::pair().expect("a pair");
    one.set_nonblocking(true).expect("a non-blocking socket");
    other.set_nonblocking(true).expect("a non-blocking socket");
    let (one, other) = (Socket::from(one), Socket::from(other));
    let data = vec![b'x'; 1_000_000];
    let sent = data.clone();
    let sending = thread::spawn(move || W::in_time("sendall", move || one.sendall(&sent)));
    let mut received = vec![0; data.len()];
    (&other).read_exact(&mut received).expect("read");
    assert!(received == data);
    sending.join().expect("no panic").expect("sendall");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    listener.set_nonblocking(true).expect("a non-blocking listener");
    let listener = Socket::from(listener);
    let address = listener.getsockname().expect("a name");
    let waiting = thread::spawn(move || W::in_time("accept", move || listener.accept()));
    let client = create_connection(address, Some(DEADLINE)).expect("connect");
    let (_, from) = waiting.join().expect("no panic").expect("accept");
    assert_eq!(from, client.getsockname().expect("a name"));
}

matrix!(
    threads: each_direction_has_its_own_timeout, a_non_blocking_descriptor_waits_too,
    every_blocking_call_times_out, sendto_a_full_queue_waits_for_room,
    a_wait_past_its_deadline_is_not_retried, accept_times_out, connect_times_out,
    the_timeout_covers_a_whole_sendall,
);
