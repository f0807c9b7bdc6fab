//! `rfile` and `wfile`. Data is read once and in order, in whatever pieces it arrives, also when a
//! read has to be tried again. `wfile` sends its data when it should.

use std::os::unix::net::UnixDatagram;

use proptest::collection::vec;
use proptest::prelude::*;
use tests::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Arrive(Vec<u8>),
    ReadLine(usize),
    ReadUntil(u8),
    Read(usize),
    ReadUpTo(usize),
    ReadExact(usize),
    /// Looks at what there is, and takes at most this many bytes of it.
    Consume(usize),
}

/// Few different bytes, so that ends of lines are in all places.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(b'x'), 1 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => vec(byte(), 1..40).prop_map(Step::Arrive),
        4 => (0..50_usize).prop_map(Step::ReadLine),
        1 => Just(Step::ReadLine(usize::MAX)),
        1 => byte().prop_map(Step::ReadUntil),
        1 => (0..50_usize).prop_map(Step::Read),
        1 => (0..50_usize).prop_map(Step::ReadUpTo),
        1 => (0..50_usize).prop_map(Step::ReadExact),
        1 => (0..50_usize).prop_map(Step::Consume),
    ]
}

/// What has arrived and was not read.
#[derive(Default)]
struct Expected {
    unread: Vec<u8>,
    ended: bool,
}

impl Expected {
    /// What a read up to a delimiter must give; `None` where it must wait for more.
    fn until(&mut self, delimiter: u8, limit: usize) -> Option<Vec<u8>> {
        let within = &self.unread[..self.unread.len().min(limit)];
        let count = match within.iter().position(|&byte| byte == delimiter) {
            Some(place) => place + 1,
            None if within.len() == limit || self.ended => within.len(),
            None => return None,
        };
        Some(self.unread.drain(..count).collect())
    }

    /// The result of a read of exactly `count` bytes, or of the rest at the end.
    fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        let there = self.unread.len().min(count);
        (there == count || self.ended).then(|| self.unread.drain(..there).collect())
    }

    /// That a read of what there is gave a beginning of it, if there is anything.
    fn began_with(&mut self, given: Option<&[u8]>, wanted: usize) {
        match given {
            None => assert!(self.unread.is_empty() && !self.ended),
            Some(data) => {
                let nothing_to_give = self.unread.is_empty() || wanted == 0;
                assert_eq!(data.is_empty(), nothing_to_give);
                let read: Vec<_> = self.unread.drain(..data.len()).collect();
                assert_eq!(data, read);
            }
        }
    }
}

/// `None` where it would have to wait.
fn now<T>(result: std::io::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            None
        }
    }
}

fn read(rfile: &mut SocketReader, expected: &mut Expected, step: &Step) {
    match *step {
        Step::Arrive(_) => {}
        Step::ReadLine(limit) => {
            assert_eq!(now(rfile.readline(limit)), expected.until(b'\n', limit));
        }
        Step::ReadUntil(byte) => {
            let mut data = Vec::new();
            let read = now(rfile.read_until(byte, &mut data)).map(|_| data);
            assert_eq!(read, expected.until(byte, usize::MAX));
        }
        Step::Read(size) => {
            let mut data = vec![0; size];
            let read = now(rfile.read(&mut data)).map(|count| &data[..count]);
            // Nothing is read without a wait.
            assert!(size > 0 || read.is_some());
            expected.began_with(read, size);
        }
        Step::ReadUpTo(size) => {
            assert_eq!(now(rfile.read_up_to(size)), expected.exactly(size));
        }
        Step::ReadExact(size) => {
            let mut data = vec![0; size];
            match rfile.read_exact(&mut data) {
                // The bytes that are too few stay where they are.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    assert!(expected.ended && expected.unread.len() < size);
                }
                read => assert_eq!(now(read).map(|()| data), expected.exactly(size)),
            }
        }
        Step::Consume(size) => {
            let held = now(rfile.fill_buf()).map(<[u8]>::to_vec);
            expected.began_with(held.as_ref().map(|held| &held[..held.len().min(size)]), size);
            rfile.consume(held.map_or(0, |held| held.len().min(size)));
        }
    }
}

proptest! {
    #[test]
    fn everything_is_read_once_and_in_order(
        rbufsize in prop_oneof![Just(-1), 0..20_isize],
        steps in vec(step(), 0..30),
    ) {
        let (socket, mut other) = unix_pair();
        socket.settimeout(Some(Duration::ZERO)).expect("a timeout");
        let (mut rfile, _) = socket.makefile(rbufsize, 0);
        let mut expected = Expected::default();
        for step in &steps {
            if let Step::Arrive(piece) = step {
                other.write_all(piece).expect("there is room");
                expected.unread.extend(piece);
            }
            read(&mut rfile, &mut expected, step);
        }
        other.shutdown(Shutdown::Write).expect("shutdown");
        expected.ended = true;
        for step in &steps {
            read(&mut rfile, &mut expected, step);
        }
        read(&mut rfile, &mut expected, &Step::ReadUntil(b'\n'));
    }
}

#[test]
fn lines_are_text_within_a_limit() {
    let lines = |data: &[u8]| {
        let (socket, mut other) = unix_pair();
        other.write_all(data).expect("there is room");
        other.shutdown(Shutdown::Write).expect("shutdown");
        let (mut rfile, _) = socket.makefile(-1, 0);
        let lines = rfile.lines_up_to(4).take(9);
        let lines = lines.map(|line| line.map_err(|error| error.kind()));
        lines.collect::<Vec<_>>()
    };
    let invalid = Err(ErrorKind::InvalidData);
    let text = |text: &str| Ok(text.to_owned());
    for (data, expected) in [
        (&b""[..], vec![]),
        (b"one\n\ntwo", vec![text("one"), text(""), text("two")]),
        (b"four\r\n\r\r\n", vec![text("four"), text("\r")]),
        (b"1\n23456\n7\n", vec![text("1"), invalid.clone()]),
        (b"1\n2345678", vec![text("1"), invalid.clone()]),
        (b"\xff\n1\n", vec![invalid]),
    ] {
        assert_eq!(lines(data), expected, "{data:?}");
    }
}

