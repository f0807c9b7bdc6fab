//! The loop. Read this file first, top to bottom.

use std::io;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::idle::IdleWatch;
use super::once::Once;
use super::outlook::Outlook;
use super::{Engine, Lead, Listener, TARGET, survived};
use crate::admission::{AcceptError, Backoff, Refusal};
use crate::handler::{StopKind, Turn, Waiting};
use crate::panics::{catch_panic, contained};
use crate::request::Accepted;
use crate::server::report::Served;
use crate::socket::Socket;
use crate::sync::Instant;

/// What came of an attempt to accept a request.
pub(super) enum Taken {
    Request(Served),
    /// A request was accepted, and its client has not spoken yet.
    Silent,
    /// A request seemed to be there, and could not be accepted.
    Failed,
    Nothing,
}

/// The loop of an engine, and what only its thread touches.
pub(super) struct Loop<'e> {
    pub(super) engine: &'e Engine,
    pub(super) listener: Listener,
    backoff: Backoff,
    pub(super) outlook: Outlook,
    /// When `service_actions` of the concurrency is due.
    pub(super) workers_due: Option<Instant>,
    /// When to check next whether clients can find the listener; `None` if it has no file.
    pub(super) restore_due: Option<Instant>,
    /// Why the last attempt to bind the listener again has failed, if it has.
    pub(super) restore_error: Option<String>,
    idle: Option<IdleWatch>,
    pub(super) lead: Option<Lead>,
}

impl Deref for Loop<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        self.engine
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        self.take_baton();
    }
}

