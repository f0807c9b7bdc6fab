//! What is decided before a server exists. The options of an axis stand in that axis' file; here is
//! what belongs to none.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Server;
use super::accept::Reserve;
use super::base::BaseServer;
use super::connections::{Connections, Limits};
use super::life::Life;
use super::rates::{Rate, Rates};
use super::refuse::Overflow;
use super::server_ref::{Core, ServerRef};
use super::waker::Waker;
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::socket::{Socket, SocketKind, ToAddress};
use crate::sync::Mutex;
use crate::transport::Transport;

/// The options of the server itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) poll_interval: Duration,
    pub(super) drain_timeout: Duration,
    pub(super) overflow: Overflow,
    reserve_descriptor: bool,
    lame_duck: Duration,
    rate: Option<Rate>,
    limits: Limits,
}

/// A server that is not bound yet: Python's class attributes, as methods. Each option is there only
/// where it means something, so `UDPServer::<Echo>::builder().request_queue_size(64)` does not
/// compile.
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
    state: S,
    options: Options,
    handler: PhantomData<fn(H)>,
}

impl<T, C, H, S> Builder<T, C, H, S> {
    /// A builder from its parts, for those of one's own; for ours, [`Server::with`] is shorter.
    pub fn new(transport: T, concurrency: C, state: S) -> Self {
        Builder {
            transport,
            concurrency,
            state,
            options: Options {
                timeout: None,
                poll_interval: Duration::from_millis(500),
                drain_timeout: Duration::from_secs(5),
                overflow: Overflow::default(),
                reserve_descriptor: false,
                lame_duck: Duration::ZERO,
                rate: None,
                limits: Limits::default(),
            },
            handler: PhantomData,
        }
    }

    /// How long [`handle_request`](Server::handle_request) waits for a request. For ever unless
    /// set; `serve_forever` does not look at it, and it is not a timeout of connections.
    ///
    /// Python: `BaseServer.timeout`, in seconds
    pub fn timeout(mut self, time: Duration) -> Self {
        self.options.timeout = Some(time);
        self
    }

    /// How often `service_actions` is called at least; nothing else waits for it. 0.5 s unless set.
    ///
    /// Python: the argument of `serve_forever`, in seconds
    pub fn poll_interval(mut self, time: Duration) -> Self {
        self.options.poll_interval = time;
        self
    }

    /// How many requests may be live at once. While so many are, no further one is taken: clients
    /// wait in the system's queue, or are refused ([`overflow`](Self::overflow)). No limit unless
    /// set.
    pub fn max_connections(mut self, requests: usize) -> Self {
        self.options.limits.max_connections = Some(requests.max(1));
        self
    }

    /// What happens to who comes while the server is full. They wait in the system's queue unless
    /// set.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// How many requests of one client address may be live at once, an IPv6 /64 counting as one.
    /// Further ones are [refused](BaseServer::refuse_request). No limit unless set.
    pub fn max_connections_per_address(mut self, requests: usize) -> Self {
        self.options.limits.max_connections_per_address = Some(requests.max(1));
        self
    }

    /// How many requests of one client address are taken within a time, an IPv6 /64 counting as
    /// one: connections, however short, or datagrams. They may come all at once; what comes faster
    /// is refused, without [a word](BaseServer::refuse_request), since answers are what somebody
    /// who sends in another's name is after. Unix clients have no address. No limit unless set.
    ///
    /// It takes less than a megabyte, whatever addresses are made up: some 8,000 are remembered,
    /// first of all those that have come too often.
    pub fn max_rate_per_address(mut self, requests: u32, per: Duration) -> Self {
        self.options.rate = Some(Rate { requests, per });
        self
    }

    /// How long a request may take in all, whatever its client does meanwhile; then it is cut. For
    /// ever unless set.
    ///
    /// The loop does this. So an inline server, whose loop is busy with the request itself, cannot;
    /// and after a `shutdown`, or between two calls of `handle_request`, whose time is over is cut
    /// when the server next serves, drains or closes.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.limits.deadline = Some(time);
        self
    }

    /// How long [`server_close`](Server::server_close), and dropping the server, wait for live
    /// requests before they are cut. 5 s unless set. Python waits for ever.
    pub fn drain_timeout(mut self, time: Duration) -> Self {
        self.options.drain_timeout = time;
        self
    }

    /// How long a [`drain`](Server::drain), by a signal too, leaves the server as it is before it
    /// begins: [`ServerRef::is_leaving`] is true, and everybody is still served, so that those who
    /// choose among servers can turn to others. No time unless set.
    ///
    /// Only `serve_forever` does so. [`shutdown`](Server::shutdown) and
    /// [`server_close`](Server::server_close) do not wait for it, and neither does a second signal.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.options.lame_duck = time;
        self
    }

    pub(crate) fn map_transport(self, change: impl FnOnce(T) -> T) -> Self {
        Builder {
            transport: change(self.transport),
            ..self
        }
    }

    pub(crate) fn map_concurrency(self, change: impl FnOnce(C) -> C) -> Self {
        Builder {
            concurrency: change(self.concurrency),
            ..self
        }
    }
}

