//! Whether a request is served: the limits, and everything else that decides it.
//!
//! | file | what it does |
//! | --- | --- |
//! | this one | all of it, before a request gets its place |
//! | `backoff` | what to do when a request cannot be accepted |
//! | `clients` | the limits per client, on the loop or where a client becomes known |
//! | `refusal` | the list of reasons not to serve a request |
//! | `reserve` | a descriptor kept for the time when there is no other |

mod backoff;
mod clients;
mod refusal;
mod reserve;

use std::io;
use std::sync::Arc;

pub(crate) use backoff::{AcceptError, Backoff};
pub(crate) use clients::ClientLimits;
pub(crate) use refusal::Refusal;
use reserve::{Lent, Reserve};

use crate::address::{Address, USUAL_PREFIX};
use crate::concurrency::Concurrency;
use crate::request::{Accepted, Books, Rate, Share};

/// What happens to clients that arrive while a server is full. It is full while `max_connections`
/// requests are live, or as many as its concurrency can run at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// They wait in the backlog until there is a place. Datagrams wait too, in the system's buffer;
    /// when that is full, the newest are lost.
    #[default]
    Wait,
    /// They are accepted and refused, after a message from
    /// [`refuse_request`](crate::BaseServer::refuse_request). A server that runs handlers on its
    /// own loop accepts no client meanwhile, and so refuses none.
    Refuse,
}

/// The limits, as the builder has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: Option<usize>,
    pub(crate) max_connections_per_address: Option<usize>,
    pub(crate) rate: Option<Rate>,
    pub(crate) ipv6_prefix: u8,
    pub(crate) overflow: Overflow,
    pub(crate) reserve_descriptor: bool,
}

impl Limits {
    /// Whether one client address is limited.
    pub(crate) fn are_per_client(&self) -> bool {
        self.max_connections_per_address.is_some() || self.rate.is_some()
    }
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
pub(crate) struct Admission {
    books: Arc<Books>,
    concurrency: Arc<dyn Concurrency>,
    overflow: Overflow,
    clients: Arc<ClientLimits>,
    /// Clients are known only where the handlers run, and their limits hold there.
    learns_client: bool,
    reserve: Option<Reserve>,
    /// The server's own address; `None` where clients cannot send requests in another's name.
    own_address: Option<Address>,
}

impl Admission {
    /// # Errors
    /// No descriptor left for the reserve.
    pub(crate) fn new(
        limits: Limits,
        learns_client: bool,
        own_address: Option<Address>,
        books: Arc<Books>,
        concurrency: Arc<dyn Concurrency>,
    ) -> io::Result<Self> {
        books.quotas().all().set(limits.max_connections);
        books.quotas().per_client().set(limits.max_connections_per_address);
        let clients = ClientLimits::new(limits.ipv6_prefix, books.clone(), limits.rate);
        Ok(Admission {
            books,
            concurrency,
            overflow: limits.overflow,
            clients: Arc::new(clients),
            learns_client,
            reserve: limits.reserve_descriptor.then(Reserve::new).transpose()?,
            own_address,
        })
    }

    /// Whether no request may be accepted now: clients wait in the backlog.
    pub(crate) fn must_wait(&self) -> bool {
        self.overflow == Overflow::Wait && self.full()
    }

    fn full(&self) -> bool {
        let limit = self.books.quotas().all().get();
        limit.is_some_and(|max| self.books.active() >= max as u64) || self.concurrency.full()
    }

    /// Returns the client's share of live requests, if shares are limited, or why the client is
    /// refused.
    #[inline]
    pub(crate) fn judge(&self, request: &dyn Accepted) -> Result<Option<Share>, Refusal> {
        let client = request.client_address();
        if let Some(own) = &self.own_address
            && (client.port() == Some(0) || request.is_own(own))
        {
            // To port 0 no answer can go, and one to the server itself would be the next request.
            return Err(Refusal::Forged);
        }
        let known = if self.learns_client { None } else { self.clients.host(client) };
        self.clients.check_rate(known.as_ref())?;
        if self.overflow == Overflow::Refuse && self.full() {
            return Err(Refusal::Full);
        }
        self.clients.take_share(known)
    }

    /// Whether `verify_request` and the limits per client run where the handlers run.
    pub(crate) fn learns_client(&self) -> bool {
        self.learns_client
    }

    /// `verify_request`, if the client is known already.
    pub(crate) fn verify(&self, request: &dyn Accepted) -> Result<(), Refusal> {
        if self.learns_client { Ok(()) } else { Refusal::unless_verified(request) }
    }

    /// The limits per client, if they hold where the handlers run.
    pub(crate) fn limits_of_learnt_clients(&self) -> Option<Arc<ClientLimits>> {
        self.learns_client.then(|| self.clients.clone())
    }

    /// Frees the reserve descriptor for one connection, which must be refused. `None` if none is
    /// kept.
    pub(crate) fn lend_reserve(&self) -> Option<Lent<'_>> {
        self.reserve.as_ref()?.lend()
    }

    /// Opens the reserve again, if another thread had taken the descriptor.
    pub(crate) fn refill_reserve(&self) {
        if let Some(reserve) = &self.reserve {
            reserve.refill();
        }
    }
}
