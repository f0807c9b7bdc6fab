//! The requests of one connection, to a server that says what it has seen.

use std::sync::Arc;

use crate::connection::converse;
use crate::echo::{Echo, seen};
use crate::replies::{FIELDS, Reply, body, replies, text};
use httparse::{EMPTY_HEADER, Error, Request, Status};

/// Sends the bytes at once, and byte by byte, and reads the replies.
///
/// # Panics
/// If the two differ, or if a reply answers another request than the one that was sent.
pub fn check_requests(bytes: &[u8]) {
    let [whole, bytewise] = [usize::MAX, 1].map(|piece| {
        let received = converse::<Echo, ()>(&Arc::new(()), bytes, piece);
        replies(&received)
    });
    let answers = |replies: &[Reply]| {
        let answers = replies.iter().map(|reply| (reply.status, shown(reply)));
        answers.collect::<Vec<_>>()
    };
    assert_eq!(answers(&whole), answers(&bytewise), "byte by byte");
    check_seen(bytes, &whole);
}

/// The body, unless it is an error page: that may quote the part of a line that has come.
fn shown(reply: &Reply) -> String {
    let body = if reply.status == 200 { &reply.body[..] } else { b"" };
    body.escape_ascii().to_string()
}

/// Compares with another parser of heads and bodies, request by request.
fn check_seen(mut sent: &[u8], replies: &[Reply]) {
    for (number, reply) in replies.iter().enumerate() {
        if reply.status != 200 {
            assert_eq!(number + 1, replies.len(), "a reply after an error");
            return;
        }
        while let [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] = sent {
            sent = rest;
        }
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut head = Request::new(&mut fields);
        let length = match head.parse(sent) {
            Ok(Status::Complete(length)) => length,
            // It knows no HTTP/1.2, and no target beyond ASCII that is not UTF-8.
            Err(Error::Version) => return,
            Err(Error::Token) if !sent.is_ascii() => return,
            other => panic!("{other:?} of {}", sent.escape_ascii()),
        };
        let (body, taken) = body(head.headers, &sent[length..]).expect("a whole body");
        let end = reply.body.iter().position(|byte| *byte == b'\n').expect("a path");
        let (path, rest) = (&reply.body[..end], &reply.body[end + 1..]);
        let command = head.method.expect("a method");
        let expected = seen(command, &text(head.headers), &body);
        assert_eq!(rest.escape_ascii().to_string(), expected.escape_ascii().to_string());
        let target = head.path.expect("a target");
        if target.starts_with('/') && target.is_ascii() {
            assert_eq!(*path, *format!("/{}", target.trim_start_matches('/')).as_bytes());
        }
        sent = &sent[length + taken..];
    }
}
