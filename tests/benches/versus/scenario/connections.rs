//! Clients that connect, exchange one message, and close.

use super::{Group, Job, Measure, Scenario, USUAL};
use crate::rounds::results::Figure;

const NEW: Scenario = Scenario { figure: Figure::Rate, ..USUAL };

const fn reconnecting(groups: &'static [Group]) -> Measure {
    Measure::Traffic { reconnect: true, groups }
}

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "connect-1",
        title: "1 client that connects for each message",
        measure: reconnecting(&[Group::busy(1, Job::Echo)]),
        ..NEW
    },
    &Scenario {
        name: "connect-8",
        title: "8 clients that connect for each message",
        measure: reconnecting(&[Group::busy(8, Job::Echo)]),
        ..NEW
    },
    &Scenario {
        name: "connect-64",
        title: "64 clients that connect for each message",
        measure: reconnecting(&[Group::busy(64, Job::Echo)]),
        quick: true,
        ..NEW
    },
];
