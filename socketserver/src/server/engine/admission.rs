//! The reasons not to serve a request, and the limits that most of them come from.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::reserve::{Lent, Reserve};
use crate::address::{Address, USUAL_PREFIX};
use crate::concurrency::Concurrency;
use crate::request::{Accepted, Books, HandlerError, Rate, Rates, Share, Shares};

/// What happens to clients that arrive while a server is full: while `max_connections` requests are
/// live, or as many as its concurrency can run at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// They wait in the backlog until there is a place. Datagrams wait too, in the system's buffer;
    /// when that is full, the newest are lost.
    #[default]
    Wait,
    /// They are accepted and refused, after a word from
    /// [`refuse_request`](crate::BaseServer::refuse_request). A server that runs handlers on its
    /// own loop accepts no client meanwhile, and so refuses none.
    Refuse,
}

/// Why a request is not served.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server is full, and does not let clients wait.
    Full,
    /// The client has as many live requests as one address may have.
    Share,
    /// The only descriptor left for it is the reserve.
    Descriptors,
    /// The client's address is over its rate.
    Rate,
    /// No client can have this address.
    Forged,
    /// `verify_request` said no.
    Unverified,
    /// A step before the handler failed.
    Failed(HandlerError),
}

impl Refusal {
    /// Whether `refuse_request` may answer the client. Not where answers would double a flood, nor
    /// where one would arrive as the next request; and `verify_request` and `handle_error` can
    /// answer for themselves.
    pub(super) fn gets_an_answer(&self) -> bool {
        matches!(self, Refusal::Full | Refusal::Share | Refusal::Descriptors)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::Share => "the client is at its limit of live requests",
            Refusal::Descriptors => "no descriptors left",
            Refusal::Rate => "the client is over its rate",
            Refusal::Forged => "no client can have this address",
            Refusal::Unverified => "verify_request returned false",
            Refusal::Failed(_) => "a step before the handler failed",
        })
    }
}

/// The limits, as the builder has them.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Limits {
    pub(in crate::server) max_connections: Option<usize>,
    pub(in crate::server) max_connections_per_address: Option<usize>,
    pub(in crate::server) rate: Option<Rate>,
    pub(in crate::server) ipv6_prefix: u8,
    pub(in crate::server) overflow: Overflow,
    pub(in crate::server) reserve_descriptor: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_connections: None,
            max_connections_per_address: None,
            rate: None,
            ipv6_prefix: USUAL_PREFIX,
            overflow: Overflow::default(),
            reserve_descriptor: false,
        }
    }
}

/// Decides about each request, before `verify_request`, whether it is served: limits, shares,
/// rates, the reserve descriptor and forged senders.
pub(in crate::server) struct Admission {
    books: Arc<Books>,
    concurrency: Arc<dyn Concurrency>,
    max_connections: Option<usize>,
    ipv6_prefix: u8,
    overflow: Overflow,
    shares: Option<Arc<Shares>>,
    rates: Option<Rates>,
    reserve: Option<Reserve>,
    /// The server's own address; `None` where clients cannot send requests in another's name.
    own_address: Option<Address>,
}

impl Admission {
    /// # Errors
    /// No descriptor left for the reserve.
    pub(in crate::server) fn new(
        limits: Limits,
        own_address: Option<Address>,
        books: Arc<Books>,
        concurrency: Arc<dyn Concurrency>,
    ) -> io::Result<Self> {
        Ok(Admission {
            books,
            concurrency,
            max_connections: limits.max_connections,
            ipv6_prefix: limits.ipv6_prefix,
            overflow: limits.overflow,
            shares: limits.max_connections_per_address.map(Shares::new),
            rates: limits.rate.map(Rates::new),
            reserve: limits.reserve_descriptor.then(Reserve::new).transpose()?,
            own_address,
        })
    }

    /// Whether no request may be accepted now: clients wait in the backlog.
    pub(super) fn must_wait(&self) -> bool {
        self.overflow == Overflow::Wait && self.full()
    }

    fn full(&self) -> bool {
        let limit = self.max_connections;
        limit.is_some_and(|max| self.books.active() >= max as u64) || self.concurrency.full()
    }

    /// Returns the client's share of live requests, if shares are limited, or why the client is
    /// refused.
    pub(super) fn judge(&self, request: &dyn Accepted) -> Result<Option<Share>, Refusal> {
        let client = request.client_address();
        if let Some(own) = &self.own_address
            && (client.port() == Some(0) || request.is_own(own))
        {
            // To port 0 no answer can go, and one to the server itself would be the next request.
            return Err(Refusal::Forged);
        }
        let host = client.host_with_prefix(self.ipv6_prefix);
        if let (Some(rates), Some(host)) = (&self.rates, &host)
            && !rates.take(host.clone(), Instant::now())
        {
            return Err(Refusal::Rate);
        }
        if self.overflow == Overflow::Refuse && self.full() {
            return Err(Refusal::Full);
        }
        match (&self.shares, host) {
            (Some(shares), Some(host)) => shares.take(host).map(Some).ok_or(Refusal::Share),
            _ => Ok(None),
        }
    }

    /// Frees the reserve descriptor for one connection, which must be refused. `None` if none is
    /// kept.
    pub(super) fn lend_reserve(&self) -> Option<Lent<'_>> {
        self.reserve.as_ref()?.lend()
    }

    /// Opens the reserve again, if another thread had taken the descriptor.
    pub(super) fn refill_reserve(&self) {
        if let Some(reserve) = &self.reserve {
            reserve.refill();
        }
    }
}
