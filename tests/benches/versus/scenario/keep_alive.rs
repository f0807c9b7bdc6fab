//! Connections that stay open, each with one message in flight.

use super::{Group, Job, Scenario, Service, USUAL};
use crate::rounds::process::Cores;

const ONE_CORE: Scenario = Scenario { cores: Cores::Apart, ..USUAL };
const UNIX: Scenario = Scenario { service: Service::Unix, ..ONE_CORE };

const ONE: &[Group] = &[Group::busy(1, Job::Echo)];
const FIFTY: &[Group] = &[Group::busy(50, Job::Echo)];
const THOUSAND: &[Group] = &[Group::busy(1_000, Job::Echo)];
const MANY: &[Group] = &[Group::busy(10_000, Job::Echo)];

pub(super) const ALL: &[&Scenario] = &[
    &ONE_CORE.of("keep-alive-1", "1 connection that stays open", ONE),
    &ONE_CORE.of("keep-alive-50", "50 connections that stay open", FIFTY).quick(),
    &ONE_CORE.of("keep-alive-1000", "1,000 connections that stay open", THOUSAND).quick(),
    &ONE_CORE.of("keep-alive-10000", "10,000 connections that stay open", MANY),
    &UNIX.of("unix-50", "50 connections of a Unix socket that stay open", FIFTY),
];
