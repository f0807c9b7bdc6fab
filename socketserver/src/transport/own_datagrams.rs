//! What a UDP server has sent itself.
//!
//! A datagram that seems to come from the server's own address and port is dangerous. An answer to
//! it would be the next request, and so on without end. But other sockets of the same machine may
//! have the same port, and with multicast even the same address, and their datagrams must be heard.
//! Whether an address is one of this machine's therefore says too little. The address where the
//! datagram has *arrived* says enough, because an answer leaves from there:
//!
//! * It came from where it arrived. An answer would arrive at this server again.
//! * It came from where an earlier one had arrived, and arrived where that one had come from. So it
//!   is the answer to that one, and has come back to this server because no other socket is there.
//!
//! In this way a server hears at most one datagram of a chain, and answers it. No system call is
//! needed, and no list of the machine's addresses.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::is_at_address_of;
use crate::address::Address;
use crate::control::Arrival;

/// How long the server remembers whom it may have answered. A handler that takes longer than this
/// for each answer may keep one chain alive, at that slow pace.
const MEMORY: Duration = Duration::from_secs(60);

/// How many it remembers. A flood may overwrite some before their answer returns; it would have to
/// do so every time.
const SLOTS: usize = 256;

/// An answer that may be on its way: from the first address to the second, each with the server's
/// port.
type Answer = (IpAddr, IpAddr);

#[derive(Default)]
pub(super) struct OwnDatagrams(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    hasher: RandomState,
    /// Empty until there is one to remember, which most servers never have.
    slots: Vec<Option<(Answer, Instant)>>,
}

impl OwnDatagrams {
    /// Whether the server itself has sent this datagram.
    pub(super) fn is_own(
        &self,
        arrival: Option<&Arrival>,
        client: &Address,
        server: &Address,
    ) -> bool {
        // Without an arrival, the socket has one address, or the system does not say.
        let Some(arrival) = arrival else {
            return is_at_address_of(client, server);
        };
        match client {
            Address::Inet(client) if Some(client.port()) == server.port() => {
                self.answers_itself(arrival, client.ip().to_canonical())
            }
            _ => false,
        }
    }

    fn answers_itself(&self, arrival: &Arrival, client: IpAddr) -> bool {
        let mut answers = self.0.lock();
        if arrival.is_unicast() {
            // In a group, the server's own datagrams look like those of other members, so all of
            // them are heard.
            let destination = arrival.destination;
            if client == destination || answers.contains((client, destination)) {
                return true;
            }
        }
        // Without a source, the answer leaves from the client's own address if that is this
        // machine's, and is recognised by that.
        if let Some(source) = arrival.source {
            answers.insert((source, client));
        }
        false
    }
}

impl Answers {
    fn slot(&self, answer: Answer) -> usize {
        self.hasher.hash_one(answer) as usize % SLOTS
    }

    fn contains(&self, answer: Answer) -> bool {
        let slot = self.slots.get(self.slot(answer)).copied().flatten();
        slot.is_some_and(|(held, since)| held == answer && since.elapsed() < MEMORY)
    }

    fn insert(&mut self, answer: Answer) {
        if self.slots.is_empty() {
            self.slots = vec![None; SLOTS];
        }
        let slot = self.slot(answer);
        self.slots[slot] = Some((answer, Instant::now()));
    }
}

impl Clone for OwnDatagrams {
    /// The copy is for another server, which has sent nothing yet.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for OwnDatagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnDatagrams").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ToAddress;

    const SERVER: &str = "0.0.0.0:99";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Whether the server considers a datagram from `client` to `destination` its own.
    fn is_own(own: &OwnDatagrams, client: &str, destination: &str) -> bool {
        let arrival = Arrival::at(ip(destination));
        let (client, server) = (client.to_address().unwrap(), SERVER.to_address().unwrap());
        own.is_own(Some(&arrival), &client, &server)
    }

    #[test]
    fn same_address_at_both_ends_is_own() {
        let own = OwnDatagrams::default();
        assert!(is_own(&own, "10.0.0.1:99", "10.0.0.1"));
        assert!(is_own(&own, "[::ffff:10.0.0.1]:99", "10.0.0.1"));
        assert!(!is_own(&own, "10.0.0.1:98", "10.0.0.1"));
    }

    #[test]
    fn peers_with_the_same_port_are_heard() {
        let own = OwnDatagrams::default();
        for _ in 0..3 {
            assert!(!is_own(&own, "127.0.0.2:99", "127.0.0.1"));
            assert!(!is_own(&own, "192.0.2.1:99", "10.0.0.1"));
        }
    }

    #[test]
    fn answer_to_an_earlier_datagram_is_own() {
        let own = OwnDatagrams::default();
        assert!(!is_own(&own, "127.0.0.3:99", "127.0.0.2"));
        assert!(is_own(&own, "127.0.0.2:99", "127.0.0.3"));
        assert!(is_own(&own, "127.0.0.2:99", "127.0.0.3"));
    }

    #[test]
    fn members_of_a_group_are_heard_at_the_same_address() {
        let own = OwnDatagrams::default();
        let (client, server) = ("10.0.0.1:99".to_address(), SERVER.to_address());
        let (client, server) = (client.unwrap(), server.unwrap());
        let mut group = Arrival::at(ip("224.0.0.251"));
        group.source = Some(ip("10.0.0.1"));
        assert!(!own.is_own(Some(&group), &client, &server));
        // Answered by this machine's own address, which is recognised then.
        assert!(is_own(&own, "10.0.0.1:99", "10.0.0.1"));
    }
}
