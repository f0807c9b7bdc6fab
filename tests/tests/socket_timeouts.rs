//! How long a call of a socket takes: for ever, not at all, or so long; and what signals do to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, getpid, kill_process};
use signal_hook::consts::{SIGPIPE, SIGUSR1};
use socketserver::{
    Address, AddressFamily, Socket, SocketKind, SocketOption, ToAddress, create_connection,
};
use tests::{DEADLINE, Folder, Signal, in_time, tcp_pair, unix_pair, until};

const SHORT: Duration = Duration::from_millis(50);

/// An error and how long it took to come.
fn failure<T>(call: impl FnOnce() -> std::io::Result<T>) -> (ErrorKind, Duration) {
    let began = Instant::now();
    let error = call().map(drop).expect_err("it cannot succeed");
    (error.kind(), began.elapsed())
}

/// Makes a call that cannot succeed on that socket: without any time it fails at once, with some
/// after that.
fn gives_up<T: 'static>(
    what: &'static str,
    socket: Socket,
    call: fn(&Socket) -> std::io::Result<T>,
) {
    in_time(what, move || {
        socket.settimeout(Some(Duration::ZERO)).expect("a timeout");
        assert_eq!(failure(|| call(&socket)).0, ErrorKind::WouldBlock, "{what}");
        socket.settimeout(Some(SHORT)).expect("a timeout");
        let (kind, took) = failure(|| call(&socket.clone()));
        assert_eq!(kind, ErrorKind::TimedOut, "{what}");
        assert!(took >= SHORT, "{what} {took:?}");
    });
}

/// Sends until there is no room any more. (With TCP some may come back after a while.)
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

#[test]
fn calls_that_wait_give_up_in_time() {
    let (socket, _other) = tcp_pair();
    gives_up("recv", socket.clone(), |socket| socket.recv(1));
    gives_up("recv_into", socket.clone(), |socket| {
        socket.recv_into(&mut [0])
    });
    gives_up("recvfrom", socket.clone(), |socket| socket.recvfrom(1));
    gives_up("sendall", socket, |socket| socket.sendall(&[0; 20_000_000]));
    let (socket, _other) = unix_pair();
    gives_up("recv, Unix", socket.clone(), |socket| socket.recv(1));
    fill(&socket);
    gives_up("send, Unix", socket.clone(), |socket| socket.send(b"x"));
    gives_up("sendall, Unix", socket, |socket| socket.sendall(b"x"));

    let udp = Socket::from(UdpSocket::bind("127.0.0.1:0").expect("bind"));
    gives_up("recv, UDP", udp.clone(), |socket| socket.recv(1));
    gives_up("recvfrom, UDP", udp, |socket| socket.recvfrom(1));
    let (unix, _other) = UnixDatagram::pair().expect("a pair");
    let unix = Socket::from(unix);
    fill(&unix);
    gives_up("send, Unix datagrams", unix, |socket| socket.send(b"x"));
}

/// There is room for more on the way, but not where it goes to.
#[test]
fn a_full_queue_at_the_other_end_is_given_up_in_time() {
    let folder = Folder::new();
    let path = folder.join("lazy");
    let _lazy = UnixDatagram::bind(&path).expect("bind");
    let socket = Socket::new(AddressFamily::Unix, SocketKind::Datagram).expect("a socket");
    in_time("sendto", move || {
        socket.settimeout(Some(Duration::ZERO)).expect("a timeout");
        while let Ok(sent) = socket.sendto(b"x", &path) {
            assert_eq!(sent, 1);
        }
        socket.settimeout(Some(SHORT)).expect("a timeout");
        let (kind, took) = failure(|| socket.sendto(b"x", &path));
        assert!(
            kind == ErrorKind::TimedOut && took >= SHORT,
            "{kind} {took:?}"
        );
    });
}

/// Both one of ours and one that came from elsewhere and is a blocking one.
#[test]
fn an_accept_gives_up_in_time() {
    let ours = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    ours.bind("127.0.0.1:0").expect("bind");
    ours.listen(1).expect("listen");
    gives_up("accept", ours, Socket::accept);
    let theirs = Socket::from(TcpListener::bind("127.0.0.1:0").expect("bind"));
    gives_up(
        "accept of a listener of std",
        theirs.clone(),
        Socket::accept,
    );

    // The listener's timeout is its own, and that of what it gives out is none.
    theirs.settimeout(Some(DEADLINE)).expect("a timeout");
    let address = theirs.getsockname().expect("a name");
    let _client = create_connection(address, None).expect("connect");
    let (accepted, _) = theirs.accept().expect("accept");
    assert_eq!(accepted.gettimeout(), None);
    let option = socket2::SockRef::from(&accepted).read_timeout();
    assert_eq!(option.expect("an option"), None);
}

