//! The server: the one folder that knows every axis.
//!
//! ```text
//!   Builder ──────► Server, ServerHandle     the shell, which remembers the types
//!                     │
//!                     ▼
//!                   Engine                   the loop and its end, without types
//!                     │
//!                     ▼
//!                   intake                   transport, handler and state, behind one trait object
//! ```
//!
//! `engine/serve.rs` is the loop and the place to begin reading; `engine/drain.rs` is the
//! server's end.

pub(crate) mod engine;
mod handle;
pub(crate) mod intake;
mod report;

use std::any::type_name;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

pub use handle::ServerHandle;
pub use report::{Drained, Served};

use crate::address::Address;
use crate::concurrency::{Concurrency, Forking};
use crate::handler::{ServerRef, StopKind};
use crate::request::{LiveRequest, Stats, short_name};
#[cfg(feature = "signals")]
use crate::signals::Signals;
use engine::Engine;

/// A server: a transport from which requests come, a concurrency that runs them, a handler for
/// each, and the state that all handlers share.
///
/// Programs use its aliases: [`TCPServer`](crate::TCPServer),
/// [`ThreadingUDPServer`](crate::ThreadingUDPServer) and so on.
///
/// Through `Deref` it is its [`ServerRef`], and so the state too: `server.members` reads as in
/// Python, where its own methods do not hide a field or method of that name.
///
/// Dropping the server calls [`server_close`](Self::server_close), as the end of `with` does in
/// Python.
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
pub struct Server<T, C, H, S = ()> {
    /// First, because fields are dropped in this order: the engine ends before the state goes.
    engine: Owned,
    server: ServerRef<S>,
    concurrency: Arc<C>,
    types: PhantomData<fn() -> (T, H)>,
    /// Last: a signal must not end the process while the state is dropped.
    #[cfg(feature = "signals")]
    _signals: Arc<Signals>,
}

/// The owner of an engine: dropping it is `server_close`.
struct Owned(Arc<Engine>);

impl Owned {
    fn server_close(&self) -> Drained {
        let Owned(engine) = self;
        engine.server_close()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.server_close();
    }
}

impl<T, C: Concurrency, H, S> Server<T, C, H, S> {
    pub(crate) fn new(engine: Engine, server: ServerRef<S>, concurrency: Arc<C>) -> Self {
        Server {
            #[cfg(feature = "signals")]
            _signals: engine.signals(),
            engine: Owned(Arc::new(engine)),
            server,
            concurrency,
            types: PhantomData,
        }
    }

    /// The address at which the server listens, with the port that the system has chosen.
    ///
    /// Python: `BaseServer.server_address`
    pub fn server_address(&self) -> &Address {
        self.server.server_address()
    }

    /// The listener's descriptor; -1 once closed.
    ///
    /// Python: `BaseServer.fileno`
    pub fn fileno(&self) -> RawFd {
        self.engine.0.fileno()
    }

    /// The state.
    pub fn state(&self) -> &S {
        self.server.state()
    }

    /// A handle of the server, as its handlers have it. Other threads may use it too.
    pub fn server_ref(&self) -> ServerRef<S> {
        self.server.clone()
    }

    /// The counters as of now.
    pub fn stats(&self) -> Stats {
        self.server.stats()
    }

    /// The live requests: see [`ServerRef::live_requests`].
    pub fn live_requests(&self) -> Vec<LiveRequest> {
        self.server.live_requests()
    }

    /// Sets whether another process has the server's listener too, such as the next version of the
    /// program. The end of a server with a shared listener only closes the descriptor. The other
    /// process still gets clients, and the file of a Unix socket stays. A listener from
    /// [`from_socket`](crate::Builder::from_socket) counts as shared, and one that the server has
    /// made does not.
    pub fn share_listener(&self, shared: bool) {
        self.engine.0.share_listener(shared);
    }

