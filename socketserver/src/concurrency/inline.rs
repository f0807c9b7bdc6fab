//! One request after the other.

use super::Concurrency;
use crate::request::{Job, Rejected};

/// Every request runs on the loop's own thread, and the next one waits until it has ended. Right
/// for handlers that answer at once: a slow client keeps all the others waiting.
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
