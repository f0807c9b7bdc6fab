//! The largest and smallest numbers that a call of a socket takes. Some may come from a client.

use std::os::unix::net::UnixDatagram;

use tests::prelude::*;

#[test]
fn any_bufsize_receives_the_bytes_there_are() {
    for bufsize in [1 << 20, (1 << 20) + 1, 1 << 40, usize::MAX] {
        let (socket, mut other) = unix_pair();
        other.write_all(b"hello").expect("write");
        assert_eq!(socket.peek(bufsize).expect("peek"), b"hello");
        assert_eq!(socket.recv(bufsize).expect("recv"), b"hello");

        let (one, other) = UnixDatagram::pair().expect("a pair");
        let socket = Socket::from(one);
        socket.settimeout(Some(DEADLINE)).expect("a timeout");
        let message = vec![b'x'; 100_000];
        for call in
            [Socket::recv, |socket: &Socket, size| socket.recvfrom(size).map(|(data, _)| data)]
        {
            other.send(&message).expect("send");
            assert!(call(&socket, bufsize).expect("a message") == message);
        }
        other.send(b"").expect("send");
        assert_eq!(socket.peek(bufsize).expect("peek"), b"");
        assert_eq!(socket.recvfrom(bufsize).expect("recvfrom").0, b"");
    }
}

/// There is nothing to wait for. As in Python, it says nothing about the stream.
#[test]
fn nothing_is_received_at_once() {
    let (socket, _other) = unix_pair();
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    assert_eq!(socket.recv(0).expect("recv"), b"");
    assert_eq!(socket.recv_exact(0).expect("recv_exact"), b"");
    assert_eq!(socket.recv_into(&mut []).expect("recv_into"), 0);
    assert_eq!(socket.recv_into_within(&mut [], DEADLINE).expect("recv_into_within"), 0);
}

#[test]
fn large_bufsize_takes_a_stream_in_pieces() {
    let (socket, mut other) = tcp_pair();
    let data: Vec<u8> = (0..5_000_000u32).map(|place| (place % 251) as u8).collect();
    let sent = data.clone();
    let writer = std::thread::spawn(move || other.write_all(&sent));
    let mut received = Vec::new();
    while received.len() < data.len() {
        let piece = socket.recv(usize::MAX).expect("recv");
        assert!(!piece.is_empty() && piece.capacity() <= 1 << 20);
        received.extend(piece);
    }
    assert!(received == data);
    writer.join().expect("no panic").expect("write");
}

#[test]
fn any_timeout_and_backlog_is_taken() {
    let listener = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    listener.bind(LOCAL).expect("bind");
    for backlog in [0, u32::MAX] {
        listener.listen(backlog).expect("listen");
    }
    let address = listener.getsockname().expect("a name");
    let longest = Some(Duration::MAX);
    let client = create_connection(address, longest).expect("connect");
    listener.settimeout(longest).expect("a timeout");
    let (accepted, _) = listener.accept().expect("accept");
    for timeout in [Duration::from_nanos(1), Duration::MAX, Duration::from_nanos(u64::MAX)] {
        accepted.settimeout(Some(timeout)).expect("a timeout");
        client.sendall(b"x").expect("send");
        until("it is there", || {
            select(&[&accepted], &[], &[], Some(timeout)).expect("select").reads(&accepted)
        });
        assert_eq!(accepted.recv(1).expect("recv"), b"x");
    }
}

/// A number that the system's integer does not hold must not come out as another.
#[test]
fn any_option_value_is_taken_or_bounded() {
    let socket = Socket::new(AddressFamily::Inet, SocketKind::Stream).expect("a socket");
    let set = |option| socket.setsockopt(option).expect("setsockopt");
    for buffer in [SocketOption::SendBuffer, SocketOption::ReceiveBuffer] {
        set(buffer(usize::MAX));
        let largest = socket.getsockopt(buffer).expect("a size");
        for size in [1 << 32, 1 << 31] {
            set(buffer(size));
            assert_eq!(socket.getsockopt(buffer).expect("a size"), largest);
        }
        set(buffer(0));
    }

    let linger = |time| {
        set(SocketOption::Linger(Some(time)));
        let seen = socket.getsockopt(SocketOption::Linger).expect("a time");
        seen.expect("it lingers").as_secs()
    };
    assert_eq!(linger(Duration::ZERO), 0);
    assert_eq!(linger(Duration::from_millis(1)), 1);
    assert_eq!(linger(Duration::from_secs(3)), 3);
    assert!(linger(Duration::from_secs(1 << 32)) > 1_000_000);
    assert!(linger(Duration::MAX) > 1_000_000);
}
