//! The directory whose files are served, and the only way to them.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2};
use rustix::io::Errno;

use crate::http::message::text::LOG_TARGET;

/// What becomes of symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// A link is followed if it leads to a place below the directory. It must be relative, even if
    /// an absolute one would lead there, too.
    #[default]
    Beneath,
    /// No link is followed.
    Never,
    /// Every link is followed, wherever it leads.
    Always,
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    File(File, Stat),
    Directory(OwnedFd),
}

/// An open directory. What lies in it is found by its descriptor alone, so that nothing changes
/// when the path of the directory does, and no check is apart from the opening that it guards.
#[derive(Debug)]
pub(super) struct Root {
    fd: OwnedFd,
    pub(super) symlinks: Symlinks,
    /// Linux has `openat2` since 5.6, but a sandbox may forbid it.
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

    /// Opens what is at a path, which is relative and has no `..`. `None` if nothing is there that
    /// could be served.
    ///
    /// # Errors
    /// What says nothing about the path: no descriptors, no memory, a broken disk, a busy one.
    pub(super) fn find(&self, path: &[u8]) -> io::Result<Option<Found>> {
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

    /// What the system knows about a path, with the links followed that may be.
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
        /// How often a path is tried while directories on it are being renamed.
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

    /// Without `openat2`: no name on the way may be a link.
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

/// A link that is not followed is opened itself where only its path is.
fn not_a_link(fd: OwnedFd, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let is_link = flags.contains(OFlags::PATH)
        && FileType::from_raw_mode(fstat(&fd)?.st_mode) == FileType::Symlink;
    if is_link { Err(Errno::LOOP) } else { Ok(fd) }
}

#[cfg(test)]
#[path = "tests/root.rs"]
mod tests;
