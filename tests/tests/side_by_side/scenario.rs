//! What is tried: a server, told by words, and a client.

use crate::session::Session;

pub(super) const TRANSPORTS: &[&str] = &["tcp", "udp", "unix_stream", "unix_datagram"];
pub(super) const STREAMS: &[&str] = &["tcp", "unix_stream"];
pub(super) const DATAGRAMS: &[&str] = &["udp", "unix_datagram"];
pub(super) const CONCURRENCIES: &[&str] = &["plain", "threading", "forking", "green"];
pub(super) const PLAIN: &[&str] = &["plain"];
pub(super) const THREADING: &[&str] = &["threading"];

/// One server and one client of it.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    /// `handle_raises::tcp::threading`
    pub(super) name: String,
    pub(super) transport: &'static str,
    /// What both servers are told.
    pub(super) words: String,
    pub(super) client: fn(&mut Session<'_>),
}

impl Scenario {
    pub(super) fn needs_ipv6(&self) -> bool {
        self.transport.ends_with('6') || self.words.contains("[::")
    }
}

/// The same on several cells of the grid.
pub(super) fn on(
    transports: &[&'static str],
    concurrencies: &[&'static str],
    name: &str,
    words: &str,
    client: fn(&mut Session<'_>),
) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for &transport in transports {
        for concurrency in concurrencies {
            // The host's family is the address's affair.
            let kind = transport.trim_end_matches('6');
            scenarios.push(Scenario {
                name: format!("{name}::{transport}::{concurrency}"),
                transport,
                words: format!("transport={kind} concurrency={concurrency} {words}"),
                client,
            });
        }
    }
    scenarios
}
