//! `setsockopt` and `getsockopt`, in typed form.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use socket2::{Domain, SockRef};

use super::handle::Socket;
use crate::address::about;
use crate::sys;
use crate::wait::Interest;

/// An option of a socket, with its value.
///
/// Other options can be set through `AsFd`, with a crate that has them. Timeouts cannot: the socket
/// keeps its own, and `SO_RCVTIMEO` or `SO_SNDTIMEO` would have no effect.
///
/// Python: `SO_…`, `TCP_…` and `IPV6_…` of the `socket` module
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketOption {
    /// Whether the socket can be bound while old connections of its port are still in `TIME_WAIT`.
    /// Python: `SO_REUSEADDR`
    ReuseAddress(bool),
    /// Whether several sockets may be bound to one port and share its traffic. Python:
    /// `SO_REUSEPORT`
    ReusePort(bool),
    /// Whether datagrams may be sent to a broadcast address. (They are received without it.)
    /// Python: `SO_BROADCAST`
    Broadcast(bool),
    /// Whether datagrams that this socket sends to a multicast group are also received on this
    /// machine: by other programs, and by this socket if it is a member. On unless it is set.
    /// Python: `IP_MULTICAST_LOOP`, `IPV6_MULTICAST_LOOP`
    MulticastLoop(bool),
    /// How many networks a multicast datagram may cross, up to 255. 1 unless it is set, which is
    /// the sender's own network. Python: `IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`
    MulticastTtl(usize),
    /// Whether a silent connection is probed, so that a vanished peer is noticed. Python:
    /// `SO_KEEPALIVE`
    KeepAlive(bool),
    /// How long closing waits for unsent data, in whole seconds, rounded up. Zero resets the
    /// connection; a handler that sets this on its request lets the server do so instead of ending
    /// the stream. Python: `SO_LINGER`
    Linger(Option<Duration>),
    /// Timeout for receiving and accepting, with the meaning of [`settimeout`](Socket::settimeout),
    /// which sets it for both directions. Python: none; there `SO_RCVTIMEO` lets `recv` fail with
    /// `BlockingIOError`
    ReceiveTimeout(Option<Duration>),
    /// Timeout for sending and connecting, with the same meaning, in whole milliseconds, rounded
    /// up. Python: none; there `SO_SNDTIMEO` lets `send` fail with `BlockingIOError`
    SendTimeout(Option<Duration>),
    /// The receive buffer, in bytes. Linux doubles it, and has a maximum. Python: `SO_RCVBUF`
    ReceiveBuffer(usize),
    /// The send buffer, in bytes. Linux doubles it, and has a maximum. Python: `SO_SNDBUF`
    SendBuffer(usize),
    /// Whether small writes leave at once instead of being gathered. Python: `TCP_NODELAY`
    NoDelay(bool),
    /// Whether an IPv6 socket refuses IPv4 clients. Python: `IPV6_V6ONLY`
    OnlyV6(bool),
    /// Whether urgent data, which the peer has sent with `MSG_OOB`, comes in its place among the
    /// other bytes. Otherwise `recv` skips the urgent byte, and only this byte is lost. A
    /// listener's connections inherit the option. Python: `SO_OOBINLINE`
    OutOfBandInline(bool),
    /// Whether each message over this Unix socket comes with its sender's process, user and group:
    /// [`Ancillary::Credentials`](crate::Ancillary::Credentials) from
    /// [`recvmsg`](Socket::recvmsg), [`Datagram::credentials`](crate::Datagram::credentials) in a
    /// handler. To be set before the socket is bound, since earlier messages come without; a
    /// listener's connections inherit it. Python: `SO_PASSCRED`
    PassCredentials(bool),
    /// Whether each message comes with the time at which the system received it:
    /// [`Ancillary::Timestamp`](crate::Ancillary::Timestamp),
    /// [`Datagram::timestamp`](crate::Datagram::timestamp). Python: `SO_TIMESTAMPNS`
    Timestamps(bool),
    /// Whether messages come with the number of those that the system has dropped so far, because
    /// the receive buffer was full: [`Ancillary::Dropped`](crate::Ancillary::Dropped),
    /// [`Datagram::dropped`](crate::Datagram::dropped). Python: `SO_RXQ_OVFL`
    CountDropped(bool),
}

