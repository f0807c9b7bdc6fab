//! At which of this machine's addresses a datagram arrived, and answers that leave from there.
//!
//! A socket that is bound to every address receives at each of them. The system would send the
//! answer from the address that its routes prefer, and a client that asked another one drops it.

use std::io;
use std::net::SocketAddr;

use super::descriptor::{errno, send_flags};
use super::handle::Socket;
use crate::address::Address;
use crate::control::{self, Arrival};
use crate::sys;
use crate::wait::Interest;

impl Socket {
    /// Whether the socket is bound to every address, so that each datagram must say where it
    /// arrived. If so, the system says it from now on.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn watch_arrivals(&self) -> io::Result<bool> {
        let Address::Inet(own) = self.getsockname()? else {
            return Ok(false);
        };
        if !own.ip().is_unspecified() {
            return Ok(false);
        }
        if own.is_ipv4() {
            sys::set_packet_info_v4(self)?;
        } else {
            sys::set_packet_info_v6(self)?;
            // Of clients with IPv4 this one says more. A system without IPv4 has none of either.
            let _ = sys::set_packet_info_v4(self);
        }
        Ok(true)
    }

    /// Sends a datagram so that it leaves from where another one arrived, if that is known. If the
    /// system cannot, as when that address has gone, it leaves from where the system likes.
    ///
    /// # Errors
    /// As [`sendto`](Self::sendto).
    pub(crate) fn sendto_from(
        &self,
        data: &[u8],
        to: SocketAddr,
        arrival: Option<&Arrival>,
    ) -> io::Result<usize> {
        let descriptor = self.without_layer()?;
        let Some((arrival, source)) = arrival.and_then(|arrival| Some((arrival, arrival.source?)))
        else {
            return descriptor.send_to(data, &to);
        };
        let (address, data_slice) = (to.into(), [io::IoSlice::new(data)]);
        let (control, length) = control::leave_from(source, arrival.scope(source));
        let message = socket2::MsgHdr::new()
            .with_addr(&address)
            .with_buffers(&data_slice)
            .with_control(&control[..length]);
        let sent = descriptor.until_ready(Interest::Write, |may_block| {
            let flags = send_flags(may_block).bits() as i32;
            let sent = descriptor.socket().sendmsg(&message, flags);
            sent.map_err(|error| errno(&error))
        });
        match sent {
            Err(error) if is_no_source(&error) => descriptor.send_to(data, &to),
            sent => sent,
        }
    }
}

/// Whether the system says that the datagram cannot leave from the address it was given.
fn is_no_source(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::AddrNotAvailable)
}
