//! How many live requests each client has.

use std::collections::HashMap;
use std::sync::Arc;

use crate::address::Host;
use crate::sync::Mutex;

/// Live requests per client.
#[derive(Debug)]
pub(crate) struct Shares {
    /// An entry goes with its last request, so the table holds only live clients.
    live: Mutex<HashMap<Host, usize>>,
}

impl Shares {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Shares { live: Mutex::default() })
    }

    /// A place for one more request of this client, unless it has `limit` of them.
    pub(crate) fn take(self: &Arc<Self>, client: Host, limit: usize) -> Option<Share> {
        let mut live = self.live.lock();
        let count = live.entry(client.clone()).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), client })
    }
}

/// One live request of a client, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Arc<Shares>,
    client: Host,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut live = self.shares.live.lock();
        if let Some(count) = live.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                live.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_client_takes_at_most_its_share() {
        let shares = Shares::new();
        let take = |ip: &str| shares.take(ip.parse::<IpAddr>().unwrap().into(), 2);
        let first = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(first.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none(), "the /64 is full");
        assert!(take("2001:db8:0:1::1").is_some(), "another /64 is not");
        drop(first);
        assert!(take("2001:db8::3").is_some());
        assert!(take("::ffff:10.0.0.1").is_some());
        drop(take("10.0.0.1"));
        assert!(shares.live.lock().is_empty(), "the table holds only live clients");
    }
}