/// The largest number that the system's integer holds. A larger one would come out as another.
const LARGEST: usize = i32::MAX as usize;

/// The unit of the system's option. Less than a second must not become zero, a reset.
fn whole_seconds(time: Duration) -> Duration {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    Duration::from_secs(seconds.min(LARGEST as u64))
}

fn is_v6(socket: &SockRef<'_>) -> bool {
    socket.domain().is_ok_and(|domain| domain == Domain::IPV6)
}

impl Socket {
    /// Sets an option.
    ///
    /// # Errors
    /// The system's, most often because this kind of socket does not have the option. The error
    /// names the option; the system's error is its `source`.
    ///
    /// Python: `socket.setsockopt`
    pub fn setsockopt(&self, option: SocketOption) -> io::Result<()> {
        self.open()?;
        let set = self.try_set(option);
        set.map_err(about(format_args!("cannot set {option:?}")))
    }

    /// The same, but the error is the system's own.
    pub(crate) fn try_set(&self, option: SocketOption) -> io::Result<()> {
        let socket = self.raw_open()?;
        match option {
            SocketOption::ReuseAddress(on) => socket.set_reuse_address(on),
            SocketOption::ReusePort(on) => socket.set_reuse_port(on),
            SocketOption::Broadcast(on) => socket.set_broadcast(on),
            SocketOption::MulticastLoop(on) if is_v6(&socket) => {
                // The other one is for the IPv4 groups of a dual-stack socket.
                let _ = socket.set_multicast_loop_v4(on);
                socket.set_multicast_loop_v6(on)
            }
            SocketOption::MulticastLoop(on) => socket.set_multicast_loop_v4(on),
            SocketOption::MulticastTtl(hops) if is_v6(&socket) => {
                let hops = hops.min(LARGEST) as u32;
                let _ = socket.set_multicast_ttl_v4(hops);
                socket.set_multicast_hops_v6(hops)
            }
            SocketOption::MulticastTtl(hops) => {
                socket.set_multicast_ttl_v4(hops.min(LARGEST) as u32)
            }
            SocketOption::KeepAlive(on) => socket.set_keepalive(on),
            SocketOption::Linger(time) => {
                socket.set_linger(time.map(whole_seconds))?;
                let resets = time.is_some_and(|time| time.is_zero());
                self.0.descriptor.resets.store(resets, Relaxed);
                Ok(())
            }
            SocketOption::ReceiveTimeout(time) => self.0.descriptor.set_receive_timeout(time),
            SocketOption::SendTimeout(time) => self.0.descriptor.set_send_timeout(time),
            SocketOption::ReceiveBuffer(size) => socket.set_recv_buffer_size(size.min(LARGEST)),
            SocketOption::SendBuffer(size) => socket.set_send_buffer_size(size.min(LARGEST)),
            SocketOption::NoDelay(on) => socket.set_tcp_nodelay(on),
            SocketOption::OnlyV6(on) => socket.set_only_v6(on),
            SocketOption::OutOfBandInline(on) => socket.set_out_of_band_inline(on),
            SocketOption::PassCredentials(on) => socket.set_passcred(on),
            SocketOption::Timestamps(on) => sys::set_timestamps(self, on),
            SocketOption::CountDropped(on) => sys::set_count_dropped(self, on),
        }
    }

