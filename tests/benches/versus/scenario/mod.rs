//! What is measured.

mod bars;
mod connections;
mod datagrams;
mod handlers;
mod idle;
mod keep_alive;
mod ratios;

pub(crate) use bars::{BARS, Bar};
pub(crate) use ratios::{RATIOS, Ratio};

use tests::prelude::*;

use crate::contestant::{Contestant, Network};
use crate::job::Job;
use crate::load::{Group, Plan};
use crate::process::Cores;
use crate::results::Figure;

/// Clients of each contestant that can serve them.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) network: Network,
    pub(crate) cores: Cores,
    pub(crate) measure: Measure,
    /// The figure that matters most, whose ratios are shown.
    pub(crate) figure: Figure,
    /// The contestant of the ratios.
    pub(crate) reference: &'static str,
    /// Maximum number of rounds, where they differ little.
    pub(crate) most_rounds: usize,
    /// Whether it is a part of the quick form.
    pub(crate) quick: bool,
}

#[derive(Debug)]
pub(crate) enum Measure {
    /// Clients that talk, each group in its way.
    Traffic { reconnect: bool, groups: &'static [Group] },
    /// Memory per silent connection.
    Memory { connections: usize },
    /// How often a server wakes that has nothing to do.
    Stillness,
    /// How long a server with nothing to do takes to stop.
    Stop,
}

/// All scenarios, in the order of the tables.
pub(crate) fn all() -> Vec<&'static Scenario> {
    [keep_alive::ALL, connections::ALL, datagrams::ALL, handlers::ALL, idle::ALL].concat()
}

impl Scenario {
    /// Whether a contestant can serve these clients.
    pub(crate) fn admits(&self, contestant: &Contestant) -> bool {
        if !contestant.networks.contains(&self.network) {
            return false;
        }
        match self.measure {
            Measure::Traffic { reconnect, groups } => {
                let clients = groups.iter().map(|group| group.clients).sum();
                let at_once = if reconnect || self.network == Network::Udp { 0 } else { clients };
                let sleeps = groups.iter().any(|group| group.job == Job::Sleep);
                contestant.most_connections >= at_once && (contestant.sleeps || !sleeps)
            }
            Measure::Memory { connections } => contestant.most_connections >= connections,
            Measure::Stillness => true,
            Measure::Stop => contestant.stops,
        }
    }

    /// The clients of one contestant.
    pub(crate) fn plan(&self) -> Plan {
        let (reconnect, groups) = match self.measure {
            Measure::Traffic { reconnect, groups } => (reconnect, groups.to_vec()),
            _ => (false, vec![Group::busy(1, Job::Echo)]),
        };
        Plan { reconnect, threads: self.cores.threads(), groups }
    }

    /// The part of the time that a contestant talks before the others do: long enough for some
    /// answers per client.
    pub(crate) fn turn(&self) -> Duration {
        const LEAST: Duration = Duration::from_millis(100);
        const PER_CLIENT: Duration = Duration::from_micros(50);
        LEAST.max(PER_CLIENT * self.plan().clients() as u32)
    }
}

/// What most scenarios have in common.
const USUAL: Scenario = Scenario {
    name: "",
    title: "",
    network: Network::Tcp,
    cores: Cores::Shared,
    measure: Measure::Stillness,
    figure: Figure::Cpu,
    reference: "epoll",
    most_rounds: usize::MAX,
    quick: false,
};

/// Clients that all send the next message when they have the answer to the last one.
const fn busy(groups: &'static [Group]) -> Measure {
    Measure::Traffic { reconnect: false, groups }
}
