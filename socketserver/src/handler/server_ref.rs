//! The server as its handlers see it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use super::core::Core;
use super::stop::{By, StopKind, Waiting};
use crate::address::Address;
use crate::request::{LiveRequest, Stats};

/// The server as its handlers and hooks see it: a cheap clone, and through `Deref` the server's
/// state, so that `self.server.members` reads as in Python. That of a server without a state is a
/// `ServerRef` alone.
///
/// Its own methods hide methods of these names on the state: `server_address`, `shutdown`,
/// `begin_drain`, `is_leaving`, `is_stopping`, `live_requests`, `next_request`,
/// `next_request_within`, `request_id`, `runs_on_loop`, `set_max_connections`,
/// `set_max_connections_per_address`, `stats`, `state`, `without_service_actions`, `without_state`.
///
/// Python: `BaseRequestHandler.server`
pub struct ServerRef<S = ()>(Arc<Shared<S>>);

struct Shared<S> {
    state: Arc<S>,
    core: Arc<Core>,
}

impl<S> ServerRef<S> {
    pub(crate) fn new(state: Arc<S>, core: Arc<Core>) -> Self {
        ServerRef(Arc::new(Shared { state, core }))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    /// A handle of the same server, without the type of its state.
    pub fn without_state(&self) -> ServerRef {
        ServerRef::new(Arc::new(()), self.core().clone())
    }

    /// The state, as `Deref` gives it too.
    pub fn state(&self) -> &S {
        &self.0.state
    }

    /// Where the server listens, with the port that the system chose.
    ///
    /// Python: `BaseServer.server_address`
    pub fn server_address(&self) -> &Address {
        &self.core().address
    }

    /// Ends the loop: no request is accepted after it has returned. Handlers go on, and the
    /// listener stays open.
    ///
    /// It may be called from anywhere, any number of times. It blocks until the loop has ended. On
    /// the loop's thread, and inside a request of this server, it only asks, because it would wait
    /// for itself. A server that has never served, or is between two calls of `handle_request`,
    /// remembers the call, and serves nothing the next time. On a server that has stopped it does
    /// nothing.
    ///
    /// Python: `BaseServer.shutdown`, which blocks for ever on the loop's own thread
    pub fn shutdown(&self) {
        let life = &self.core().life;
        let asked = life.ask(StopKind::Shutdown, Waiting::Nobody, false);
        if let By::Loop(ended) = asked.carried_out_by
            && !life.is_inside()
        {
            life.wait(ended, None);
        }
    }

    /// Asks the loop for a [drain](crate::Server::drain), and does not wait for it. Live requests
    /// may go on for `timeout`: on an inline server also the one whose handler makes this call.
    ///
    /// A server that is not serving, because it never did or has stopped, remembers it: its next
    /// `serve_forever` drains and closes it. On a closed server it does nothing.
    pub fn begin_drain(&self, timeout: Duration) {
        self.core().begin_drain(timeout);
    }

    /// Whether the server's end is near. It [is stopping](Self::is_stopping), or a call or a signal
    /// has begun a drain, and it accepts requests only until its
    /// [`lame_duck`](crate::Builder::lame_duck) time is over. A health check reports this, so that
    /// balancers turn to other servers.
    pub fn is_leaving(&self) -> bool {
        self.core().signalled.load(SeqCst) || self.core().life.is_leaving()
    }

    /// Whether a call or a signal has asked the server to stop, or it has stopped: for handlers
    /// that loop. As long as it is a lame duck it is not stopping. In the child of a forking server
    /// this stays false, because the child has a copy of the server.
    pub fn is_stopping(&self) -> bool {
        let core = self.core();
        // With a lame-duck time a signal is not the end yet.
        !core.life.has_lame_duck() && core.signalled.load(SeqCst) || core.life.is_stopping()
    }

    /// Whether handlers run on the loop's own thread, one at a time: a client that keeps its
    /// connection then keeps all others waiting.
    pub fn runs_on_loop(&self) -> bool {
        self.core().runs_on_loop
    }

    /// The counters as of now.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// The live requests, in the order in which they were accepted: their numbers, clients, phases
    /// and ages. Each is as of one moment, and they are not all of the same one.
    ///
    /// ```
    /// use socketserver::{Socket, ThreadingTCPServer};
    ///
    /// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"));
    /// let server = server.bind("127.0.0.1:0")?;
    /// for request in server.server_ref().live_requests() {
    ///     log::info!("{} {} {:?}", request.id, request.client_address, request.age);
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn live_requests(&self) -> Vec<LiveRequest> {
        self.core().books.live()
    }

    /// Changes [`max_connections`](crate::Builder::max_connections) while the server serves; `None`
    /// is no limit. A higher limit lets clients in at once that wait in the backlog. A lower one
    /// aborts no request: the server accepts new ones when enough have ended.
    pub fn set_max_connections(&self, requests: Option<usize>) {
        self.core().books.quotas().all().set(requests);
        // A full server does not look at its listener.
        self.core().waker.wake();
    }

    /// Changes [`max_connections_per_address`](crate::Builder::max_connections_per_address) while
    /// the server serves; `None` is no limit. It aborts no request. Requests that were accepted
    /// while there was no limit do not count. On a forking server whose children
    /// [learn](crate::Transport::learns_client) their clients it has no effect.
    pub fn set_max_connections_per_address(&self, requests: Option<usize>) {
        self.core().books.quotas().per_client().set(requests);
    }

    /// The number of this server's request that the caller handles, for lines in the log: those of
    /// the server have it too. `None` outside a request.
    pub fn request_id(&self) -> Option<u64> {
        self.core().life.request().map(|request| request.id())
    }

    /// Says that [`service_actions`](crate::BaseServer::service_actions) has nothing to do, so that
    /// the loop need not wake for it.
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
