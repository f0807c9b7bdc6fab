//! The file of a Unix socket: made with its final mode, replaced when no server listens on it any
//! more, and removed at the end if it is still the one that was made.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock};
use rustix::io::Errno;

use super::options;
use crate::address::{Address, AddressFamily};
use crate::socket::{Socket, about};
use crate::wait::sleep;

/// How long to wait for other servers that start in the same folder. Each takes a millisecond, but
/// there may be many at once. A process that holds the lock for longer is no server that starts, and
/// any process that may read the folder can hold it.
const BEFORE_START: Duration = Duration::from_secs(2);

/// The same at a server's end, for which callers wait.
const BEFORE_END: Duration = Duration::from_millis(250);

/// The file of one server's socket.
#[derive(Debug, Default)]
pub(super) struct SocketFile {
    /// Held from the look at an old file until clients can connect to the new one: in between, the new
    /// one would look stale to other servers.
    lock: Mutex<Option<File>>,
    /// Device and inode of the file we made.
    made: Mutex<Option<(u64, u64)>>,
}

impl Clone for SocketFile {
    /// The copy is for another server, which has made no file yet.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl SocketFile {
    /// Binds the socket, and replaces a stale file at its path: one that no server listens on.
    pub(super) fn bind(
        &self,
        socket: &Socket,
        address: &Address,
        options: &options::File,
    ) -> io::Result<()> {
        if let Some(mode) = options.mode {
            if let Address::Abstract(_) = address {
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
        *self.lock.lock() = lock_folder_of(path, BEFORE_START);
        match socket.bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(socket, path)? => {
                log::debug!(target: super::TARGET, "replacing {address}: no server listens on it");
                let removed = fs::remove_file(path);
                removed.map_err(about(format_args!("cannot remove the stale {address}")))?;
                socket.bind(address)
            }
            result => result,
        }?;
        let made = identity(path).map_err(about(format_args!("cannot find {address}")))?;
        *self.made.lock() = Some(made);
        match options.mode {
            Some(mode) => widen(path, made, mode)
                .map_err(about(format_args!("cannot set the mode of {address}"))),
            None => Ok(()),
        }
    }

    /// Clients can connect to the socket, so other servers may look at the file again.
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
            log::warn!(target: super::TARGET, "cannot remove the socket's file {} ({error}): it stays", path.display());
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Adds the permissions that the umask took from the file at `bind`. The file is the one that was
/// made, even if another takes its place meanwhile.
fn widen(path: &Path, made: (u64, u64), mode: u32) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if (metadata.dev(), metadata.ino()) != made || metadata.mode() & 0o7777 == mode & 0o7777 {
        return Ok(());
    }
    let through = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::set_permissions(through, fs::Permissions::from_mode(mode))
}

/// Whether the file is a socket on which no server listens.
fn is_stale(like: &Socket, path: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Ok(false);
    }
    let probe = Socket::new(AddressFamily::Unix, like.kind()?)?;
    // A server whose backlog is full is alive, and there is no need to wait for it.
    probe.settimeout(Some(Duration::from_millis(1)))?;
    Ok(probe
        .connect(path)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

/// Locks the folder that holds the file, because a lock file would be left behind.
///
/// The lock keeps servers apart that start at the same moment. A server that cannot get it goes on
/// without, since otherwise any process that may read the folder could keep it from starting.
fn lock_folder_of(path: &Path, patience: Duration) -> Option<File> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // If there is no such folder, `bind` reports that better.
    // A pipe in its place must not block the call.
    let flags = OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let lock = File::from(rustix::fs::open(folder, flags, Mode::empty()).ok()?);
    let end = Instant::now() + patience;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(lock),
            Err(Errno::WOULDBLOCK) if Instant::now() < end => {
                sleep(Duration::from_millis(5));
            }
            Err(error) => {
                log::warn!(target: super::TARGET, "cannot lock the folder {} ({error}): going on without the lock", folder.display());
                return None;
            }
        }
    }
}
