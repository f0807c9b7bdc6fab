//! The engine of a server: the loop and its end, without a type parameter.
//!
//! | file | what it does |
//! | --- | --- |
//! | `serve` | the loop: one turn from top to bottom, `serve_forever`, `handle_request` |
//! | `batch` | how many requests one turn takes |
//! | `outlook` | whether a turn looks for a second request |
//! | `dispatch` | one request from the loop to its handler, or to its refusal |
//! | `given` | a server of one connection that it was given |
//! | `idle` | when a server has had nothing to do for long enough to end |
//! | `baton` | a worker that receives, while handlers are short |
//! | `lobby` | clients that must speak first, and have sent too little yet |
//! | `once` | how the last `handle_request` ended |
//! | `restore` | a listener that clients cannot find any more |
//! | `drain` | the end, in six steps |
//!
//! Transport, handler and state come in behind [`Intake`], the concurrency behind its own trait.

mod batch;
mod baton;
mod dispatch;
mod drain;
mod given;
mod idle;
mod lobby;
mod once;
mod outlook;
mod restore;
mod serve;

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

pub(super) use dispatch::end_refused;

use self::once::Once;
use super::report::Drained;
use crate::address::Address;
use crate::admission::Admission;
use crate::concurrency::Concurrency;
use crate::handler::Core;
use crate::lead::Lender;
use crate::lobby::Lobby;
use crate::panics::contained;
use crate::request::{Accepted, caught};
#[cfg(feature = "signals")]
use crate::signals::{Answer, Signals};
use crate::socket::{Socket, WeakSocket};
use crate::sync::Mutex;
use crate::sys::fork::ParentOnly;
#[cfg(feature = "systemd")]
use crate::systemd::Supervisor;

/// Where this folder's log lines go.
pub(crate) const TARGET: &str = "socketserver::server";

/// What the engine asks of transport, handler and state. [`Accepted`] has the part about one
/// accepted request. A panic of user code becomes an error or a line in the log.
pub(crate) trait Intake: Send + Sync {
    /// `get_request`
    fn take(&self, listener: &Socket) -> io::Result<Arc<dyn Accepted>>;
    /// `given_request`
    fn take_given(&self, connection: &Socket) -> io::Result<Arc<dyn Accepted>>;
    /// `is_lost`
    fn is_lost(&self, listener: &Socket) -> bool;
    /// `socket` and `server_bind`
    fn bind_again(&self, address: &Address) -> io::Result<Socket>;
    /// The handler's type with its path.
    fn handler_name(&self) -> &'static str;
    /// `server_activate`
    fn activate(&self, listener: &Socket) -> io::Result<()>;
    /// `fence`
    fn fence(&self, listener: &Socket) -> io::Result<()>;
    /// The transport's `server_close`.
    fn close_listener(&self, listener: &Socket);
    /// The state's `service_actions`.
    fn service_actions(&self);
    /// The state's `handle_timeout`.
    fn handle_timeout(&self);
    /// The state's `server_close`.
    fn announce_end(&self);
    /// The state's `server_closed`.
    fn closed(&self);
}

/// The server's bound socket, or the connection that it was given instead.
#[derive(Clone)]
pub(crate) struct Listener {
    socket: Arc<Owner>,
    origin: Origin,
}

/// Where a server's socket comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The server has made it.
    Own,
    /// It was handed over.
    Adopted,
    /// It was handed over, and is a connection: the server's one request.
    Given,
}

enum Owner {
    /// A listener: a forked child must not keep it.
    Parent(ParentOnly<Socket>),
    /// A socket for datagrams, with which a child answers, or a connection.
    Shared(Socket),
}

impl Listener {
    pub(crate) fn new(socket: Socket, origin: Origin) -> Self {
        let owner = match socket.kind() {
            _ if origin == Origin::Given => Owner::Shared(socket),
            Ok(kind) if kind.is_connectionless() => Owner::Shared(socket),
            _ => Owner::Parent(ParentOnly::new(socket)),
        };
        Listener { socket: Arc::new(owner), origin }
    }

    fn is_given(&self) -> bool {
        self.origin == Origin::Given
    }

    /// The socket, if handlers answer through it and the server has made it.
    fn answers(&self) -> Option<WeakSocket> {
        match &*self.socket {
            Owner::Shared(socket) if self.origin == Origin::Own => Some(socket.downgrade()),
            _ => None,
        }
    }

    pub(crate) fn socket(&self) -> &Socket {
        match &*self.socket {
            Owner::Parent(socket) => socket,
            Owner::Shared(socket) => socket,
        }
    }
}

