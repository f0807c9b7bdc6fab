//! Requests that are taken and never get to a handler.

use std::fmt;
use std::time::Duration;

use super::Server;
use super::accept::AcceptError;
use super::base::BaseServer;
use super::connections::{End, Ticket};
use super::job::Request;
use super::serve::Taken;
use super::stats::Served;
use crate::concurrency::Concurrency;
use crate::handler::{HandlerError, RequestHandler};
use crate::socket::Socket;
use crate::transport::Transport;

/// What happens to who comes while a server is full: while `max_connections` requests are live, or
/// as many as its concurrency runs at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// They wait in the system's queue until there is a place. Datagrams wait too, as far as the
    /// system's buffer goes; the newest are lost beyond that.
    #[default]
    Wait,
    /// They are taken and refused, after a word from
    /// [`refuse_request`](BaseServer::refuse_request). A server that runs handlers on its own loop
    /// takes nobody meanwhile, and so refuses nobody.
    Refuse,
}

/// Why a request is refused before anybody has looked at it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// The server is full and does not let clients wait.
    Full,
    /// The client has as many live requests as one may have.
    Share,
    /// The only descriptor left for it is the one in reserve.
    Descriptors,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::Share => "it has its share of connections",
            Refusal::Descriptors => "no descriptors left",
        })
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    /// Whether no further request may be taken now: whoever comes waits in the system's queue.
    pub(super) fn lets_wait(&self) -> bool {
        self.options.overflow == Overflow::Wait && self.full()
    }

    /// Whether whoever comes now is refused.
    pub(super) fn refuses(&self) -> bool {
        self.options.overflow == Overflow::Refuse && self.full()
    }

    fn full(&self) -> bool {
        self.core().connections.full() || self.concurrency.full()
    }

    /// Takes a connection with the descriptor in reserve, and refuses it. `None` without one, or
    /// when another thread was faster: then there is nothing but to wait.
    pub(super) fn take_with_reserve(&self, listener: &Socket) -> Option<Taken> {
        let mut reserve = self.reserve.as_ref()?.lock();
        if !reserve.give() {
            return None;
        }
        let taken = match self.get_request(listener) {
            Ok((request, client_address)) => {
                let refusal = Some(Refusal::Descriptors);
                Some(Taken::Request(self.process(
                    request,
                    client_address,
                    refusal,
                )))
            }
            // The system looks for a descriptor first, and only then whether there is anybody.
            Err(error) if AcceptError::of(&error) == AcceptError::Nothing => Some(Taken::Nothing),
            Err(_) => None,
        };
        reserve.refill();
        taken
    }

    /// After a connection was accepted: the reserve may have been lost to another thread.
    pub(super) fn refill_reserve(&self) {
        if let Some(reserve) = &self.reserve {
            reserve.lock().refill();
        }
    }

    /// Refuses a request, and lets the state tell the client.
    pub(super) fn turn_away(
        &self,
        request: Request<T, S>,
        ticket: Ticket,
        refusal: Refusal,
    ) -> Served {
        log::debug!(target: "socketserver::server", "{} is refused: {refusal}", request.client_address);
        request.turn_away();
        self.refuse(request, ticket, None)
    }

    /// The end of a request that never gets to its handler. The loop waits for nobody here.
    pub(super) fn refuse(
        &self,
        request: Request<T, S>,
        ticket: Ticket,
        error: Option<HandlerError>,
    ) -> Served {
        let end = if error.is_some() {
            End::Failed
        } else {
            End::Refused
        };
        if let Some(error) = error {
            request.fail(error);
        }
        request.shutdown(Duration::ZERO);
        ticket.end(end);
        Served::Refused
    }
}
