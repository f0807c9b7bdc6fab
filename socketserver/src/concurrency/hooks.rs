//! A concurrency that differs from another one in a few methods.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::Concurrency;
use crate::axis::Wrapped;
use crate::lead::Leader;
use crate::request::{End, Job, Rejected, Run, Waker, Workers};
use crate::sync::Instant;

/// The methods in which a concurrency differs from `inner`, which it wraps. Every method has
/// a default, which is `inner`'s; in an override `inner.full()` is Python's `super().full()`.
///
/// ```
/// use socketserver::{Concurrency, ConcurrencyHooks, Server, Socket, Tcp, Threading, Wrapped};
///
/// /// Full at night.
/// #[derive(Default)]
/// struct OfficeHours;
///
/// impl ConcurrencyHooks for OfficeHours {
///     fn full(&self, inner: &dyn Concurrency) -> bool {
///         is_night() || inner.full()
///     }
/// }
/// # fn is_night() -> bool { false }
///
/// type Office = Wrapped<Threading, OfficeHours>;
///
/// let server = Server::<Tcp, Office, _, _>::handling(|request: Socket, _| {
///     request.sendall(b"Good morning!\n")
/// })
/// .max_threads(10) // an option of Threading
/// .bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// To run code around each job, use [`Builder::around`](crate::Builder::around).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of hooks for a concurrency",
    label = "needs `impl ConcurrencyHooks for {Self}`",
    note = "every method has a default, so `impl ConcurrencyHooks for {Self} {{}}` is enough"
)]
pub trait ConcurrencyHooks: Send + Sync + 'static {
    /// [`Concurrency::activate`]
    ///
    /// # Errors
    /// As there.
    fn activate(&self, inner: &dyn Concurrency) -> io::Result<()> {
        inner.activate()
    }

    /// [`Concurrency::attach`]
    ///
    /// # Errors
    /// As there.
    fn attach(&self, inner: &dyn Concurrency, waker: &Waker) -> io::Result<()> {
        inner.attach(waker)
    }

    /// [`Concurrency::process_request`]
    ///
    /// # Errors
    /// As there.
    fn process_request(&self, inner: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        inner.process_request(job)
    }

    /// [`Concurrency::full`]
    fn full(&self, inner: &dyn Concurrency) -> bool {
        inner.full()
    }

    /// [`Concurrency::service_actions`]
    fn service_actions(&self, inner: &dyn Concurrency) -> Option<Instant> {
        inner.service_actions()
    }

    /// [`Concurrency::workers`]
    fn workers(&self, inner: &dyn Concurrency) -> Workers {
        inner.workers()
    }

    /// [`Concurrency::runs_on_loop`]
    fn runs_on_loop(&self, inner: &dyn Concurrency) -> bool {
        inner.runs_on_loop()
    }

    /// [`Concurrency::shares_memory`]
    fn shares_memory(&self, inner: &dyn Concurrency) -> bool {
        inner.shares_memory()
    }

    /// [`Concurrency::waits_on_close`]
    fn waits_on_close(&self, inner: &dyn Concurrency) -> bool {
        inner.waits_on_close()
    }

    /// [`Concurrency::server_close`]
    fn server_close(&self, inner: &dyn Concurrency, deadline: Option<Instant>) {
        inner.server_close(deadline);
    }
}

// A method that is forgotten here would be lost for every wrapper.
#[deny(clippy::missing_trait_methods)]
impl<C: Concurrency, K: ConcurrencyHooks> Concurrency for Wrapped<C, K> {
    fn activate(&self) -> io::Result<()> {
        self.hooks.activate(&self.inner)
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        self.hooks.attach(&self.inner, waker)
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.hooks.process_request(&self.inner, job)
    }

    fn full(&self) -> bool {
        self.hooks.full(&self.inner)
    }

    fn service_actions(&self) -> Option<Instant> {
        self.hooks.service_actions(&self.inner)
    }

    fn workers(&self) -> Workers {
        self.hooks.workers(&self.inner)
    }

    fn runs_on_loop(&self) -> bool {
        self.hooks.runs_on_loop(&self.inner)
    }

    fn shares_memory(&self) -> bool {
        self.hooks.shares_memory(&self.inner)
    }

    fn leads(&self) -> bool {
        self.inner.leads()
    }

    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        self.inner.lead(leader)
    }

    fn waits_on_close(&self) -> bool {
        self.hooks.waits_on_close(&self.inner)
    }

    fn server_close(&self, deadline: Option<Instant>) {
        self.hooks.server_close(&self.inner, deadline);
    }
}

/// Hooks that put a function around each job, where it runs: made by
/// [`Builder::around`](crate::Builder::around).
#[derive(Clone)]
pub struct Around<F>(Arc<F>);

impl<F: Fn(Run) -> End + Send + Sync + 'static> Around<F> {
    /// Hooks that run `around` for each job.
    pub fn new(around: F) -> Self {
        Around(Arc::new(around))
    }
}

impl<F: Fn(Run) -> End + Send + Sync + 'static> ConcurrencyHooks for Around<F> {
    fn process_request(&self, inner: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        let around = self.0.clone();
        inner.process_request(job.wrap(move |run| around(run)))
    }
}

impl<F> fmt::Debug for Around<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").finish_non_exhaustive()
    }
}
