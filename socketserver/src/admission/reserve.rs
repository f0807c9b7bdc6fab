//! The reserve descriptor.

use std::io;
use std::os::unix::net::UnixDatagram;

use crate::sync::Mutex;

/// A descriptor that is kept back: with it a connection can be accepted, if only to be refused,
/// when no other is left.
#[derive(Debug)]
pub(crate) struct Reserve(Mutex<Option<UnixDatagram>>);

impl Reserve {
    /// # Errors
    /// No descriptors left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Reserve(Mutex::new(Some(Self::open()?))))
    }

    /// A socket and not a file, because the program may have changed its root folder since `bind`,
    /// and then could not open the file again.
    fn open() -> io::Result<UnixDatagram> {
        UnixDatagram::unbound()
    }

    /// Closes the descriptor; dropping the result opens it again. `None` if another thread has
    /// taken it.
    pub(crate) fn lend(&self) -> Option<Lent<'_>> {
        self.refill();
        self.0.lock().take().map(|_| Lent(self))
    }

    /// Keeps a descriptor back again, as soon as there is one.
    pub(crate) fn refill(&self) {
        let mut reserve = self.0.lock();
        if reserve.is_none() {
            *reserve = Self::open().ok();
        }
    }
}

/// The reserve descriptor is free for a connection.
pub(crate) struct Lent<'a>(&'a Reserve);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.refill();
    }
}
