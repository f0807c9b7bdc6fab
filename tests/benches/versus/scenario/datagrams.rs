//! Clients of UDP, each with one datagram in flight.

use super::{Group, Job, Scenario, Service, USUAL};
use crate::rounds::results::Figure;

const UDP: Scenario =
    Scenario { service: Service::Udp, figure: Figure::Rate, reference: "datagram-loop", ..USUAL };
const WAITING: Scenario = Scenario { figure: Figure::P99, reference: "tokio", ..UDP };

const ONE: &[Group] = &[Group::busy(1, Job::Echo)];
const MANY: &[Group] = &[Group::busy(64, Job::Echo)];
const SLEEPY: &[Group] = &[Group::busy(64, Job::Sleep)];

pub(super) const ALL: &[&Scenario] = &[
    &UDP.of("udp-1", "1 client of UDP", ONE),
    &UDP.of("udp-64", "64 clients of UDP", MANY).quick(),
    &WAITING.of("udp-sleep-64", "64 clients of UDP whose handler waits 10 ms", SLEEPY),
];
