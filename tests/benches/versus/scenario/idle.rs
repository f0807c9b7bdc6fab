//! Servers that have nothing to do.

use super::{Measure, Scenario};

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "idle-1000",
        title: "memory of 1,000 idle connections",
        measure: Measure::Memory { connections: 1_000 },
        reference: "tokio",
        quick: true,
        ..Scenario::MEMORY
    },
    &Scenario { reference: "tokio", ..Scenario::IDLE_10000 },
    &Scenario { reference: "epoll", ..Scenario::STILL },
    &Scenario { reference: "cpython-threads", ..Scenario::STOP },
];
