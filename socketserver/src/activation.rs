//! Sockets that a service manager passes to the program. The manager listens, and starts the
//! program when the first client comes, or again after a crash. Meanwhile clients wait in the
//! backlog.
//!
//! | started by | what the program gets | how it serves |
//! | --- | --- | --- |
//! | systemd, a `.socket` unit | listeners, each with a name | [`Builder::bind_or_inherit`](crate::Builder::bind_or_inherit), or [`listeners`] |
//! | systemd with `Accept=yes` | one connection | [`socket`] |
//! | inetd and xinetd, `nowait` | one connection, as standard input, output and error | [`socket`] |
//! | inetd and xinetd, `wait` | the listener, as standard input | [`socket`] |
//!
//! ```no_run
//! use std::time::Duration;
//! use socketserver::{Socket, ThreadingTCPServer};
//!
//! # fn main() -> std::io::Result<()> {
//! ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"))
//!     .exit_when_idle(Duration::from_secs(30))
//!     .bind_or_inherit("web", "127.0.0.1:8080")?
//!     .serve_forever()
//! # }
//! ```
//!
//! Python: no counterpart; `socket.socket(fileno=3)` by hand

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::str::FromStr;

use parking_lot::Mutex;
use rustix::fs::fstat;
use rustix::process::getpid;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};

use crate::socket::Socket;
use crate::sys::inherited;

/// The first descriptor that a service manager passes.
const FIRST: RawFd = 3;

/// The name of a socket to which the manager has given no name.
const UNNAMED: &str = "unknown";

/// The sockets that were passed to this process and have not been taken yet. `None` until the
/// environment has been read.
static LEFT: Mutex<Option<Vec<Inherited>>> = Mutex::new(None);

struct Inherited {
    name: String,
    socket: Socket,
}

/// The sockets that a service manager passed to this process: see [`listeners`].
#[derive(Debug)]
pub struct Listeners(());

/// The sockets that a service manager has passed to this process, as systemd does for `.socket`
/// units: listeners, datagram sockets, connections. Each can be taken once. There are none if
/// `LISTEN_PID` in the environment names another process, such as the parent.
///
/// ```
/// use socketserver::{Socket, ThreadingTCPServer, activation};
///
/// if let Some(socket) = activation::listeners()?.take("web") {
///     let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"));
///     server.from_socket(socket)?.serve_forever()?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// `InvalidData` if the environment variables are malformed, or name a descriptor that is not open
/// or not a socket.
pub fn listeners() -> io::Result<Listeners> {
    let mut left = LEFT.lock();
    if left.is_none() {
        *left = Some(listed()?);
    }
    Ok(Listeners(()))
}

impl Listeners {
    /// Takes the socket with this name, or else the first one without a name. `None` if there is
    /// neither. A name is the `FileDescriptorName=` of a `.socket` unit; unless set, it is the name
    /// of the unit, such as `web.socket`.
    pub fn take(&self, name: &str) -> Option<Socket> {
        let mut left = LEFT.lock();
        let left = left.as_mut()?;
        let named = |name| move |inherited: &Inherited| inherited.name == name;
        let place =
            left.iter().position(named(name)).or_else(|| left.iter().position(named(UNNAMED)))?;
        Some(left.remove(place).socket)
    }

    /// The names of the sockets that have not been taken, in the manager's order.
    pub fn names(&self) -> Vec<String> {
        LEFT.lock().iter().flatten().map(|inherited| inherited.name.clone()).collect()
    }
}

/// A descriptor that the parent process has left open for this program, and that its command line
/// names.
///
/// # Errors
/// `InvalidInput` for standard input, output and error; `InvalidData` for a descriptor that is not
/// open, or did not come from the parent.
#[cfg(feature = "systemd")]
pub(crate) fn passed(fd: RawFd) -> io::Result<OwnedFd> {
    let standard = || {
        let text = format!("expected the number of a descriptor, at least 3, got {fd}");
        io::Error::new(ErrorKind::InvalidInput, text)
    };
    let mut own = if fd < FIRST { Vec::new() } else { inherited::take(fd, 1)? };
    own.pop().ok_or_else(standard)
}

/// The sockets that the environment lists for this process.
fn listed() -> io::Result<Vec<Inherited>> {
    let Some(process) = number::<i32>("LISTEN_PID", ErrorKind::InvalidData)? else {
        return Ok(Vec::new());
    };
    if process != getpid().as_raw_nonzero().get() {
        return Ok(Vec::new());
    }
    let count = number("LISTEN_FDS", ErrorKind::InvalidData)?.unwrap_or(0);
    let names = variable("LISTEN_FDNAMES").unwrap_or_default();
    let names = names.to_str().ok_or_else(|| {
        let text = format!("expected names in LISTEN_FDNAMES, got {names:?}");
        io::Error::new(ErrorKind::InvalidData, text)
    })?;
    let passed = inherited::take(FIRST, count)?.into_iter().zip(each_name(names));
    passed.map(|(socket, name)| inherited(socket, name)).collect()
}

