//! Sending a file.

use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl, sendfile};
use rustix::io::pread;

use super::handle::{Shared, Socket};
use crate::sys;
use crate::wait::{Interest, Part, Patience};

/// How much goes at once, so that green threads may yield in between: less takes longer. Of copies,
/// less does.
const PART: u64 = 2 << 20;
const COPY: u64 = 64 << 10;

pub(super) type Piece<'a> = (BorrowedFd<'a>, Range<u64>);

impl Socket {
    /// Sends `count` bytes of a file from `offset` on, or all to its end. Returns how many: fewer
    /// than `count` only where the file ends. The file's own position is neither used nor moved.
    ///
    /// The system sends them from its cache; under a layer they are read first. A slow disk blocks
    /// the thread, also below green threads. The bytes of one call stay together, as those of
    /// [`sendall`](Self::sendall) do, but the timeout is for each part that goes.
    ///
    /// # Errors
    /// As [`sendall`](Self::sendall), and the file's.
    ///
    /// Python: `socket.sendfile`
    pub fn sendfile(&self, file: impl AsFd, offset: u64, count: Option<u64>) -> io::Result<u64> {
        let (descriptor, file) = (&self.open()?.descriptor, file.as_fd());
        let _turn = descriptor.take_turn(descriptor.patience(Interest::Write))?;
        let mut left = offset..count.map_or(u64::MAX, |count| offset.saturating_add(count));
        while !left.is_empty() {
            match self.0.send_some((file, left.clone()), descriptor.patience(Interest::Write))? {
                0 => break,
                sent => left.start += sent as u64,
            }
        }
        Ok(left.start - offset)
    }
}

impl Shared {
    fn send_some(&self, (file, piece): Piece<'_>, patience: Patience) -> io::Result<usize> {
        if let Some(sent) = self.send_pages_if_possible((file, piece.clone()), patience) {
            return sent;
        }
        let read = read_some((file, piece))?;
        self.send_whole(&read, patience).map(|()| read.len())
    }

    /// `None` if the bytes must be read first.
    pub(super) fn send_pages_if_possible(
        &self,
        piece: Piece<'_>,
        patience: Patience,
    ) -> Option<io::Result<usize>> {
        // Nothing keeps the system's call from raising a signal where `send` would not.
        if self.layer().is_some() || !sys::ignores_broken_pipes() {
            return None;
        }
        match self.send_pages(piece, patience) {
            // Some of the system's own files can be read, but not sent.
            Err(error) if error.kind() == ErrorKind::InvalidInput => None,
            sent => Some(sent),
        }
    }

    fn send_pages(&self, (file, mut piece): Piece<'_>, patience: Patience) -> io::Result<usize> {
        let (fd, count) = (self.descriptor.fd.as_fd(), (piece.end - piece.start).min(PART));
        let (mode, time) = (fcntl_getfl(fd)?, (patience, Part::First));
        let sent = self.descriptor.until_ready_within(time, Interest::Write, |may_block| {
            // The call has no flag for this. Meanwhile other operations wait as this one does.
            fcntl_setfl(fd, if may_block { mode } else { mode | OFlags::NONBLOCK })?;
            sendfile(fd, file, Some(&mut piece.start), count as usize)
        });
        fcntl_setfl(fd, mode).map_err(io::Error::from).and(sent)
    }
}

pub(super) fn read_some((file, piece): Piece<'_>) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; (piece.end - piece.start).min(COPY) as usize];
    let read = pread(file, &mut buffer[..], piece.start)?;
    buffer.truncate(read);
    Ok(buffer)
}
