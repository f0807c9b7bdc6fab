//! What is to be done when a request cannot be taken.

use std::fs::File;
use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::sync::Instant;

/// Whose fault a failed `get_request` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AcceptError {
    /// Nobody's: there was no request after all.
    Nothing,
    /// One connection's, which is gone; the next may be there already.
    Connection,
    /// The machine's, which has no descriptor left: trying again at once would only burn its time.
    Descriptors,
    /// The machine's, which has run out of something else.
    Resources,
    /// The listener's: it will never work again.
    Listener,
}

impl AcceptError {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::AGAIN | Errno::INTR) => AcceptError::Nothing,
            Some(Errno::MFILE | Errno::NFILE) => AcceptError::Descriptors,
            Some(Errno::NOBUFS | Errno::NOMEM) => AcceptError::Resources,
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT) => {
                AcceptError::Listener
            }
            Some(_) => AcceptError::Connection,
            // A transport of the user's own may speak in kinds.
            None => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => AcceptError::Nothing,
                _ => AcceptError::Connection,
            },
        }
    }
}

/// How long the loop leaves the listener alone when the machine has run out of something: 5 ms,
/// doubling to 1 s.
#[derive(Debug)]
pub(super) struct Backoff {
    delay: Duration,
    /// How many connections in a row could not be taken.
    stumbles: u32,
    until: Option<Instant>,
    reported: Option<Instant>,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_secs(1);
    const STUMBLES: u32 = 64;

    pub(super) fn new() -> Self {
        Backoff {
            delay: Self::FIRST,
            stumbles: 0,
            until: None,
            reported: None,
        }
    }

    /// A request was taken: all is well again.
    pub(super) fn succeeded(&mut self) {
        *self = Backoff {
            reported: self.reported,
            ..Self::new()
        };
    }

    /// A connection could not be taken. One is nothing; many in a row are the machine's trouble all
    /// the same.
    pub(super) fn stumbled(&mut self, error: &io::Error) {
        log::debug!(target: "socketserver::server", "a request could not be taken: {error}");
        self.stumbles += 1;
        if self.stumbles >= Self::STUMBLES {
            self.failed(error);
        }
    }

    /// Leaves the listener alone for a while.
    pub(super) fn failed(&mut self, error: &io::Error) {
        self.report("cannot take requests", error);
        self.until = Some(Instant::now() + self.delay);
        self.delay = (self.delay * 2).min(Self::LONGEST);
    }

    /// A request was taken only to be refused. The next one can be, too.
    pub(super) fn turned_away(&mut self, error: &io::Error) {
        self.report("requests are turned away", error);
    }

    /// A line in the log, at most once a second.
    fn report(&mut self, what: &str, error: &io::Error) {
        let now = Instant::now();
        if self
            .reported
            .is_none_or(|reported| now - reported >= Duration::from_secs(1))
        {
            log::warn!(target: "socketserver::server", "{what}: {error}");
            self.reported = Some(now);
        }
    }

    /// Until when the listener is to be left alone, if it still is.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.filter(|until| Instant::now() < *until)
    }
}

/// A descriptor that is kept back: with it a connection can be accepted when there is no other, if
/// only to be closed.
#[derive(Debug)]
pub(super) struct Reserve(Option<File>);

impl Reserve {
    /// # Errors
    /// No descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Reserve(Some(Self::spare()?)))
    }

    fn spare() -> io::Result<File> {
        File::open("/dev/null")
    }

    /// Lets go of it. Tells whether it was there: another thread may have got the last one.
    pub(super) fn give(&mut self) -> bool {
        self.refill();
        self.0.take().is_some()
    }

    /// Keeps one back again, as soon as there is one.
    pub(super) fn refill(&mut self) {
        if self.0.is_none() {
            self.0 = Self::spare().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_by_whose_it_is() {
        let of = |errno: Errno| AcceptError::of(&errno.into());
        assert_eq!(of(Errno::AGAIN), AcceptError::Nothing);
        for errno in [
            Errno::CONNABORTED,
            Errno::PROTO,
            Errno::NETDOWN,
            Errno::PERM,
            Errno::TIMEDOUT,
            Errno::OPNOTSUPP,
        ] {
            assert_eq!(of(errno), AcceptError::Connection, "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE] {
            assert_eq!(of(errno), AcceptError::Descriptors, "{errno}");
        }
        for errno in [Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(of(errno), AcceptError::Resources, "{errno}");
        }
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::FAULT] {
            assert_eq!(of(errno), AcceptError::Listener, "{errno}");
        }
        assert_eq!(
            AcceptError::of(&io::Error::other("handshake")),
            AcceptError::Connection
        );
    }

    #[test]
    fn the_delay_doubles_up_to_a_second_and_starts_anew_after_a_success() {
        let mut backoff = Backoff::new();
        for _ in 0..12 {
            backoff.failed(&Errno::MFILE.into());
        }
        assert_eq!(backoff.delay, Duration::from_secs(1));
        assert!(backoff.until().is_some());
        backoff.succeeded();
        assert_eq!((backoff.delay, backoff.until()), (Backoff::FIRST, None));
    }
}
