//! Where a contestant listens.

use std::net::UdpSocket;

use socket2::{SockAddr, Socket};
use tests::prelude::*;

use crate::rounds::{BACKLOG, announce};

/// The kind of a contestant's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Tcp,
    Udp,
    Unix,
}

impl Service {
    pub(crate) const ALL: &[Self] = &[Service::Tcp, Service::Udp, Service::Unix];
    pub(crate) const USUAL: Self = Service::Tcp;

    /// Whether its clients have connections.
    pub(crate) fn connects(self) -> bool {
        self != Service::Udp
    }

    /// A new place of this kind. A Unix socket is in that folder.
    pub(crate) fn place(self, folder: &Path) -> Place {
        match self {
            Service::Tcp => Place::Tcp,
            Service::Udp => Place::Udp,
            Service::Unix => Place::Unix(folder.join("socket")),
        }
    }

    /// Where clients connect, if the contestant has announced this address.
    pub(crate) fn target(self, address: String) -> String {
        if self == Service::Udp { format!("udp:{address}") } else { address }
    }
}

/// What a contestant binds.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A free port of TCP.
    Tcp,
    /// A free port of UDP.
    Udp,
    /// A Unix socket.
    Unix(PathBuf),
}

impl Place {
    /// On the command line, also of a contestant in another language.
    pub(crate) fn words(&self) -> Vec<String> {
        match self {
            Place::Tcp => vec!["tcp".into()],
            Place::Udp => vec!["udp".into()],
            Place::Unix(path) => vec!["unix".into(), path.display().to_string()],
        }
    }

    pub(crate) fn parse(words: &[String]) -> Option<Self> {
        match (words.first()?.as_str(), words.get(1)) {
            ("tcp", None) => Some(Place::Tcp),
            ("udp", None) => Some(Place::Udp),
            ("unix", Some(path)) => Some(Place::Unix(path.into())),
            _ => None,
        }
    }
}

/// A listener at a path that has been announced.
pub(super) fn unix_listener(path: &Path) -> io::Result<Socket> {
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    listener.bind(&SockAddr::unix(path)?)?;
    listener.listen(BACKLOG)?;
    announce(path.display());
    Ok(listener)
}

/// A socket of UDP that has been announced.
pub(super) fn udp_socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(LOCAL)?;
    announce(socket.local_addr()?);
    Ok(socket)
}
