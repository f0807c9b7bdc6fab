//! The servers that are compared. Each runs in a separate process.

mod cpython;
mod echo;
mod hyper;
mod nginx;
mod ours;
mod service;
mod static_web_server;
mod tiny_http;

pub(crate) use service::{Place, Service};

use crate::rounds::{Contestant, Program};

/// All contestants, in the order of the tables.
pub(crate) const ALL: [&Contestant; 9] = [
    &ours::THREADS,
    &ours::GREEN,
    &echo::THREADS,
    &echo::GREEN,
    &hyper::HYPER,
    &tiny_http::TINY_HTTP,
    &nginx::NGINX,
    &static_web_server::STATIC_WEB_SERVER,
    &cpython::CPYTHON,
];
