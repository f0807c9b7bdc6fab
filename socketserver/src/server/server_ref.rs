//! The server as its handlers see it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use std::time::Duration;

use super::connections::Connections;
use super::life::{Asked, Life, Stop, StopKind};
use super::stats::Stats;
use super::waker::Waker;
use crate::concurrency::Concurrency;
use crate::socket::{Address, Socket};
use crate::sync::Mutex;

/// What all of a server's parts share, whatever their types.
pub(super) struct Core {
    pub(super) address: Address,
    /// None once closed.
    pub(super) listener: Mutex<Option<Socket>>,
    pub(super) life: Life,
    pub(super) waker: Waker,
    pub(super) connections: Arc<Connections>,
    pub(super) concurrency: Arc<dyn Concurrency>,
    /// How long requests are still taken before a drain.
    pub(super) lame_duck: Duration,
    /// Whether `service_actions` has anything to do.
    pub(super) service_actions: AtomicBool,
    /// A signal came that drains this server; its loop sees to that when it next turns.
    pub(super) signalled: Arc<AtomicBool>,
}

/// The server as its handlers and hooks see it: a cheap clone, and through `Deref` the server's
/// state, so that `self.server.members` reads as in Python. That of a server without a state is a
/// `ServerRef` alone.
///
/// Its own methods hide methods of these names on the state: `server_address`, `shutdown`,
/// `begin_drain`, `is_leaving`, `is_stopping`, `stats`, `state`, `without_service_actions`.
///
/// Python: `BaseRequestHandler.server`
pub struct ServerRef<S = ()>(Arc<(S, Core)>);

impl<S> ServerRef<S> {
    pub(super) fn new(state: S, core: Core) -> Self {
        ServerRef(Arc::new((state, core)))
    }

    pub(super) fn core(&self) -> &Core {
        &self.0.1
    }

    /// The state, as `Deref` gives it too.
    pub fn state(&self) -> &S {
        &self.0.0
    }

    /// Where the server listens, with the port that the system chose.
    ///
    /// Python: `BaseServer.server_address`
    pub fn server_address(&self) -> &Address {
        &self.core().address
    }

    /// Ends the loop: no request is taken after it has returned. Handlers go on, and the listener
    /// stays open.
    ///
    /// From anywhere, any number of times. It waits for the loop's end, but where that could wait
    /// for itself, on the loop's thread and inside a request of this server, it only asks. A server
    /// that never served remembers it, and its first `serve_forever` returns at once; one that has
    /// stopped does nothing.
    ///
    /// Python: `BaseServer.shutdown`, which waits for ever on the loop's own thread
    pub fn shutdown(&self) {
        let core = self.core();
        let stop = Stop {
            kind: StopKind::Shutdown,
            until: None,
            alone: None,
            after: None,
        };
        if let Asked::Loop(ended) = core.life.ask(stop, false, &core.waker)
            && !core.life.is_inside()
        {
            core.life.wait(ended, None);
        }
    }

    /// Asks the loop for an orderly end and does not wait for it: see
    /// [`Server::drain`](crate::Server::drain). Live requests may go on for `timeout`.
    ///
    /// A server that does not serve now, because it never did or has stopped, remembers it: its next
    /// `serve_forever` drains and closes it. A closed one does nothing.
    pub fn begin_drain(&self, timeout: Duration) {
        let core = self.core();
        let (after, _) = core.lame_duck(StopKind::Drain);
        let stop = Stop {
            kind: StopKind::Drain,
            until: None,
            alone: Some(timeout),
            after,
        };
        core.life.ask(stop, false, &core.waker);
    }

    /// Whether the server's end is near: it was told to drain, by a signal too, and only takes
    /// requests until its [`lame_duck`](crate::Builder::lame_duck) time is over, or
    /// [is stopping](Self::is_stopping). What a health check tells those who choose among servers.
    pub fn is_leaving(&self) -> bool {
        self.core().signalled.load(SeqCst) || self.core().life.is_leaving()
    }

    /// Whether the server was told to stop, by a signal too, or has stopped for good: a handler that
    /// loops may look. As long as it is a lame duck it is not stopping.
    pub fn is_stopping(&self) -> bool {
        let core = self.core();
        // With a lame-duck time a signal is not the end yet.
        core.lame_duck.is_zero() && core.signalled.load(SeqCst) || core.life.is_ending()
    }

    /// The counters as of now.
    pub fn stats(&self) -> Stats {
        let mut stats = self.core().connections.stats();
        stats.workers = self.core().concurrency.workers();
        stats
    }

    /// Says that `service_actions` has nothing to do, so that the loop need not wake for it.
    pub fn without_service_actions(&self) {
        self.core().service_actions.store(false, Relaxed);
    }
}

impl<S> Clone for ServerRef<S> {
    fn clone(&self) -> Self {
        ServerRef(self.0.clone())
    }
}

impl<S> Deref for ServerRef<S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.state()
    }
}

impl<S> fmt::Debug for ServerRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerRef")
            .field("server_address", &format_args!("{}", self.server_address()))
            .field("stats", &self.stats())
            .finish()
    }
}
