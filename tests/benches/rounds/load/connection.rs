//! The socket of a client. It blocks, but it is read only when it is ready, and sends little.

use rustix::event::epoll;
use socket2::{SockAddr, Socket};
use tests::prelude::*;

/// Connects, and lets `epoll` tell by the client's number when there is something to read.
pub(crate) fn connect(
    (domain, kind, address): (Domain, Type, &SockAddr),
    epoll: &OwnedFd,
    number: usize,
) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.connect(address)?;
    let data = epoll::EventData::new_u64(number as u64);
    epoll::add(epoll, &socket, data, epoll::EventFlags::IN)?;
    Ok(socket)
}

/// Sends a message, which the system takes whole.
pub(crate) fn send_whole(socket: &Socket, message: &[u8]) -> io::Result<()> {
    match rustix::io::write(socket, message)? {
        sent if sent == message.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}
