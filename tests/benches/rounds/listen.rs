//! Listeners of the contestants.

use socket2::Socket;
use tests::prelude::*;

/// The same for all contestants. If the backlog is too short for clients that connect at once,
/// each client left out loses a second.
pub(crate) const BACKLOG: i32 = 4096;

/// A contestant says where it listens, once it does.
pub(crate) fn announce(address: impl Display) {
    println!("{address}");
}

/// A listener of TCP that has been announced.
pub(crate) fn tcp_listener() -> io::Result<TcpListener> {
    let listener: TcpListener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false)?.into();
    announce(listener.local_addr()?);
    Ok(listener)
}

/// A listener at an address of TCP.
pub(crate) fn listen(address: SocketAddr, share_port: bool) -> io::Result<Socket> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.set_reuse_port(share_port)?;
    listener.bind(&address.into())?;
    listener.listen(BACKLOG)?;
    Ok(listener)
}
