//! What this benchmark is called, and what it writes.

use crate::rounds::results::{Figure, Picture};

/// Its name for Cargo, and that of the file with its figures.
pub(crate) const NAME: &str = "http";

/// The pages with tables, from the folder of the workspace.
pub(crate) const PAGES: &[&str] = &["socketserver/docs/performance.md"];

/// The rows of the summary: scenarios.
pub(crate) const SUMMARY: &[&str] = &["hello-50", "hello-1000", "hello-new-64", "idle-10000"];

/// Its columns: contestants.
pub(crate) const COLUMNS: &[&str] =
    &["threads", "green", "hyper", "tiny-http", "nginx", "static-web-server", "cpython"];

pub(crate) const PICTURES: &[Picture] = &[Picture {
    file: "http-cpu.svg",
    title: "Processor time per request, in microseconds, 50 connections",
    figure: Figure::Cpu,
    scenarios: &[(50, "hello-50")],
}];
