//! The messages, and the work that they ask a server for.

use std::hint::black_box;

use serde::{Deserialize, Serialize};
use tests::prelude::*;

/// How long [`Job::Sleep`] takes.
pub(crate) const NAP: Duration = Duration::from_millis(10);

/// About 5 ms on a core of 2020.
const STEPS: u32 = 2_500_000;

/// What a server does before it sends a message back: the message's first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    Echo,
    /// Waits for 10 ms, like a handler that asks a database.
    Sleep,
    Compute,
}

impl Job {
    pub(crate) const USUAL: Self = Job::Echo;

    /// Whether the server's handler waits for another peer than its client.
    pub(crate) fn sleeps(self) -> bool {
        self == Job::Sleep
    }

    /// Whether the server answers it.
    pub(crate) fn is_answered(self) -> bool {
        true
    }

    /// What a message asks for.
    pub(crate) fn of(message: &[u8]) -> Self {
        match message.first() {
            Some(b's') => Job::Sleep,
            Some(b'c') => Job::Compute,
            _ => Job::Echo,
        }
    }

    pub(crate) fn message(self) -> [u8; 64] {
        let mut message = *b".cho and sleep and compute: the quick brown fox, over lazy dogs.";
        message[0] = match self {
            Job::Echo => b'e',
            Job::Sleep => b's',
            Job::Compute => b'c',
        };
        message
    }
}

/// Does what a message asks for, in code that may block.
#[inline]
pub(crate) fn work(message: &[u8], sleep: fn(Duration)) {
    match Job::of(message) {
        Job::Echo => {}
        Job::Sleep => sleep(NAP),
        Job::Compute => compute(),
    }
}

/// The same work in every language: steps of a small random number generator.
pub(crate) fn compute() {
    let mut number: u32 = black_box(2_463_534_242);
    for _ in 0..STEPS {
        number ^= number << 13;
        number ^= number >> 17;
        number ^= number << 5;
    }
    black_box(number);
}
