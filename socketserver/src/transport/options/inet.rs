//! The options of internet transports.

/// The options of transports over IPv4 and IPv6: [`Tcp`](crate::Tcp) and [`Udp`](crate::Udp).
#[derive(Clone, Debug, Default)]
pub struct Inet {
    /// `None`: the transport's default.
    pub(crate) allow_reuse_address: Option<bool>,
    pub(crate) allow_reuse_port: bool,
    pub(crate) dual_stack: Option<bool>,
}

macro_rules! inet_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`Inet`](crate::options::Inet).
    $($header)* {
        /// For TCP: whether a restart may take the port while old connections are in `TIME_WAIT`;
        /// on unless set. For UDP: whether the port may be bound though another socket has it; off
        /// unless set.
        ///
        /// Python: `TCPServer.allow_reuse_address`, off
        pub fn allow_reuse_address(mut self, allow: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Inet>,
        {
            let options: &mut $crate::transport::options::Inet = $options(&mut self);
            options.allow_reuse_address = Some(allow);
            self
        }

        /// Whether several servers may share the port, each of which gets a part of the clients.
        /// Off unless set.
        ///
        /// Python: `TCPServer.allow_reuse_port`
        pub fn allow_reuse_port(mut self, allow: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Inet>,
        {
            let options: &mut $crate::transport::options::Inet = $options(&mut self);
            options.allow_reuse_port = allow;
            self
        }

        /// Whether an IPv6 server serves IPv4 clients too. The system's setting unless set; without
        /// effect for an IPv4 address.
        pub fn dual_stack(mut self, both: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::Inet>,
        {
            let options: &mut $crate::transport::options::Inet = $options(&mut self);
            options.dual_stack = Some(both);
            self
        }
    }
} }
pub(crate) use inet_setters;
