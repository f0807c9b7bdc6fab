//! The grid: every transport with every concurrency, under Python's names.

#[cfg(target_os = "linux")]
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
    /// TCP, every connection on a thread of its own.
    ///
    /// Python: `ThreadingTCPServer`
    ThreadingTCPServer = Tcp, Threading;
    /// TCP, every connection in a child process of its own.
    ///
    /// Python: `ForkingTCPServer`
    ForkingTCPServer = Tcp, Forking;
    /// TCP, every connection on a green thread of its own.
    #[cfg(target_os = "linux")]
    GreenTCPServer = Tcp, Green;
    /// UDP, one datagram after the other.
    ///
    /// Python: `UDPServer`
    UDPServer = Udp, Inline;
    /// UDP, every datagram on a thread of its own.
    ///
    /// Python: `ThreadingUDPServer`
    ThreadingUDPServer = Udp, Threading;
    /// UDP, every datagram in a child process of its own.
    ///
    /// Python: `ForkingUDPServer`
    ForkingUDPServer = Udp, Forking;
    /// UDP, every datagram on a green thread of its own.
    #[cfg(target_os = "linux")]
    GreenUDPServer = Udp, Green;
    /// Unix streams, one connection after the other.
    ///
    /// Python: `UnixStreamServer`
    UnixStreamServer = UnixStream, Inline;
    /// Unix streams, every connection on a thread of its own.
    ///
    /// Python: `ThreadingUnixStreamServer`
    ThreadingUnixStreamServer = UnixStream, Threading;
    /// Unix streams, every connection in a child process of its own.
    ///
    /// Python: `ForkingUnixStreamServer`
    ForkingUnixStreamServer = UnixStream, Forking;
    /// Unix streams, every connection on a green thread of its own.
    #[cfg(target_os = "linux")]
    GreenUnixStreamServer = UnixStream, Green;
    /// Unix datagrams, one after the other.
    ///
    /// Python: `UnixDatagramServer`
    UnixDatagramServer = UnixDatagram, Inline;
    /// Unix datagrams, every one on a thread of its own.
    ///
    /// Python: `ThreadingUnixDatagramServer`
    ThreadingUnixDatagramServer = UnixDatagram, Threading;
    /// Unix datagrams, every one in a child process of its own.
    ///
    /// Python: `ForkingUnixDatagramServer`
    ForkingUnixDatagramServer = UnixDatagram, Forking;
    /// Unix datagrams, every one on a green thread of its own.
    #[cfg(target_os = "linux")]
    GreenUnixDatagramServer = UnixDatagram, Green;
}
