//! One request after the other.

use super::Concurrency;
use crate::request::{Job, Rejected};

/// Every request runs on the loop's own thread, and the next one waits until it has ended. This
/// suits handlers that answer at once, because a slow client keeps all others waiting.
///
/// Python: a server without a mix-in
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

impl Concurrency for Inline {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        job.run();
        Ok(())
    }

    fn runs_on_loop(&self) -> bool {
        true
    }
}
