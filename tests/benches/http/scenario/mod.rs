//! What is measured.

mod bars;

pub(crate) use bars::BARS;

use crate::contestant::Service;
use crate::job::Job;
use crate::rounds::load::Group;
use crate::rounds::process::Cores;
use crate::rounds::results::Figure;
use crate::rounds::{Measure, Ratio, Scenario, busy};

pub(crate) const RATIOS: &[Ratio] = &[];

/// All scenarios, in the order of the tables.
pub(crate) fn all() -> Vec<&'static Scenario> {
    ALL.to_vec()
}

const USUAL: Scenario = Scenario { reference: "hyper", ..Scenario::USUAL };

const FILES: Scenario = Scenario { service: Service::Files, reference: "nginx", ..ONE_CORE };

const ONE_CORE: Scenario = Scenario { cores: Cores::Apart, ..USUAL };

const FIFTY: &[Group] = &[Group::busy(50, Job::Hello)];
const THOUSAND: &[Group] = &[Group::busy(1_000, Job::Hello)];
const FIFTY_FILES: &[Group] = &[Group::busy(50, Job::File1K)];

const ALL: &[&Scenario] = &[
    &ONE_CORE.of("hello-50", "a short text, 50 connections that stay open", FIFTY).quick(),
    &ONE_CORE.of("hello-1000", "a short text, 1,000 connections that stay open", THOUSAND),
    &Scenario {
        name: "hello-new-64",
        title: "a short text, 64 clients that connect for each request",
        measure: Measure::Traffic { reconnect: true, groups: &[Group::busy(64, Job::Hello)] },
        figure: Figure::Rate,
        quick: true,
        ..USUAL
    },
    &FILES.of("file-1k", "a file of 1 KiB, 50 connections that stay open", FIFTY_FILES),
    &Scenario {
        name: "file-1g",
        title: "a file of 1 GiB, 1 connection",
        measure: busy(&[Group::busy(1, Job::File1G)]),
        figure: Figure::Rate,
        ..FILES
    },
    &Scenario {
        name: "listing",
        title: "the listing of 100,000 names, 1 connection",
        service: Service::Listing,
        measure: busy(&[Group::busy(1, Job::Listing)]),
        reference: "cpython",
        most_rounds: 3,
        ..ONE_CORE
    },
    &Scenario {
        title: "memory of 10,000 idle connections that have had one reply",
        reference: "hyper",
        ..Scenario::IDLE_10000
    },
    &Scenario {
        name: "slow-heads",
        title: "a client that connects for each request, beside 10,000 half heads",
        measure: Measure::Traffic {
            reconnect: true,
            groups: &[Group::busy(1, Job::Hello), Group::busy(10_000, Job::HalfHead).unmeasured()],
        },
        figure: Figure::P99,
        most_rounds: 3,
        ..USUAL
    },
    &Scenario { reference: "hyper", ..Scenario::STILL },
    &Scenario { reference: "threads", ..Scenario::STOP },
];