impl Loop<'_> {
    /// `serve_forever`, until a stop.
    fn run(&mut self) -> io::Result<()> {
        self.core.service_actions.store(true, Relaxed);
        self.watch_listener();
        #[cfg(feature = "systemd")]
        self.supervisor.ready();
        while let Turn::Go { until } = self.turn() {
            self.survive(|looping| {
                let idle_due = looping.idle.as_ref().map(|idle| idle.due);
                let manager_due = looping.tell_manager(until);
                let due =
                    [until, looping.next_action(), looping.restore_due, idle_due, manager_due];
                if looping.has_leader() {
                    looping.watch_leader(earliest(due))?;
                } else {
                    looping.receive(earliest(due))?;
                }
                looping.serve_lobby_batch();
                looping.end_if_idle();
                looping.look_after_workers();
                looping.restore_listener();
                if looping.core.service_actions.load(Relaxed) {
                    looping.intake.service_actions();
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Sends the service manager, if there is one, the messages that are due. Returns when the next
    /// one is due. `leaves_at` is the end of the lame-duck time.
    #[cfg(feature = "systemd")]
    fn tell_manager(&self, leaves_at: Option<Instant>) -> Option<Instant> {
        if let Some(leaves_at) = leaves_at {
            self.supervisor.leaving(leaves_at.saturating_duration_since(Instant::now()));
        }
        self.supervisor.turn(|| self.core.books.stats())
    }

    #[cfg(not(feature = "systemd"))]
    fn tell_manager(&self, _leaves_at: Option<Instant>) -> Option<Instant> {
        None
    }

    /// Asks for a drain if the server has been idle for its time.
    fn end_if_idle(&mut self) {
        let engine = self.engine;
        if let Some(idle) = &mut self.idle
            && idle.is_over(|| engine.core.books.stats())
            && !engine.core.life.is_leaving()
        {
            log::info!(target: TARGET, "{} is idle: ending", engine.core.address);
            engine.core.begin_drain(engine.times.drain_timeout);
        }
    }

    /// Runs the loop's own code. User code is called where its panics are caught, so there should
    /// be none here. But a logger, or the text of an error, is user code too. Nothing ends the loop
    /// but an error of its listener, and a panic at every turn does not keep the processor busy.
    fn survive<V: Default>(
        &mut self,
        run: impl FnOnce(&mut Self) -> io::Result<V>,
    ) -> io::Result<V> {
        match catch_panic(|| run(self)) {
            Ok(result) => result,
            Err(text) => {
                contained(TARGET, "reporting a panic", || {
                    self.backoff.panicked(&text);
                });
                // Without a pause, or when the server stops, there is nothing to wait for.
                if let Some(until) = self.backoff.until()
                    && !self.core.life.is_stopping()
                {
                    self.core.waker.wait(None, Some(until))?;
                }
                Ok(V::default())
            }
        }
    }

    /// `handle_request`.
    fn run_once(&mut self) -> io::Result<Served> {
        let timeout = self.times.timeout;
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        // A lame duck leaves at once: it cannot know whether another call follows.
        while self.turn() == (Turn::Go { until: None }) {
            let served = self.survive(|looping| {
                if looping.wait(end)?
                    && let Taken::Request(served) = looping.take()?
                {
                    return Ok(Some(served));
                }
                if let Some(served) = looping.serve_lobby(|| false) {
                    return Ok(Some(served));
                }
                looping.look_after_workers();
                Ok(None)
            })?;
            if let Some(served) = served {
                return Ok(served);
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                self.intake.handle_timeout();
                return Ok(Served::TimedOut);
            }
        }
        Ok(Served::Stopped)
    }

    /// Answers the signals that have come, and asks what to do next.
    fn turn(&self) -> Turn {
        #[cfg(feature = "signals")]
        self.signals.answer(&self.core);
        if self.given_was_served() {
            self.core.life.ask(StopKind::Close, Waiting::Nobody, false);
        }
        self.core.life.turn()
    }

    /// Blocks until a request may be there, until a wake-up, or until `end`. Returns whether a
    /// request may be accepted.
    ///
    /// A full server looks at its listener only if its `overflow` is `Refuse`.
    pub(super) fn wait(&self, end: Option<Instant>) -> io::Result<bool> {
        let overdue = self.core.books.abort_overdue();
        let pause = self.backoff.until();
        // In this order, so that an end between the two checks wakes the loop.
        let waits_for_end = self.given_was_taken() || self.admission.must_wait();
        let watching = waits_for_end.then(|| self.core.books.watch());
        let full = watching.is_some() && self.admission.must_wait();
        let open = !full && pause.is_none();
        let end = earliest([end, overdue, pause, self.workers_due]);
        if self.is_given() {
            return self.wait_for_given(open, end);
        }
        let listener = open.then_some(self.socket());
        match &self.lobby {
            None => self.core.waker.wait(listener, end),
            Some(lobby) => self.wait_with_lobby(lobby, listener, end),
        }
    }

    /// Accepts one request and dispatches it.
    pub(super) fn take(&mut self) -> io::Result<Taken> {
        match self.accept() {
            Ok(request) => {
                self.backoff.succeeded();
                self.admission.refill_reserve();
                let pace = self.lead.as_ref().map(|lead| &lead.lender.pace);
                Ok(self.dispatch(request, None, pace))
            }
            Err(error) => self.cannot_take(error),
        }
    }

    fn accept(&self) -> io::Result<Arc<dyn Accepted>> {
        if !self.is_given() {
            return self.intake.take(self.socket());
        }
        if self.engine.given_taken.swap(true, Relaxed) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.intake.take_given(self.socket())
    }

    pub(super) fn cannot_take(&mut self, error: io::Error) -> io::Result<Taken> {
        let mut fault = AcceptError::of(&error);
        if fault == AcceptError::Nothing {
            return Ok(Taken::Nothing);
        }
        // An abort ends the listeners that its request has made.
        if self.socket().raw_open().is_err() && !self.is_given() {
            fault = AcceptError::Listener;
        }
        if fault == AcceptError::Descriptors
            && let Some(taken) = self.take_with_reserve()
        {
            self.backoff.refused(&error);
            return Ok(taken);
        }
        self.core.books.count_accept_error();
        match fault {
            AcceptError::Listener => return Err(error),
            AcceptError::Descriptors | AcceptError::Resources => self.backoff.failed(&error),
            AcceptError::Connection | AcceptError::Nothing => self.backoff.stumbled(&error),
        }
        Ok(Taken::Failed)
    }

    /// Accepts a connection with the reserve descriptor, and refuses it. `None` without a reserve,
    /// or when another thread took the descriptor first: then clients must wait.
    fn take_with_reserve(&self) -> Option<Taken> {
        let _lent = self.admission.lend_reserve()?;
        match self.accept() {
            Ok(request) => Some(self.dispatch(request, Some(Refusal::Descriptors), None)),
            // The system looks for a descriptor first, and for a connection after that.
            Err(error) if AcceptError::of(&error) == AcceptError::Nothing => Some(Taken::Nothing),
            Err(_) => None,
        }
    }

    fn look_after_workers(&mut self) {
        self.workers_due = self.concurrency.service_actions();
    }

    /// When `service_actions` of the state is due next, if that has anything to do.
    fn next_action(&self) -> Option<Instant> {
        let wanted = self.core.service_actions.load(Relaxed);
        wanted.then(|| Instant::now().checked_add(self.times.poll_interval)).flatten()
    }

    pub(super) fn socket(&self) -> &Socket {
        self.listener.socket()
    }

    /// Until when the loop leaves the listener alone, if the machine has run out of something.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.backoff.until()
    }
}

impl Engine {
    /// Serves until a stop, after `Life::enter`. Calls `begun` once the loop runs; if it cannot,
    /// drops `begun` uncalled.
    pub(in crate::server) fn serve(self: &Arc<Self>, begun: impl FnOnce()) -> io::Result<()> {
        *self.once.lock() = Once::First;
        let (result, _) = self.as_loop(|looping| {
            begun();
            looping.allow_leaders(self);
            looping.run()
        });
        result
    }

    /// `handle_request`. A program calls it in a loop, until it returns `Stopped`. If a stop comes
    /// while a request is handled, or between two calls, it is carried out at once, and the next
    /// call returns `Stopped`.
    pub(in crate::server) fn serve_once(&self) -> io::Result<Served> {
        let before = mem::take(&mut *self.once.lock());
        if before == Once::StopUnseen {
            return Ok(Served::Stopped);
        }
        if let Err(error) = self.core.life.enter_once() {
            let was_closed = error.kind() == io::ErrorKind::NotConnected;
            return if was_closed && before == Once::Next {
                Ok(Served::Stopped)
            } else {
                Err(error)
            };
        }
        let (result, stopped) = self.as_loop(|looping| looping.run_once());
        *self.once.lock() = match result {
            Ok(Served::Stopped) | Err(_) => Once::First,
            Ok(_) if stopped => Once::StopUnseen,
            Ok(_) => Once::Next,
        };
        result
    }

    /// Runs a loop and its end, and also returns whether the loop was stopped. If a logger panics
    /// while the loop begins, the end is the same.
    fn as_loop<V>(
        &self,
        run: impl FnOnce(&mut Loop<'_>) -> io::Result<V>,
    ) -> (io::Result<V>, bool) {
        let serve = || {
            #[cfg(feature = "signals")]
            self.signals.watch(&self.core);
            run(&mut self.begin()?)
        };
        let result = self.core.life.inside(|| survived(serve));
        (result, self.carry_out())
    }

    /// A loop whose concurrency is attached.
    pub(super) fn begin(&self) -> io::Result<Loop<'_>> {
        let listener = self.listening()?;
        self.concurrency.attach(&self.core.waker)?;
        Ok(Loop {
            engine: self,
            listener,
            backoff: Backoff::new(self.core.address.clone()),
            outlook: Outlook::default(),
            workers_due: None,
            restore_due: None,
            restore_error: None,
            idle: self.times.idle.map(IdleWatch::new),
            lead: None,
        })
    }
}

fn earliest<const N: usize>(times: [Option<Instant>; N]) -> Option<Instant> {
    times.into_iter().flatten().min()
}
