//! The server: the one folder that sees transport, concurrency, handler and state.
//!
//! [`serve`] is the loop and the place to begin; [`shutdown`] is its end. [`life`] says where a
//! server stands, [`connections`] which requests are live, and [`job`] what happens to one of them.

mod accept;
mod base;
mod builder;
mod connections;
mod handle;
mod job;
mod life;
#[cfg(all(test, loom))]
mod model;
mod rates;
mod refuse;
mod serve;
mod server_ref;
mod shutdown;
#[cfg(feature = "signals")]
mod signals;
mod stats;
// A model checker cannot see into the system, so there the bell is a mere flag.
#[cfg_attr(loom, path = "model/waker.rs")]
mod waker;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

pub use base::{BaseServer, log_error};
pub use builder::Builder;
pub use connections::{End, Ticket};
pub use handle::ServerHandle;
pub use job::{Job, Rejected, Run};
pub use refuse::Overflow;
pub use server_ref::ServerRef;
pub use stats::{Drained, Served, Stats, Workers};
pub use waker::Waker;

use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::socket::{Address, Socket, ToAddress};
use crate::sync::Mutex;
use crate::transport::Transport;

/// A server: where requests come from, who runs them, what is done with them, and the state they
/// share.
///
/// The aliases are the names to use: [`TCPServer`](crate::TCPServer),
/// [`ThreadingUDPServer`](crate::ThreadingUDPServer) and so on.
///
/// Dropping it is [`server_close`](Self::server_close), as the end of Python's `with`.
///
/// ```
/// use socketserver::{Socket, ThreadingTCPServer};
///
/// let server = ThreadingTCPServer::handling(|request: Socket, _client_address| {
///     let data = request.recv(1024)?;
///     request.sendall(&data.to_ascii_uppercase())
/// })
/// .bind("127.0.0.1:0")?;
/// let address = server.server_address().clone();
/// let running = server.spawn()?;
///
/// let client = socketserver::create_connection(address, None)?;
/// client.sendall(b"hello")?;
/// assert_eq!(client.recv(1024)?, b"HELLO");
///
/// let drained = running.drain(std::time::Duration::from_secs(5))?;
/// assert_eq!(drained.aborted, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Python: `BaseServer`, `TCPServer` and the rest
#[must_use = "a server serves only in `serve_forever`, `handle_request` or `spawn`"]
pub struct Server<T, C, H, S = ()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    transport: Arc<T>,
    concurrency: Arc<C>,
    /// The listener was handed to us: others may share it, so it must not be fenced.
    adopted: bool,
    server: ServerRef<S>,
    options: builder::Options,
    reserve: Option<Mutex<accept::Reserve>>,
    rates: Option<rates::Rates>,
    /// Anybody can send datagrams in another's name.
    datagrams: bool,
    /// The report of the end, once there was one.
    drained: Mutex<Option<Drained>>,
    #[cfg(feature = "signals")]
    signals: signals::Signals<S>,
    handler: PhantomData<fn(H)>,
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport + Default,
    C: Concurrency + Default,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// A server at `address`, with the defaults of everything. Port 0 is a port that the system
    /// chooses; [`server_address`](Self::server_address) tells which.
    ///
    /// # Errors
    /// As [`Builder::bind`].
    ///
    /// Python: `TCPServer(address, Handler)`
    pub fn bind(address: impl ToAddress) -> io::Result<Self>
    where
        S: Default,
    {
        Self::builder().bind(address)
    }

    /// A builder for the options, with the state's default.
    ///
    /// Python: `class MyServer(TCPServer): allow_reuse_address = True`
    pub fn builder() -> Builder<T, C, H, S>
    where
        S: Default,
    {
        Self::with(S::default())
    }

    /// A builder for a server with this state.
    ///
    /// Python: the constructor of a subclass
    pub fn with(state: S) -> Builder<T, C, H, S> {
        Builder::new(T::default(), C::default(), state)
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// Where the server listens, with the port that the system chose.
    ///
    /// Python: `BaseServer.server_address`
    pub fn server_address(&self) -> &Address {
        self.server.server_address()
    }

    /// The listener's descriptor; -1 once closed.
    ///
    /// Python: `BaseServer.fileno`
    pub fn fileno(&self) -> RawFd {
        self.core()
            .listener
            .lock()
            .as_ref()
            .map_or(-1, Socket::fileno)
    }

    pub(crate) fn concurrency(&self) -> &C {
        &self.concurrency
    }

    /// The state.
    pub fn state(&self) -> &S {
        self.server.state()
    }

    /// The server as its handlers see it: a clone that can go to other threads.
    pub fn server_ref(&self) -> ServerRef<S> {
        self.server.clone()
    }

    /// The counters as of now.
    pub fn stats(&self) -> Stats {
        self.server.stats()
    }

    /// Ends the loop and nothing else: see [`ServerRef::shutdown`].
    ///
    /// Python: `BaseServer.shutdown`
    pub fn shutdown(&self) {
        self.server.shutdown();
    }

    /// The orderly end: after the [`lame_duck`](Builder::lame_duck) time, if there is one, nobody
    /// new gets into the queue, those in it are served, the listener closes, and live requests may
    /// go on for `timeout`. What is live then is cut: its `recv` sees the end of the stream. What
    /// has not even ended 100 ms later is left to itself.
    ///
    /// On the loop's thread and inside a request it only asks, as
    /// [`begin_drain`](ServerRef::begin_drain), and the report is empty then. After the first end of a server this returns that one's report.
    pub fn drain(&self, timeout: Duration) -> Drained {
        self.end(life::StopKind::Drain, timeout, true)
    }

    /// Closes the listener, and waits for live requests as [`drain`](Self::drain) does, for
    /// `drain_timeout`; but takes nothing more. A running loop is stopped first.
    ///
    /// A concurrency whose `block_on_close` is off is not waited for, and its requests are not cut.
    ///
    /// Python: `BaseServer.server_close`, which waits for ever, and leaves a running loop spinning
    pub fn server_close(&self) -> Drained {
        self.end(
            life::StopKind::Close,
            self.options.drain_timeout,
            self.concurrency.waits_on_close(),
        )
    }
}

impl<T, C, H, S> Drop for Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn drop(&mut self) {
        self.server_close();
    }
}

impl<T, C, H, S> fmt::Debug for Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field(
                "handler",
                &crate::handler::short_name(std::any::type_name::<H>()),
            )
            .field("server_address", &format_args!("{}", self.server_address()))
            .field("fileno", &self.fileno())
            .field("stats", &self.stats())
            .finish()
    }
}
