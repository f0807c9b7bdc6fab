//! The loop's part of the lobby, where clients that must send first wait for their first bytes.

use std::io;
use std::sync::Arc;

use super::serve::Loop;
use super::{Engine, end_refused};
use crate::admission::Refusal;
use crate::handler::FIRST_BYTE;
use crate::lobby::Lobby;
use crate::request::{Accepted, HandlerError, Ticket};
use crate::server::report::Served;
use crate::socket::Socket;
use crate::sync::Instant;

impl Loop<'_> {
    /// Blocks as [`Waker::wait`](crate::Waker) does, but also returns when a client of the lobby
    /// has sent a byte, or when its time is over.
    pub(super) fn wait_with_lobby(
        &self,
        lobby: &Lobby,
        listener: Option<&Socket>,
        end: Option<Instant>,
    ) -> io::Result<bool> {
        let has_work = lobby.has_heard() && !self.concurrency.full();
        let end = if has_work { Some(Instant::now()) } else { end };
        let end = end.into_iter().chain(lobby.due()).min();
        let ready = self.core.waker.wait_beside(listener, lobby.epoll(), end);
        lobby.attended();
        ready
    }

    /// Dispatches clients of the lobby that have sent a byte, as long as `goes_on` returns true and
    /// the server is not full. Refuses clients whose time is over. Returns the last dispatch.
    pub(super) fn serve_lobby(&self, goes_on: impl Fn() -> bool) -> Option<Served> {
        let lobby = self.lobby.as_ref().filter(|lobby| !lobby.is_empty())?;
        self.engine.serve_lobby(lobby, goes_on)
    }
}

impl Engine {
    fn serve_lobby(&self, lobby: &Lobby, goes_on: impl Fn() -> bool) -> Option<Served> {
        lobby.listen();
        let mut served = None;
        while (served.is_none() || goes_on()) && !self.concurrency.full() {
            let Some(job) = lobby.next_heard() else {
                break;
            };
            served = Some(self.hand_over(job));
        }
        if lobby.due().is_some_and(|due| due <= Instant::now()) {
            // A handler may have kept the loop busy, and clients may have sent bytes meanwhile.
            lobby.listen();
        }
        while let Some(job) = lobby.next_overdue() {
            let (request, ticket) = job.give_back();
            self.refuse_silent(request.silence(lobby.patience()), request, ticket);
        }
        served
    }

    /// Dispatches or refuses each client of the lobby, as a part of the drain. Clients that have
    /// just come have a moment for their first byte, which may be on its way.
    pub(super) fn empty_lobby(&self, deadline: Instant) {
        let Some(lobby) = &self.lobby else {
            return;
        };
        lobby.hurry(FIRST_BYTE);
        while !lobby.is_empty() && Instant::now() < deadline {
            self.core.life.inside(|| self.serve_lobby(lobby, || true));
            let due = lobby.due().map_or(deadline, |due| due.min(deadline));
            let (waker, full) = (&self.core.waker, self.concurrency.full());
            let waited = match lobby.is_empty() {
                true => break,
                false if full => self.wait_until(deadline, |_| !self.concurrency.full()),
                false => waker.wait_beside(None, lobby.epoll(), Some(due)).is_ok(),
            };
            if !waited {
                break;
            }
        }
    }

    /// Refuses each client that is still in the lobby.
    pub(super) fn close_lobby(&self) {
        let Some(lobby) = &self.lobby else {
            return;
        };
        while let Some(job) = lobby.next() {
            let (request, ticket) = job.give_back();
            let text = "expected a first byte before the server's end, got none";
            let error = io::Error::other(text);
            self.core.life.inside(|| self.refuse_silent(error, request, ticket));
        }
    }

    /// Refuses a request whose client has sent too little, like one whose handshake has failed.
    fn refuse_silent(&self, error: io::Error, request: Arc<dyn Accepted>, ticket: Ticket) {
        let refusal = Refusal::Failed(HandlerError::of_handshake(error));
        let end = end_refused(refusal, &*request);
        if !self.admission.learns_client() {
            request.closed();
        }
        ticket.end(end);
    }
}
