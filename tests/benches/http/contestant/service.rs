//! What a contestant serves, always on a free port.

use std::os::fd::{IntoRawFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use tests::prelude::*;

use crate::rounds::tcp_listener;

/// What the clients of a scenario ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// A short text.
    Hello,
    /// The files of [`FOLDER`].
    Files,
    /// The same, and the listing of a large folder there.
    Listing,
}

/// There is only one kind of place.
pub(crate) use Service as Place;

/// The folder with the files, which stays for the next run: 1 KiB, 1 GiB without blocks on the
/// disk, and a folder with 100,000 names.
pub(super) const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/http-files");

const NAMES: u32 = 100_000;

/// A listener for a program that inherits it, and its address. It stays open in this process, which
/// becomes that program.
pub(super) fn inherited_listener() -> (RawFd, SocketAddr) {
    let listener = tcp_listener().expect("a free port");
    let address = listener.local_addr().expect("an address");
    fcntl_setfd(&listener, FdFlags::empty()).expect("a descriptor");
    (listener.into_raw_fd(), address)
}

impl Service {
    pub(crate) const ALL: &[Self] = &[Service::Hello, Service::Files, Service::Listing];
    pub(crate) const USUAL: Self = Service::Hello;

    pub(crate) fn connects(self) -> bool {
        true
    }

    /// The place, with its files.
    pub(crate) fn place(self, _: &Path) -> Place {
        let made = match self {
            Service::Hello => Ok(()),
            Service::Files => make_files(),
            Service::Listing => make_files().and_then(|()| make_names()),
        };
        made.expect("files in the folder of the build");
        self
    }

    pub(crate) fn target(self, address: String) -> String {
        address
    }

    /// On the command line, also of a contestant in another language.
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Service::Hello => vec!["hello".into()],
            Service::Files => vec!["files".into(), FOLDER.into()],
            Service::Listing => vec!["listing".into(), FOLDER.into()],
        }
    }

    pub(crate) fn parse(words: &[String]) -> Option<Self> {
        match words.first()?.as_str() {
            "hello" => Some(Service::Hello),
            "files" => Some(Service::Files),
            "listing" => Some(Service::Listing),
            _ => None,
        }
    }
}

fn make_files() -> io::Result<()> {
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("1k"), [b'x'; 1 << 10])?;
    File::create(folder.join("1g"))?.set_len(1 << 30)
}

/// The last name says that all are there.
fn make_names() -> io::Result<()> {
    let folder = Path::new(FOLDER).join("names");
    let name = |number| folder.join(format!("name-{number:06}.txt"));
    if name(NAMES - 1).exists() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    (0..NAMES).try_for_each(|number| File::create(name(number)).map(drop))
}
