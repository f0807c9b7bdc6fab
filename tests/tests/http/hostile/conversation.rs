//! A client that sends a case, and describes the replies.

use tests::prelude::*;

use super::case::{Case, Then};
use crate::replies::{Replies, Reply, Unread};

/// How a case is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    Whole,
    /// A byte in each segment, or some in each of a case of many.
    Bytes,
}

/// The largest case of which each byte is a segment.
const SMALL: usize = 4_096;

const PROBE: &str = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Sends a case to a server, and describes the replies, in the words of [`Case`]. `expected` decides
/// how long the client listens.
pub(crate) fn converse(address: &Address, case: &Case, pieces: Pieces, expected: &str) -> String {
    let mut replies = Replies::new(Client::stream(address));
    send(&mut replies.client, &case.bytes, pieces);
    match case.then {
        Then::End => replies.client.end(),
        Then::Reset => {
            replies.client.reset();
            return "reset".to_owned();
        }
        Then::Listen | Then::Continue(_) => {}
    }
    let mut seen = Vec::new();
    if expected.starts_with("waits") {
        seen.push("waits".to_owned());
        replies.client.end();
    }
    loop {
        let is_open = |alternative: &str| alternative == seen.join("; ");
        if !seen.is_empty() && seen != ["waits"] && expected.split(" or ").any(is_open) {
            return seen.join("; ") + probe(&mut replies);
        }
        match replies.next(false) {
            Ok(Some(reply)) => {
                seen.push(tell(&reply));
                if let (100, Then::Continue(body)) = (reply.status, case.then) {
                    replies.client.try_send(body);
                }
            }
            Ok(None) if seen == ["waits"] => return seen.remove(0),
            Ok(None) => return seen.join("; ") + "!",
            Err(Unread::Silence) => {
                seen.push("silence".to_owned());
                return seen.join("; ");
            }
            Err(Unread::Bare) => {
                seen.push("bare".to_owned());
                replies.rest();
                return seen.join("; ");
            }
            Err(error) => {
                seen.push(format!("{error:?}"));
                return seen.join("; ");
            }
        }
    }
}

fn send(client: &mut Client, bytes: &[u8], pieces: Pieces) {
    match pieces {
        Pieces::Whole => client.try_send(bytes),
        Pieces::Bytes => {
            client.tcp().set_nodelay(true).expect("an option");
            let size = if bytes.len() <= SMALL { 1 } else { bytes.len() / SMALL };
            for piece in bytes.chunks(size) {
                if client.write_all(piece).is_err() {
                    // The server has closed, and what it has said before is what matters.
                    return;
                }
            }
        }
    }
}

/// Whether the connection is open: then another request is answered.
fn probe(replies: &mut Replies) -> &'static str {
    replies.client.try_send(PROBE);
    match replies.next(false) {
        Ok(None) => "!",
        Ok(Some(reply)) if reply.status == 404 || reply.text().starts_with("GET /probe") => {
            match replies.next(false) {
                Ok(None) => "",
                _ => ", and too much",
            }
        }
        _ => ", and no answer to another request",
    }
}

/// A reply in the words of [`Case`].
fn tell(reply: &Reply) -> String {
    let mut said = vec![reply.status.to_string()];
    if reply.field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive")) {
        said.push("(keep-alive)".to_owned());
    }
    said.extend(
        ["Location", "Content-Range"]
            .iter()
            .filter_map(|name| reply.field(name).map(str::to_owned)),
    );
    let form = reply.field("Content-Type").unwrap_or_default();
    if form.starts_with("multipart/byteranges") {
        said.push("multipart".to_owned());
    } else if (200..300).contains(&reply.status) && !form.starts_with("text/html") {
        said.push(reply.text().trim_end().to_owned());
    }
    said.retain(|part| !part.is_empty());
    said.join(" ")
}