/// The names of the sockets, in their order. An empty one is the name of a socket too.
fn each_name(names: &str) -> impl Iterator<Item = &str> {
    let names = names.split(':').map(|name| if name.is_empty() { UNNAMED } else { name });
    names.chain(std::iter::repeat(UNNAMED))
}

fn inherited(socket: OwnedFd, name: &str) -> io::Result<Inherited> {
    let socket = Socket::from(socket);
    socket.kind().map_err(|error| {
        let text = format!("expected a socket as descriptor {name:?} of the manager: {error}");
        io::Error::new(ErrorKind::InvalidData, text)
    })?;
    Ok(Inherited { name: name.to_owned(), socket })
}

/// The value of an environment variable of a service manager. A variable that is empty counts as
/// one that is not set, because that is how some shell scripts take it away.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Parses the number that a service manager has put into an environment variable. For any other
/// text, `kind` is the kind of the error.
pub(crate) fn number<N: FromStr>(name: &str, kind: ErrorKind) -> io::Result<Option<N>> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    let invalid = || {
        let text = format!("expected a number in {name}, got {text:?}");
        io::Error::new(kind, text)
    };
    parsed(&text).ok_or_else(invalid).map(Some)
}

/// The number that a text is, if it has digits and nothing else.
fn parsed<N: FromStr>(text: &OsStr) -> Option<N> {
    let text = text.to_str()?;
    let has_digits_alone = text.bytes().all(|byte| byte.is_ascii_digit());
    has_digits_alone.then(|| text.parse().ok())?
}

/// The only socket that was passed to this process: by systemd (`Accept=yes`), or as standard input
/// (inetd, xinetd, `StandardInput=socket`).
///
/// Under inetd the connection is standard output and error too, so log lines and the messages of
/// panics would go to the client. This call puts `/dev/null` in their place if they are the same
/// socket. So call it first in `main`, and send the log elsewhere: see the example `inetd`.
///
/// # Errors
/// `InvalidInput` if no socket was passed and standard input is not one; those of [`listeners`] and
/// of the system.
///
/// Python: `socket.socket(fileno=0)` by hand
pub fn socket() -> io::Result<Socket> {
    listeners()?;
    let passed = LEFT.lock().as_mut().and_then(|left| (!left.is_empty()).then(|| left.remove(0)));
    if let Some(passed) = passed {
        return Ok(passed.socket);
    }
    let socket = Socket::from(stdin().try_clone_to_owned()?);
    socket.kind().map_err(|error| {
        let text = format!("expected a socket as standard input, as inetd passes it: {error}");
        io::Error::new(ErrorKind::InvalidInput, text)
    })?;
    keep_off_standard_streams(&socket)?;
    Ok(socket)
}

/// Puts `/dev/null` in the place of each standard stream that is this socket.
fn keep_off_standard_streams(socket: &Socket) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let replace = |stream: BorrowedFd<'_>, by: fn(BorrowedFd<'_>) -> rustix::io::Result<()>| {
        if is_same(stream, socket)? { by(null.as_fd()) } else { Ok(()) }
    };
    replace(stdin(), |null| dup2_stdin(null))?;
    replace(stdout(), |null| dup2_stdout(null))?;
    replace(stderr(), |null| dup2_stderr(null))?;
    Ok(())
}

/// Whether both descriptors belong to one socket. False if either is closed.
fn is_same(stream: BorrowedFd<'_>, socket: &Socket) -> rustix::io::Result<bool> {
    let Ok(stream) = fstat(stream) else {
        return Ok(false);
    };
    let socket = fstat(socket)?;
    Ok((stream.st_dev, stream.st_ino) == (socket.st_dev, socket.st_ino))
}

/// What the fuzz target `manager` reads.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    use std::ffi::OsStr;

    /// The first names of a list.
    pub fn manager_names(names: &str, count: usize) -> Vec<&str> {
        super::each_name(names).take(count).collect()
    }

    /// The number that a text is.
    pub fn manager_number(text: &OsStr) -> Option<u64> {
        super::parsed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_digits_alone() {
        for (text, number) in [("0", Some(0)), ("007", Some(7)), ("255", Some(255))] {
            assert_eq!(parsed::<u8>(OsStr::new(text)), number, "{text:?}");
        }
        for text in ["+1", "-0", "-1", "256", "0x1", " 1", "1 ", "\u{664}", ""] {
            assert_eq!(parsed::<u8>(OsStr::new(text)), None, "{text:?}");
            assert_eq!(parsed::<i32>(OsStr::new(text)), (text == "256").then_some(256), "{text:?}");
        }
    }

    #[test]
    fn each_socket_has_its_name() {
        for (names, expected) in [
            ("", ["unknown", "unknown", "unknown"]),
            ("web", ["web", "unknown", "unknown"]),
            ("web:admin:log:more", ["web", "admin", "log"]),
            ("web::admin", ["web", "unknown", "admin"]),
            (":admin:", ["unknown", "admin", "unknown"]),
        ] {
            assert!(each_name(names).take(3).eq(expected), "{names:?}");
        }
    }
}
