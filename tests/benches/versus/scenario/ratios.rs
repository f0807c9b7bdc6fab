//! Figures that compare a contestant with itself in two scenarios.

use crate::rounds::Ratio;
use crate::rounds::results::Figure;

pub(crate) const RATIOS: &[Ratio] = &[
    Ratio {
        name: "growth",
        title: "growth of processor time per message from 50 to 10,000 connections",
        figure: Figure::Cpu,
        scenario: "keep-alive-10000",
        divided_by: "keep-alive-50",
        reference: "epoll",
    },
    Ratio {
        name: "second-core",
        title: "gain of a second core, with a handler that computes",
        figure: Figure::Rate,
        scenario: "compute-2-cores",
        divided_by: "compute-1-core",
        reference: "std-threads",
    },
];
