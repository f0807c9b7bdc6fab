//! Servers that have nothing to do.

use tests::prelude::*;

use super::Pair;
use crate::rounds::Scenario;
use crate::rounds::process::{Cores, Server, Talkers};
use crate::rounds::results::{Figure, Sample};

/// The memory of each silent connection. The pair's own connection makes the server allocate what
/// it needs only once.
pub(super) fn memory(scenario: &Scenario, pair: Pair, connections: usize) -> io::Result<Sample> {
    let Pair { mut server, talkers: _talkers } = pair;
    let before = server.usage()?.memory();
    let plan = scenario.plan().with_clients(connections);
    let _silent = Talkers::start(&plan, &server.address()?, Cores::Shared)?;
    let grown = server.usage()?.memory().saturating_sub(before);
    Ok(Sample::from([(Figure::Memory, grown as f64 / connections as f64)]))
}

/// The wakes of each server while nothing happens, after one connection has come and gone. All
/// servers are watched at the same time.
pub(super) fn stillness(
    pairs: impl Iterator<Item = io::Result<Pair>>,
    watched: Duration,
) -> Vec<io::Result<Sample>> {
    let servers: Vec<io::Result<Server>> = pairs.map(|pair| Ok(pair?.server)).collect();
    // The ends of the connections.
    thread::sleep(watched / 10);
    let before: Vec<io::Result<u64>> = servers.iter().map(wakes).collect();
    thread::sleep(watched);
    let sample = |(server, before): (io::Result<Server>, io::Result<u64>)| {
        let woken = wakes(&server)?.saturating_sub(before?);
        Ok(Sample::from([(Figure::Wakes, woken as f64)]))
    };
    servers.into_iter().zip(before).map(sample).collect()
}

fn wakes(server: &io::Result<Server>) -> io::Result<u64> {
    match server {
        Ok(server) => Ok(server.usage()?.wakes()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// How long a server without connections takes to stop.
pub(super) fn stop(pair: Pair) -> io::Result<Sample> {
    let Pair { server, talkers } = pair;
    drop(talkers);
    Ok(Sample::from([(Figure::Stop, server.stop()?.as_secs_f64() * 1e3)]))
}