/// The options of a server of connections.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// What happens to connections when the process or the system has no descriptor left for them.
    /// Unless set, the server leaves them in the system's queue, and tries again after 5 ms, and
    /// later each second. With a descriptor in reserve it accepts them with that one, to
    /// [refuse](BaseServer::refuse_request) them at once: clients need not wait to hear that there
    /// is no place.
    ///
    /// A line in the log, at most once a second, tells of either. When another thread takes the
    /// descriptor just then, clients wait after all.
    pub fn reserve_descriptor(mut self, reserve: bool) -> Self {
        self.options.reserve_descriptor = reserve;
        self
    }
}

impl<T, C, H, S> Builder<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// The server, bound and listening.
    ///
    /// # Errors
    /// `InvalidInput` for what is no address, or not one of this transport; `AddrInUse`,
    /// `AddrNotAvailable`, `PermissionDenied`, and the rest of the system's, which do not name the
    /// address: whoever shows them adds it. Nothing is left open.
    ///
    /// Python: the constructor, `server_bind` and `server_activate`
    pub fn bind(self, address: impl ToAddress) -> io::Result<Server<T, C, H, S>> {
        let address = address.to_address()?;
        let socket = self.transport.socket(&address)?;
        self.transport.server_bind(&socket, &address)?;
        self.start(socket, false)
    }

    /// The server on a socket that exists already and is bound: from a service manager, a parent
    /// process, a test. What is set before `bind` stays as it is.
    ///
    /// The rest is as on a socket of ours: timeouts are cleared (datagrams get `send_timeout`),
    /// `wait_for_input` holds, and a listener no longer blocks. That is a property of the socket
    /// itself, so whoever shares it, in another process too, must be ready for `WouldBlock`.
    ///
    /// # Errors
    /// `InvalidInput` for a socket of another kind, and the system's.
    ///
    /// Python: `bind_and_activate=False`, and replacing `self.socket`
    pub fn from_socket(self, socket: impl Into<Socket>) -> io::Result<Server<T, C, H, S>> {
        let socket = socket.into();
        self.transport.adopt(&socket)?;
        self.start(socket, true)
    }

    fn start(self, socket: Socket, adopted: bool) -> io::Result<Server<T, C, H, S>> {
        let activated = self.transport.server_activate(&socket);
        let parts = activated.and_then(|()| {
            let reserve = self.options.reserve_descriptor.then(Reserve::new);
            Ok((socket.getsockname()?, Waker::new()?, reserve.transpose()?))
        });
        // What `server_bind` has made elsewhere goes with the attempt.
        let (address, waker, reserve) =
            parts.inspect_err(|_| self.transport.server_close(&socket))?;
        let datagrams = socket.kind().is_ok_and(|kind| kind == SocketKind::Datagram);
        let concurrency = Arc::new(self.concurrency);
        let core = Core {
            address,
            listener: Mutex::new(Some(socket)),
            life: Life::new(),
            connections: Arc::new(Connections::new(self.options.limits, waker.clone())),
            waker,
            concurrency: concurrency.clone(),
            lame_duck: self.options.lame_duck,
            service_actions: AtomicBool::new(true),
            signalled: Arc::default(),
        };
        log::debug!(target: "socketserver::server", "listening on {}", core.address);
        Ok(Server {
            transport: Arc::new(self.transport),
            concurrency,
            adopted,
            reserve: reserve.map(Mutex::new),
            rates: self.options.rate.map(Rates::new),
            datagrams,
            server: ServerRef::new(self.state, core),
            options: self.options,
            drained: Mutex::default(),
            #[cfg(feature = "signals")]
            signals: super::signals::Signals::default(),
            handler: PhantomData,
        })
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
