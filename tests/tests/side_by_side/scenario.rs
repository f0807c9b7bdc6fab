//! A scenario: a server, described by words, and a client.

use crate::session::Session;

pub(super) const ALL: &[&str] = &["tcp", "udp", "unix_stream", "unix_datagram"];
pub(super) const IPV6: &[&str] = &["tcp6", "udp6"];
pub(super) const TCP: &[&str] = &["tcp"];
pub(super) const STREAMS: &[&str] = &["tcp", "unix_stream"];
pub(super) const DATAGRAMS: &[&str] = &["udp", "unix_datagram"];
pub(super) const UNIX: &[&str] = &["unix_stream", "unix_datagram"];

pub(super) const EACH: &[&str] = &["plain", "threading", "forking", "green"];
pub(super) const PLAIN: &[&str] = &["plain"];
pub(super) const THREADING: &[&str] = &["threading"];
/// Those whose program may have further threads.
pub(super) const WITH_THREADS: &[&str] = &["plain", "threading"];

#[derive(Clone, Debug)]
pub(super) struct Scenario {
    /// `handle_raises::tcp::threading`
    pub(super) name: String,
    pub(super) transport: &'static str,
    /// What both servers do.
    pub(super) words: String,
    pub(super) client: fn(&mut Session<'_>),
}

impl Scenario {
    pub(super) fn needs_ipv6(&self) -> bool {
        self.transport.ends_with('6') || self.words.contains("[::")
    }
}

/// One scenario for each of these transports and concurrencies.
pub(super) fn on(
    transports: &[&'static str],
    concurrencies: &[&'static str],
    name: &str,
    words: &str,
    client: fn(&mut Session<'_>),
) -> Vec<Scenario> {
    let cells = transports.iter().flat_map(|&transport| {
        concurrencies.iter().map(move |&concurrency| (transport, concurrency))
    });
    let scenario = |(transport, concurrency): (&'static str, _)| {
        // Only the address shows the version of IP.
        let kind = transport.trim_end_matches('6');
        Scenario {
            name: format!("{name}::{transport}::{concurrency}"),
            transport,
            words: format!("transport={kind} concurrency={concurrency} {words}"),
            client,
        }
    };
    cells.map(scenario).collect()
}

/// A table of scenarios: each row has the arguments of [`on`].
macro_rules! scenarios {
    ($($transports:expr, $concurrencies:expr; $name:expr, $words:expr; $client:expr;)*) => {
        [$($crate::scenario::on($transports, $concurrencies, $name, $words, $client)),*].concat()
    };
}
pub(super) use scenarios;
