//! Sending, receiving and connecting: every operation of a socket that may wait.

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;

use crate::{green, sys};

use super::wait::{self, Awaited, Interest, Patience};
use super::{Address, AddressFamily, Inner, Socket, ToAddress, Wire, errno};

impl Socket {
    /// Receives at most `bufsize` bytes, whatever there is, waiting for the first; none at the end
    /// of the stream.
    ///
    /// # Errors
    /// `TimedOut`, `ConnectionReset`, and the rest of the system's.
    ///
    /// Python: `socket.recv`
    pub fn recv(&self, bufsize: usize) -> io::Result<Vec<u8>> {
        let inner = self.open()?;
        if bufsize == 0 || inner.layer.get().is_some() {
            let mut data = vec![0; bufsize];
            let received = self.recv_into(&mut data)?;
            data.truncate(received);
            return Ok(data);
        }
        let mut data = Vec::with_capacity(bufsize);
        inner.waiting(Interest::Read, inner.patience(), |may_block| {
            data.clear();
            rustix::net::recv(
                &inner.fd,
                spare_capacity(&mut data),
                receive_flags(may_block),
            )
            .map(|_| ())
        })?;
        // A vector may have more room than was asked for; an empty request says nothing about the
        // stream.
        inner.note(data.len(), bufsize);
        Ok(data)
    }

    /// As [`recv`](Self::recv), and leaves there what it returns: the next call receives it again.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and `Unsupported` under a [`Layer`](crate::Layer).
    ///
    /// Python: `socket.recv(bufsize, MSG_PEEK)`
    pub fn peek(&self, bufsize: usize) -> io::Result<Vec<u8>> {
        let inner = self.without_layer()?;
        let mut data = vec![0; bufsize];
        let received = inner.waiting(Interest::Read, inner.patience(), |may_block| {
            let flags = receive_flags(may_block) | RecvFlags::PEEK;
            rustix::net::recv(&inner.fd, &mut data[..], flags).map(|(received, _)| received)
        })?;
        data.truncate(received);
        Ok(data)
    }

    /// Receives into a buffer of the caller's and tells how many bytes; 0 at the end of the stream.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// Python: `socket.recv_into`
    pub fn recv_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let inner = self.open()?;
        match inner.layer.get() {
            // The system would wait for something all the same.
            _ if buffer.is_empty() => Ok(0),
            None => inner.recv(buffer, inner.patience()),
            Some(layer) => layer.recv(&inner.wire(), buffer),
        }
    }

    /// Receives one datagram and who sent it. What does not fit into `bufsize` bytes is lost.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    ///
    /// Python: `socket.recvfrom`
    pub fn recvfrom(&self, bufsize: usize) -> io::Result<(Vec<u8>, Address)> {
        let mut data = vec![0; bufsize];
        let (received, address) = self.recvfrom_into(&mut data)?;
        data.truncate(received);
        Ok((data, address))
    }

    /// Receives one datagram into a buffer of the caller's; tells how many bytes, and who sent it.
    ///
    /// # Errors
    /// As [`recvfrom`](Self::recvfrom).
    ///
    /// Python: `socket.recvfrom_into`
    pub fn recvfrom_into(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        let inner = self.without_layer()?;
        inner.waiting(Interest::Read, inner.patience(), |may_block| {
            let flags = receive_flags(may_block).bits() as i32;
            let received = sys::recv_from(&inner.socket(), buffer, flags);
            let (received, address) = received.map_err(errno)?;
            Ok((received, address.into()))
        })
    }

    /// Takes a datagram that already waits: how long it was, which may be more than fits, and who
    /// sent it.
    ///
    /// # Errors
    /// `WouldBlock` when there is none, and the system's.
    pub(crate) fn recvfrom_waiting(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        let flags = receive_flags(false) | RecvFlags::TRUNC;
        let flags = flags.bits() as i32;
        let (length, address) = sys::recv_from(&self.open()?.socket(), buffer, flags)?;
        Ok((length, address.into()))
    }

    /// Receives what already waits, below any layer.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing, and the system's.
    pub(crate) fn recv_waiting(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(&self.0.fd, buffer, receive_flags(false))?.0)
    }

    /// Sends some of `data` and tells how much; the rest is the caller's to send.
    ///
    /// # Errors
    /// `TimedOut`, `BrokenPipe` and `ConnectionReset` when the other side has gone, and the rest of
    /// the system's.
    ///
    /// Python: `socket.send`
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        let inner = self.open()?;
        match inner.layer.get() {
            None => inner.send(data, inner.patience()),
            Some(layer) => layer.send(&inner.wire(), data),
        }
    }

    /// Sends all of `data`. The timeout is for the whole.
    ///
    /// # Errors
    /// As [`send`](Self::send); how much was sent is not known then.
    ///
    /// Python: `socket.sendall`
    pub fn sendall(&self, data: &[u8]) -> io::Result<()> {
        let inner = self.open()?;
        let Some(layer) = inner.layer.get() else {
            return inner.sendall(data, inner.patience());
        };
        let (wire, mut left) = (inner.wire(), data);
        while !left.is_empty() {
            left = &left[layer.send(&wire, left)?..];
        }
        Ok(())
    }

    /// Sends one datagram to `address` and tells how many bytes it had.
    ///
    /// # Errors
    /// `TimedOut` when the way stays full; "message too long" for what is no datagram any more;
    /// `AddrNotAvailable` for [`Address::Unnamed`]; and the rest of the system's.
    ///
    /// Python: `socket.sendto`
    pub fn sendto(&self, data: &[u8], address: impl ToAddress) -> io::Result<usize> {
        let inner = self.without_layer()?;
        let (fd, patience) = (&inner.fd, inner.patience());
        match address.to_address()? {
            Address::Inet(to) => inner.waiting(Interest::Write, patience, |may_block| {
                rustix::net::sendto(fd, data, send_flags(may_block), &to)
            }),
            address => {
                let to = address.to_unix()?;
                inner.waiting(Interest::Write, patience, |may_block| {
                    rustix::net::sendto(fd, data, send_flags(may_block), &to)
                })
            }
        }
    }
}