    /// Serves requests until [`shutdown`](Self::shutdown) or another end. After a `shutdown` it may
    /// be called again.
    ///
    /// # Errors
    /// `ResourceBusy` if the server is already serving; `NotConnected` if it is closed; that of the
    /// concurrency, if it cannot serve here; that of the system, if the listener has failed
    /// permanently. Errors of single connections do not end this call.
    ///
    /// Python: `BaseServer.serve_forever`
    pub fn serve_forever(&self) -> io::Result<()> {
        self.server.core().life.enter()?;
        self.engine.0.serve(|| ())
    }

    /// Serves one request, or calls `handle_timeout` when none comes within
    /// [`timeout`](crate::Builder::timeout). Returns what happened. A stop ends its wait.
    ///
    /// Your own loop is `while server.handle_request()? != Served::Stopped {}`. A signal ends it
    /// ([`drain_on_signals`](Self::drain_on_signals)), or a call in a handler. If a stop comes
    /// during a request, or between two calls, the next call returns `Stopped`.
    ///
    /// # Errors
    /// As [`serve_forever`](Self::serve_forever).
    ///
    /// Python: `BaseServer.handle_request`
    pub fn handle_request(&self) -> io::Result<Served> {
        self.engine.0.serve_once()
    }

    /// Ends the loop and nothing else: see [`ServerRef::shutdown`].
    ///
    /// Python: `BaseServer.shutdown`
    pub fn shutdown(&self) {
        self.server.shutdown();
    }

    /// Ends the server gracefully, in six steps:
    ///
    /// 1. It accepts requests as before for the [`lame_duck`](crate::Builder::lame_duck) time, if
    ///    one is set.
    /// 2. It keeps new clients out of the backlog.
    /// 3. It serves the clients in the backlog.
    /// 4. It closes the listener.
    /// 5. It waits for live requests, for at most `timeout`.
    /// 6. It aborts the others: their `recv` sees the end of the stream. It abandons a request that
    ///    has not ended within 100 ms.
    ///
    /// On the loop's thread and inside a request, this does not wait, and returns an empty report.
    /// On a server that has ended, it returns the report of that end. If several callers drain at
    /// once, the first deadline aborts the requests.
    ///
    /// The options `block_on_close` and `daemon_threads` apply to
    /// [`server_close`](Self::server_close) alone: a drain waits whatever they say. To drain
    /// without a wait, pass `Duration::ZERO`.
    pub fn drain(&self, timeout: Duration) -> Drained {
        self.engine.0.end(StopKind::Drain, timeout, true)
    }

    /// Stops a running loop, closes the listener without serving the backlog, and waits for live
    /// requests as [`drain`](Self::drain) does, for
    /// [`drain_timeout`](crate::Builder::drain_timeout).
    ///
    /// If `block_on_close` of the concurrency is off, or its `daemon_threads` is on, this neither
    /// waits for requests nor aborts them.
    ///
    /// Python: `BaseServer.server_close`, which waits for ever, and leaves a running loop spinning
    pub fn server_close(&self) -> Drained {
        self.engine.server_close()
    }

