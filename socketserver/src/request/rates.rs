//! How many requests of one client address are admitted within a time.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::clock::LONGEST;
use crate::address::Host;

/// Number of sets of the table, with [`PLACES`] addresses each. An address belongs to one set, and
/// no client can choose addresses that fall into the same set, because the hash has a key.
const SETS: usize = 1_024;
const PLACES: usize = 8;

/// `requests` at once, and then `requests` per `per`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    pub(crate) requests: u32,
    pub(crate) per: Duration,
}

/// A token bucket for each client address.
///
/// The table does not grow, whatever addresses are made up. In a full set, a new address takes the
/// place of the one with the fullest bucket. So a flood of made-up addresses makes the server
/// forget others of the flood, and not a client that is over its rate.
pub(crate) struct Rates {
    /// Time between two tokens.
    interval: Duration,
    /// Time from an empty bucket to a full one.
    per: Duration,
    hasher: RandomState,
    sets: Mutex<Vec<Vec<Bucket>>>,
}

struct Bucket {
    host: Host,
    /// When the bucket is full again, and can be forgotten. Each token that is taken moves this by
    /// an interval.
    full_at: Instant,
}

impl Rates {
    pub(crate) fn new(rate: Rate) -> Self {
        let per = rate.per.min(LONGEST);
        Rates {
            interval: per / rate.requests.max(1),
            per,
            hasher: RandomState::new(),
            sets: Mutex::new((0..SETS).map(|_| Vec::new()).collect()),
        }
    }

    /// Takes a token. Returns whether there was one.
    pub(crate) fn take(&self, host: Host, now: Instant) -> bool {
        let set = self.hasher.hash_one(&host) % SETS as u64;
        let mut sets = self.sets.lock();
        let set = &mut sets[set as usize];
        set.retain(|bucket| bucket.full_at > now);
        let known = set.iter().position(|bucket| bucket.host == host);
        let place = known.unwrap_or_else(|| {
            if set.len() == PLACES {
                let fullest = (0..PLACES).min_by_key(|&place| set[place].full_at);
                set.swap_remove(fullest.unwrap_or(0));
            }
            set.push(Bucket { host, full_at: now });
            set.len() - 1
        });
        let full_at = set[place].full_at + self.interval;
        if full_at > now + self.per {
            return false;
        }
        set[place].full_at = full_at;
        true
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates")
            .field("interval", &self.interval)
            .field("per", &self.per)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rates(requests: u32, per: Duration) -> Rates {
        Rates::new(Rate { requests, per })
    }

    fn ip(text: &str) -> Host {
        text.parse::<IpAddr>().unwrap().into()
    }

    fn remembered(rates: &Rates) -> usize {
        rates.sets.lock().iter().map(Vec::len).sum()
    }

    #[test]
    fn a_bucket_fills_with_time() {
        let (rates, begin) = (rates(4, 4 * SECOND), Instant::now());
        let take = |at: Duration| rates.take(ip("10.0.0.1"), begin + at);
        assert_eq!([0; 6].map(|_| take(Duration::ZERO)), [true, true, true, true, false, false]);
        assert!(!take(SECOND / 2));
        assert!(take(SECOND) && !take(SECOND), "one a second");
        assert_eq!([0; 5].map(|_| take(100 * SECOND)), [true, true, true, true, false]);
    }

    #[test]
    fn each_ipv4_address_or_ipv6_network_has_a_bucket() {
        let (rates, now) = (rates(1, SECOND), Instant::now());
        let take = |text: &str| rates.take(ip(text), now);
        assert!(take("10.0.0.1") && !take("10.0.0.1"));
        assert!(take("10.0.0.2"));
        assert!(take("2001:db8::1") && !take("2001:db8::2"));
        assert!(take("2001:db8:0:1::1"));
        assert_eq!(remembered(&rates), 4);
    }

    #[test]
    fn made_up_addresses_neither_grow_nor_clear_the_table() {
        let (rates, now) = (rates(2, 3_600 * SECOND), Instant::now());
        let offender = ip("192.0.2.1");
        assert!(rates.take(offender.clone(), now) && rates.take(offender.clone(), now));
        for number in 0..100_000_u32 {
            let made_up = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            assert!(rates.take(made_up.into(), now), "each is new");
        }
        assert!(!rates.take(offender.clone(), now), "it is remembered");
        assert!(remembered(&rates) <= SETS * PLACES);
        assert!(rates.take(offender, now + 7_200 * SECOND));
    }

    #[test]
    fn extreme_rates_are_valid() {
        let now = Instant::now();
        let slowest = rates(1, Duration::MAX);
        assert!(slowest.take(ip("10.0.0.1"), now) && !slowest.take(ip("10.0.0.1"), now));
        let none = rates(u32::MAX, Duration::ZERO);
        assert!((0..1_000).all(|_| none.take(ip("10.0.0.1"), now)));
    }
}
