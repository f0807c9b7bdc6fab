//! The base class's part of a stream handler: its options, its files, and the last flush.

use std::io::{self, Write};
use std::time::Duration;

use crate::file::{SocketReader, SocketWriter};
use crate::socket::{Socket, SocketOption};

/// Python's class attributes of a stream handler.
///
/// Python: `StreamRequestHandler.rbufsize`, `wbufsize`, `timeout`, `disable_nagle_algorithm`
#[derive(Clone, Copy, Debug)]
pub struct StreamOptions {
    /// Bytes; -1 is the usual buffer, 0 none.
    pub rbufsize: isize,
    /// Bytes; -1 is the usual buffer, 0 none.
    pub wbufsize: isize,
    /// Of every operation on the connection.
    pub timeout: Option<Duration>,
    /// Small writes leave at once.
    pub disable_nagle_algorithm: bool,
}

impl StreamOptions {
    /// What a handler without options has.
    pub const DEFAULT: StreamOptions =
        StreamOptions { rbufsize: -1, wbufsize: 0, timeout: None, disable_nagle_algorithm: false };
}

/// `rfile` and `wfile`.
#[derive(Debug)]
pub struct StreamFiles {
    /// To read from.
    pub rfile: SocketReader,
    /// To write to.
    pub wfile: SocketWriter,
}

impl StreamFiles {
    /// Python: `StreamRequestHandler.setup`
    pub fn open(request: &Socket, options: &StreamOptions) -> io::Result<Self> {
        configure(request, options)?;
        let (rfile, wfile) = request.makefile(options.rbufsize, options.wbufsize);
        Ok(StreamFiles { rfile, wfile })
    }
}

/// The options that are the socket's, for a handler without files.
pub fn configure(request: &Socket, options: &StreamOptions) -> io::Result<()> {
    if options.timeout.is_some() {
        request.settimeout(options.timeout)?;
    }
    if options.disable_nagle_algorithm {
        match request.try_set(SocketOption::NoDelay(true)) {
            // There is no such algorithm on a Unix socket, so it is disabled already.
            Err(error) if is_unsupported(&error) => {}
            result => result?,
        }
    }
    Ok(())
}

fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::OPNOTSUPP | Errno::NOPROTOOPT))
}

/// Sends the bytes left in `wfile`. It is no error if the peer has gone.
///
/// Python: `StreamRequestHandler.finish`
pub fn flush(wfile: &mut SocketWriter) {
    if let Err(error) = wfile.flush() {
        log::debug!(target: super::TARGET, "cannot send the end of a reply ({error}): dropping it");
    }
}
