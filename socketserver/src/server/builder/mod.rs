//! What is decided before a server exists: the options of the server itself, and of its axes.

mod axes;
mod constructors;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::engine::{Admission, Engine, Limits, Listener, Origin, Overflow, TARGET, Times};
use super::intake::Typed;
use super::{Owned, Server};
use crate::address::ToAddress;
use crate::address::about_system;
use crate::concurrency::{Concurrency, Guarded};
use crate::handler::{BaseServer, Core, RequestHandler, ServerRef};
use crate::request::{Books, Rate, Waker};
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
            },
            limits: Limits::default(),
            deadline: None,
            lame_duck: Duration::ZERO,
        }
    }
}

/// A server that is not bound yet: Python's class attributes, as methods. An option exists only
/// where it means something: `UDPServer::<Echo>::builder().request_queue_size(64)` does not
/// compile. Those of the transport and the concurrency are in blocks, which the module
/// [`options`](crate::options) lists.
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
    /// [`Server::with`] is shorter.
    pub fn new(transport: T, concurrency: C, state: S) -> Self {
        Self::with_shared(transport, concurrency, Arc::new(state))
    }

    /// The same, with a state that other servers share: see [`Server::with_shared`].
    pub fn with_shared(transport: T, concurrency: C, state: Arc<S>) -> Self {
        Builder { transport, concurrency, state, options: Options::default(), handler: PhantomData }
    }

    /// How long [`handle_request`](Server::handle_request) waits for a request. For ever unless
    /// set. `serve_forever` does not use it, and it is not a timeout of connections.
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

    /// Maximum number of live requests, at least 1. While there are as many, clients wait in the
    /// backlog, or are refused ([`overflow`](Self::overflow)). No limit unless set.
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
    /// [refused](BaseServer::refuse_request). No limit unless set.
    pub fn max_connections_per_address(mut self, requests: usize) -> Self {
        self.options.limits.max_connections_per_address = Some(requests.max(1));
        self
    }

    /// Maximum number of requests of one client address within a time: connections, however short,
    /// or datagrams. An IPv6 /64 counts as one address, unless [`ipv6_prefix`](Self::ipv6_prefix)
    /// is set. Clients without a [`host`](crate::Address::host), as on Unix sockets, are not
    /// limited. The requests may come all at once. Further ones are refused without calling
    /// [`refuse_request`](BaseServer::refuse_request), because a reply to a forged sender would
    /// help an attack. No limit unless set. The table holds about 8,000 addresses in less than 1
    /// MB, however many are forged. Addresses over their rate stay longest.
    pub fn max_rate_per_address(mut self, requests: u32, per: Duration) -> Self {
        self.options.limits.rate = Some(Rate { requests, per });
        self
    }

    /// Number of leading bits of an IPv6 address that identify one client, at most 128, for
    /// [`max_connections_per_address`](Self::max_connections_per_address) and
    /// [`max_rate_per_address`](Self::max_rate_per_address). 64 unless set, because a network
    /// usually has a /64, in which a host chooses its address freely. With 128 each address counts
    /// alone, for clients that share a network. With 56 or 48 all networks of one customer count
    /// together. [`Address::host`](crate::Address::host) lists the addresses that have rules of
    /// their own.
    pub fn ipv6_prefix(mut self, bits: u8) -> Self {
        self.options.limits.ipv6_prefix = bits.min(128);
        self
    }

    /// Maximum time of a request, whatever its client does. Then the request is aborted: its
    /// connection ends, and so does every wait of its handler, for a socket that the handler has
    /// made or for a [`green::channel`](crate::green::channel()). No limit unless set.
    ///
    /// The loop enforces this. So it does not apply to an inline server, whose loop is busy with
    /// the request itself. After a `shutdown`, or between two calls of `handle_request`, an overdue
    /// request is aborted when the server next serves, drains or closes.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.options.deadline = Some(time);
        self
    }

    /// How long [`server_close`](Server::server_close), and dropping the server, wait for live
    /// requests before they are aborted. 5 s unless set. Python waits for ever.
    pub fn drain_timeout(mut self, time: Duration) -> Self {
        self.options.times.drain_timeout = time;
        self
    }

    /// How long a server goes on to accept requests after it was told to [`drain`](Server::drain),
    /// by a signal too. [`ServerRef::is_leaving`] is true meanwhile, so that health checks can turn
    /// clients to other servers. No time unless set.
    ///
    /// Only `serve_forever` does so. [`shutdown`](Server::shutdown) and
    /// [`server_close`](Server::server_close) do not wait for it, and neither does a second signal.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.options.lame_duck = time;
        self
    }
}

/// The options of a server of connections.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// Whether a descriptor is kept in reserve for connections that arrive when the process or the
    /// system has no other left. With it the server accepts such a connection and
    /// [refuses](BaseServer::refuse_request) it at once. By default clients wait in the backlog,
    /// and the server tries again after 5 ms, later once per second. Both cases are logged, at most
    /// once per second. If another thread takes the descriptor at that moment, clients wait.
    pub fn reserve_descriptor(mut self, reserve: bool) -> Self {
        self.options.limits.reserve_descriptor = reserve;
        self
    }
}

