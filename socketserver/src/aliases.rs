//! The grid: every transport with every concurrency, under Python's names. `Green…` is ours.

use crate::concurrency::Green;
use crate::concurrency::{Forking, Inline, Threading};
use crate::server::Server;
use crate::transport::{Tcp, Udp, UnixDatagram, UnixStream};

macro_rules! grid {
    ($($(#[$doc:meta])* $name:ident = $transport:ty, $concurrency:ty;)*) => {$(
        $(#[$doc])*
        pub type $name<H, S = ()> = Server<$transport, $concurrency, H, S>;
    )*};
}

grid! {
    /// TCP, one connection after the other.
    ///
    /// Python: `TCPServer`
    TCPServer = Tcp, Inline;
    /// TCP, one thread per connection.
    ///
    /// Python: `ThreadingTCPServer`
    ThreadingTCPServer = Tcp, Threading;
    /// TCP, one child process per connection.
    ///
    /// Python: `ForkingTCPServer`
    ForkingTCPServer = Tcp, Forking;
    /// TCP, one green thread per connection.
    GreenTCPServer = Tcp, Green;
    /// UDP, one datagram after the other.
    ///
    /// Python: `UDPServer`
    UDPServer = Udp, Inline;
    /// UDP, one thread per datagram.
    ///
    /// Clients decide how many there are, if no `max_threads` or `max_connections` limits them:
    /// with handlers that take a second, thousands within seconds.
    ///
    /// Python: `ThreadingUDPServer`
    ThreadingUDPServer = Udp, Threading;
    /// UDP, one child process per datagram.
    ///
    /// Python: `ForkingUDPServer`
    ForkingUDPServer = Udp, Forking;
    /// UDP, one green thread per datagram.
    ///
    /// Clients decide how many there are, if no `max_green_threads` or `max_connections` limits
    /// them: with handlers that take a second, thousands within seconds.
    GreenUDPServer = Udp, Green;
    /// Unix streams, one connection after the other.
    ///
    /// Python: `UnixStreamServer`
    UnixStreamServer = UnixStream, Inline;
    /// Unix streams, one thread per connection.
    ///
    /// Python: `ThreadingUnixStreamServer`
    ThreadingUnixStreamServer = UnixStream, Threading;
    /// Unix streams, one child process per connection.
    ///
    /// Python: `ForkingUnixStreamServer`
    ForkingUnixStreamServer = UnixStream, Forking;
    /// Unix streams, one green thread per connection.
    GreenUnixStreamServer = UnixStream, Green;
    /// Unix datagrams, one after the other.
    ///
    /// Python: `UnixDatagramServer`
    UnixDatagramServer = UnixDatagram, Inline;
    /// Unix datagrams, one thread per datagram.
    ///
    /// Python: `ThreadingUnixDatagramServer`
    ThreadingUnixDatagramServer = UnixDatagram, Threading;
    /// Unix datagrams, one child process per datagram.
    ///
    /// Python: `ForkingUnixDatagramServer`
    ForkingUnixDatagramServer = UnixDatagram, Forking;
    /// Unix datagrams, one green thread per datagram.
    GreenUnixDatagramServer = UnixDatagram, Green;
}
