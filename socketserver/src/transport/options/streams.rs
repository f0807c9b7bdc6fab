//! The options of stream transports.

use std::time::Duration;

/// The options of transports whose requests are connections: [`Tcp`](crate::Tcp) and
/// [`UnixStream`](crate::UnixStream).
#[derive(Clone, Debug)]
pub struct Streams {
    pub(crate) request_queue_size: Option<u32>,
    pub(crate) linger: Duration,
    pub(crate) client_timeout: Option<Duration>,
}

impl Default for Streams {
    fn default() -> Self {
        Streams { request_queue_size: None, linger: Duration::from_secs(2), client_timeout: None }
    }
}

macro_rules! streams_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`Streams`](crate::options::Streams).
    $($header)* {
        /// Maximum length of the backlog: connections that wait to be accepted, not clients that
        /// are served. Default and upper bound: the system's maximum.
        ///
        /// Python: `TCPServer.request_queue_size`, 5
        pub fn request_queue_size(mut self, connections: u32) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Streams>,
        {
            let options: &mut $crate::transport::options::Streams = $options(&mut self);
            options.request_queue_size = Some(connections);
            self
        }

        /// How long the end of a connection may block for a client that has not yet read its reply.
        /// 2 s unless set; an inline server waits at most 0.1 s.
        pub fn linger(mut self, time: std::time::Duration) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Streams>,
        {
            let options: &mut $crate::transport::options::Streams = $options(&mut self);
            options.linger = time;
            self
        }

        /// How long a call of a handler may wait for its client: the timeout with which each
        /// connection begins. None unless set. `#[handler(timeout = …)]` and
        /// [`settimeout`](crate::Socket::settimeout) change it for a handler.
        ///
        /// Python: `StreamRequestHandler.timeout`, set when the program runs
        pub fn client_timeout(mut self, time: std::time::Duration) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Streams>,
        {
            let options: &mut $crate::transport::options::Streams = $options(&mut self);
            options.client_timeout = Some(time);
            self
        }
    }
} }
pub(crate) use streams_setters;
