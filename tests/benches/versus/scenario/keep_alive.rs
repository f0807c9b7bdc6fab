//! Connections that stay open, each with one message in flight.

use super::{Group, Job, Scenario, Service, USUAL, busy};
use crate::rounds::process::Cores;

const ONE_CORE: Scenario = Scenario { cores: Cores::Apart, ..USUAL };

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "keep-alive-1",
        title: "1 connection that stays open",
        measure: busy(&[Group::busy(1, Job::Echo)]),
        ..ONE_CORE
    },
    &Scenario {
        name: "keep-alive-50",
        title: "50 connections that stay open",
        measure: busy(&[Group::busy(50, Job::Echo)]),
        quick: true,
        ..ONE_CORE
    },
    &Scenario {
        name: "keep-alive-1000",
        title: "1,000 connections that stay open",
        measure: busy(&[Group::busy(1_000, Job::Echo)]),
        quick: true,
        ..ONE_CORE
    },
    &Scenario {
        name: "keep-alive-10000",
        title: "10,000 connections that stay open",
        measure: busy(&[Group::busy(10_000, Job::Echo)]),
        ..ONE_CORE
    },
    &Scenario {
        name: "unix-50",
        title: "50 connections of a Unix socket that stay open",
        service: Service::Unix,
        measure: busy(&[Group::busy(50, Job::Echo)]),
        ..ONE_CORE
    },
];
