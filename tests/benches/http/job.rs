//! What clients ask for.

use serde::{Deserialize, Serialize};

/// The body of [`Job::Hello`].
pub(crate) const HELLO: &str = "Hello, world!\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    /// A short text.
    Hello,
    /// A file of 1 KiB.
    File1K,
    /// A file of 1 GiB.
    File1G,
    /// The listing of 100,000 names.
    Listing,
    /// Nothing: the request's head does not end.
    HalfHead,
}

impl Job {
    pub(crate) const USUAL: Self = Job::Hello;

    /// Whether the server's handler waits for another peer than its client.
    pub(crate) fn sleeps(self) -> bool {
        false
    }

    /// Whether the server answers it.
    pub(crate) fn is_answered(self) -> bool {
        self != Job::HalfHead
    }

    /// What a client sends.
    pub(crate) fn request(self) -> Vec<u8> {
        let path = match self {
            Job::Hello | Job::HalfHead => "/hello",
            Job::File1K => "/1k",
            Job::File1G => "/1g",
            Job::Listing => "/names/",
        };
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        if self != Job::HalfHead {
            request.push_str("\r\n");
        }
        request.into_bytes()
    }

    /// How long the reply's body is, if that is known.
    pub(crate) fn length(self) -> Option<u64> {
        match self {
            Job::Hello | Job::HalfHead => Some(HELLO.len() as u64),
            Job::File1K => Some(1 << 10),
            Job::File1G => Some(1 << 30),
            Job::Listing => None,
        }
    }
}
