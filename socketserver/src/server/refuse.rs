//! Requests that are taken and never get to a handler.

use std::fmt;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::Server;
use super::accept::AcceptError;
use super::base::BaseServer;
use super::connections::{End, Ticket};
use super::job::Request;
use super::serve::Taken;
use super::stats::Served;
use crate::concurrency::Concurrency;
use crate::handler::{HandlerError, RequestHandler};
use crate::socket::{Address, Socket};
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
    /// The client's address has come too often.
    Rate,
    /// No client can have this address.
    Forged,
}

impl Refusal {
    /// Whether the client is told. An answer to a flood would be part of it, and one to oneself a
    /// request again.
    fn is_told(self) -> bool {
        !matches!(self, Refusal::Rate | Refusal::Forged)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::Share => "it has its share of connections",
            Refusal::Descriptors => "no descriptors left",
            Refusal::Rate => "it comes too often",
            Refusal::Forged => "no client has this address",
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

    /// Why a client that comes now is refused, if it is.
    pub(super) fn unwelcome(&self, client: &Address) -> Option<Refusal> {
        if self.datagrams && is_forged(client, self.server_address()) {
            return Some(Refusal::Forged);
        }
        if let (Some(rates), Some(host)) = (&self.rates, client.host())
            && !rates.take(host, Instant::now())
        {
            return Some(Refusal::Rate);
        }
        let refuses = self.options.overflow == Overflow::Refuse && self.full();
        refuses.then_some(Refusal::Full)
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
        if refusal.is_told() {
            request.turn_away();
        }
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

/// Whether a datagram says that it comes from where none does: from port 0, which nobody can
/// answer, or from the server's own address, where the answer would be the next request.
fn is_forged(client: &Address, own: &Address) -> bool {
    match (client, own) {
        (Address::Inet(client), Address::Inet(own)) => {
            client.port() == 0 || client.port() == own.port() && is_reached_at(own.ip(), *client)
        }
        (Address::Unnamed, _) => false,
        _ => client == own,
    }
}

/// Whether a server that listens on `own` is reached at the other address.
fn is_reached_at(own: IpAddr, mut other: SocketAddr) -> bool {
    if !own.is_unspecified() {
        return own.to_canonical() == other.ip().to_canonical();
    }
    // Any address of this machine will do, and those are the ones that can be bound.
    other.set_port(0);
    other.ip().to_canonical().is_loopback() || UdpSocket::bind(other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::ToAddress;

    fn forged(client: &str, own: &str) -> bool {
        is_forged(&client.to_address().unwrap(), &own.to_address().unwrap())
    }

    #[test]
    fn addresses_that_no_client_has() {
        assert!(forged("192.0.2.1:0", "10.0.0.1:99"));
        assert!(forged("10.0.0.1:99", "10.0.0.1:99"));
        assert!(forged("[::ffff:10.0.0.1]:99", "10.0.0.1:99"));
        assert!(forged("127.0.0.1:99", "0.0.0.0:99"));
        assert!(forged("[::1]:99", "[::]:99"));
        assert!(forged("[::ffff:127.0.0.1]:99", "[::]:99"));
        assert!(forged("/run/own", "/run/own"));
        assert!(forged("@own", "@own"));
    }

    #[test]
    fn addresses_that_clients_have() {
        assert!(!forged("10.0.0.1:98", "10.0.0.1:99"));
        assert!(!forged("10.0.0.2:99", "10.0.0.1:99"));
        // Another machine, with a server like this one.
        assert!(!forged("192.0.2.1:99", "0.0.0.0:99"));
        assert!(!forged("[2001:db8::1]:99", "[::]:99"));
        assert!(!forged("/run/other", "/run/own"));
        assert!(!is_forged(&Address::Unnamed, &Address::Unnamed));
    }
}
