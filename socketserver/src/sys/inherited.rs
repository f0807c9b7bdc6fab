//! Descriptors that the parent process left open for this program.

use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// The descriptors `from..from + count`, as this program's own. They close on exec from now on.
///
/// # Errors
/// For a descriptor that is not open, and for one that closes on exec. The latter did not come
/// through the exec that started this program, so it belongs to other code. Then none is taken.
#[allow(unsafe_code)]
pub(crate) fn take(from: RawFd, count: RawFd) -> io::Result<Vec<OwnedFd>> {
    let all = from..from.saturating_add(count);
    for fd in all.clone() {
        // SAFETY: the number is borrowed for this call alone, which fails if it is not open and
        // changes nothing. It is not -1, because callers begin at a positive number.
        let flags = fcntl_getfd(unsafe { BorrowedFd::borrow_raw(fd) });
        let flags = flags.map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("descriptor {fd}: {error}"))
        })?;
        if flags.contains(FdFlags::CLOEXEC) {
            let text = format!("descriptor {fd} belongs to this program already");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
    }
    let own = all.map(|fd| {
        // SAFETY: the descriptor is open and came through exec, as only those without the flag do
        // that was just asked for: Rust's own descriptors have it. Its parent left it to the
        // program that the environment names, which is this one. It has the flag from here on, so
        // it is not taken a second time.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
        Ok(fd)
    });
    own.collect()
}