    /// Makes the first SIGINT or SIGTERM drain the server, after its
    /// [`lame_duck`](crate::Builder::lame_duck) time. Live requests have `timeout` to finish, and
    /// `serve_forever` returns. A second signal ends the process at once, with status 128 + its
    /// number. If several servers of the process have called this, a signal drains all of them.
    /// With `Duration::ZERO` live requests are aborted at once, as the end of a Python program ends
    /// its daemon threads.
    ///
    /// The signal sets a flag and wakes the loop. Only an inline server starts a thread for
    /// signals, because its loop may be in a handler that waits for an idle client. When the time
    /// is over, this thread aborts that request too. When the last of these servers is dropped,
    /// signals end the process again, as without this call. A second call changes the timeout.
    ///
    /// If the parent process has blocked the signals, the calling thread unblocks them.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// Python: `except KeyboardInterrupt` around `serve_forever`
    #[cfg(feature = "signals")]
    pub fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        self.engine.0.drain_on_signals(timeout)
    }

    /// Makes a signal call `run`, on the loop's thread and between requests, while the server
    /// serves: SIGHUP to read the configuration again, SIGUSR1 to report counters. The numbers are
    /// in [`signal`](crate::signal).
    ///
    /// No thread is started: the signal sets a flag and wakes the loop. Therefore several signals
    /// between two turns of the loop cause one call, and an inline server calls `run` only when the
    /// current handler has returned. After the server's end, and in a forked child, the signal does
    /// nothing.
    /// If the parent process has blocked the signal, the calling thread unblocks it.
    ///
    /// ```
    /// use socketserver::{Socket, ThreadingTCPServer, signal};
    ///
    /// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"));
    /// let server = server.bind("127.0.0.1:0")?;
    /// server.on_signal(signal::SIGUSR1, |server| log::info!("{:?}", server.stats()))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a signal that cannot be handled; those of the system.
    ///
    /// Python: `signal.signal`
    #[cfg(feature = "signals")]
    pub fn on_signal(
        &self,
        signal: i32,
        run: impl Fn(&ServerRef<S>) + Send + Sync + 'static,
    ) -> io::Result<()>
    where
        S: Send + Sync + 'static,
    {
        let server = self.server_ref();
        self.engine.0.on_signal(signal, Box::new(move || run(&server)))
    }

    /// Makes the server send messages to systemd, or to another service manager that sets
    /// `NOTIFY_SOCKET`. They say that the server serves, that its loop runs, and that it ends. The
    /// module [`systemd`](crate::systemd) lists them. Returns whether there is a manager. If a
    /// process has several servers, call this for the server that serves last: its messages count
    /// for all.
    ///
    /// # Errors
    /// `InvalidInput` if the environment variables are malformed; those of the system.
    ///
    /// Python: no counterpart; `sd_notify` in C
    #[cfg(feature = "systemd")]
    pub fn notify_systemd(&self) -> io::Result<bool> {
        self.engine.0.notify_systemd()
    }

    /// Writes a line to this descriptor, and closes it, once the server serves. Supervisors other
    /// than systemd learn in this way that a service is ready: s6 (`notification-fd`), dinit
    /// (`ready-notification`). The parent process must have left the descriptor open. After this
    /// call it belongs to the server.
    ///
    /// # Errors
    /// `InvalidInput` for a standard stream, `InvalidData` for a descriptor that is not open, or
    /// that the program has opened itself.
    ///
    /// Python: no counterpart; `os.write(fd, b"\n")`
    #[cfg(feature = "systemd")]
    pub fn notify_fd(&self, fd: RawFd) -> io::Result<()> {
        self.engine.0.notify_fd(fd)
    }

    /// `serve_forever`, after `Life::enter`.
    #[cfg(all(test, loom))]
    pub(crate) fn serve_entered(&self) -> io::Result<()> {
        self.engine.0.serve(|| ())
    }

    #[cfg(all(test, loom))]
    pub(crate) fn core(&self) -> &crate::handler::Core {
        self.server.core()
    }
}

impl<T, H, S> Server<T, Forking, H, S> {
    /// Process ids of the children that the server has not reaped yet.
    ///
    /// Python: `ForkingMixIn.active_children`
    pub fn active_children(&self) -> Vec<i32> {
        self.concurrency.active_children()
    }
}

impl<T, C, H, S> Deref for Server<T, C, H, S> {
    type Target = ServerRef<S>;

    fn deref(&self) -> &ServerRef<S> {
        &self.server
    }
}

impl<T, C: Concurrency, H, S> fmt::Debug for Server<T, C, H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("handler", &short_name(type_name::<H>()))
            .field("server_address", &format_args!("{}", self.server_address()))
            .field("fileno", &self.fileno())
            .field("stats", &self.stats())
            .finish()
    }
}
