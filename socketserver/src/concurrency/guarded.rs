//! A concurrency whose panics cost one call each.

use std::io;
use std::sync::Arc;

use super::{Concurrency, TARGET};
use crate::lead::Leader;
use crate::panics::{catch_panic, contained};
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// A concurrency as the server uses it. It may be the user's own. Therefore a panic in it is a line
/// in the log, and the loop goes on with the value of the trait's own method.
pub(crate) struct Guarded<C>(Arc<C>);

impl<C: Concurrency> Guarded<C> {
    pub(crate) fn new(concurrency: Arc<C>) -> Self {
        Guarded(concurrency)
    }
}

// A method that is forgotten here would be lost for every server.
#[deny(clippy::missing_trait_methods)]
impl<C: Concurrency> Concurrency for Guarded<C> {
    fn activate(&self) -> io::Result<()> {
        survived(|| self.0.activate())
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        survived(|| self.0.attach(waker))
    }

    /// A job that is lost in a panic counts as failed, and its connection closes.
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        contained(TARGET, "the concurrency's process_request", || self.0.process_request(job))
            .unwrap_or(Ok(()))
    }

    fn full(&self) -> bool {
        contained(TARGET, "the concurrency's full", || self.0.full()).unwrap_or(false)
    }

    fn service_actions(&self) -> Option<Instant> {
        contained(TARGET, "the concurrency's service_actions", || self.0.service_actions())
            .flatten()
    }

    fn workers(&self) -> Workers {
        contained(TARGET, "the concurrency's workers", || self.0.workers()).unwrap_or_default()
    }

    fn runs_on_loop(&self) -> bool {
        contained(TARGET, "the concurrency's runs_on_loop", || self.0.runs_on_loop())
            .unwrap_or(false)
    }

    fn shares_memory(&self) -> bool {
        contained(TARGET, "the concurrency's shares_memory", || self.0.shares_memory())
            .unwrap_or(true)
    }

    fn leads(&self) -> bool {
        contained(TARGET, "the concurrency's leads", || self.0.leads()).unwrap_or(false)
    }

    /// A leader that is lost in a panic gives the baton back.
    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        contained(TARGET, "the concurrency's lead", || self.0.lead(leader)).unwrap_or(Ok(()))
    }

    fn waits_on_close(&self) -> bool {
        contained(TARGET, "the concurrency's waits_on_close", || self.0.waits_on_close())
            .unwrap_or(true)
    }

    fn server_close(&self, deadline: Option<Instant>) {
        contained(TARGET, "the concurrency's server_close", || {
            self.0.server_close(deadline);
        });
    }
}

fn survived(run: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let panicked = |text| Err(io::Error::other(format!("the concurrency panicked: {text}")));
    catch_panic(run).unwrap_or_else(panicked)
}
