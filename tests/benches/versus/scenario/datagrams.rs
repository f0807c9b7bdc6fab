//! Clients of UDP, each with one datagram in flight.

use super::{Group, Job, Scenario, Service, USUAL, busy};
use crate::rounds::results::Figure;

const UDP: Scenario =
    Scenario { service: Service::Udp, figure: Figure::Rate, reference: "datagram-loop", ..USUAL };

pub(super) const ALL: &[&Scenario] = &[
    &Scenario {
        name: "udp-1",
        title: "1 client of UDP",
        measure: busy(&[Group::busy(1, Job::Echo)]),
        ..UDP
    },
    &Scenario {
        name: "udp-64",
        title: "64 clients of UDP",
        measure: busy(&[Group::busy(64, Job::Echo)]),
        quick: true,
        ..UDP
    },
    &Scenario {
        name: "udp-sleep-64",
        title: "64 clients of UDP whose handler waits 10 ms",
        measure: busy(&[Group::busy(64, Job::Sleep)]),
        figure: Figure::P99,
        reference: "tokio",
        ..UDP
    },
];
