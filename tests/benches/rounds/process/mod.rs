//! The processes of a server and of its clients, and what the system says about them. They are
//! separate, so that their costs are measured apart and each has enough descriptors.

mod cores;
mod machine;
mod pipe;
mod server;
mod talkers;
mod usage;

pub(crate) use cores::{Cores, begin};
pub(crate) use machine::{Moment, description};
pub(crate) use pipe::FAILED;
pub(crate) use server::{SERVE, Server, serve};
pub(crate) use talkers::{TALK, Talkers};
