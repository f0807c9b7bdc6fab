//! Clients that connect, exchange one message, and close.

use super::{Group, Job, Measure, Scenario, USUAL};
use crate::rounds::results::Figure;

const NEW: Scenario = Scenario {
    figure: Figure::Rate,
    measure: Measure::Traffic { reconnect: true, groups: &[] },
    ..USUAL
};

const ONE: &[Group] = &[Group::busy(1, Job::Echo)];
const EIGHT: &[Group] = &[Group::busy(8, Job::Echo)];
const MANY: &[Group] = &[Group::busy(64, Job::Echo)];

pub(super) const ALL: &[&Scenario] = &[
    &NEW.of("connect-1", "1 client that connects for each message", ONE),
    &NEW.of("connect-8", "8 clients that connect for each message", EIGHT),
    &NEW.of("connect-64", "64 clients that connect for each message", MANY).quick(),
];
