//! Servers that have nothing to do.

use super::{Measure, Scenario, USUAL};
use crate::rounds::results::Figure;

const MEMORY: Scenario =
    Scenario { figure: Figure::Memory, reference: "tokio", most_rounds: 3, ..USUAL };

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "idle-1000",
        title: "memory of 1,000 idle connections",
        measure: Measure::Memory { connections: 1_000 },
        quick: true,
        ..MEMORY
    },
    &Scenario {
        name: "idle-10000",
        title: "memory of 10,000 idle connections",
        measure: Measure::Memory { connections: 10_000 },
        ..MEMORY
    },
    &Scenario {
        name: "still",
        title: "threads that run in 10 s without work",
        measure: Measure::Stillness,
        figure: Figure::Wakes,
        most_rounds: 1,
        ..USUAL
    },
    &Scenario {
        name: "stop",
        title: "time from SIGTERM to the end, without work",
        measure: Measure::Stop,
        figure: Figure::Stop,
        reference: "cpython-threads",
        ..USUAL
    },
];
