//! One round of a scenario.

mod idle;
mod traffic;

use tests::prelude::io;

use crate::rounds::Contestant;
use crate::rounds::options::Options;
use crate::rounds::process::{Server, Talkers};
use crate::rounds::results::Sample;
use crate::rounds::{Measure, Scenario};

/// A sample of each contestant, or the reason for its absence.
pub(crate) fn sample(
    scenario: &Scenario,
    contestants: &[&Contestant],
    options: &Options,
) -> Vec<io::Result<Sample>> {
    let pairs = start(scenario, contestants);
    match scenario.measure {
        Measure::Traffic { .. } => traffic::traffic(scenario, pairs, options.measured),
        Measure::Memory { connections } => {
            pairs.map(|pair| idle::memory(scenario, pair?, connections)).collect()
        }
        Measure::Stillness => idle::stillness(pairs, options.watched),
        Measure::Stop => pairs.map(|pair| idle::stop(pair?)).collect(),
    }
}

/// A server with its clients. The server ends first, so that it does not complain about them.
struct Pair {
    server: Server,
    talkers: Talkers,
}

/// Starts all servers, which takes some languages a while, and then the clients of each when it is
/// its turn.
fn start<'a>(
    scenario: &'a Scenario,
    contestants: &[&Contestant],
) -> impl Iterator<Item = io::Result<Pair>> + use<'a> {
    let server = |one: &&Contestant| Server::start(one, scenario.service, scenario.cores);
    let servers: Vec<_> = contestants.iter().map(server).collect();
    servers.into_iter().map(|server| {
        let mut server = server?;
        let talkers = Talkers::start(&scenario.plan(), &server.address()?, scenario.cores)?;
        Ok(Pair { server, talkers })
    })
}
