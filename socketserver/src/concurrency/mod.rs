//! Who runs the handlers.
//!
//! | mixin | runs on | full when | `server_close` waits for |
//! | --- | --- | --- | --- |
//! | [`Inline`] | the loop's own thread | never: the loop itself is busy | the one request |
//! | [`Forking`] | a child process each | there are `max_children` | every child, unless `block_on_close` is off |
//! | [`Green`] | a green thread each, on one thread a core | there are `max_green_threads` | every request |
//! | [`Threading`] | a worker of an elastic pool | all `max_threads` are busy | every request, unless `block_on_close` is off |
//!
//! A concurrency knows jobs and nothing of sockets. One of your own usually wraps one of these and
//! puts something around each job, with [`Job::wrap`].

mod forking;
#[cfg(target_os = "linux")]
mod green;
mod inline;
mod threading;

use std::io;

pub use forking::Forking;
#[cfg(target_os = "linux")]
pub use green::Green;
pub use inline::Inline;
pub use threading::Threading;

use crate::server::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// Who runs the handlers.
///
/// One that wraps another passes on every method, also those with a default: without `full` there is
/// no limit, without `service_actions` nobody reaps children or tries again to start a thread,
/// without `server_close` the workers stay.
///
/// Python: the mix-ins, and what a server without one does
pub trait Concurrency: Send + Sync + 'static {
    /// When serving starts, on the loop's thread. Keep the waker: whoever makes
    /// [`full`](Self::full) false again wakes the loop *after* that.
    ///
    /// # Errors
    /// Why it cannot serve here. `serve_forever` ends with it, and so does `spawn`, which waits for
    /// this.
    fn attach(&self, _waker: &Waker) -> io::Result<()> {
        Ok(())
    }

    /// Runs the job here and now, or hands it to whoever will.
    ///
    /// # Errors
    /// The job, given back, when nobody can run it: it goes to `handle_error`.
    ///
    /// Python: `BaseServer.process_request`
    fn process_request(&self, job: Job) -> Result<(), Rejected>;

    /// While this is true the server takes no request, or refuses it, as its
    /// [`overflow`](crate::Builder::overflow) says.
    fn full(&self) -> bool {
        false
    }

    /// At every turn of the loop, while the server's end waits, and when `handle_request` times
    /// out; before the user's own hook. The place to reap. Returns when it wants to be called again at
    /// the latest.
    ///
    /// Python: `ForkingMixIn.service_actions`
    fn service_actions(&self) -> Option<Instant> {
        None
    }

    /// Threads or processes, for [`stats`](crate::Server::stats).
    fn workers(&self) -> Workers {
        Workers::default()
    }

    /// Whether handlers run on the loop's own thread, which then does nothing else meanwhile.
    fn runs_on_loop(&self) -> bool {
        false
    }

    /// Whether `server_close` waits for requests that are still live.
    ///
    /// Python: `ThreadingMixIn.block_on_close`
    fn waits_on_close(&self) -> bool {
        true
    }

    /// After the last request has ended or was given up: lets the workers go. With a deadline it
    /// waits for them, at most until then; without one it must not wait.
    ///
    /// Python: `ThreadingMixIn.server_close`
    fn server_close(&self, _deadline: Option<Instant>) {}
}
