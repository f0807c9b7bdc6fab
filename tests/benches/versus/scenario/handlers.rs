//! Handlers that wait, handlers that compute, and quiet clients beside busy ones.

use tests::prelude::Duration;

use super::{Group, Job, Scenario, USUAL, busy};
use crate::rounds::process::Cores;
use crate::rounds::results::Figure;

/// Clients that send a message from time to time.
const QUIET: Group = Group { pace: Some(Duration::from_millis(10)), ..Group::busy(20, Job::Echo) };

/// Clients with a handler that computes for some milliseconds.
const COMPUTING: Scenario = Scenario {
    measure: busy(&[Group::busy(8, Job::Compute)]),
    figure: Figure::Rate,
    reference: "std-threads",
    ..USUAL
};

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "sleep-100",
        title: "100 connections whose handler waits 10 ms",
        cores: Cores::Apart,
        measure: busy(&[Group::busy(100, Job::Sleep)]),
        reference: "tokio",
        ..USUAL
    },
    &Scenario {
        name: "quiet-beside-busy",
        title: "20 quiet connections, measured, beside 50 busy ones",
        cores: Cores::Apart,
        measure: busy(&[QUIET, Group::busy(50, Job::Echo).unmeasured()]),
        figure: Figure::P99,
        ..USUAL
    },
    &Scenario {
        name: "echo-beside-computing",
        title: "20 quiet connections, measured, beside one whose handler computes",
        measure: busy(&[QUIET, Group::busy(1, Job::Compute).unmeasured()]),
        figure: Figure::P99,
        reference: "std-threads",
        ..USUAL
    },
    &Scenario {
        name: "compute-1-core",
        title: "8 connections whose handler computes, on one core",
        cores: Cores::Apart,
        ..COMPUTING
    },
    &Scenario {
        name: "compute-2-cores",
        title: "8 connections whose handler computes, on two cores",
        cores: Cores::Two,
        ..COMPUTING
    },
];
