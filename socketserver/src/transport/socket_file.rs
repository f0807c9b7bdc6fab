//! The file of a Unix socket. It is made with its final mode, replaced when no server listens on it
//! any more, and checked while the server serves. At the end it is removed, unless another file has
//! taken its place.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, Mode, fchmod, flock};
use rustix::io::Errno;

use super::options;
use super::place::{Identity, Place};
use super::unheard;
use crate::address::{Address, AddressFamily, about, about_address};
use crate::socket::Socket;
use crate::wait::sleep;

/// How long to wait for other servers that start in the same folder. Each takes a millisecond, but
/// there may be many at once. A process that holds the lock for longer is no server that starts,
/// and any process that may read the folder can hold it.
const BEFORE_START: Duration = Duration::from_secs(2);

/// The same at a server's end, for which callers wait, and while the server serves.
const BEFORE_END: Duration = Duration::from_millis(250);

/// The file of one server's socket.
#[derive(Debug, Default)]
pub(super) struct SocketFile {
    /// Held from the look at an old file until clients can connect to the new one, because in
    /// between the new one would look stale to other servers.
    lock: Mutex<Option<File>>,
    made: Mutex<Option<Made>>,
    /// Set when the loss of the file was logged.
    is_lost: AtomicBool,
}

/// A file that `bind` has made.
#[derive(Clone, Debug)]
struct Made {
    place: Place,
    identity: Identity,
}

