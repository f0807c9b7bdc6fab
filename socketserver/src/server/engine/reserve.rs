//! The reserve descriptor.

use std::fs::File;
use std::io;

use crate::sync::Mutex;

/// A descriptor that is kept back: with it a connection can be accepted, if only to be refused, when
/// no other is left.
#[derive(Debug)]
pub(super) struct Reserve(Mutex<Option<File>>);

impl Reserve {
    /// # Errors
    /// No descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Reserve(Mutex::new(Some(Self::open()?))))
    }

    fn open() -> io::Result<File> {
        File::open("/dev/null")
    }

    /// Closes the descriptor; dropping the result opens it again. `None` if another thread has taken
    /// it.
    pub(super) fn lend(&self) -> Option<Lent<'_>> {
        self.refill();
        self.0.lock().take().map(|_| Lent(self))
    }

    /// Keeps a descriptor back again, as soon as there is one.
    pub(super) fn refill(&self) {
        let mut reserve = self.0.lock();
        if reserve.is_none() {
            *reserve = Self::open().ok();
        }
    }
}

/// The reserve descriptor is free for a connection.
pub(super) struct Lent<'a>(&'a Reserve);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.refill();
    }
}
