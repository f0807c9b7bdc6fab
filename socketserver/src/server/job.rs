//! One request on its way: what runs it, and the ticket that counts it.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::base::BaseServer;
use super::connections::{End, Ticket};
use super::server_ref::ServerRef;
use crate::handler::{HandlerError, RequestHandler, caught, short_name};
use crate::panics::contained;
use crate::socket::Address;
use crate::socket::wait::nonblocking_sockets;
use crate::transport::Transport;

/// Where this module's log lines go.
const TARGET: &str = "socketserver::server";

/// The first half of a [`Job`]: everything from `prepare` to `shutdown_request`. Dropped without
/// being run, it lets go of the request.
pub struct Run {
    run: Box<dyn FnOnce(Place) -> End + Send>,
    place: Place,
}

/// Where a request runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the server's process.
    Here,
    /// In a child, where the server is only a copy.
    Child,
}

impl Run {
    /// Runs the request and tells how it ended. Never unwinds.
    pub fn run(self) -> End {
        (self.run)(self.place)
    }
}

/// One request that is to be handled: what
/// [`Concurrency::process_request`](crate::Concurrency::process_request) gets.
pub struct Job {
    run: Run,
    ticket: Ticket,
    /// The handler's, with its path.
    name: &'static str,
}

impl Job {
    pub(super) fn new(
        run: impl FnOnce(Place) -> End + Send + 'static,
        ticket: Ticket,
        name: &'static str,
    ) -> Self {
        Job {
            run: Run {
                run: Box::new(run),
                place: Place::Here,
            },
            ticket,
            name,
        }
    }

    /// Runs the request here and now: prepare, handle, `handle_error` if that failed,
    /// `shutdown_request`; then it is counted. Never unwinds.
    pub fn run(mut self) {
        self.ticket.begin();
        let end = self.run.run();
        self.ticket.end(end);
    }

    /// Runs the request in a process that was forked for it and ends after it. The server is a copy
    /// here, and lets go of its listener; the books are the parent's.
    pub fn run_in_child(self) -> End {
        std::mem::forget(self.ticket);
        (self.run.run)(Place::Child)
    }

    /// The two halves: what to run, and the ticket that must be closed with how that ended.
    ///
    /// The server lets go of the request, whose descriptor goes with the first half. This is for
    /// who runs it elsewhere: in another process.
    pub fn split(mut self) -> (Run, Ticket) {
        self.ticket.begin();
        self.ticket.release();
        (self.run, self.ticket)
    }

    /// The same job with something around it, where it runs: a pool of database connections, a
    /// tracing span.
    ///
    /// ```
    /// # use socketserver::{Concurrency, Job, Rejected, Threading, Waker, Workers};
    /// /// Threads that say when they begin and end.
    /// #[derive(Default)]
    /// struct Traced(Threading);
    ///
    /// impl Concurrency for Traced {
    ///     fn attach(&self, waker: &Waker) -> std::io::Result<()> {
    ///         self.0.attach(waker)
    ///     }
    ///     fn process_request(&self, job: Job) -> Result<(), Rejected> {
    ///         self.0.process_request(job.wrap(|run| {
    ///             log::trace!("begins");
    ///             let end = run.run();
    ///             log::trace!("ends: {end:?}");
    ///             end
    ///         }))
    ///     }
    ///     fn full(&self) -> bool {
    ///         self.0.full()
    ///     }
    ///     fn service_actions(&self) -> Option<std::time::Instant> {
    ///         self.0.service_actions()
    ///     }
    ///     fn workers(&self) -> Workers {
    ///         self.0.workers()
    ///     }
    ///     fn runs_on_loop(&self) -> bool {
    ///         self.0.runs_on_loop()
    ///     }
    ///     fn waits_on_close(&self) -> bool {
    ///         self.0.waits_on_close()
    ///     }
    ///     fn server_close(&self, deadline: Option<std::time::Instant>) {
    ///         self.0.server_close(deadline)
    ///     }
    /// }
    /// ```
    pub fn wrap(self, around: impl FnOnce(Run) -> End + Send + 'static) -> Job {
        let Job {
            mut run,
            ticket,
            name,
        } = self;
        let run = move |place| {
            run.place = place;
            let end = contained(TARGET, "what is wrapped around a job", || around(run));
            end.unwrap_or(End::Failed)
        };
        Job::new(run, ticket, name)
    }

