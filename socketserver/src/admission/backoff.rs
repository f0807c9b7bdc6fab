//! What to do when a request cannot be accepted.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use crate::address::Address;
use crate::sync::Instant;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::admission";

/// Where the fault lies when `get_request` fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// Nowhere: there was no request after all.
    Nothing,
    /// In one connection, which is gone. The next may be there already.
    Connection,
    /// In the process or the machine, which has no descriptor left: to try again at once would
    /// waste time.
    Descriptors,
    /// In the machine, which has run out of something else.
    Resources,
    /// In the listener: it will never work again.
    Listener,
}

impl AcceptError {
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::AGAIN | Errno::INTR) => AcceptError::Nothing,
            Some(Errno::MFILE | Errno::NFILE) => AcceptError::Descriptors,
            Some(Errno::NOBUFS | Errno::NOMEM) => AcceptError::Resources,
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::FAULT) => {
                AcceptError::Listener
            }
            Some(_) => AcceptError::Connection,
            // A transport of the user's own may return kinds.
            None => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => AcceptError::Nothing,
                _ => AcceptError::Connection,
            },
        }
    }
}

/// How long the loop leaves the listener alone when the machine has run out of something: 5 ms,
/// then twice as long each time, up to 1 s.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// The server's, for the log.
    address: Address,
    delay: Duration,
    /// How many connections in a row could not be accepted.
    stumbles: u32,
    until: Option<Instant>,
    reported: Option<Instant>,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_secs(1);
    const STUMBLES: u32 = 64;

    pub(crate) fn new(address: Address) -> Self {
        Backoff { address, delay: Self::FIRST, stumbles: 0, until: None, reported: None }
    }

    /// A request was accepted: all is well again.
    pub(crate) fn succeeded(&mut self) {
        (self.delay, self.stumbles, self.until) = (Self::FIRST, 0, None);
    }

    /// A connection could not be accepted. After 64 in a row this counts as a lack of resources.
    pub(crate) fn stumbled(&mut self, error: &io::Error) {
        let address = &self.address;
        log::debug!(target: TARGET, "cannot accept a request of {address} ({error}): going on with the next");
        self.stumbles += 1;
        if self.stumbles >= Self::STUMBLES {
            self.failed(error);
        }
    }

    /// Leaves the listener alone for a while.
    pub(crate) fn failed(&mut self, error: &io::Error) {
        self.report("cannot accept requests", error, "clients wait in the backlog");
        self.until = Some(Instant::now() + self.delay);
        self.delay = (self.delay * 2).min(Self::LONGEST);
    }

    /// The loop has panicked: it does nothing for a while.
    pub(crate) fn panicked(&mut self, text: &str) {
        self.until = Some(Instant::now() + self.delay);
        self.delay = (self.delay * 2).min(Self::LONGEST);
        let address = &self.address;
        log::error!(target: TARGET, "the loop of {address} panicked ({text}): going on after a pause");
    }

    /// A request was accepted with the reserve descriptor, and refused. The next will be refused
    /// too.
    pub(crate) fn refused(&mut self, error: &io::Error) {
        self.report("cannot serve requests", error, "clients are refused");
    }

    /// A line in the log, at most once a second.
    fn report(&mut self, what: &str, error: &io::Error, consequence: &str) {
        let now = Instant::now();
        if self.reported.is_none_or(|reported| now - reported >= Duration::from_secs(1)) {
            let address = &self.address;
            log::warn!(target: TARGET, "{what} of {address} ({error}): {consequence}");
            self.reported = Some(now);
        }
    }

    /// Until when the loop leaves the listener alone, if it still does.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until.filter(|until| Instant::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Backoff {
        Backoff::new(Address::Unnamed)
    }

    #[test]
    fn errors_are_sorted_by_fault() {
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
        assert_eq!(AcceptError::of(&io::Error::other("handshake")), AcceptError::Connection);
    }

    #[test]
    fn many_failed_connections_in_a_row_are_a_lack_of_resources() {
        let mut backoff = new();
        let failed = Errno::CONNABORTED.into();
        for _ in 1..Backoff::STUMBLES {
            backoff.stumbled(&failed);
            assert_eq!(backoff.until, None);
        }
        backoff.stumbled(&failed);
        assert!(backoff.until.is_some());
    }

    #[test]
    fn the_delay_doubles_until_a_success() {
        let mut backoff = new();
        for _ in 0..12 {
            backoff.failed(&Errno::MFILE.into());
        }
        assert_eq!(backoff.delay, Duration::from_secs(1));
        assert!(backoff.until().is_some());
        backoff.succeeded();
        assert_eq!((backoff.delay, backoff.until()), (Backoff::FIRST, None));
    }
}
