//! Sockets on green threads.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use socketserver::{AddressFamily, Socket, SocketKind, create_connection, green, select};
use tests::{DEADLINE, in_time, until};

use crate::{on_green, pair};

#[test]
fn a_socket_parks_its_green_thread_and_nobody_else() {
    let mut waiting = Vec::new();
    let mut others = Vec::new();
    for _ in 0..200 {
        let (one, other) = pair();
        others.push(other);
        waiting.push(green::spawn(move || one.recv(100)));
    }
    assert_eq!(on_green(|| 1), 1);
    for (number, other) in others.iter().enumerate() {
        other.sendall(format!("{number}").as_bytes()).expect("send");
    }
    for (number, one) in waiting.into_iter().enumerate() {
        let data = in_time("a message", || one.join())
            .expect("no panic")
            .expect("recv");
        assert_eq!(data, format!("{number}").as_bytes());
    }
}

#[test]
fn a_timeout_holds_for_a_whole_sendall() {
    let (one, other) = pair();
    let (result, took) = on_green(move || {
        one.settimeout(Some(Duration::from_millis(100)))
            .expect("settimeout");
        let began = Instant::now();
        (one.sendall(&vec![0; 10_000_000]), began.elapsed())
    });
    assert_eq!(
        result.expect_err("nobody reads").kind(),
        io::ErrorKind::TimedOut
    );
    assert!(
        took >= Duration::from_millis(100) && took < DEADLINE,
        "{took:?}"
    );
    drop(other);

    let (one, _other) = pair();
    let error = on_green(move || {
        one.settimeout(Some(Duration::ZERO)).expect("settimeout");
        one.recv(1).expect_err("nothing is there")
    });
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn the_end_of_a_stream_that_came_with_the_data_is_seen() {
    // The system tells only once, and that may be before the data was read.
    for _ in 0..200 {
        let (one, other) = pair();
        let reader = green::spawn(move || {
            let mut all = Vec::new();
            loop {
                let data = one.recv(1024)?;
                if data.is_empty() {
                    return Ok::<_, io::Error>(all);
                }
                all.extend(data);
                green::yield_now();
            }
        });
        other.sendall(b"all there is").expect("send");
        other.shutdown(Shutdown::Write).expect("shutdown");
        let all = in_time("the end", || reader.join())
            .expect("no panic")
            .expect("recv");
        assert_eq!(all, b"all there is");
    }
}

#[test]
fn several_may_wait_for_one_socket_from_every_scheduler() {
    let (one, other) = pair();
    let received = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (one, received) = (one.clone(), received.clone());
            green::spawn(move || {
                while !one.recv(1).expect("recv").is_empty() {
                    received.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    for _ in 0..1_000 {
        other.sendall(b"x").expect("send");
    }
    until("every byte is received", || received.load(SeqCst) == 1_000);
    other.shutdown(Shutdown::Write).expect("shutdown");
    for reader in readers {
        in_time("a reader", || reader.join()).expect("it ends");
    }
}

#[test]
fn big_messages_go_both_ways_at_once() {
    let (one, other) = pair();
    let text: Arc<[u8]> = (0..4_000_000).map(|place| (place % 251) as u8).collect();
    let speak = |socket: Socket, text: Arc<[u8]>| {
        green::spawn(move || {
            let sender = socket.clone();
            let sent = text.clone();
            let sending = green::spawn(move || sender.sendall(&sent));
            let mut received = Vec::new();
            while received.len() < text.len() {
                received.extend(socket.recv(65_536).expect("recv"));
            }
            sending.join().expect("no panic").expect("sendall");
            received == *text
        })
    };
    let both = [speak(one, text.clone()), speak(other, text)];
    for side in both {
        assert!(in_time("one side", || side.join()).expect("no panic"));
    }
}

#[test]
fn connect_and_accept_park_too() {
    let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("socket");
    listener.bind("127.0.0.1:0").expect("bind");
    listener.listen(10).expect("listen");
    let address = listener.getsockname().expect("getsockname");
    let accepting =
        green::spawn(move || (0..20).try_for_each(|_| listener.accept()?.0.sendall(b"hello")));
    for _ in 0..20 {
        let address = address.clone();
        let greeting = on_green(move || create_connection(address, Some(DEADLINE))?.recv(5));
        assert_eq!(greeting.expect("recv"), b"hello");
    }
    in_time("accepting", || accepting.join())
        .expect("no panic")
        .expect("accept");

    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address");
    let error = on_green(move || create_connection(gone, Some(DEADLINE)).map(drop));
    assert_eq!(
        error.expect_err("refused").kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[test]
fn select_parks_until_one_of_its_sockets_is_ready() {
    let (one, other) = pair();
    let (quiet, _peer) = pair();
    let relay = green::spawn(move || select(&[&quiet, &one], &[], Some(DEADLINE)));
    assert_eq!(on_green(|| 1), 1);
    other.sendall(b"x").expect("send");
    let ready = in_time("select", || relay.join())
        .expect("no panic")
        .expect("select");
    assert_eq!(ready, (vec![1], vec![]));
    let (one, _other) = pair();
    let ready = on_green(move || select(&[&one], &[&one], Some(DEADLINE))).expect("select");
    assert_eq!(
        ready,
        (vec![], vec![0]),
        "it can be written, and there is nothing to read"
    );
    let (one, _other) = pair();
    let ready = on_green(move || select(&[&one], &[], Some(Duration::from_millis(20))));
    assert_eq!(ready.expect("select"), (vec![], vec![]));
}

#[test]
fn a_detached_descriptor_is_the_callers() {
    let (one, other) = pair();
    let stream = on_green(move || {
        other.sendall(b"early").expect("send");
        assert_eq!(one.recv(5).expect("recv"), b"early");
        let fd = one.detach().expect("detach");
        other.sendall(b"late").expect("send");
        (fd, other)
    });
    let (fd, _other) = stream;
    let detached = Socket::from(fd);
    assert_eq!(on_green(move || detached.recv(4)).expect("recv"), b"late");
}

#[test]
fn closing_wakes_whoever_waits() {
    let (one, _other) = pair();
    let (begin, begins) = green::channel(1);
    let waiting = green::spawn({
        let one = one.clone();
        move || {
            begin.send(()).expect("the test listens");
            one.recv(1)
        }
    });
    begins.recv().expect("it begins");
    one.close();
    let woken = in_time("the wait's end", || waiting.join()).expect("no panic");
    // It may not have begun to wait: then the socket is closed already.
    let closed = |error: io::Error| error.raw_os_error() == Some(Errno::BADF.raw_os_error());
    assert!(woken.map_or_else(closed, |data| data.is_empty()));
}

#[test]
fn standard_sockets_can_be_handed_in() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
    let (server, _) = listener.accept().expect("accept");
    // Non-blocking when it came: that changes nothing.
    server.set_nonblocking(true).expect("non-blocking");
    let server = Socket::from(server);
    let reading = green::spawn(move || server.recv(5));
    let client = Socket::from(client);
    client.sendall(b"hello").expect("send");
    assert_eq!(
        in_time("a message", || reading.join())
            .expect("no panic")
            .expect("recv"),
        b"hello"
    );
}