    /// The handler's name with its path.
    pub(crate) fn type_name(&self) -> &'static str {
        self.name
    }

    /// The handler's name, without its path: for naming threads.
    pub fn name(&self) -> &'static str {
        // Few ask, so that not every request has to pay for it.
        short_name(self.name)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// A job that nobody could run, and why.
#[derive(Debug)]
pub struct Rejected {
    /// The job, given back.
    pub job: Job,
    /// Why it was refused.
    pub error: io::Error,
}

/// What a request needs on its way, wherever that leads.
pub(super) struct Request<T: Transport, S> {
    pub(super) request: Held<T::Request>,
    pub(super) client_address: Address,
    pub(super) transport: Arc<T>,
    pub(super) server: ServerRef<S>,
}

impl<T: Transport, S> Clone for Request<T, S> {
    fn clone(&self) -> Self {
        Request {
            request: self.request.clone(),
            client_address: self.client_address.clone(),
            transport: self.transport.clone(),
            server: self.server.clone(),
        }
    }
}

impl<T: Transport, S: BaseServer<T::Request>> Request<T, S> {
    /// All of a request's life in its handler's thread. Nothing that a user wrote can unwind out of
    /// here.
    pub(super) fn run<H: RequestHandler<T::Request, S>>(
        self,
        place: Place,
        patience: Duration,
    ) -> End {
        let server = self.server.clone();
        if place == Place::Child {
            self.leave_to_parent();
        }
        let end = server.core().life.inside(|| {
            let end = match caught(|| self.handle::<H>()) {
                Ok(()) => End::Finished,
                Err(error) => {
                    self.fail(error);
                    End::Failed
                }
            };
            self.shutdown(patience);
            // What the user's state or request does as it goes must not take the worker with it.
            quietly("dropping a request", || drop(self));
            end
        });
        quietly("dropping a server's state", || drop(server));
        end
    }

    /// What is the parent's: the listener, the bell, and the server's life.
    fn leave_to_parent(&self) {
        let core = self.server.core();
        core.life.leave_to_parent();
        core.waker.leave_to_parent();
        // The thread that held this lock at the fork, if one did, is not here to let go of it.
        if let Some(listener) = core.listener.try_lock()
            && let Some(listener) = &*listener
        {
            self.transport.leave_to_parent(listener);
        }
    }

    fn handle<H: RequestHandler<T::Request, S>>(&self) -> Result<(), HandlerError> {
        self.transport.prepare(&self.request)?;
        H::handle_request(
            T::Request::clone(&self.request),
            self.client_address.clone(),
            self.server.clone(),
        )
    }

    /// `verify_request`; what fails there costs this request.
    pub(super) fn verify(&self) -> Result<bool, HandlerError> {
        caught(|| {
            Ok(self
                .server
                .verify_request(&self.request, &self.client_address, &self.server))
        })
    }

    /// `handle_error`, and if that fails too, a line in the log.
    pub(super) fn fail(&self, error: HandlerError) {
        quietly("handle_error", || {
            self.server
                .handle_error(&self.request, &self.client_address, &error, &self.server);
        });
        quietly("dropping an error", || drop(error));
    }

    /// `refuse_request`, which the loop does not wait for.
    pub(super) fn turn_away(&self) {
        quietly("refuse_request", || {
            nonblocking_sockets(|| {
                self.server
                    .refuse_request(&self.request, &self.client_address, &self.server);
            });
        });
    }

    pub(super) fn shutdown(&self, patience: Duration) {
        quietly("shutdown_request", || {
            self.transport.shutdown_request(&self.request, patience)
        });
    }
}

/// A request as the server holds it: what that does as it goes is the user's, and stops nobody.
#[derive(Clone)]
pub(super) struct Held<R>(Option<R>);

impl<R> Held<R> {
    pub(super) fn new(request: R) -> Self {
        Held(Some(request))
    }
}

impl<R> Deref for Held<R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.0.as_ref().expect("it is held until it is dropped")
    }
}

impl<R> Drop for Held<R> {
    fn drop(&mut self) {
        quietly("dropping a request", || drop(self.0.take()));
    }
}

/// Runs what has nobody to report to.
pub(super) fn quietly(what: &str, run: impl FnOnce()) {
    contained(TARGET, what, run);
}
