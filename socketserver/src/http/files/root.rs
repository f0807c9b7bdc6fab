//! The directory whose files are served. All of them are opened here.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2, statat,
};
use rustix::io::Errno;

use crate::http::message::text::LOG_TARGET;

/// Which symbolic links are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// Relative links to places below the directory. An absolute link is not followed, wherever it
    /// leads.
    #[default]
    Beneath,
    /// No links.
    Never,
    /// All links, out of the directory too.
    Always,
}

/// A file or directory that was found.
#[derive(Debug)]
pub(super) enum Found {
    File(File, Stat),
    Directory(OwnedFd),
}

/// An open directory. Files in it are opened relative to its descriptor, so that renaming the
/// directory changes nothing. Each check happens in the very call that opens a file, so that no
/// link can be put in its place between the two.
#[derive(Debug)]
pub(super) struct Root {
    fd: OwnedFd,
    pub(super) symlinks: Symlinks,
    /// Whether `openat2` works: Linux has it since 5.6, but a sandbox may forbid it.
    has_openat2: bool,
}

impl Root {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(CWD, directory, flags, Mode::empty())?;
        let probe = openat2(&fd, ".", flags, Mode::empty(), ResolveFlags::BENEATH);
        if let Err(error) = &probe {
            log::warn!(
                target: LOG_TARGET,
                "openat2 failed ({error}): symbolic links below {} are not followed",
                directory.display()
            );
        }
        Ok(Root { fd, symlinks: Symlinks::default(), has_openat2: probe.is_ok() })
    }

    /// Opens the file or directory at a path, which is relative and has no `..`. `None` if there is
    /// none, or none that is served.
    ///
    /// # Errors
    /// Those that say nothing about the path: no descriptors, no memory, a broken disk, and
    /// directories that are renamed again and again.
    pub(super) fn find(&self, path: &[u8]) -> io::Result<Option<Found>> {
        if !self.may_open(path) {
            return Ok(None);
        }
        // A FIFO would wait for a writer, and a terminal would become this process's own.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let Some(fd) = self.open_at(path, flags)? else { return Ok(None) };
        let stat = fstat(&fd)?;
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Some(Found::File(File::from(fd), stat)),
            FileType::Directory => Some(Found::Directory(fd)),
            _ => None,
        })
    }

    /// Looks whether there is a file or directory at a path, because opening a FIFO would wake its
    /// writer, and opening a device may do anything. This alone is no check, because another file
    /// may take its place. So the opened file is looked at again.
    fn may_open(&self, path: &[u8]) -> bool {
        let name = if path.is_empty() { &b"."[..] } else { path };
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        let stat = match statat(&self.fd, name, flags) {
            Ok(stat) if is_of(&stat, FileType::Symlink) => {
                match self.open_at(path, OFlags::PATH | OFlags::CLOEXEC) {
                    Ok(fd) => fd.and_then(|fd| fstat(&fd).ok()),
                    Err(_) => return true,
                }
            }
            Ok(stat) => Some(stat),
            // Opening it fails too, and says what that means.
            Err(error) => return error != Errno::NOENT,
        };
        stat.is_some_and(|stat| {
            is_of(&stat, FileType::RegularFile) || is_of(&stat, FileType::Directory)
        })
    }

    /// The metadata of a path. Links are followed as the policy allows.
    pub(super) fn stat(&self, path: &[u8]) -> Option<Stat> {
        let fd = self.open_at(path, OFlags::PATH | OFlags::CLOEXEC).ok()??;
        fstat(&fd).ok()
    }

    fn open_at(&self, path: &[u8], flags: OFlags) -> io::Result<Option<OwnedFd>> {
        let path = if path.is_empty() { &b"."[..] } else { path };
        let opened = match (self.has_openat2, self.symlinks) {
            (_, Symlinks::Always) => openat(&self.fd, path, flags, Mode::empty()),
            (true, Symlinks::Beneath) => self.open_beneath(path, flags, ResolveFlags::empty()),
            (true, Symlinks::Never) => self.open_beneath(path, flags, ResolveFlags::NO_SYMLINKS),
            (false, _) => self.open_step_by_step(path, flags),
        };
        match opened {
            Ok(fd) => Ok(Some(fd)),
            // The last one if directories on the path are renamed again and again.
            Err(
                error @ (Errno::MFILE
                | Errno::NFILE
                | Errno::NOMEM
                | Errno::IO
                | Errno::NOSYS
                | Errno::AGAIN),
            ) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }

    fn open_beneath(
        &self,
        path: &[u8],
        flags: OFlags,
        resolve: ResolveFlags,
    ) -> rustix::io::Result<OwnedFd> {
        /// Attempts to open a path while directories on it are being renamed.
        const TRIES: u32 = 16;
        let resolve = resolve | ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let mut opened = Err(Errno::AGAIN);
        for _ in 0..TRIES {
            opened = openat2(&self.fd, path, flags, Mode::empty(), resolve);
            if !matches!(opened, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
        }
        opened
    }

    /// Opens a path without `openat2`, name by name. No name may be a link.
    fn open_step_by_step(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut directory: Option<OwnedFd> = None;
        let mut names = path.split(|byte| *byte == b'/').peekable();
        while let Some(name) = names.next() {
            let parent = directory.as_ref().unwrap_or(&self.fd);
            let flags = if names.peek().is_some() { step } else { flags | OFlags::NOFOLLOW };
            let opened = openat(parent, name, flags, Mode::empty())?;
            if names.peek().is_none() {
                return not_a_link(opened, flags);
            }
            directory = Some(opened);
        }
        Err(Errno::NOENT)
    }
}

fn is_of(stat: &Stat, file_type: FileType) -> bool {
    FileType::from_raw_mode(stat.st_mode) == file_type
}

/// Fails if this is a link. With `O_PATH`, a link that is not followed is opened itself.
fn not_a_link(fd: OwnedFd, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let is_link = flags.contains(OFlags::PATH)
        && FileType::from_raw_mode(fstat(&fd)?.st_mode) == FileType::Symlink;
    if is_link { Err(Errno::LOOP) } else { Ok(fd) }
}

#[cfg(test)]
#[path = "tests/root.rs"]
mod tests;
