//! What this benchmark is called, and what it writes.

use crate::rounds::results::{Figure, Picture};

/// Its name for Cargo, and that of the file with its figures.
pub(crate) const NAME: &str = "versus";

/// The pages with tables, from the folder of the workspace.
pub(crate) const PAGES: &[&str] = &["README.md", "socketserver/docs/performance.md"];

/// The rows of the summary: scenarios.
pub(crate) const SUMMARY: &[&str] =
    &["keep-alive-50", "keep-alive-1000", "keep-alive-10000", "connect-64", "udp-64", "idle-1000"];

/// Its columns: the contestants that most readers know.
pub(crate) const COLUMNS: &[&str] = &[
    "inline",
    "threads",
    "forking",
    "green",
    "std-threads",
    "epoll",
    "datagram-loop",
    "tokio",
    "may",
    "cpython-threads",
];

const KEEP_ALIVE: &[(u32, &str)] = &[
    (1, "keep-alive-1"),
    (50, "keep-alive-50"),
    (1_000, "keep-alive-1000"),
    (10_000, "keep-alive-10000"),
];

pub(crate) const PICTURES: &[Picture] = &[
    Picture {
        file: "keep-alive-cpu.svg",
        title: "Processor time per message, in microseconds, by open connections",
        figure: Figure::Cpu,
        scenarios: KEEP_ALIVE,
    },
    Picture {
        file: "keep-alive-p99.svg",
        title: "Time of an answer (99th percentile, microseconds), by open connections",
        figure: Figure::P99,
        scenarios: KEEP_ALIVE,
    },
    Picture {
        file: "connect.svg",
        title: "Connections per second, by clients that connect for each message",
        figure: Figure::Rate,
        scenarios: &[(1, "connect-1"), (8, "connect-8"), (64, "connect-64")],
    },
    Picture {
        file: "udp.svg",
        title: "Datagrams per second, 64 clients",
        figure: Figure::Rate,
        scenarios: &[(64, "udp-64")],
    },
    Picture {
        file: "memory.svg",
        title: "Memory per idle connection, in bytes (1,000 connections)",
        figure: Figure::Memory,
        scenarios: &[(1_000, "idle-1000")],
    },
];
