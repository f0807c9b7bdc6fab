//! What a pool runs, and what it gives back.

use std::io;

/// A job of a pool.
pub(crate) trait Work: Send + 'static {
    /// Does the job, on a worker. Should not unwind: a worker logs that and goes on.
    fn run(self);

    /// The name of a thread that is started for this job. A type's name will do, it is shortened.
    /// Must not call the pool.
    fn name(&self) -> &str;
}

/// A job that the pool cannot run, and why.
#[derive(Debug)]
pub(crate) struct Rejected<J> {
    pub(crate) job: J,
    pub(crate) error: io::Error,
}