    /// The value of an option. The option is named without a value.
    ///
    /// ```
    /// use socketserver::{AddressFamily, Socket, SocketKind, SocketOption};
    ///
    /// let socket = Socket::new(AddressFamily::Inet, SocketKind::Stream)?;
    /// socket.setsockopt(SocketOption::NoDelay(true))?;
    /// assert!(socket.getsockopt(SocketOption::NoDelay)?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`setsockopt`](Self::setsockopt).
    ///
    /// Python: `socket.getsockopt`
    pub fn getsockopt<V: OptionValue>(&self, option: fn(V) -> SocketOption) -> io::Result<V> {
        let socket = self.raw_open()?;
        let option = match option(V::default()) {
            SocketOption::ReuseAddress(_) => SocketOption::ReuseAddress(socket.reuse_address()?),
            SocketOption::ReusePort(_) => SocketOption::ReusePort(socket.reuse_port()?),
            SocketOption::Broadcast(_) => SocketOption::Broadcast(socket.broadcast()?),
            SocketOption::MulticastLoop(_) => SocketOption::MulticastLoop(if is_v6(&socket) {
                socket.multicast_loop_v6()?
            } else {
                socket.multicast_loop_v4()?
            }),
            SocketOption::MulticastTtl(_) => SocketOption::MulticastTtl(if is_v6(&socket) {
                socket.multicast_hops_v6()? as usize
            } else {
                socket.multicast_ttl_v4()? as usize
            }),
            SocketOption::KeepAlive(_) => SocketOption::KeepAlive(socket.keepalive()?),
            SocketOption::Linger(_) => SocketOption::Linger(socket.linger()?),
            SocketOption::ReceiveTimeout(_) => {
                SocketOption::ReceiveTimeout(self.0.descriptor.timeout(Interest::Read))
            }
            SocketOption::SendTimeout(_) => {
                SocketOption::SendTimeout(self.0.descriptor.timeout(Interest::Write))
            }
            SocketOption::ReceiveBuffer(_) => {
                SocketOption::ReceiveBuffer(socket.recv_buffer_size()?)
            }
            SocketOption::SendBuffer(_) => SocketOption::SendBuffer(socket.send_buffer_size()?),
            SocketOption::NoDelay(_) => SocketOption::NoDelay(socket.tcp_nodelay()?),
            SocketOption::OnlyV6(_) => SocketOption::OnlyV6(socket.only_v6()?),
            SocketOption::OutOfBandInline(_) => {
                SocketOption::OutOfBandInline(socket.out_of_band_inline()?)
            }
            SocketOption::PassCredentials(_) => SocketOption::PassCredentials(socket.passcred()?),
            SocketOption::Timestamps(_) => SocketOption::Timestamps(sys::timestamps(self)?),
            SocketOption::CountDropped(_) => SocketOption::CountDropped(sys::count_dropped(self)?),
        };
        V::of(option).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

/// The type of a [`SocketOption`]'s value: `bool`, `usize` or `Option<Duration>`.
///
/// Python: the `int` or `bytes` that `getsockopt` returns
pub trait OptionValue: Default {
    /// The option's value, if it is of this type.
    fn of(option: SocketOption) -> Option<Self>;
}

impl OptionValue for bool {
    fn of(option: SocketOption) -> Option<Self> {
        match option {
            SocketOption::ReuseAddress(on)
            | SocketOption::ReusePort(on)
            | SocketOption::Broadcast(on)
            | SocketOption::MulticastLoop(on)
            | SocketOption::KeepAlive(on)
            | SocketOption::NoDelay(on)
            | SocketOption::OnlyV6(on)
            | SocketOption::OutOfBandInline(on)
            | SocketOption::PassCredentials(on)
            | SocketOption::Timestamps(on)
            | SocketOption::CountDropped(on) => Some(on),
            _ => None,
        }
    }
}

impl OptionValue for usize {
    fn of(option: SocketOption) -> Option<Self> {
        match option {
            SocketOption::ReceiveBuffer(size)
            | SocketOption::SendBuffer(size)
            | SocketOption::MulticastTtl(size) => Some(size),
            _ => None,
        }
    }
}

impl OptionValue for Option<Duration> {
    fn of(option: SocketOption) -> Option<Self> {
        match option {
            SocketOption::Linger(time)
            | SocketOption::ReceiveTimeout(time)
            | SocketOption::SendTimeout(time) => Some(time),
            _ => None,
        }
    }
}
