//! `rfile` against what it should be: whatever arrives, in whatever pieces, is read once and in
//! order, also when a read has to be tried again.

use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use socketserver::SocketReader;
use tests::unix_pair;

#[derive(Clone, Debug)]
enum Step {
    /// A piece arrives.
    Arrive(Vec<u8>),
    ReadLine(usize),
    ReadUntil(u8),
    Read(usize),
    /// Looks at what there is, and takes at most so much of it.
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
        1 => (1..50_usize).prop_map(Step::Read),
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
            expected.began_with(read, size);
        }
        Step::Consume(size) => {
            let held = now(rfile.fill_buf()).map(<[u8]>::to_vec);
            expected.began_with(
                held.as_ref().map(|held| &held[..held.len().min(size)]),
                size,
            );
            rfile.consume(held.map_or(0, |held| held.len().min(size)));
        }
    }
}

proptest! {
    #[test]
    fn what_arrives_is_read(
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

    /// The pieces of every size make up the whole, and only the last piece of a line ends it.
    #[test]
    fn lines_are_cut_at_the_limit(
        data in vec(byte(), 0..300),
        limit in 1..70_usize,
        rbufsize in prop_oneof![Just(-1), 0..70_isize],
    ) {
        let (socket, mut other) = unix_pair();
        other.write_all(&data).expect("there is room");
        other.shutdown(Shutdown::Write).expect("shutdown");
        let (mut rfile, _) = socket.makefile(rbufsize, 0);
        let mut pieces = Vec::new();
        loop {
            let piece = rfile.readline(limit).expect("readline");
            if piece.is_empty() {
                break;
            }
            pieces.push(piece);
        }
        let expected: Vec<_> = data
            .split_inclusive(|&byte| byte == b'\n')
            .flat_map(|line| line.chunks(limit))
            .collect();
        prop_assert_eq!(pieces, expected);
    }
}
