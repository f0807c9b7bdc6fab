//! The options that TCP alone has.

use std::time::Duration;

/// The options of [`Tcp`](crate::Tcp) alone.
#[derive(Clone, Debug, Default)]
pub struct TcpOnly {
    pub(crate) wait_for_input: Option<Duration>,
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
    }
} }
pub(crate) use tcp_only_setters;
