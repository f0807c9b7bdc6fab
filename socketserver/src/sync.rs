//! The locks, atomics, channels, threads and clock of everything that is model-checked: the pool,
//! and the end of a server.
//!
//! They are the usual ones. In a build with `--cfg loom` they are those of `model/sync.rs`, with
//! the same names: a model checker's, which tries every order in which threads can meet
//! (`.ci/loom.sh`).

#[cfg(loom)]
pub(crate) use crate::model::sync::*;

#[cfg(not(loom))]
pub(crate) use {
    crossbeam_channel as channel,
    parking_lot::{Condvar, Mutex, MutexGuard},
    std::{sync::atomic, thread, thread_local, time::Instant},
};
