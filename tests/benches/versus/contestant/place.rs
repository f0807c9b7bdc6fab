//! Where a contestant listens.

use std::net::UdpSocket;

use socket2::{SockAddr, Socket};
use tests::prelude::*;

/// The same for all contestants. If the backlog is too short for clients that connect at once,
/// each client left out loses a second.
pub(crate) const BACKLOG: i32 = 4096;

/// The kind of a contestant's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Tcp,
    Udp,
    Unix,
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

/// A contestant says where it listens, once it does.
pub(super) fn announce(address: impl Display) {
    println!("{address}");
}

/// A listener of TCP that has been announced.
pub(super) fn tcp_listener() -> io::Result<TcpListener> {
    let listener: TcpListener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false)?.into();
    announce(listener.local_addr()?);
    Ok(listener)
}

/// A listener at an address of TCP.
pub(super) fn listen(address: SocketAddr, share_port: bool) -> io::Result<Socket> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.set_reuse_port(share_port)?;
    listener.bind(&address.into())?;
    listener.listen(BACKLOG)?;
    Ok(listener)
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