/// A listener with room for one or two, and nobody who takes them.
fn full_listener(address: impl ToAddress) -> (Socket, Vec<Socket>) {
    let address = address.to_address().expect("an address");
    let listener = Socket::new(address.family(), SocketKind::Stream).expect("a socket");
    listener.bind(address).expect("bind");
    listener.listen(1).expect("listen");
    let address = listener.getsockname().expect("a name");
    let clients = (0..2).map(|_| create_connection(&address, None).expect("there is room"));
    let clients = clients.collect();
    (listener, clients)
}

#[test]
fn a_connect_gives_up_in_time() {
    let folder = Folder::new();
    let places: [Address; 2] = [
        "127.0.0.1:0".to_address().expect("an address"),
        Address::Unix(folder.join("full")),
    ];
    for place in places {
        let (listener, _clients) = full_listener(&place);
        let address = listener.getsockname().expect("a name");
        in_time("connect", move || {
            let (kind, took) = failure(|| create_connection(&address, Some(SHORT)));
            assert!(
                kind == ErrorKind::TimedOut && took >= SHORT,
                "{address} {kind} {took:?}"
            );
            let (kind, _) = failure(|| create_connection(&address, Some(Duration::ZERO)));
            assert_eq!(kind, ErrorKind::WouldBlock, "{address}");
        });
    }
}

/// The other side makes a little room every now and then, so that each part of the call succeeds.
#[test]
fn the_timeout_is_for_a_whole_sendall() {
    let (socket, mut other) = unix_pair();
    socket.settimeout(Some(SHORT * 4)).expect("a timeout");
    let slow = thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while other.read(&mut buffer).is_ok_and(|received| received > 0) {
            thread::sleep(SHORT / 5);
        }
    });
    let (kind, took) = in_time("sendall", move || {
        let data = vec![0; 8_000_000];
        failure(|| socket.sendall(&data))
    });
    assert_eq!(kind, ErrorKind::TimedOut);
    // At that pace it would have taken longer than a test may.
    assert!(took >= SHORT * 4 && took < DEADLINE / 2, "{took:?}");
    slow.join().expect("it only reads");
}

#[test]
fn without_a_timeout_it_waits() {
    let (socket, mut other) = tcp_pair();
    let clone = socket.clone();
    clone.settimeout(None).expect("no timeout");
    assert_eq!(socket.gettimeout(), None);
    let waiting = thread::spawn(move || clone.recv(10));
    other.write_all(b"x").expect("write");
    assert_eq!(waiting.join().expect("no panic").expect("recv"), b"x");

    // A timeout is over with the call that it ended.
    socket.settimeout(Some(SHORT)).expect("a timeout");
    assert_eq!(
        socket.recv(1).expect_err("nothing").kind(),
        ErrorKind::TimedOut
    );
    other.write_all(b"y").expect("write");
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    assert_eq!(socket.recv(1).expect("recv"), b"y");
    for odd in [Duration::from_nanos(1), Duration::MAX] {
        socket.settimeout(Some(odd)).expect("a timeout");
        other.write_all(b"z").expect("write");
        until("it is there", || socket.recv(1).is_ok());
    }
}

/// The mode belongs to whoever made the descriptor, and to others who have it; ours is the timeout.
#[test]
fn a_descriptor_that_came_non_blocking_waits_all_the_same() {
    let (one, other) = UnixStream::pair().expect("a pair");
    one.set_nonblocking(true).expect("a non-blocking socket");
    other.set_nonblocking(true).expect("a non-blocking socket");
    let (one, other) = (Socket::from(one), Socket::from(other));
    let data = vec![b'x'; 1_000_000];
    thread::scope(|scope| {
        scope.spawn(|| one.sendall(&data).expect("sendall"));
        let mut received = vec![0; data.len()];
        (&other).read_exact(&mut received).expect("read");
        assert!(received == data);
    });
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    listener
        .set_nonblocking(true)
        .expect("a non-blocking listener");
    let listener = Socket::from(listener);
    let address = listener.getsockname().expect("a name");
    let waiting = thread::spawn(move || listener.accept());
    let client = create_connection(address, Some(DEADLINE)).expect("connect");
    let (_, from) = waiting.join().expect("no panic").expect("accept");
    assert_eq!(from, client.getsockname().expect("a name"));
}

