//! The builder: the options of a server, and of its transport and concurrency.

mod axes;
mod bind;
mod constructors;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::admission::{Limits, Overflow};
use crate::request::Rate;
use crate::server::engine::Times;
use crate::socket::Socket;
use crate::transport::Transport;

/// The options of the server itself.
#[derive(Clone, Copy, Debug)]
struct Options {
    times: Times,
    limits: Limits,
    deadline: Option<Duration>,
    lame_duck: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            times: Times {
                timeout: None,
                poll_interval: Duration::from_millis(500),
                drain_timeout: Duration::from_secs(5),
                idle: None,
            },
            limits: Limits::default(),
            deadline: None,
            lame_duck: Duration::ZERO,
        }
    }
}

/// A server that is not bound yet, with a method for each option. In Python these are class
/// attributes. An option exists only on the servers that it applies to:
/// `UDPServer::<Echo>::builder().request_queue_size(64)` does not compile. The module
/// [`options`](crate::options) lists the options of transports and concurrencies.
///
/// ```
/// use std::time::Duration;
/// use socketserver::{Socket, ThreadingTCPServer};
///
/// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"))
///     .allow_reuse_address(true)
///     .request_queue_size(64)
///     .max_threads(100)
///     .max_connections(1_000)
///     .drain_timeout(Duration::from_secs(30))
///     .bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "there is no server before `bind`"]
pub struct Builder<T, C, H, S> {
    transport: T,
    concurrency: C,
    state: Arc<S>,
    options: Options,
    handler: PhantomData<fn(H)>,
}

impl<T, C, H, S> Builder<T, C, H, S> {
    /// A builder from its parts. For the transports and concurrencies of this crate
    /// [`Server::with`](crate::Server::with) is shorter.
    pub fn new(transport: T, concurrency: C, state: S) -> Self {
        Self::with_shared(transport, concurrency, Arc::new(state))
    }

    /// A builder from its parts, with a state that other servers share: see
    /// [`Server::with_shared`](crate::Server::with_shared).
    pub fn with_shared(transport: T, concurrency: C, state: Arc<S>) -> Self {
        Builder { transport, concurrency, state, options: Options::default(), handler: PhantomData }
    }

    /// Maximum time that [`handle_request`](crate::Server::handle_request) waits for a request. No
    /// limit unless set. It applies neither to `serve_forever` nor to connections.
    ///
    /// Python: `BaseServer.timeout`, in seconds
    pub fn timeout(mut self, time: Duration) -> Self {
        self.options.times.timeout = Some(time);
        self
    }

    /// Maximum time between two calls of `service_actions`. It delays nothing else. 0.5 s unless
    /// set.
    ///
    /// Python: the argument of `serve_forever`, in seconds
    pub fn poll_interval(mut self, time: Duration) -> Self {
        self.options.times.poll_interval = time;
        self
    }

    /// Maximum number of live requests, at least 1. At the maximum, clients wait in the backlog, or
    /// are refused ([`overflow`](Self::overflow)). No limit unless set.
    pub fn max_connections(mut self, requests: usize) -> Self {
        self.options.limits.max_connections = Some(requests.max(1));
        self
    }

