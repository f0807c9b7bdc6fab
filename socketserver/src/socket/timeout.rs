//! How long a socket's operations may wait.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::descriptor::{Descriptor, SAME};
use crate::wait::{Interest, Patience};

/// Instead of a timeout: there is none, and a blocking call ends after [`GLANCE`].
const GLANCING: u64 = u64::MAX - 1;

/// Requests that follow each other come sooner, and an idle thread that ends so late ends soon.
#[cfg(feature = "http")]
const GLANCE: Duration = Duration::from_millis(50);

const FOREVER: u32 = u32::MAX - 1;

impl Descriptor {
    #[inline]
    pub(super) fn timeout(&self, interest: Interest) -> Option<Duration> {
        if interest == Interest::Write {
            match self.send_timeout.load(Relaxed) {
                SAME => {}
                FOREVER => return None,
                milliseconds => return Some(Duration::from_millis(milliseconds.into())),
            }
        }
        match self.timeout.load(Relaxed) {
            u64::MAX | GLANCING => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    #[inline]
    pub(super) fn patience(&self, interest: Interest) -> Patience {
        Patience::of_socket(self.timeout(interest))
    }

    pub(super) fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.is_listening() {
            self.socket().set_read_timeout(of_system(timeout))?;
            self.socket().set_write_timeout(of_system(timeout))?;
        }
        self.send_timeout.store(SAME, Relaxed);
        self.store_timeout(timeout);
        Ok(())
    }

    /// Lets a call block for [`GLANCE`] at most, unless the socket has a timeout. Such a call fails
    /// with `EAGAIN` then, as any call may. Returns whether it is so now.
    #[cfg(feature = "http")]
    pub(super) fn set_glance(&self) -> bool {
        let set = || self.socket().set_read_timeout(Some(GLANCE)).is_ok();
        let timeout = self.timeout.load(Relaxed);
        let store = || self.timeout.compare_exchange(u64::MAX, GLANCING, Relaxed, Relaxed).is_ok();
        timeout == GLANCING || (timeout == u64::MAX && set() && store())
    }

    pub(super) fn set_receive_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.is_listening() {
            self.socket().set_read_timeout(of_system(timeout))?;
        }
        self.store_send_timeout(self.timeout(Interest::Write));
        self.store_timeout(timeout);
        Ok(())
    }

    pub(super) fn set_send_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.is_listening() {
            self.socket().set_write_timeout(of_system(timeout))?;
        }
        self.store_send_timeout(timeout);
        Ok(())
    }

    fn store_timeout(&self, timeout: Option<Duration>) {
        // A time too long to be counted is none.
        let nanoseconds = timeout.and_then(|timeout| u64::try_from(timeout.as_nanos()).ok());
        self.timeout.store(nanoseconds.unwrap_or(u64::MAX), Relaxed);
    }

    fn store_send_timeout(&self, timeout: Option<Duration>) {
        let milliseconds = timeout.map(|timeout| timeout.as_nanos().div_ceil(1_000_000));
        let milliseconds = milliseconds.and_then(|count| u32::try_from(count).ok());
        let milliseconds = milliseconds.map_or(FOREVER, |count| count.min(FOREVER));
        self.send_timeout.store(milliseconds, Relaxed);
    }
}

/// A timeout as the system's option takes it. Zero would mean "for ever" there, so it is left out:
/// a socket with a timeout of zero never blocks, and needs no option.
fn of_system(timeout: Option<Duration>) -> Option<Duration> {
    let timeout = timeout.filter(|timeout| !timeout.is_zero());
    timeout.map(|timeout| timeout.max(Duration::from_micros(1)))
}