impl Made {
    /// # Errors
    /// The system's, if it does not let this process look.
    fn is_there(&self) -> io::Result<bool> {
        match self.place.identity() {
            Ok(there) => Ok(there == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Clone for SocketFile {
    /// The copy is for another server, which has made no file yet.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl SocketFile {
    /// Binds the socket, and replaces a stale file at its path, one that no server listens on. A
    /// second call makes the file again, in the same folder, even if the process has changed its
    /// working directory. If that folder was removed, the file goes into the folder that has taken
    /// its place.
    pub(super) fn bind(
        &self,
        socket: &Socket,
        address: &Address,
        options: &options::File,
    ) -> io::Result<()> {
        if let Some(mode) = options.mode {
            // The system binds the empty path to a name of its choice.
            if matches!(address, Address::Abstract(_)) || address.path() == Some(Path::new("")) {
                let expected = "the path of a Unix socket, because `mode` means nothing for a name";
                return Err(super::unexpected(expected, address));
            }
            // Before `bind`, so that the file never exists with a wider mode.
            let set = fchmod(socket, Mode::from_raw_mode(mode)).map_err(io::Error::from);
            set.map_err(about(format_args!("cannot set the mode of {address}")))?;
        }
        let Address::Unix(path) = address else {
            return socket.bind(address);
        };
        let former = self.made.lock().as_ref().map(|made| made.place.clone());
        let former = former.map(|place| place.again().unwrap_or(place));
        let patience = if former.is_none() { BEFORE_START } else { BEFORE_END };
        let place = match former {
            Some(former) => Some(former),
            None => Place::of(path).map_err(about_address("cannot bind", address))?,
        };
        let Some(place) = place else {
            // There is no such folder, which `bind` reports better.
            return socket.bind(address);
        };
        *self.lock.lock() = lock(&place, patience);
        // A caller that tries another address must not keep others from this folder.
        let made = make(socket, &place, options).inspect_err(|_| self.activated())?;
        *self.made.lock() = Some(made);
        self.is_lost.store(false, Relaxed);
        Ok(())
    }

    /// Clients can connect to the socket, so other servers may look at the file again.
    pub(super) fn activated(&self) {
        *self.lock.lock() = None;
    }

    /// Whether the file has gone and is to be made again. Logs each loss once.
    pub(super) fn is_to_be_made_again(&self, options: &options::File) -> bool {
        let made = self.made.lock().clone();
        let Some(made) = made else {
            return false;
        };
        let is_lost = made.is_there().is_ok_and(|is_there| !is_there);
        if is_lost && !self.is_lost.swap(is_lost, Relaxed) {
            let cause = match made.place.identity() {
                Ok(_) => "another file is there",
                Err(_) => "its file has gone",
            };
            let path = made.place.shown();
            let consequence = if options.restore_file {
                "making it again"
            } else {
                "serving connected clients only"
            };
            log::warn!(target: super::TARGET, "clients cannot find {path} ({cause}): {consequence}");
        }
        self.is_lost.store(is_lost, Relaxed);
        is_lost && options.restore_file
    }

    /// Removes the file, unless another one has taken its place.
    pub(super) fn remove(&self) {
        let Some(made) = self.made.lock().clone() else {
            return;
        };
        // Without the lock a server that just now replaces the file could lose its own. It is held
        // already if this server has not come to listen.
        let held = self.lock.lock().take();
        let _lock = held.or_else(|| lock(&made.place, BEFORE_END));
        let removed = match made.is_there() {
            Ok(true) => made.place.remove(),
            other => other.map(drop),
        };
        if let Err(error) = removed {
            let path = made.place.shown();
            log::warn!(target: super::TARGET, "cannot remove the socket's file {path} ({error}): it stays");
        }
    }
}

fn make(socket: &Socket, place: &Place, options: &options::File) -> io::Result<Made> {
    match bind_at(place, socket) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let Some(stale) = stale_at(place, socket)? else {
                return Err(error);
            };
            log::debug!(target: super::TARGET, "replacing {}: no server listens on it", place.shown());
            // Another server may have replaced it meanwhile.
            if place.identity()? != stale {
                return Err(error);
            }
            let removed = place.remove();
            removed.map_err(about(format_args!("cannot remove the stale {}", place.shown())))?;
            bind_at(place, socket)
        }
        result => result,
    }?;
    let made = Made {
        identity: place.identity().map_err(about(format_args!("cannot find {}", place.shown())))?,
        place: place.clone(),
    };
    if let Some(mode) = options.mode
        && let Err(error) = made.place.widen(made.identity, mode)
    {
        // Best effort: the error below matters more to the caller.
        let _ = place.remove();
        return Err(about(format_args!("cannot set the mode of {}", place.shown()))(error));
    }
    Ok(made)
}

/// Binds the socket there. The error has the path as it was given.
fn bind_at(place: &Place, socket: &Socket) -> io::Result<()> {
    let path = Address::Unix(place.path());
    let bound = path.to_sock_addr().and_then(|to| socket.raw().bind(&to));
    bound.map_err(about_address("cannot bind", &place.shown()))
}

/// The file, if it is a socket on which no server listens, or will listen soon.
fn stale_at(place: &Place, like: &Socket) -> io::Result<Option<Identity>> {
    let Some(there) = place.socket()? else {
        return Ok(None);
    };
    let probe = Socket::new(AddressFamily::Unix, like.kind()?)?;
    // A server whose backlog is full is alive, and there is no need to wait for it.
    probe.settimeout(Some(Duration::from_millis(1)))?;
    let refused = probe.connect(there.path);
    let is_stale = refused.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    Ok((is_stale && !unheard::is_bound_to(there.identity)).then_some(there.identity))
}

/// Locks the folder that holds the file, because a lock file would be left behind.
///
/// The lock keeps servers apart that start at the same moment. A server that cannot get it goes on
/// without, since otherwise any process that may read the folder could keep it from starting.
fn lock(place: &Place, patience: Duration) -> Option<File> {
    let lock = place.open_folder().ok()?;
    let end = Instant::now() + patience;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(lock),
            Err(Errno::WOULDBLOCK) if Instant::now() < end => {
                sleep(Duration::from_millis(5));
            }
            Err(error) => {
                log::warn!(target: super::TARGET, "cannot lock the folder of {} ({error}): going on without the lock", place.shown());
                return None;
            }
        }
    }
}
