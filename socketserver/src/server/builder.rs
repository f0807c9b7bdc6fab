//! What is decided before a server exists. The options of an axis stand in that axis' file; here is
//! what belongs to none.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Server;
use super::base::BaseServer;
use super::connections::{Connections, Limits};
use super::life::Life;
use super::server_ref::{Core, ServerRef};
use super::waker::Waker;
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::socket::{Socket, ToAddress};
use crate::sync::Mutex;
use crate::transport::Transport;

/// The options of the server itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) poll_interval: Duration,
    pub(super) drain_timeout: Duration,
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
    /// wait in the system's queue. No limit unless set.
    pub fn max_connections(mut self, requests: usize) -> Self {
        self.options.limits.max_connections = Some(requests.max(1));
        self
    }

    /// How many requests of one client address may be live at once, an IPv6 /64 counting as one.
    /// Further ones are refused. No limit unless set.
    pub fn max_connections_per_address(mut self, requests: usize) -> Self {
        self.options.limits.max_connections_per_address = Some(requests.max(1));
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
    /// `AddrNotAvailable`, `PermissionDenied`, and the rest of the system's. Nothing is left open.
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
        let parts = activated.and_then(|()| Ok((socket.getsockname()?, Waker::new()?)));
        // What `server_bind` has made elsewhere goes with the attempt.
        let (address, waker) = parts.inspect_err(|_| self.transport.server_close(&socket))?;
        let concurrency = Arc::new(self.concurrency);
        let core = Core {
            address,
            listener: Mutex::new(Some(socket)),
            life: Life::new(),
            connections: Arc::new(Connections::new(self.options.limits, waker.clone())),
            waker,
            concurrency: concurrency.clone(),
            service_actions: AtomicBool::new(true),
            signalled: Arc::default(),
        };
        log::debug!(target: "socketserver::server", "listening on {}", core.address);
        Ok(Server {
            transport: Arc::new(self.transport),
            concurrency,
            adopted,
            server: ServerRef::new(self.state, core),
            options: self.options,
            drained: Mutex::default(),
            #[cfg(feature = "signals")]
            signals: Mutex::default(),
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
