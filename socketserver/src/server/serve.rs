//! The loop. Read this file first, top to bottom.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Server;
use super::accept::{AcceptError, Backoff};
use super::base::BaseServer;
use super::job::{Held, Job, Rejected, Request, quietly};
use super::refuse::Refusal;
use super::stats::Served;
use crate::concurrency::Concurrency;
use crate::handler::{RequestHandler, caught};
use crate::socket::{Address, Socket};
use crate::sync::Instant;
use crate::transport::Transport;

/// So many requests are handed over before the loop looks after everything else again: under load
/// there may always be one.
const BATCH: usize = 64;

/// What came of an attempt to take a request.
pub(super) enum Taken {
    Request(Served),
    /// There was one that could not be taken.
    Failed,
    Nothing,
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// Handles requests until [`shutdown`](Self::shutdown) or another end. After a `shutdown` it
    /// may be called again.
    ///
    /// # Errors
    /// `ResourceBusy` when the server is already serving; `NotConnected` when it is closed; the
    /// concurrency's, if it cannot serve here; the system's, if the listener will never work again.
    /// What goes wrong with one connection is not an error of the server's.
    ///
    /// Python: `BaseServer.serve_forever`
    pub fn serve_forever(&self) -> io::Result<()> {
        self.core().life.enter()?;
        self.serve(|| ())
    }

    /// The rest of `serve_forever`, for a server that is serving already. Calls `begun` once nothing
    /// can keep it from serving any more, or drops it.
    pub(super) fn serve(&self, begun: impl FnOnce()) -> io::Result<()> {
        let result = self.contained(|| self.run_loop(begun));
        self.end_of_serving(true);
        result
    }

    /// Runs a loop. A transport or a concurrency of the user's own may panic there, and the loop
    /// still has to end as every other does.
    fn contained<V>(&self, run: impl FnOnce() -> io::Result<V>) -> io::Result<V> {
        let ended = self.core().life.inside(|| caught(|| Ok(run())));
        ended.unwrap_or_else(|panic| Err(io::Error::other(panic.to_string())))
    }

    fn run_loop(&self, begun: impl FnOnce()) -> io::Result<()> {
        let core = self.core();
        let listener = self.listening()?;
        self.concurrency.attach(&core.waker)?;
        begun();
        core.service_actions.store(true, Relaxed);
        let mut backoff = Backoff::new();
        let mut retry = None;
        while !self.told_to_stop() {
            let leaves_at = core.life.leaves_at();
            if core.life.is_stopping() {
                break;
            }
            let ends = [self.next_action(), retry, leaves_at];
            let end = ends.into_iter().flatten().min();
            if self.wait(&listener, &mut backoff, end)? {
                self.take_batch(&listener, &mut backoff)?;
            }
            retry = self.concurrency.service_actions();
            if core.service_actions.load(Relaxed) {
                quietly("service_actions", || {
                    self.server.state().service_actions(&self.server)
                });
            }
        }
        Ok(())
    }

