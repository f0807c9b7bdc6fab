//! The limits per client address.

use std::sync::Arc;
use std::time::Instant;

use super::refusal::Refusal;
use crate::address::{Address, Host};
use crate::request::{Books, Rate, Rates, Share, Shares};

/// The limits per client address. They hold on the loop, or, if the transport learns a request's
/// client from the request, where the handlers run.
pub(crate) struct ClientLimits {
    ipv6_prefix: u8,
    /// The share of one client is in these books.
    books: Arc<Books>,
    shares: Arc<Shares>,
    rates: Option<Rates>,
}

impl ClientLimits {
    pub(crate) fn new(ipv6_prefix: u8, books: Arc<Books>, rate: Option<Rate>) -> Self {
        ClientLimits { ipv6_prefix, books, shares: Shares::new(), rates: rate.map(Rates::new) }
    }

    #[inline]
    fn share(&self) -> Option<usize> {
        self.books.quotas().per_client().get()
    }

    /// The key by which a client's requests are counted. `None` if none are.
    #[inline]
    pub(super) fn host(&self, client: &Address) -> Option<Host> {
        let counts = self.rates.is_some() || self.share().is_some();
        counts.then(|| client.host_with_prefix(self.ipv6_prefix)).flatten()
    }

    /// Counts a request of this client.
    #[inline]
    pub(crate) fn check_rate(&self, client: Option<&Host>) -> Result<(), Refusal> {
        match (&self.rates, client) {
            (Some(rates), Some(host)) if !rates.take(host.clone(), Instant::now()) => {
                Err(Refusal::Rate)
            }
            _ => Ok(()),
        }
    }

    /// The client's share of live requests, if shares are limited.
    #[inline]
    pub(crate) fn take_share(&self, client: Option<Host>) -> Result<Option<Share>, Refusal> {
        let Some(host) = client else {
            return Ok(None);
        };
        match self.share() {
            Some(limit) => self.shares.take(host, limit).map(Some).ok_or(Refusal::Share),
            None => Ok(None),
        }
    }

    /// Both, for a request whose client became known where its handler runs.
    pub(crate) fn admit(&self, client: &Address) -> Result<Option<Share>, Refusal> {
        let host = self.host(client);
        self.check_rate(host.as_ref())?;
        self.take_share(host)
    }
}
