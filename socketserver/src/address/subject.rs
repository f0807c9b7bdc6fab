//! Errors that name what failed.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::os::unix::fs::FileTypeExt;

use super::Address;

/// A text for the log that may have come from a stranger. It adds no lines there, and commands no
/// terminal.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string().chars().try_for_each(|char| match char {
            // Escaped in literals only.
            '\'' | '"' | '\\' => f.write_char(char),
            _ => write!(f, "{}", char.escape_debug()),
        })
    }
}

/// An error, with what failed. The system's own is its source.
struct About {
    text: String,
    error: io::Error,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a program shows whose `main` returns the error: the text alone.
impl fmt::Debug for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Error for About {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

fn about_of(error: &io::Error) -> Option<&About> {
    error.get_ref()?.downcast_ref()
}

/// Puts `what`, such as `cannot bind 127.0.0.1:80`, in front of an error. Its kind stays.
pub(crate) fn about(what: impl fmt::Display) -> impl FnOnce(io::Error) -> io::Error {
    move |error| {
        // `WouldBlock` is no failure, and is frequent.
        if about_of(&error).is_some() || error.kind() == io::ErrorKind::WouldBlock {
            return error;
        }
        let text = format!("{what}: {error}");
        io::Error::new(error.kind(), About { text, error })
    }
}

/// The same, but only for the system's errors. An error of this crate already says what failed.
pub(crate) fn about_system(what: impl fmt::Display) -> impl FnOnce(io::Error) -> io::Error {
    move |error| match error.get_ref() {
        None => about(what)(error),
        Some(_) => error,
    }
}

/// The system's number of an error, whether or not it says what failed.
pub(crate) fn system_number(error: &io::Error) -> Option<i32> {
    let number = |about: &About| about.error.raw_os_error();
    error.raw_os_error().or_else(|| about_of(error).and_then(number))
}

/// As [`about`], for a call at an address. If the path of a Unix socket leads to another kind of
/// file, the system's error is misleading, so this error names the kind instead.
pub(crate) fn about_address(what: &str, address: &Address) -> impl FnOnce(io::Error) -> io::Error {
    move |error| {
        let misleading =
            matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::ConnectionRefused);
        let there = address.path().and_then(other_file);
        match there.filter(|_| misleading && about_of(&error).is_none()) {
            None => about(format_args!("{what} {address}"))(error),
            Some(there) => {
                let text = format!("{what} {address}: expected a socket, got {there}");
                io::Error::new(error.kind(), About { text, error })
            }
        }
    }
}

/// The kind of file at the path of a socket, if it is not a socket.
fn other_file(path: &std::path::Path) -> Option<&'static str> {
    let kind = std::fs::symlink_metadata(path).ok()?.file_type();
    Some(match kind {
        kind if kind.is_socket() => return None,
        kind if kind.is_file() => "a regular file",
        kind if kind.is_dir() => "a folder",
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_fifo() => "a pipe",
        _ => "a device",
    })
}
