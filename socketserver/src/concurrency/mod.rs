//! What runs the handlers.
//!
//! | concurrency | runs each request on | full when | `server_close` waits for |
//! | --- | --- | --- | --- |
//! | [`Inline`] | the loop's own thread | never (the loop is busy meanwhile) | the one request |
//! | [`Forking`] | a child process | there are `max_children` | every child, unless `block_on_close` is off |
//! | [`Green`] | a green thread; one system thread per core runs them | there are `max_green_threads` | every request, unless `block_on_close` is off or `daemon_threads` on |
//! | [`Threading`] | a thread of an elastic pool | all `max_threads` are busy, or the system refuses threads and a job waits | every request, unless `block_on_close` is off or `daemon_threads` on |
//!
//! `server_close` waits up to `drain_timeout`. A concurrency knows jobs, and nothing of sockets.
//! Your own usually wraps one of these, with [`ConcurrencyHooks`].

mod boxed;
mod daemon_threads;
mod forking;
mod green;
mod guarded;
mod hooks;
mod inline;
mod live_children;
mod on_close;
mod threading;

use std::io;

pub use daemon_threads::DaemonThreads;
pub(crate) use daemon_threads::daemon_threads_setters;
pub(crate) use forking::forking_setters;
pub use forking::{Children, Forking};
pub(crate) use green::green_setters;
pub use green::{Green, GreenThreads};
pub(crate) use guarded::Guarded;
pub use hooks::{Around, ConcurrencyHooks};
pub use inline::Inline;
pub use on_close::OnClose;
pub(crate) use on_close::on_close_setters;
pub(crate) use threading::threading_setters;
pub use threading::{Threading, Threads};

use crate::lead::Leader;
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::concurrency";

/// What runs the handlers.
///
/// To change one method of an existing concurrency, write [`ConcurrencyHooks`].
///
/// Python: the mix-ins, and what a server without one does
pub trait Concurrency: Send + Sync + 'static {
    /// Called once, when the server is bound, to open or read the files that are needed later. By
    /// then the program may be in a jail, or run as another user. Start no thread here, because the
    /// program may still fork into the background. (A program that forks, enters a jail and runs a
    /// forking server must bind after its fork.)
    ///
    /// # Errors
    /// The reason for which it could never serve. `bind` returns the error.
    fn activate(&self) -> io::Result<()> {
        Ok(())
    }

    /// Called each time before the server serves, on the thread that serves. Keep the waker: wake
    /// the loop when [`full`](Self::full) has become false again.
    ///
    /// # Errors
    /// The reason for which it cannot serve here. `serve_forever` returns the error, and so does
    /// `spawn`, which waits for this call.
    fn attach(&self, _waker: &Waker) -> io::Result<()> {
        Ok(())
    }

    /// Runs the job on this thread, or hands it to a worker.
    ///
    /// # Errors
    /// The job itself, and an error, which goes to `handle_error`.
    ///
    /// Python: `BaseServer.process_request`
    fn process_request(&self, job: Job) -> Result<(), Rejected>;

    /// Whether there is no room for another job. If so, the server accepts no request, or refuses
    /// it, depending on its [`overflow`](crate::Builder::overflow).
    fn full(&self) -> bool {
        false
    }

    /// Maintains the workers, for example by reaping children. Called at every turn of the loop,
    /// while a drain waits, and at every turn of `handle_request` that accepted no request. Returns
    /// the time by which it must be called again.
    ///
    /// Python: `ForkingMixIn.service_actions`
    fn service_actions(&self) -> Option<Instant> {
        None
    }

    /// The workers, for [`stats`](crate::Server::stats).
    fn workers(&self) -> Workers {
        Workers::default()
    }

    /// Whether handlers run on the loop's own thread, which does nothing else meanwhile. Called
    /// only when the server is made.
    fn runs_on_loop(&self) -> bool {
        false
    }

    /// Whether handlers run in the server's own process, so that the server knows the clients that
    /// they learn. Called only when the server is made.
    fn shares_memory(&self) -> bool {
        true
    }

    /// Whether one of its workers may receive requests, as long as their handlers are short, and
    /// run those itself. Then [`process_request`](Self::process_request) is called on this worker.
    #[doc(hidden)]
    fn leads(&self) -> bool {
        false
    }

    /// Runs the leader on a worker. Called only if it [`leads`](Self::leads).
    ///
    /// # Errors
    /// The leader itself.
    #[doc(hidden)]
    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        Err(leader)
    }

    /// Whether `server_close` waits for requests that are still live.
    ///
    /// Python: `ThreadingMixIn.block_on_close`
    fn waits_on_close(&self) -> bool {
        true
    }

    /// Ends the workers, when the server no longer waits for requests. With a deadline, this blocks
    /// until the workers have ended, but not longer than that. Without one it must not block.
    ///
    /// Python: `ThreadingMixIn.server_close`
    fn server_close(&self, _deadline: Option<Instant>) {}
}