fn receive_flags(may_block: bool) -> RecvFlags {
    if may_block {
        RecvFlags::empty()
    } else {
        RecvFlags::DONTWAIT
    }
}

fn send_flags(may_block: bool) -> SendFlags {
    // A peer that has gone is an error of this call, not a signal for the process.
    if may_block {
        SendFlags::NOSIGNAL
    } else {
        SendFlags::NOSIGNAL | SendFlags::DONTWAIT
    }
}

impl Inner {
    /// For what `socket2` does with a socket.
    pub(super) fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.fd)
    }

    pub(super) fn fileno(&self) -> RawFd {
        if self.closed.load(Relaxed) {
            -1
        } else {
            self.fd.as_raw_fd()
        }
    }

    #[inline]
    pub(super) fn timeout(&self) -> Option<Duration> {
        match self.timeout.load(Relaxed) {
            u64::MAX => None,
            nanoseconds => Some(Duration::from_nanos(nanoseconds)),
        }
    }

    #[inline]
    pub(super) fn patience(&self) -> Patience {
        Patience::of_socket(self.timeout())
    }

    pub(super) fn wire(&self) -> Wire<'_> {
        Wire {
            inner: self,
            patience: self.patience(),
        }
    }

    /// A layer that cannot say it must not prevent the wire's own end.
    pub(super) fn say_good_bye(&self, patience: Patience) {
        if let Some(layer) = self.layer.get() {
            let wire = Wire {
                inner: self,
                patience,
            };
            let _ = layer.end(&wire);
        }
    }

    /// So it is for TCP. Of datagrams there may be more, however short one was, and in a Unix
    /// stream a read ends where descriptors were sent.
    fn short_is_all(&self) -> bool {
        let ask = || {
            matches!(self.socket().r#type(), Ok(socket2::Type::STREAM))
                && self.socket().local_addr().is_ok_and(|own| !own.is_unix())
        };
        *self.short_is_all.get_or_init(ask)
    }

    #[inline]
    pub(super) fn waiting<T>(
        &self,
        interest: Interest,
        patience: Patience,
        operation: impl FnMut(bool) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        wait::until_ready(self.awaited(), interest, patience, operation)
    }

    #[inline]
    pub(super) fn awaited(&self) -> Awaited<'_> {
        Awaited {
            fd: self.fd.as_fd(),
            source: &self.source,
        }
    }

    /// What is known after a `recv`: with room left there is no more for now, and a peer that has
    /// ended its stream need not be waited for when ours ends.
    #[inline]
    fn note(&self, received: usize, room: usize) {
        if received < room && self.short_is_all() {
            self.source.set_drained();
        }
        if received == 0 && room > 0 {
            self.ended.store(true, Relaxed);
        }
    }

    /// As [`recv`](Self::recv), as a part of something longer.
    pub(super) fn recv_part(&self, buffer: &mut [u8], patience: Patience) -> io::Result<usize> {
        let received =
            wait::part_until_ready(self.awaited(), Interest::Read, patience, |may_block| {
                rustix::net::recv(&self.fd, &mut *buffer, receive_flags(may_block))
                    .map(|(received, _)| received)
            })?;
        self.note(received, buffer.len());
        Ok(received)
    }

    /// As [`send`](Self::send), as a part of something longer.
    pub(super) fn send_part(&self, data: &[u8], patience: Patience) -> io::Result<usize> {
        wait::part_until_ready(self.awaited(), Interest::Write, patience, |may_block| {
            rustix::net::send(&self.fd, data, send_flags(may_block))
        })
    }

    #[inline]
    pub(super) fn recv(&self, buffer: &mut [u8], patience: Patience) -> io::Result<usize> {
        let received = self.waiting(Interest::Read, patience, |may_block| {
            rustix::net::recv(&self.fd, &mut *buffer, receive_flags(may_block))
                .map(|(received, _)| received)
        })?;
        self.note(received, buffer.len());
        Ok(received)
    }

    #[inline]
    pub(super) fn send(&self, data: &[u8], patience: Patience) -> io::Result<usize> {
        self.waiting(Interest::Write, patience, |may_block| {
            rustix::net::send(&self.fd, data, send_flags(may_block))
        })
    }

    #[inline]
    pub(super) fn sendall(&self, data: &[u8], patience: Patience) -> io::Result<()> {
        let mut left = &data[self.send(data, patience)?..];
        while !left.is_empty() {
            left = &left[self.send_part(left, patience)?..];
        }
        Ok(())
    }

    pub(super) fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // A time too long to be counted is none.
        let nanoseconds = timeout.and_then(|timeout| u64::try_from(timeout.as_nanos()).ok());
        self.timeout.store(nanoseconds.unwrap_or(u64::MAX), Relaxed);
        if self.listening.load(Relaxed) {
            return Ok(());
        }
        // Zero would be "for ever" for the system; such a socket never blocks, so the option does
        // not matter.
        let option = timeout
            .filter(|timeout| !timeout.is_zero())
            .map(|timeout| timeout.max(Duration::from_micros(1)));
        self.socket().set_read_timeout(option)?;
        self.socket().set_write_timeout(option)
    }

    pub(super) fn start_listening(&self) -> io::Result<()> {
        self.listening.store(true, Relaxed);
        self.socket().set_read_timeout(None)?;
        self.socket().set_write_timeout(None)?;
        // `accept` knows no `MSG_DONTWAIT`, and between a poll and it another process may have been
        // faster.
        self.socket().set_nonblocking(true)
    }

    pub(super) fn connect(&self, address: &Address) -> io::Result<()> {
        let to = address.to_sock_addr()?;
        let patience = self.patience();
        wait::consume_budget(green::may_park(), patience);
        if address.family() == AddressFamily::Unix {
            return self.connect_unix(&to, patience);
        }
        self.socket().set_nonblocking(true)?;
        let result = self.socket().connect(&to);
        let result = match result {
            Err(error)
                if matches!(
                    error.raw_os_error().map(Errno::from_raw_os_error),
                    Some(Errno::INPROGRESS | Errno::INTR)
                ) =>
            {
                wait::until_polled(self.awaited(), Interest::Write, patience)
                    .and_then(|()| self.socket().take_error()?.map_or(Ok(()), Err))
            }
            result => result,
        };
        self.socket().set_nonblocking(false)?;
        result
    }

    /// There is no readiness to wait for when the other side's queue is full, only the call itself,
    /// which keeps the send timeout; where it must not block, trying again.
    fn connect_unix(&self, to: &socket2::SockAddr, patience: Patience) -> io::Result<()> {
        const PAUSE: Duration = Duration::from_millis(1);
        let blocks = green::may_park().is_none() && !matches!(patience, Patience::None);
        loop {
            if !blocks {
                self.socket().set_nonblocking(true)?;
            }
            let result = self.socket().connect(to);
            if !blocks {
                self.socket().set_nonblocking(false)?;
            }
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match patience {
                    Patience::None => return Err(error),
                    Patience::Until(end) if blocks || Instant::now() >= end => {
                        return Err(wait::timed_out());
                    }
                    _ => green::sleep(PAUSE),
                },
                result => return result,
            }
        }
    }
}
