//! What is measured.

mod bars;
mod connections;
mod datagrams;
mod handlers;
mod idle;
mod keep_alive;
mod ratios;

pub(crate) use bars::BARS;
pub(crate) use ratios::RATIOS;

use crate::contestant::Service;
use crate::job::Job;
use crate::rounds::load::Group;
use crate::rounds::{Measure, Scenario, busy};

/// All scenarios, in the order of the tables.
pub(crate) fn all() -> Vec<&'static Scenario> {
    [keep_alive::ALL, connections::ALL, datagrams::ALL, handlers::ALL, idle::ALL].concat()
}

/// What most scenarios have in common.
const USUAL: Scenario = Scenario { service: Service::Tcp, reference: "epoll", ..Scenario::USUAL };
