//! The options of datagram transports.

use std::time::Duration;

/// The options of transports whose requests are datagrams: [`Udp`](crate::Udp) and
/// [`UnixDatagram`](crate::UnixDatagram).
#[derive(Clone, Debug)]
pub struct Packets {
    pub(crate) max_packet_size: usize,
    pub(crate) send_timeout: Duration,
}

impl Default for Packets {
    fn default() -> Self {
        Packets { max_packet_size: 65_535, send_timeout: Duration::from_secs(1) }
    }
}

macro_rules! packets_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`Packets`](crate::options::Packets).
    $($header)* {
        /// The longest datagram that is received whole, in bytes; at most 1 MiB. The rest of a
        /// longer one is lost, and [`Datagram::truncated`](crate::Datagram::truncated) says so.
        /// 65,535 unless set: every UDP datagram fits.
        ///
        /// Python: `UDPServer.max_packet_size`, 8192, beyond which datagrams are truncated silently
        pub fn max_packet_size(mut self, bytes: usize) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Packets>,
        {
            let options: &mut $crate::transport::options::Packets = $options(&mut self);
            options.max_packet_size = bytes.min(1 << 20);
            self
        }

        /// How long an answer may block while there is no room for it. The room is in the client's
        /// queue, in the network's, or in the send buffer that the answers to all clients share.
        /// After that time the answer fails with `TimedOut` and is not sent. 1 s unless set.
        ///
        /// With [`UnixDatagram`](crate::UnixDatagram) one client that does not read can fill the
        /// shared buffer. Each answer then holds its thread for this long, and a server without
        /// threads serves no client meanwhile.
        ///
        /// Python: none; there `sendto` waits without limit
        pub fn send_timeout(mut self, time: std::time::Duration) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Packets>,
        {
            let options: &mut $crate::transport::options::Packets = $options(&mut self);
            options.send_timeout = time;
            self
        }
    }
} }
pub(crate) use packets_setters;
