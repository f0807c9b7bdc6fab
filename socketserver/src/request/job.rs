//! A request on its way to its handler.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::TARGET;
use super::accepted::Accepted;
use super::stats::End;
use super::ticket::Ticket;
use crate::panics::contained;
use crate::socket::Socket;

/// The first half of a [`Job`]: everything from `prepare` to `shutdown_request`. Dropping it
/// releases the request without running it.
pub struct Run {
    request: Arc<dyn Accepted>,
    around: Option<Around>,
}

/// What [`Job::wrap`] puts around a run.
type Around = Box<dyn FnOnce(Run) -> End + Send>;

impl Run {
    /// Runs the request and returns how it ended. Never unwinds.
    pub fn run(mut self) -> End {
        match self.around.take() {
            None => self.request.run(),
            Some(around) => {
                contained(TARGET, "code around a job", || around(self)).unwrap_or(End::Failed)
            }
        }
    }

    /// The handler's name, without its path.
    pub fn name(&self) -> &'static str {
        short_name(self.request.handler_name())
    }
}

/// One request that is to be handled: the argument of
/// [`Concurrency::process_request`](crate::Concurrency::process_request).
pub struct Job {
    run: Run,
    ticket: Ticket,
}

impl Job {
    pub(crate) fn new(request: Arc<dyn Accepted>, ticket: Ticket) -> Self {
        let run = Run { request, around: None };
        Job { run, ticket }
    }

    /// Runs the request here and now: prepare, handle, `handle_error` if that failed,
    /// `shutdown_request`; then it is counted. Never unwinds.
    pub fn run(mut self) {
        self.ticket.begin();
        // This drops the request, and its connection with it, before it counts as ended.
        let end = self.run.run();
        self.ticket.end(end);
    }

    /// The two halves: what to run, and the ticket that must be closed with the run's [`End`]. For
    /// a concurrency that runs the request elsewhere: in another process, and keeps the ticket in
    /// this one. The request's descriptor closes when the first half is dropped.
    pub fn split(mut self) -> (Run, Ticket) {
        self.ticket.leave(&*self.run.request);
        (self.run, self.ticket)
    }

    /// The same job with `around` around it, where it runs: a tracing span, a watch, a database
    /// connection from a pool. [`Builder::around`](crate::Builder::around) does so for every job of
    /// a server.
    ///
    /// If `around` panics, the request counts as failed, without `handle_error`; if it had not run
    /// by then, it is dropped without `shutdown_request`.
    pub fn wrap(mut self, around: impl FnOnce(Run) -> End + Send + 'static) -> Job {
        let inner = self.run.around.take();
        self.run.around = Some(Box::new(move |mut run| {
            run.around = inner;
            around(run)
        }));
        self
    }

    /// The request has come to the place where it waits for its client, and need not be waited for.
    pub(crate) fn begin(&mut self) {
        self.ticket.begin();
    }

    /// Whether it waits for its client's first byte, where clients speak first.
    pub(crate) fn awaits_first_byte(&self) -> bool {
        self.run.request.awaits_first_byte()
    }

    /// Whether the client, which has sent something, must send more before it gets a worker.
    pub(crate) fn awaits_more(&self) -> bool {
        self.run.request.awaits_more()
    }

    /// The client has kept the server waiting for its first bytes for this long.
    pub(crate) fn end_silence(&self, silence: Duration) {
        self.run.request.facts().set_silence(silence);
    }

    /// The request's connection, if it is one of a [`Socket`].
    pub(crate) fn socket(&self) -> Option<&Socket> {
        self.run.request.socket()
    }

    /// Ends the job without running it: its client is disconnected, and it counts as refused.
    pub(crate) fn refuse(self) {
        let (request, ticket) = self.give_back();
        request.shutdown(Duration::ZERO);
        request.closed();
        ticket.end(End::Refused);
    }

    /// The request of a rejected job, and its ticket.
    pub(crate) fn give_back(self) -> (Arc<dyn Accepted>, Ticket) {
        (self.run.request, self.ticket)
    }

    /// The handler's name with its path.
    pub(crate) fn type_name(&self) -> &'static str {
        self.run.request.handler_name()
    }

    /// The handler's name, without its path: for naming threads.
    pub fn name(&self) -> &'static str {
        self.run.name()
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// A job that a concurrency could not run, and why.
#[derive(Debug)]
pub struct Rejected {
    /// The job, given back.
    pub job: Job,
    /// Why it was rejected: it goes to [`handle_error`](crate::BaseServer::handle_error).
    pub error: io::Error,
}

/// A type's name without its path and its parameters.
pub(crate) fn short_name(name: &'static str) -> &'static str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}