    /// Takes what waits, as far as that may be.
    fn take_batch(&self, listener: &Socket, backoff: &mut Backoff) -> io::Result<()> {
        let mut burst = 0;
        for _ in 0..self.batch() {
            if self.core().life.is_stopping() || self.lets_wait() {
                break;
            }
            match self.take(listener, backoff)? {
                Taken::Request(_) => burst += 1,
                // The next ones of a burst gather while the processor is somebody else's. To sleep
                // now and be woken for each would cost more.
                Taken::Nothing if burst > 1 => {
                    burst = 0;
                    std::thread::yield_now();
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Handles one request, or calls `handle_timeout` when none comes within `timeout`. Tells what
    /// happened; a stop ends its wait.
    ///
    /// # Errors
    /// As [`serve_forever`](Self::serve_forever).
    ///
    /// Python: `BaseServer.handle_request`
    pub fn handle_request(&self) -> io::Result<Served> {
        let served_before = self.core().life.enter()?;
        let result = self.contained(|| self.run_once());
        self.end_of_serving(served_before);
        result
    }

    fn run_once(&self) -> io::Result<Served> {
        let core = self.core();
        let listener = self.listening()?;
        self.concurrency.attach(&core.waker)?;
        let end = self
            .options
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut backoff = Backoff::new();
        let mut retry = None;
        // A drain is not put off for one request: nobody knows whether another call follows.
        while !self.told_to_stop() && !core.life.is_leaving() {
            let next = end.into_iter().chain(retry).min();
            if self.wait(&listener, &mut backoff, next)?
                && let Taken::Request(served) = self.take(&listener, &mut backoff)?
            {
                return Ok(served);
            }
            retry = self.concurrency.service_actions();
            if end.is_some_and(|end| Instant::now() >= end) {
                quietly("handle_timeout", || {
                    self.server.state().handle_timeout(&self.server)
                });
                return Ok(Served::TimedOut);
            }
        }
        Ok(Served::Stopped)
    }

    /// Waits for a request, for the bell, or until `end`. Returns whether a request may be taken.
    ///
    /// A full server does not look at its listener, unless it refuses: clients wait in the system's
    /// queue.
    fn wait(
        &self,
        listener: &Socket,
        backoff: &mut Backoff,
        end: Option<Instant>,
    ) -> io::Result<bool> {
        let core = self.core();
        let overdue = core.connections.abort_overdue();
        let pause = backoff.until();
        // First say that somebody waits for an end, then look whether one must be waited for.
        let watching = self.lets_wait().then(|| core.connections.watch());
        let full = watching.is_some() && self.lets_wait();
        let open = !full && pause.is_none();
        let end = [end, overdue, pause].into_iter().flatten().min();
        core.waker.wait(open.then_some(listener), end)
    }

    /// Takes one request and sends it on its way.
    fn take(&self, listener: &Socket, backoff: &mut Backoff) -> io::Result<Taken> {
        let error = match self.get_request(listener) {
            Ok((request, client_address)) => {
                backoff.succeeded();
                self.refill_reserve();
                return Ok(Taken::Request(self.process(request, client_address, None)));
            }
            Err(error) => error,
        };
        let whose = AcceptError::of(&error);
        if whose == AcceptError::Nothing {
            return Ok(Taken::Nothing);
        }
        if whose == AcceptError::Descriptors
            && let Some(taken) = self.take_with_reserve(listener)
        {
            backoff.turned_away(&error);
            return Ok(taken);
        }
        self.core().connections.count_accept_error();
        match whose {
            AcceptError::Listener => return Err(error),
            AcceptError::Descriptors | AcceptError::Resources => backoff.failed(&error),
            _ => backoff.stumbled(&error),
        }
        Ok(Taken::Failed)
    }

    pub(super) fn get_request(&self, listener: &Socket) -> io::Result<(T::Request, Address)> {
        let result = caught(|| Ok(self.transport.get_request(listener)));
        result.unwrap_or_else(|panic| Err(io::Error::other(panic.to_string())))
    }

    /// A request's way from the loop to its handler, unless there is a reason already why it does
    /// not get there.
    pub(super) fn process(
        &self,
        request: T::Request,
        client_address: Address,
        refusal: Option<Refusal>,
    ) -> Served {
        let refusal = self.unwelcome(&client_address).or(refusal);
        let (ticket, welcome) = {
            let (transport, request) = (self.transport.clone(), request.clone());
            self.core()
                .connections
                .admit(&client_address, Box::new(move || transport.abort(&request)))
        };
        let request = Request {
            request: Held::new(request),
            client_address,
            transport: self.transport.clone(),
            server: self.server.clone(),
        };
        if let Some(refusal) = refusal.or((!welcome).then_some(Refusal::Share)) {
            return self.turn_away(request, ticket, refusal);
        }
        match request.verify() {
            Ok(true) => {}
            Ok(false) => return self.refuse(request, ticket, None),
            Err(error) => return self.refuse(request, ticket, Some(error)),
        }
        let (kept, patience) = (request.clone(), self.patience());
        let job = Job::new(
            move |place| request.run::<H>(place, patience),
            ticket,
            std::any::type_name::<H>(),
        );
        match self.concurrency.process_request(job) {
            Ok(()) => Served::Handled,
            Err(Rejected { job, error }) => {
                let (_, ticket) = job.split();
                self.refuse(kept, ticket, Some(error.into()))
            }
        }
    }

    /// Takes what waits in the queue, at most as many as that can hold: the first half of a drain.
    /// Where there is no place for a request it stays in the queue until there is one; what is there
    /// at the deadline was never taken.
    pub(super) fn take_what_waits(&self, listener: &Socket, deadline: Instant) {
        /// No fence stops datagrams, so something else must; queues of connections are bounded by
        /// the system.
        const MOST: usize = 65_536;
        const LATE: Duration = Duration::from_millis(5);
        let mut backoff = Backoff::new();
        let late = Instant::now() + LATE;
        let mut taken = 0;
        let mut ready = false;
        while taken < MOST && Instant::now() < deadline {
            if !self.wait_until(deadline, |_| !self.lets_wait()) {
                break;
            }
            match self.take(listener, &mut backoff) {
                Ok(Taken::Request(_)) => {
                    taken += 1;
                    ready = false;
                }
                Ok(Taken::Failed) => {
                    // One connection has gone, or descriptors come free as others end.
                    let pause = backoff
                        .until()
                        .map_or(deadline, |until| until.min(deadline));
                    self.wait_until(pause, |_| backoff.until().is_none());
                }
                // The last step of a handshake may still be on its way. A fenced Unix socket is
                // ready even when it is empty, and nothing is ever on its way there.
                Ok(Taken::Nothing) if !ready && Instant::now() < late => {
                    match self.core().waker.wait(Some(listener), Some(late)) {
                        Ok(woken) => ready = woken,
                        Err(_) => break,
                    }
                }
                Ok(Taken::Nothing) => break,
                Err(error) => {
                    log::debug!(target: "socketserver::server", "nothing more can be taken: {error}");
                    break;
                }
            }
        }
        if taken > 0 {
            log::debug!(target: "socketserver::server", "took {taken} requests that were waiting");
        }
    }

    /// How long a handler's thread may be kept after it, for a client that has not yet read its
    /// reply: where that is the loop's own, the whole server waits.
    fn patience(&self) -> Duration {
        if self.concurrency.runs_on_loop() {
            Duration::from_millis(100)
        } else {
            Duration::MAX
        }
    }

    /// How many requests are taken in one turn of the loop. One that runs on the loop itself may
    /// take as long as it likes, and a signal or an action that is due waits for it already.
    fn batch(&self) -> usize {
        if self.concurrency.runs_on_loop() {
            1
        } else {
            BATCH
        }
    }

    fn listening(&self) -> io::Result<Socket> {
        self.core()
            .listener
            .lock()
            .clone()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// When `service_actions` is due next, if it has anything to do.
    fn next_action(&self) -> Option<Instant> {
        let wanted = self.core().service_actions.load(Relaxed);
        wanted
            .then(|| Instant::now().checked_add(self.options.poll_interval))
            .flatten()
    }
}