/// The options that are times of the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// How long `handle_request` waits for a request.
    pub(crate) timeout: Option<Duration>,
    pub(crate) poll_interval: Duration,
    pub(crate) drain_timeout: Duration,
    /// After how long without a request `serve_forever` ends.
    pub(crate) idle: Option<Duration>,
}

pub(crate) struct Engine {
    intake: Box<dyn Intake>,
    concurrency: Arc<dyn Concurrency>,
    core: Arc<Core>,
    admission: Admission,
    /// Where clients wait until they have sent their first bytes, if they speak first.
    lobby: Option<Lobby>,
    times: Times,
    /// None once closed.
    listener: Mutex<Option<Listener>>,
    /// Whether another process may have the listener too.
    shared: AtomicBool,
    /// The sockets of a datagram server that has closed them, while handlers may answer through them.
    answers: Mutex<Vec<WeakSocket>>,
    /// `Some` once the server has ended.
    drained: Mutex<Option<Drained>>,
    once: Mutex<Once>,
    /// Whether the one request of a server that was given a connection has been taken.
    given_taken: AtomicBool,
    #[cfg(feature = "signals")]
    signals: Arc<Signals>,
    #[cfg(feature = "systemd")]
    supervisor: Supervisor,
}

/// What a loop has whose requests a worker may receive.
struct Lead {
    engine: Arc<Engine>,
    lender: Lender<Listener>,
}

impl Engine {
    pub(crate) fn new(
        intake: Box<dyn Intake>,
        concurrency: Arc<dyn Concurrency>,
        core: Arc<Core>,
        (admission, lobby): (Admission, Option<Lobby>),
        times: Times,
        listener: Listener,
    ) -> Self {
        Engine {
            intake,
            concurrency,
            core,
            admission,
            // The only client of a server that was given one need not free its worker.
            lobby: lobby.filter(|_| !listener.is_given()),
            times,
            shared: AtomicBool::new(listener.origin == Origin::Adopted),
            listener: Mutex::new(Some(listener)),
            answers: Mutex::default(),
            drained: Mutex::default(),
            once: Mutex::default(),
            given_taken: AtomicBool::new(false),
            #[cfg(feature = "signals")]
            signals: Arc::default(),
            #[cfg(feature = "systemd")]
            supervisor: Supervisor::default(),
        }
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// The signals, for an owner that keeps them longer than the engine.
    #[cfg(feature = "signals")]
    pub(crate) fn signals(&self) -> Arc<Signals> {
        self.signals.clone()
    }

    /// The listener's descriptor; -1 once closed.
    pub(crate) fn fileno(&self) -> RawFd {
        let listener = self.listener.lock();
        let socket = listener.as_ref().map(Listener::socket);
        socket.map_or(-1, Socket::fileno)
    }

    #[cfg(feature = "signals")]
    pub(crate) fn drain_on_signals(&self, timeout: Duration) -> io::Result<()> {
        self.signals.set_drain(&self.core, timeout)
    }

    #[cfg(feature = "signals")]
    pub(crate) fn on_signal(&self, signal: i32, run: Answer) -> io::Result<()> {
        self.signals.call(&self.core, signal, run)
    }

    #[cfg(feature = "systemd")]
    pub(crate) fn notify_systemd(&self) -> io::Result<bool> {
        self.supervisor.begin(self.core.life.is_serving())
    }

    #[cfg(feature = "systemd")]
    pub(crate) fn notify_fd(&self, fd: RawFd) -> io::Result<()> {
        self.supervisor.notify_fd(fd, self.core.life.is_serving())
    }

    fn listening(&self) -> io::Result<Listener> {
        let listener = self.listener.lock().clone();
        listener.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// From now on the server knows that another process has its listener too, or has it no more.
    pub(crate) fn share_listener(&self, shared: bool) {
        self.shared.store(shared, Relaxed);
    }

    /// Whether the server's end leaves the listener as it is, apart from closing it.
    fn is_shared(&self) -> bool {
        self.shared.load(Relaxed)
    }
}

/// Runs code that may be the user's. A panic there is a line in the log.
pub(crate) fn quietly(what: &str, run: impl FnOnce()) {
    contained(TARGET, what, run);
}

/// Runs code that may be the user's. A panic there becomes an error of this call.
pub(crate) fn survived<V>(run: impl FnOnce() -> io::Result<V>) -> io::Result<V> {
    let result = caught(|| Ok(run()));
    result.unwrap_or_else(|panic| Err(io::Error::other(panic.to_string())))
}
