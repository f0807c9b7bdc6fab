//! Sending and receiving.

use tests::prelude::*;

use crate::new;

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
    assert_eq!(error_kind(socket.send(b"f")), ErrorKind::BrokenPipe);

    other.write_all(b"the other half still works").expect("write");
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

#[test]
fn datagrams_keep_their_boundaries() {
    let folder = Folder::new();
    let inet = |text: &str| text.to_address().expect("an address");
    let unix = |name: &str| Address::Unix(folder.join(name));
    let pairs = [
        [inet("127.0.0.1:0"), inet("127.0.0.1:0")],
        [inet("[::1]:0"), inet("[::1]:0")],
        [unix("one"), unix("other")],
    ];
    for pair in pairs {
        let [one, other] = pair.map(|address| {
            let socket = new(address.family(), SocketKind::Datagram);
            socket.bind(address).expect("bind");
            assert_eq!(socket.kind().expect("kind"), SocketKind::Datagram);
            socket
        });
        let (from, to) = (one.getsockname().expect("a name"), other.getsockname().expect("a name"));
        for data in [b"first".as_slice(), b"", b"a longer one"] {
            assert_eq!(one.sendto(data, &to).expect("sendto"), data.len());
        }
        let first = other.recvfrom(100).expect("recvfrom");
        assert_eq!(first, (b"first".to_vec(), from.clone()));
        let mut buffer = [0; 8];
        let mut receive = || other.recvfrom_into(&mut buffer).expect("recvfrom");
        assert_eq!(receive(), (0, from.clone()));
        // What does not fit is lost.
        assert_eq!(receive(), (8, from.clone()));
        assert_eq!(&buffer, b"a longer");

        assert_eq!(error_kind(one.getpeername()), ErrorKind::NotConnected);
        one.connect(&to).expect("connect");
        assert_eq!(one.getpeername().expect("a peer"), to);
        assert_eq!(one.send(b"connected").expect("send"), 9);
        other.sendto(b"answer", &from).expect("sendto");
        assert_eq!(other.recv(100).expect("recv"), b"connected");
        assert_eq!(one.recv(100).expect("recv"), b"answer");
    }
    let unnamed = new(AddressFamily::Unix, SocketKind::Datagram);
    assert_eq!(error_kind(unnamed.sendto(b"?", Address::Unnamed)), ErrorKind::AddrNotAvailable);
}

#[test]
fn socketpair_and_setblocking() {
    let (one, other) = socketpair(SocketKind::Datagram).expect("a pair");
    one.setblocking(false).expect("setblocking");
    assert_eq!(one.gettimeout(), Some(Duration::ZERO));
    assert_eq!(error_kind(one.recv(1)), ErrorKind::WouldBlock);
    one.setblocking(true).expect("setblocking");
    assert_eq!(one.gettimeout(), None);
    other.send(b"one").expect("send");
    other.send(b"two").expect("send");
    assert_eq!(one.recv(10).expect("recv"), b"one");
    assert_eq!(one.recv(10).expect("recv"), b"two");
}

fn peek_leaves_the_data<W: Thread>() {
    let (socket, mut other) = tcp_pair();
    W::in_time("the look", move || {
        assert_eq!(socket.peek(0).expect("nothing to wait for"), b"");
        other.write_all(b"hello").expect("send");
        drop(other);
        assert_eq!(socket.peek(3).expect("peek"), b"hel");
        assert_eq!(socket.peek(100).expect("peek"), b"hello");
        assert_eq!(socket.recv(100).expect("recv"), b"hello");
        assert_eq!(socket.peek(100).expect("the end of the stream"), b"");
    });
}

fn recv_exact_waits_for_all_bytes<W: Thread>() {
    W::in_time("recv_exact", || {
        let (socket, mut other) = tcp_pair();
        let sending = thread::spawn(move || {
            for part in [&b"ab"[..], b"cde", b"f"] {
                other.write_all(part).expect("send");
                thread::yield_now();
            }
        });
        assert_eq!(socket.recv_exact(5).expect("five"), b"abcde");
        assert_eq!(socket.recv_exact(0).expect("none"), b"");
        let error = socket.recv_exact(usize::MAX).expect_err("the end");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
        sending.join().expect("no panic");
    });
}

matrix!(threads: peek_leaves_the_data, recv_exact_waits_for_all_bytes);

#[test]
fn a_burst_of_datagrams_is_received_without_waiting() {
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let socket = new(AddressFamily::Inet, SocketKind::Datagram);
    socket.connect(other.local_addr().expect("an address")).expect("connect");
    let Address::Inet(to) = socket.getsockname().expect("a name") else {
        unreachable!("it has a port");
    };
    let (tell, told) = unbounded();
    let receiver = green::spawn(move || {
        for _ in 0..100 {
            let all: io::Result<Vec<_>> = (0..10).map(|_| socket.recv(100)).collect();
            tell.send(all.map(|all| all.concat())).expect("the test goes on");
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

/// In Python they mix. A third member reads nothing while two speak.
fn lines_of_several_senders_stay_whole<C: Concurrent>() {
    const LINE: usize = 1 << 20;
    for timeout in [None, Some(DEADLINE)] {
        for (member, reader) in [shared(tcp_pair()), shared(unix_pair())] {
            member.settimeout(timeout).expect("a timeout");
            let to = member.clone();
            let server = Server::<Tcp, C, _, _>::handling(move |request: Socket, _| {
                let mut line = request.recv(1)?.repeat(LINE);
                line.push(b'\n');
                (0..3).try_for_each(|_| to.sendall(&line))
            });
            let server = run(server, LOCAL);
            let _speakers = ["a", "b", "c"].map(|letter| {
                let mut client = Client::stream(&server.address());
                client.send(letter);
                client
            });
            until("all speak", || server.stats().accepted == 3);
            thread::sleep(Duration::from_millis(20));
            let mut lines = BufReader::new(reader).split(b'\n');
            for _ in 0..9 {
                let line = lines.next().expect("a line").expect("recv");
                assert_eq!(line.len(), LINE);
                assert!(line.iter().all(|byte| *byte == line[0]), "mixed");
            }
        }
    }
}

fn shared(pair: (Socket, impl Read + Send + 'static)) -> (Socket, Box<dyn Read + Send>) {
    (pair.0, Box::new(pair.1))
}

matrix!(concurrent: lines_of_several_senders_stay_whole);
