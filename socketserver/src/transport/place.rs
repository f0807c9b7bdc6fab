//! A name in a folder that stays open. It leads to the same place whatever happens to the path. The
//! process may change its working directory, and another user may exchange a folder on the way.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat, unlinkat};
use rustix::io::Errno;

use crate::address::Address;

/// Device and inode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity(pub(super) u64, pub(super) u64);

impl From<Stat> for Identity {
    fn from(stat: Stat) -> Self {
        Identity(stat.st_dev, stat.st_ino)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The path as it was given.
    path: PathBuf,
    folder: Arc<OwnedFd>,
    name: OsString,
}

impl Place {
    /// The place at a path; `None` if there is no such folder, or none that this process may use.
    ///
    /// # Errors
    /// The system's: no descriptors left.
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        let Some(name) = path.file_name() else {
            return Ok(None);
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = match openat(CWD, parent(path), flags, Mode::empty()) {
            Ok(folder) => Arc::new(folder),
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM)) => return Err(error.into()),
            Err(_) => return Ok(None),
        };
        Ok(Some(Place { path: path.to_path_buf(), folder, name: name.to_os_string() }))
    }

    /// The place at the same path, if its folder was removed and another one is there now.
    pub(super) fn again(&self) -> Option<Self> {
        let was_removed = fstat(&*self.folder).is_ok_and(|stat| stat.st_nlink == 0);
        // The working folder may be another one than it was.
        let has_moved = was_removed && self.path.is_absolute();
        has_moved.then(|| Place::of(&self.path).ok()).flatten().flatten()
    }

    /// The path, for log lines.
    pub(super) fn shown(&self) -> Address {
        Address::Unix(self.path.clone())
    }

    /// A path that leads there now: the given path, if it still does.
    pub(super) fn path(&self) -> PathBuf {
        let leads_there = fs::metadata(parent(&self.path)).is_ok_and(|there| {
            fstat(&*self.folder).is_ok_and(|stat| Identity(there.dev(), there.ino()) == stat.into())
        });
        if leads_there { self.path.clone() } else { self.fixed_path() }
    }

    /// A path that leads there and nowhere else. In a jail without `/proc` it is the given path.
    fn fixed_path(&self) -> PathBuf {
        let folder = PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd()));
        if folder.exists() { folder.join(&self.name) } else { self.path.clone() }
    }

    /// The file that is there, if it is a socket, and a path to it, which is short however long the
    /// name is.
    pub(super) fn socket(&self) -> io::Result<Option<OpenSocket>> {
        let file = self.open_file()?;
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
            return Ok(None);
        }
        let path = through(&file);
        let path = if path.exists() { path } else { self.path.clone() };
        Ok(Some(OpenSocket { identity: stat.into(), path, _file: file }))
    }

    /// The file that is there, opened as a place only.
    fn open_file(&self) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&*self.folder, &self.name, flags, Mode::empty())
    }

    fn stat(&self) -> rustix::io::Result<Stat> {
        statat(&*self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// The file that is there.
    pub(super) fn identity(&self) -> io::Result<Identity> {
        Ok(self.stat()?.into())
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        Ok(unlinkat(&*self.folder, &self.name, AtFlags::empty())?)
    }

    /// The folder, to be locked. A pipe in its place would not block the call.
    pub(super) fn open_folder(&self) -> io::Result<File> {
        let flags = OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let folder = openat(&*self.folder, ".", flags, Mode::empty());
        Ok(File::from(folder?))
    }

    /// Adds the permissions that the umask took from the file at `bind`. If another file has taken
    /// the place meanwhile, it does nothing.
    pub(super) fn widen(&self, made: Identity, mode: u32) -> io::Result<()> {
        let file = self.open_file()?;
        let stat = fstat(&file)?;
        if Identity::from(stat) != made || stat.st_mode & 0o7777 == mode & 0o7777 {
            return Ok(());
        }
        fs::set_permissions(through(&file), fs::Permissions::from_mode(mode))
    }
}

/// The file of a socket, which stays the same while this lives.
pub(super) struct OpenSocket {
    pub(super) identity: Identity,
    /// Leads there.
    pub(super) path: PathBuf,
    _file: OwnedFd,
}

/// A path to the file or folder that is open under this descriptor.
fn through(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The folder that holds the file of that path.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