#[test]
fn an_unbuffered_reader_takes_one_byte_ahead() {
    let (socket, mut other) = tcp_pair();
    let (mut rfile, _) = socket.makefile(0, 0);
    other.write_all(b"+-abcdefgh").expect("write");
    assert_eq!(rfile.read_up_to(2).expect("two bytes"), b"+-");
    assert_eq!(socket.recv(1).expect("recv"), b"a");
    rfile.read_exact(&mut [0; 2]).expect("two bytes");
    assert_eq!(rfile.fill_buf().expect("one more"), b"d");
    assert_eq!(socket.recv(100).expect("recv"), b"efgh");
}

/// Each datagram here is one call.
#[test]
fn formatted_text_leaves_in_one_piece() {
    let (socket, other) = UnixDatagram::pair().expect("a pair");
    let mut socket = Socket::from(socket);
    let (_, mut wfile) = socket.makefile(-1, 0);
    write!(wfile, "{}, {:?}; ", 1, "two").expect("write");
    writeln!(wfile, "three").expect("write");
    wfile.write_all(b"four").expect("write");
    write!(socket, "text-{:03}!", 7).expect("send");
    let mut buffer = [0; 100];
    for expected in ["1, \"two\"; ", "three\n", "four", "text-007!"] {
        let length = other.recv(&mut buffer).expect("recv");
        assert_eq!(&buffer[..length], expected.as_bytes());
    }
}

#[test]
fn a_dropped_writer_sends_the_rest() {
    let (one, other) = socketpair(SocketKind::Stream).expect("a pair");
    let (_, mut wfile) = one.makefile(-1, -1);
    wfile.write_all(b"the rest").expect("write");
    other.setblocking(false).expect("setblocking");
    other.recv(100).expect_err("it is still in the buffer");
    drop(wfile);
    assert_eq!(other.recv(100).expect("recv"), b"the rest");
}

#[test]
fn buffers_and_reads_may_have_any_size() {
    for bufsize in [isize::MIN, -1, 0, 4, isize::MAX] {
        let (socket, mut other) = unix_pair();
        let (mut rfile, mut wfile) = socket.makefile(bufsize, bufsize);
        wfile.write_all(b"hello").expect("write");
        wfile.flush().expect("flush");
        let mut sent = [0; 5];
        other.read_exact(&mut sent).expect("read");
        assert_eq!(&sent, b"hello");
        let large = vec![b'x'; 100_000];
        let writer = thread::spawn(move || other.write_all(&large));
        assert_eq!(rfile.read_up_to(99_999).expect("many"), [b'x'; 99_999]);
        writer.join().expect("no panic").expect("write");
        // At the end of the stream there are fewer, and then none.
        assert_eq!(rfile.read_up_to(usize::MAX).expect("one"), b"x");
        assert_eq!(rfile.read_up_to(1).expect("the end"), b"");
    }
}

#[test]
fn reads_resume_after_a_timeout() {
    let (socket, mut other) = unix_pair();
    let soon = Some(Duration::from_millis(20));
    socket.settimeout(soon).expect("a timeout");
    let (mut rfile, _) = socket.makefile(-1, 0);
    other.write_all(b"first\nsec").expect("write");
    let next = |rfile: &mut SocketReader| rfile.lines().next().expect("not the end");
    assert_eq!(next(&mut rfile).expect("a line"), "first");
    assert_eq!(error_kind(next(&mut rfile)), ErrorKind::TimedOut);
    other.write_all(b"ond\nthird\n").expect("write");
    assert_eq!(next(&mut rfile).expect("a line"), "second");
    assert_eq!(next(&mut rfile).expect("a line"), "third");
    // So does one iterator.
    other.write_all(b"in ").expect("write");
    let mut lines = rfile.lines_up_to(100);
    assert_eq!(error_kind(lines.next().expect("an item")), ErrorKind::TimedOut);
    other.write_all(b"pieces\n").expect("write");
    assert_eq!(lines.next().expect("an item").expect("a line"), "in pieces");
}

#[test]
fn read_exact_takes_more_than_its_buffer() {
    let (one, mut other) = tcp_pair();
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let sent = data.clone();
    let sending = thread::spawn(move || other.write_all(&sent));
    let mut received = vec![0; data.len()];
    one.makefile(-1, 0).0.read_exact(&mut received).expect("all of it");
    assert!(received == data);
    sending.join().expect("no panic").expect("send");
}

#[test]
fn detach_refuses_to_lose_bytes_read_ahead() {
    let (one, mut other) = tcp_pair();
    let (mut rfile, _) = one.makefile(-1, 0);
    other.write_all(b"cat\nhello").expect("send");
    assert_eq!(rfile.readline(100).expect("a line"), b"cat\n");
    assert_eq!(error_kind(one.detach()), ErrorKind::InvalidInput);
    assert_eq!(rfile.read_up_to(5).expect("the rest"), b"hello");
    let detached = Socket::from(one.detach().expect("nothing is unread"));
    other.write_all(b"more").expect("send");
    assert_eq!(detached.recv(10).expect("recv"), b"more");
}
