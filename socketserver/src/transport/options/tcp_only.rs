//! The options that TCP alone has.

use std::time::Duration;

/// The options of [`Tcp`](crate::Tcp) alone.
#[derive(Clone, Debug)]
pub struct TcpOnly {
    pub(crate) wait_for_input: Option<Duration>,
    pub(crate) disable_nagle_algorithm: bool,
}

impl Default for TcpOnly {
    fn default() -> Self {
        TcpOnly { wait_for_input: None, disable_nagle_algorithm: true }
    }
}

macro_rules! tcp_only_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`TcpOnly`](crate::options::TcpOnly).
    $($header)* {
        /// Accepts a connection only when its first bytes are there, or after `at_most`, in whole
        /// seconds: silent clients then hold no thread. For protocols in which the client speaks
        /// first, since a greeting would come late. Off unless set.
        pub fn wait_for_input(mut self, at_most: std::time::Duration) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::TcpOnly>,
        {
            let options: &mut $crate::transport::options::TcpOnly = $options(&mut self);
            options.wait_for_input = Some(at_most);
            self
        }

        /// Whether small writes leave at once. Otherwise the second of two small writes waits for
        /// the client's acknowledgement of the first, up to 40 ms. On unless set. Connections
        /// inherit it from the listener, so it costs nothing per connection.
        ///
        /// Python: `StreamRequestHandler.disable_nagle_algorithm`, off
        pub fn disable_nagle_algorithm(mut self, disable: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::TcpOnly>,
        {
            let options: &mut $crate::transport::options::TcpOnly = $options(&mut self);
            options.disable_nagle_algorithm = disable;
            self
        }
    }
} }
pub(crate) use tcp_only_setters;