impl<T, C, H, S> Builder<T, C, H, S> {
    /// The server, bound and listening.
    ///
    /// # Errors
    /// `InvalidInput` for text that is not an address, or an address of another transport;
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, and the rest of the system's. Each
    /// error names the address; the system's error, with its number, is its `source`. No descriptor
    /// stays open.
    ///
    /// Python: the constructor, `server_bind` and `server_activate`
    pub fn bind(self, address: impl ToAddress) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        let address = address.to_address()?;
        let socket = self.transport.socket(&address);
        let bound = socket.and_then(|socket| {
            self.transport.server_bind(&socket, &address)?;
            Ok(socket)
        });
        let server = bound.and_then(|socket| self.start(socket, Origin::Own));
        server.map_err(about_system(format_args!("cannot serve at {address}")))
    }

    /// The server on a socket that exists already and is bound: from a service manager, a parent
    /// process, a test. The socket keeps its own options:
    /// builder options that act before `bind` have no effect.
    ///
    /// A stream socket may also be *one connection*, as inetd (`nowait`) and systemd (`Accept=yes`)
    /// hand it over. Then `serve_forever` serves this one client, with all limits, hooks and
    /// signals, and returns when its handler has ended. Such a process often has the client as
    /// standard output and error too, so neither log lines nor the messages of panics may go there:
    /// see the example `inetd`.
    ///
    /// The rest is as on a socket that the server makes: timeouts are cleared (datagrams get
    /// `send_timeout`), `wait_for_input` holds, and a listener no longer blocks. That is a property
    /// of the socket itself, so other owners of it, in other processes too, must expect
    /// `WouldBlock`. Programs that a handler executes do not inherit the descriptor, except as
    /// standard input, output or error.
    ///
    /// # Errors
    /// `InvalidInput` for a socket of another kind, `NotConnected` for a connection that has ended,
    /// and the system's.
    ///
    /// Python: `bind_and_activate=False`, and replacing `self.socket`
    pub fn from_socket(self, socket: impl Into<Socket>) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        let socket = socket.into();
        let name = format!("{socket:?}");
        let adopted = self.transport.adopt(&socket);
        let origin = adopted.and_then(|()| {
            close_on_exec(&socket)?;
            Ok(match self.transport.given_request(&socket) {
                Some(_) => Origin::Given,
                None => Origin::Adopted,
            })
        });
        let server = origin.and_then(|origin| self.start(socket, origin));
        server.map_err(about_system(format_args!("cannot serve on {name}")))
    }

    fn start(self, socket: Socket, origin: Origin) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        // Before it listens: a child that is forked after that would inherit the listener.
        let listener = Listener::new(socket, origin);
        let socket = listener.socket();
        let own = Arc::new(self.concurrency);
        let concurrency: Arc<dyn Concurrency> = Arc::new(Guarded::new(own.clone()));
        // A file that `server_bind` has made is removed if the attempt fails.
        let (core, admission) = activate(&self.transport, socket, &concurrency, &self.options)
            .inspect_err(|_| self.transport.server_close(socket))?;
        match origin {
            Origin::Given => {
                log::debug!(target: TARGET, "serving one connection at {}", core.address)
            }
            _ => log::debug!(target: TARGET, "listening on {}", core.address),
        }
        let server = ServerRef::new(self.state, core.clone());
        let limits = admission.limits_of_learnt_clients();
        let typed =
            Typed::<T, H, S>::new(self.transport, server.clone(), core.runs_on_loop, limits);
        let engine = Engine::new(
            Box::new(typed),
            concurrency,
            core,
            admission,
            self.options.times,
            listener,
        );
        Ok(Server {
            #[cfg(feature = "signals")]
            _signals: engine.signals(),
            engine: Owned(Arc::new(engine)),
            server,
            concurrency: own,
            types: PhantomData,
        })
    }
}

/// Sets close-on-exec, which descriptors from a service manager lack: the address would stay taken
/// for as long as a program lives that a handler executes.
fn close_on_exec(socket: &Socket) -> io::Result<()> {
    const STDERR: RawFd = 2;
    if socket.as_raw_fd() > STDERR {
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Activates transport and concurrency, and makes what depends on neither handler nor state.
fn activate(
    transport: &impl Transport,
    socket: &Socket,
    concurrency: &Arc<dyn Concurrency>,
    options: &Options,
) -> io::Result<(Arc<Core>, Admission)> {
    transport.server_activate(socket)?;
    let (address, waker) = (socket.getsockname()?, Waker::new()?);
    let books = Arc::new(Books::new(options.deadline, waker.clone())?);
    concurrency.activate()?;
    let learns_client = transport.learns_client();
    if learns_client && options.limits.are_per_client() && !concurrency.shares_memory() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a server without limits per client address, because its children learn the \
             clients and the parent counts them, got one with such a limit",
        ));
    }
    let admission = Admission::new(
        options.limits,
        learns_client,
        transport.is_spoofable(socket).then(|| address.clone()),
        books.clone(),
        concurrency.clone(),
    )?;
    let (asked, runs_on_loop) = (concurrency.clone(), concurrency.runs_on_loop());
    let workers = Box::new(move || asked.workers());
    let core = Core::new(address, waker, books, options.lame_duck, runs_on_loop, workers);
    Ok((Arc::new(core), admission))
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
