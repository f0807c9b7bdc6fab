//! `#[derive(StreamRequestHandler)]`: its files and its options, seen from the other end.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use socket2::SockRef;
use socketserver::{
    Address, Builder, Concurrency, Server, Socket, SocketReader, SocketWriter,
    StreamRequestHandler, Tcp, UnixStream,
};
use tests::{Client, Folder, Place, matrix, python, run, tcp_pair, unix_pair, until};

/// Sends back what comes, line by line, in upper case.
#[derive(StreamRequestHandler)]
struct UpperLines {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl UpperLines {
    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.by_ref().lines() {
            writeln!(self.wfile, "{}", line?.to_uppercase())?;
        }
        Ok(())
    }
}

fn lines_are_read_and_written<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let builder = Server::<T, C, UpperLines>::builder();
    let server = run(builder, T::address(&folder));
    let mut client = T::client(&server.address());
    assert_eq!(client.ask(b"hello\n"), b"HELLO\n");
    client.send(b"in pie");
    client.send(b"ces\nand\n\nseveral at once\n");
    client.send("y".repeat(100_000));
    // The last line has no end.
    let expected = format!(
        "IN PIECES\nAND\n\nSEVERAL AT ONCE\n{}\n",
        "Y".repeat(100_000)
    );
    assert!(client.finish() == expected.as_bytes());
}

/// Tells what its attributes are.
#[derive(StreamRequestHandler)]
struct Attributes {
    request: Socket,
    connection: Socket,
    client_address: Address,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Attributes {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(self.connection.fileno(), self.request.fileno());
        assert_eq!(self.connection.getpeername()?, self.client_address);
        self.connection.sendall(b"connection ")?;
        self.request.sendall(b"request ")?;
        self.wfile.write_all(b"wfile ")?;
        let mut three = [0; 3];
        self.rfile.read_exact(&mut three)?;
        self.wfile.write_all(&three)
    }
}

