//! The file of a Unix socket: made with its final mode, replaced when nobody listens there any
//! more, removed at the end if it is still ours.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, Mode, fchmod, flock};
use rustix::io::Errno;

use crate::socket::{Address, Socket};

/// How long other servers' starts in the same folder are waited for. Each takes a millisecond, but
/// there may be many at once. Whoever holds the lock for longer does something else, and anybody who
/// may read the folder can do that.
const BEFORE_START: Duration = Duration::from_secs(2);

/// The same at the end, which others wait for.
const BEFORE_END: Duration = Duration::from_millis(250);

/// What a server knows about the file it made.
#[derive(Debug, Default)]
pub(super) struct SocketFile {
    pub(super) mode: Option<u32>,
    /// Held from looking whether an old file is stale until the new one can be connected to: in
    /// between, ours would look stale to others.
    lock: Mutex<Option<File>>,
    /// Device and inode of the file we made.
    made: Mutex<Option<(u64, u64)>>,
}

impl Clone for SocketFile {
    fn clone(&self) -> Self {
        SocketFile {
            mode: self.mode,
            ..Self::default()
        }
    }
}

impl SocketFile {
    /// Binds the socket; an old file at its path that nobody serves any more is replaced.
    pub(super) fn bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        if let Some(mode) = self.mode {
            // Before `bind`, so that the file never exists with a wider mode.
            fchmod(socket, Mode::from_raw_mode(mode))?;
        }
        let Address::Unix(path) = address else {
            return socket.bind(address);
        };
        *self.lock.lock() = lock_folder_of(path, BEFORE_START);
        match socket.bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(socket, path)? => {
                log::debug!(target: "socketserver::transport", "{address} is stale and gets replaced");
                fs::remove_file(path)?;
                socket.bind(address)
            }
            result => result,
        }?;
        *self.made.lock() = Some(identity(path)?);
        Ok(())
    }

    /// The socket can be connected to: others may look at the file again.
    pub(super) fn activated(&self) {
        *self.lock.lock() = None;
    }

    /// Removes the file, if it is the one that was made.
    pub(super) fn remove(&self, socket: &Socket) {
        let (Some(made), Ok(Address::Unix(path))) = (self.made.lock().take(), socket.getsockname())
        else {
            return;
        };
        // Without the lock a server that just now replaces the file could lose its own.
        let _lock = lock_folder_of(&path, BEFORE_END);
        if identity(&path).is_ok_and(|there| there == made)
            && let Err(error) = fs::remove_file(&path)
        {
            log::warn!(target: "socketserver::transport", "cannot remove {}: {error}", path.display());
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether the file is a socket and nobody is behind it.
fn is_stale(like: &Socket, path: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let probe = Socket::new(crate::socket::AddressFamily::Unix, like.kind()?)?;
    // Somebody whose queue is full is alive, and need not be waited for.
    probe.settimeout(Some(Duration::from_millis(1)))?;
    Ok(probe
        .connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

/// Locks the folder in which the file stands: no file of its own is left behind that way.
///
/// The lock keeps servers that start at the same moment from each other. One that cannot have it
/// does without, for otherwise whoever may read the folder could keep it from starting.
fn lock_folder_of(path: &Path, patience: Duration) -> Option<File> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Whether there is such a folder `bind` says better.
    let lock = File::open(folder).ok()?;
    let end = Instant::now() + patience;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(lock),
            Err(Errno::WOULDBLOCK) if Instant::now() < end => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => {
                log::warn!(target: "socketserver::transport", "{} cannot be locked: {error}", folder.display());
                return None;
            }
        }
    }
}
