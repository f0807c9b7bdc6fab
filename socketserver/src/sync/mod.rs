//! The locks, atomics, channels, threads and times of what is model-checked: the pool, and how a
//! server ends.
//!
//! Built with `--cfg loom` they are a model checker's, which tries every order in which threads can
//! meet; `.ci/loom.sh` does that. Otherwise they are the usual ones.

#[cfg(loom)]
pub(crate) mod model;
#[cfg(loom)]
pub(crate) use model::*;

#[cfg(not(loom))]
pub(crate) use {
    crossbeam_channel as channel,
    parking_lot::{Condvar, Mutex},
    std::{sync::atomic, thread, thread_local, time::Instant},
};
