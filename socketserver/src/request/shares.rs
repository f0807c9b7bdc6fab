//! How many live requests each client address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::sync::Mutex;

/// Live requests per client address, and how many one address may have.
#[derive(Debug)]
pub(crate) struct Shares {
    limit: usize,
    /// An entry goes with its last request, so the table holds only live clients.
    live: Mutex<HashMap<IpAddr, usize>>,
}

impl Shares {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Shares {
            limit: limit.max(1),
            live: Mutex::default(),
        })
    }

    /// A place for one more request of this client, unless it has as many as it may have.
    pub(crate) fn take(self: &Arc<Self>, client: IpAddr) -> Option<Share> {
        let group = group_of(client);
        let mut live = self.live.lock();
        let count = live.entry(group).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Share {
            shares: self.clone(),
            group,
        })
    }
}

/// One live request of a client address, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    group: IpAddr,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut live = self.shares.live.lock();
        if let Some(count) = live.get_mut(&self.group) {
            *count -= 1;
            if *count == 0 {
                live.remove(&self.group);
            }
        }
    }
}

/// The address that limits count by: an IPv6 client has a whole /64 to itself.
pub(crate) fn group_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !(u128::MAX >> 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_takes_at_most_its_share() {
        let shares = Shares::new(2);
        let take = |ip: &str| shares.take(ip.parse().unwrap());
        let first = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(first.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none(), "the /64 is full");
        assert!(take("2001:db8:0:1::1").is_some(), "another /64 is not");
        drop(first);
        assert!(take("2001:db8::3").is_some());
        assert!(take("::ffff:10.0.0.1").is_some());
        drop(take("10.0.0.1"));
        assert!(
            shares.live.lock().is_empty(),
            "the table holds only live clients"
        );
    }
}