/// The thread that runs this, as a number for signals. The system gives one that is sent there to
/// that very thread.
fn this_thread() -> Pid {
    let link = std::fs::read_link("/proc/thread-self").expect("Linux");
    let number = link
        .file_name()
        .and_then(|name| name.to_str()?.parse().ok());
    number.and_then(Pid::from_raw).expect("a number")
}

/// Runs `call` on a thread that is interrupted without end.
fn under_signals<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, caught.clone()).expect("a handler");
    in_time("a call under signals", move || {
        let (thread, over) = (this_thread(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    kill_process(thread, Signal::USR1).expect("it is there");
                    thread::sleep(Duration::from_micros(100));
                }
            });
            until("they come", || caught.load(Ordering::Relaxed));
            let result = call();
            over.store(true, Ordering::Relaxed);
            result
        })
    })
}

#[test]
fn signals_do_not_cut_a_sendall_short() {
    for timeout in [None, Some(DEADLINE)] {
        let (socket, mut other) = tcp_pair();
        socket.settimeout(timeout).expect("a timeout");
        socket
            .setsockopt(SocketOption::SendBuffer(10_000))
            .expect("a small buffer");
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            let mut buffer = [0; 16_384];
            loop {
                match other.read(&mut buffer).expect("read") {
                    0 => return all,
                    received => all.extend_from_slice(&buffer[..received]),
                }
                thread::sleep(Duration::from_micros(500));
            }
        });
        let data: Vec<u8> = (0..1_000_000u32).map(|place| place as u8).collect();
        let sent = data.clone();
        under_signals(move || socket.sendall(&sent)).expect("sendall");
        assert!(reader.join().expect("it only reads") == data);
    }
}

/// Neither for ever nor for longer than the timeout, though each signal ends the system's call.
#[test]
fn signals_do_not_end_a_wait_and_do_not_prolong_it() {
    for timeout in [None, Some(DEADLINE)] {
        let (socket, mut other) = tcp_pair();
        socket.settimeout(timeout).expect("a timeout");
        let writer = thread::spawn(move || {
            thread::sleep(SHORT);
            other.write_all(b"x").expect("write");
        });
        assert_eq!(under_signals(move || socket.recv(1)).expect("recv"), b"x");
        writer.join().expect("it only writes");
    }
    let (socket, _other) = tcp_pair();
    socket.settimeout(Some(SHORT)).expect("a timeout");
    let (kind, took) = under_signals(move || failure(|| socket.recv(1)));
    assert!(
        kind == ErrorKind::TimedOut && took >= SHORT,
        "{kind} {took:?}"
    );
    let (listener, _clients) = full_listener("127.0.0.1:0");
    let address = listener.getsockname().expect("a name");
    let (kind, took) = under_signals(move || failure(|| create_connection(address, Some(SHORT))));
    assert!(
        kind == ErrorKind::TimedOut && took >= SHORT,
        "{kind} {took:?}"
    );
}

#[test]
fn a_connection_that_is_gone_is_an_error_and_no_signal() {
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGPIPE, caught.clone()).expect("a handler");
    let gone = || {
        let (socket, other) = unix_pair();
        drop(other);
        socket
    };
    let kinds = [
        gone().send(b"x").expect_err("send").kind(),
        gone().sendall(b"x").expect_err("sendall").kind(),
        (&gone()).write(b"x").expect_err("write").kind(),
        gone()
            .makefile(-1, 0)
            .1
            .write(b"x")
            .expect_err("wfile")
            .kind(),
    ];
    assert_eq!(kinds, [ErrorKind::BrokenPipe; 4]);
    assert!(!caught.load(Ordering::Relaxed));
    kill_process(getpid(), Signal::PIPE).expect("it is there");
    until("it would have been caught", || {
        caught.load(Ordering::Relaxed)
    });
}
