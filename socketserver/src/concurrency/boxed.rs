//! A concurrency that is chosen at run time.

use std::io;

use super::Concurrency;
use crate::lead::Leader;
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// A concurrency that is chosen at run time: `Box<dyn Concurrency>`.
// A method that is forgotten here would be lost for every boxed concurrency.
#[deny(clippy::missing_trait_methods)]
impl<C: Concurrency + ?Sized> Concurrency for Box<C> {
    fn activate(&self) -> io::Result<()> {
        (**self).activate()
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        (**self).attach(waker)
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        (**self).process_request(job)
    }

    fn full(&self) -> bool {
        (**self).full()
    }

    fn service_actions(&self) -> Option<Instant> {
        (**self).service_actions()
    }

    fn workers(&self) -> Workers {
        (**self).workers()
    }

    fn runs_on_loop(&self) -> bool {
        (**self).runs_on_loop()
    }

    fn shares_memory(&self) -> bool {
        (**self).shares_memory()
    }

    fn leads(&self) -> bool {
        (**self).leads()
    }

    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        (**self).lead(leader)
    }

    fn waits_on_close(&self) -> bool {
        (**self).waits_on_close()
    }

    fn server_close(&self, deadline: Option<Instant>) {
        (**self).server_close(deadline);
    }
}
