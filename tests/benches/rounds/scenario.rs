//! What is measured.

use tests::prelude::*;

use super::contestant::Contestant;
use super::load::{Group, Plan};
use super::process::Cores;
use super::results::Figure;
use crate::contestant::Service;
use crate::job::Job;

/// Clients of each contestant that can serve them.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) service: Service,
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

impl Scenario {
    /// What most scenarios have in common.
    pub(crate) const USUAL: Scenario = Scenario {
        name: "",
        title: "",
        service: Service::USUAL,
        cores: Cores::Shared,
        measure: Measure::Stillness,
        figure: Figure::Cpu,
        reference: "",
        most_rounds: usize::MAX,
        quick: false,
    };

    /// Idle connections, which differ little from round to round.
    pub(crate) const MEMORY: Scenario =
        Scenario { figure: Figure::Memory, most_rounds: 3, ..Self::USUAL };

    pub(crate) const IDLE_10000: Scenario = Scenario {
        name: "idle-10000",
        title: "memory of 10,000 idle connections",
        measure: Measure::Memory { connections: 10_000 },
        ..Self::MEMORY
    };

    /// Servers that have nothing to do.
    pub(crate) const STILL: Scenario = Scenario {
        name: "still",
        title: "threads that run in 10 s without work",
        measure: Measure::Stillness,
        figure: Figure::Wakes,
        most_rounds: 1,
        ..Self::USUAL
    };

    pub(crate) const STOP: Scenario = Scenario {
        name: "stop",
        title: "time from SIGTERM to the end, without work",
        measure: Measure::Stop,
        figure: Figure::Stop,
        ..Self::USUAL
    };

    /// The same for these clients.
    pub(crate) const fn of(
        self,
        name: &'static str,
        title: &'static str,
        groups: &'static [Group],
    ) -> Self {
        let reconnect = matches!(self.measure, Measure::Traffic { reconnect: true, .. });
        Scenario { name, title, measure: Measure::Traffic { reconnect, groups }, ..self }
    }

    pub(crate) const fn quick(self) -> Self {
        Scenario { quick: true, ..self }
    }

    /// Whether a contestant can serve these clients.
    pub(crate) fn admits(&self, contestant: &Contestant) -> bool {
        if !contestant.services.contains(&self.service) {
            return false;
        }
        match self.measure {
            Measure::Traffic { reconnect, groups } => {
                let clients = groups.iter().map(|group| group.clients).sum();
                let at_once = if reconnect || !self.service.connects() { 0 } else { clients };
                let sleeps = groups.iter().any(|group| group.job.sleeps());
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
            _ => (false, vec![Group::busy(1, Job::USUAL)]),
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

/// Clients that all send the next message when they have the answer to the last one.
pub(crate) const fn busy(groups: &'static [Group]) -> Measure {
    Measure::Traffic { reconnect: false, groups }
}

/// The figure in one scenario divided by that in another.
#[derive(Debug)]
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) figure: Figure,
    pub(crate) scenario: &'static str,
    pub(crate) divided_by: &'static str,
    pub(crate) reference: &'static str,
}