fn all_attributes_are_the_same_connection<T, C>()
where
    T: Place<Request = Socket>,
    C: Concurrency + Default,
{
    let folder = Folder::new();
    let server = run(Server::<T, C, Attributes>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    client.send(b"rfile");
    assert_eq!(client.rest(), b"connection request wfile rfi");
}

matrix!(streams: lines_are_read_and_written, all_attributes_are_the_same_connection);

/// What `readline` gives, again and again with that limit, until the end of the stream.
fn lines(rbufsize: isize, limit: usize, text: &str) -> Vec<String> {
    let (socket, mut other) = unix_pair();
    other.write_all(text.as_bytes()).expect("write");
    drop(other);
    let (mut rfile, _) = socket.makefile(rbufsize, 0);
    let lines = std::iter::from_fn(|| {
        let line = rfile.readline(limit).expect("readline");
        Some(String::from_utf8(line).expect("text")).filter(|line| !line.is_empty())
    });
    lines.collect()
}

#[test]
fn a_line_has_a_limit() {
    for rbufsize in [-1, 0, 1, 2, 3, 7, 8_192] {
        let all = lines(rbufsize, 100, "ab\n\ncdefgh\nthe rest");
        assert_eq!(all, ["ab\n", "\n", "cdefgh\n", "the rest"], "{rbufsize}");
        let pieces = lines(rbufsize, 3, "ab\n\ncdefgh\nxyz\nthe rest");
        let expected = [
            "ab\n", "\n", "cde", "fgh", "\n", "xyz", "\n", "the", " re", "st",
        ];
        assert_eq!(pieces, expected, "{rbufsize}");
        assert_eq!(lines(rbufsize, usize::MAX, "").len(), 0);
        let long = "x".repeat(100_000) + "\n";
        assert!(
            lines(rbufsize, usize::MAX, &long) == [long.as_str()],
            "{rbufsize}"
        );
    }
    let (socket, _other) = unix_pair();
    assert_eq!(
        socket
            .makefile(-1, 0)
            .0
            .readline(0)
            .expect("nothing, at once"),
        b""
    );
}

/// Reads a line, and then from the socket itself what was left there.
#[derive(StreamRequestHandler)]
#[handler(rbufsize = SIZE)]
struct Left<const SIZE: isize> {
    request: Socket,
    rfile: SocketReader,
}

impl<const SIZE: isize> Left<SIZE> {
    fn handle(&mut self) -> io::Result<()> {
        assert_eq!(self.rfile.readline(100)?, b"ab\n");
        self.request.settimeout(Some(Duration::ZERO))?;
        let left = self.request.recv(100).unwrap_or_default();
        self.request.settimeout(None)?;
        self.request.sendall(&left)
    }
}

/// What such a handler found in the socket.
fn left<C: Concurrency + Default, const SIZE: isize>() -> Vec<u8> {
    let server = run(Server::<Tcp, C, Left<SIZE>>::builder(), "127.0.0.1:0");
    let mut client = Client::stream(&server.address());
    client.send(b"ab\ncdefgh");
    client.rest()
}

fn rbufsize_is_how_much_is_taken_from_the_socket<C: Concurrency + Default>() {
    assert_eq!(left::<C, -1>(), b"");
    assert_eq!(left::<C, 4_096>(), b"");
    assert_eq!(left::<C, 4>(), b"defgh");
    assert_eq!(left::<C, 0>(), b"cdefgh");

    let (socket, mut other) = tcp_pair();
    let (mut rfile, _) = socket.makefile(0, 0);
    other.write_all(b"abcdefgh").expect("write");
    rfile.read_exact(&mut [0; 3]).expect("three bytes");
    assert_eq!(rfile.fill_buf().expect("one more"), b"d");
    assert_eq!(socket.recv(100).expect("recv"), b"efgh");
}

/// Writes to `wfile`, and past it, so that the order tells when what was written left.
#[derive(StreamRequestHandler)]
#[handler(wbufsize = SIZE)]
struct Order<const SIZE: isize> {
    request: Socket,
    wfile: SocketWriter,
}

impl<const SIZE: isize> Order<SIZE> {
    fn handle(&mut self) -> io::Result<()> {
        for piece in [
            "a".repeat(4_000),
            "b".repeat(96),
            "c".into(),
            "d".repeat(10_000),
        ] {
            self.wfile.write_all(piece.as_bytes())?;
            self.request.sendall(b"|")?;
        }
        self.wfile.write_all(b"e")?;
        self.wfile.flush()?;
        self.request.sendall(b"|")?;
        self.wfile.write_all(b"f")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.request.sendall(b"|")?;
        self.wfile.write_all(b"g")?;
        self.request.sendall(b"|")
    }
}

/// What arrives, with a letter for every run of the same one.
fn order<C: Concurrency + Default, const SIZE: isize>() -> String {
    let server = run(Server::<Tcp, C, Order<SIZE>>::builder(), "127.0.0.1:0");
    let mut reply = Client::stream(&server.address()).rest();
    assert_eq!(reply.len(), 14_097 + 3 + 7);
    reply.dedup();
    String::from_utf8(reply).expect("text")
}

fn wbufsize_is_how_much_waits_to_be_sent<C: Concurrency + Default>() {
    assert_eq!(order::<C, 0>(), "a|b|c|d|e|f|g|");
    // 4,096 bytes fit, and not one more; the last of it leaves after `finish`.
    assert_eq!(order::<C, 4_096>(), "|ab|cd|e|fg");
    assert_eq!(order::<C, -1>(), "|abcd|e|fg");
}

/// Each datagram is what one call has sent.
#[test]
fn what_is_formatted_leaves_in_one_piece() {
    let (socket, other) = UnixDatagram::pair().expect("a pair");
    let (_, mut wfile) = Socket::from(socket).makefile(-1, 0);
    write!(wfile, "{}, {:?}; ", 1, "two").expect("write");
    writeln!(wfile, "three").expect("write");
    wfile.write_all(b"four").expect("write");
    let mut buffer = [0; 100];
    for expected in ["1, \"two\"; ", "three\n", "four"] {
        let length = other.recv(&mut buffer).expect("recv");
        assert_eq!(&buffer[..length], expected.as_bytes());
    }
}

/// Waits until the client has gone, with something in its buffer.
#[derive(StreamRequestHandler)]
#[handler(wbufsize = -1)]
struct TooLate {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl TooLate {
    fn handle(&mut self) -> io::Result<()> {
        self.wfile.write_all(b"good-bye")?;
        let error = self.rfile.readline(100).expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        Ok(())
    }
}

fn the_last_flush_does_not_mind_a_client_that_is_gone<C: Concurrency + Default>() {
    let builder = Builder::<_, C, TooLate, ()>::new(Tcp::new(), C::default(), ());
    let server = run(builder, "127.0.0.1:0");
    let client = Client::stream(&server.address());
    until("it is waited for", || server.stats().active == 1);
    let Client::Tcp(socket) = &client else {
        unreachable!("it is a client of TCP");
    };
    SockRef::from(socket)
        .set_linger(Some(Duration::ZERO))
        .expect("a reset");
    drop(client);
    until("the request has ended", || server.stats().active == 0);
    assert_eq!((server.stats().finished, server.stats().failed), (1, 0));
}

matrix!(columns: the_last_flush_does_not_mind_a_client_that_is_gone);

/// Says so whenever its client is too slow, and goes on.
#[derive(StreamRequestHandler)]
#[handler(timeout = 0.05)]
struct Patient {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Patient {
    fn handle(&mut self) -> io::Result<()> {
        let late = self.rfile.readline(100).expect_err("half a line");
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        self.wfile.write_all(b"and?")?;
        let line = loop {
            match self.rfile.readline(100) {
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                line => break line?,
            }
        };
        self.wfile.write_all(&line)?;

        let mut line = String::new();
        let late = self.rfile.read_line(&mut line).expect_err("nothing yet");
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        self.wfile.write_all(b"and?")?;
        while self.rfile.read_line(&mut line).is_err() {}
        self.wfile.write_all(line.as_bytes())?;
        // Nothing more comes: this is the end of the request.
        self.rfile.readline(100).map(drop)
    }
}

fn after_a_timeout_nothing_is_lost<T: Place<Request = Socket>, C: Concurrency + Default>() {
    let folder = Folder::new();
    let server = run(Server::<T, C, Patient>::builder(), T::address(&folder));
    let mut client = T::client(&server.address());
    for _ in 0..2 {
        client.send(b"hel");
        let mut question = [0; 4];
        client.read_exact(&mut question).expect("recv");
        assert_eq!(&question, b"and?");
        assert_eq!(client.ask(b"lo, \n"), b"hello");
        let mut rest = [0; 3];
        client.read_exact(&mut rest).expect("recv");
        assert_eq!(&rest, b", \n");
    }
    assert_eq!(client.rest(), b"");
    let (_, stats) = server.drain(tests::DEADLINE);
    assert_eq!((stats.finished, stats.failed), (0, 1));
}

matrix!(streams: after_a_timeout_nothing_is_lost);

#[test]
fn lines_go_on_after_a_timeout() {
    let (socket, mut other) = unix_pair();
    socket
        .settimeout(Some(Duration::from_millis(20)))
        .expect("a timeout");
    let (mut rfile, _) = socket.makefile(-1, 0);
    other.write_all(b"first\nsec").expect("write");
    let next = |rfile: &mut SocketReader| rfile.lines().next().expect("not the end");
    assert_eq!(next(&mut rfile).expect("a line"), "first");
    let late = next(&mut rfile).expect_err("half a line");
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    other.write_all(b"ond\nthird\n").expect("write");
    assert_eq!(next(&mut rfile).expect("a line"), "second");
    assert_eq!(next(&mut rfile).expect("a line"), "third");
}

#[test]
fn so_many_bytes_are_read_with_any_buffer() {
    for rbufsize in [-1, 0, 4] {
        let (socket, mut other) = unix_pair();
        let (mut rfile, _) = socket.makefile(rbufsize, 0);
        other.write_all(b"line\nfirstsecond").expect("write");
        assert_eq!(rfile.readline(100).expect("a line"), b"line\n");
        assert_eq!(rfile.read_up_to(0).expect("nothing"), b"");
        assert_eq!(rfile.read_up_to(5).expect("five bytes"), b"first");
        if rbufsize == 0 {
            // It takes no more than it is asked for.
            assert_eq!(socket.recv(3).expect("recv"), b"sec");
            other.write_all(b"sec").expect("write");
            assert_eq!(rfile.read_up_to(6).expect("six bytes"), b"ondsec");
        } else {
            assert_eq!(rfile.read_up_to(6).expect("six bytes"), b"second");
        }
        let large = vec![b'x'; 100_000];
        let writer = std::thread::spawn(move || other.write_all(&large));
        assert_eq!(rfile.read_up_to(99_999).expect("many"), [b'x'; 99_999]);
        writer.join().expect("no panic").expect("write");
        // At the end of the stream there are fewer, and then none.
        assert_eq!(rfile.read_up_to(usize::MAX).expect("one"), b"x");
        assert_eq!(rfile.read_up_to(1).expect("the end"), b"");
    }
}

#[test]
fn bytes_go_on_after_a_timeout() {
    let (socket, mut other) = unix_pair();
    socket
        .settimeout(Some(Duration::from_millis(20)))
        .expect("a timeout");
    let (mut rfile, _) = socket.makefile(-1, 0);
    other.write_all(b"fi").expect("write");
    let late = rfile.read_up_to(5).expect_err("two bytes");
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    other.write_all(b"rst").expect("write");
    assert_eq!(rfile.read_up_to(5).expect("five bytes"), b"first");
}

/// Tells whether small packets wait.
#[derive(StreamRequestHandler)]
#[handler(disable_nagle_algorithm = DISABLE)]
struct Nagle<const DISABLE: bool> {
    request: Socket,
    wfile: SocketWriter,
}

impl<const DISABLE: bool> Nagle<DISABLE> {
    fn handle(&mut self) -> io::Result<()> {
        let nodelay = SockRef::from(&self.request).tcp_nodelay().ok();
        write!(self.wfile, "{nodelay:?}")
    }
}

fn nagles_algorithm_can_be_disabled<C: Concurrency + Default>() {
    let server = run(Server::<Tcp, C, Nagle<true>>::builder(), "127.0.0.1:0");
    assert_eq!(Client::stream(&server.address()).rest(), b"Some(true)");
    let server = run(Server::<Tcp, C, Nagle<false>>::builder(), "127.0.0.1:0");
    assert_eq!(Client::stream(&server.address()).rest(), b"Some(false)");
    // There is none to be disabled.
    let folder = Folder::new();
    let server = run(
        Server::<UnixStream, C, Nagle<true>>::builder(),
        folder.join("server"),
    );
    assert_eq!(Client::stream(&server.address()).rest(), b"None");
}

fn a_client_in_python<C: Concurrency + Default>() {
    let server = run(Server::<Tcp, C, UpperLines>::builder(), "127.0.0.1:0");
    let script = "
import socket, sys
client = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20)
rfile, wfile = client.makefile('rb'), client.makefile('wb', 0)
for line in (b'hello\\n', b'\\n', b'x' * 70000 + b'\\n'):
    wfile.write(line)
    print(rfile.readline() == line.upper())
wfile.write(b'the last one')
client.shutdown(socket.SHUT_WR)
print(rfile.read())
";
    let port = server.address().port().expect("a port").to_string();
    let Some(client) = python(script, &[&port]) else {
        return;
    };
    let (status, said, errors) = client.wait();
    assert!(status.success(), "{errors}");
    assert_eq!(said, "True\nTrue\nTrue\nb'THE LAST ONE\\n'\n");
}

matrix!(
    columns: rbufsize_is_how_much_is_taken_from_the_socket,
    wbufsize_is_how_much_waits_to_be_sent,
    nagles_algorithm_can_be_disabled,
    a_client_in_python,
);