    /// What happens to clients that arrive while the server is full. By default they wait in the
    /// backlog.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.limits.overflow = overflow;
        self
    }

    /// Maximum number of live requests of one client address, at least 1. An IPv6 /64 counts as one
    /// address, unless [`ipv6_prefix`](Self::ipv6_prefix) is set. Further requests are
    /// [refused](crate::BaseServer::refuse_request). No limit unless set.
    pub fn max_connections_per_address(mut self, requests: usize) -> Self {
        self.options.limits.max_connections_per_address = Some(requests.max(1));
        self
    }

    /// Maximum number of requests of one client address within the time `per`, at least 1:
    /// connections, however short, or datagrams. They may come all at once. No limit unless set.
    ///
    /// An IPv6 /64 counts as one address, unless [`ipv6_prefix`](Self::ipv6_prefix) is set. Clients
    /// without a [`host`](crate::Address::host), as on Unix sockets, are not limited. Further
    /// requests are refused without a call of
    /// [`refuse_request`](crate::BaseServer::refuse_request), because a reply to a forged sender
    /// would help an attack. The table holds about 8,000 addresses in less than 1 MB, however many
    /// are forged. Addresses over their rate stay in it longest.
    pub fn max_rate_per_address(mut self, requests: u32, per: Duration) -> Self {
        self.options.limits.rate = Some(Rate { requests, per });
        self
    }

    /// Number of leading bits of an IPv6 address that identify one client, at most 128, for
    /// [`max_connections_per_address`](Self::max_connections_per_address) and
    /// [`max_rate_per_address`](Self::max_rate_per_address). 64 unless set, because a network
    /// usually has a /64, in which a host chooses its address freely. With 128 each address counts
    /// alone, which suits clients that share a network. With 56 or 48 all networks of one customer
    /// count together. [`Address::host`](crate::Address::host) lists the exceptions.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.options.limits.ipv6_prefix = bits.min(128);
        self
    }

    /// Maximum time of a request, whatever its client does. No limit unless set. Later the request
    /// is aborted. Its connection ends, and so do most other waits of its handler: for sockets that
    /// the handler has made, for a [`green::channel`](crate::green::channel()), and in
    /// [`select`](crate::select()). Waits for a lock, a condition or a time go on, because their
    /// calls have no error to return.
    ///
    /// Each aborted request is logged at warn level, with its client and the deadline, and counted
    /// as [`overdue`](crate::Stats::overdue).
    ///
    /// The loop enforces the deadline. Therefore it does not apply to an inline server, whose loop
    /// is busy with the request itself. After a `shutdown`, or between two calls of
    /// `handle_request`, an overdue request is aborted when the server next serves, drains or
    /// closes.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.deadline = Some(time);
        self
    }

    /// How long [`server_close`](crate::Server::server_close), and the drop of a server, wait for
    /// live requests before they abort them. 5 s unless set. Python waits for ever.
    pub fn drain_timeout(mut self, time: Duration) -> Self {
        self.options.times.drain_timeout = time;
        self
    }

    /// Time without any live or new request after which `serve_forever` drains the server and
    /// returns. It may be up to an eighth longer. Off unless set.
    ///
    /// This is for programs that a service manager starts again when the next client comes. The
    /// manager's listener stays open, and a client that comes meanwhile waits in its backlog: see
    /// [`activation`](crate::activation).
    pub fn exit_when_idle(mut self, time: Duration) -> Self {
        self.options.times.idle = Some(time);
        self
    }

    /// How long a server still accepts requests after a call or a signal has asked it to
    /// [`drain`](crate::Server::drain). Meanwhile
    /// [`ServerRef::is_leaving`](crate::ServerRef::is_leaving) is true, so that health checks can
    /// direct clients to other servers. No time unless set.
    ///
    /// Only `serve_forever` has this time. [`shutdown`](crate::Server::shutdown),
    /// [`server_close`](crate::Server::server_close) and a second signal do not wait for its end.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.options.lame_duck = time;
        self
    }
}

/// The options of a server of connections.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// Whether the server keeps a descriptor in reserve, for when the process or the system has no
    /// other left. With it the server accepts such connections and
    /// [refuses](crate::BaseServer::refuse_request) them at once. By default clients wait in the
    /// backlog, and the server tries again after 5 ms, later once per second. Both cases are
    /// logged, at most once per second. If another thread takes the reserved descriptor just then,
    /// clients wait.
    pub fn reserve_descriptor(mut self, reserve: bool) -> Self {
        self.options.limits.reserve_descriptor = reserve;
        self
    }
}

impl<T: fmt::Debug, C: fmt::Debug, H, S> fmt::Debug for Builder<T, C, H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("transport", &self.transport)
            .field("concurrency", &self.concurrency)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
