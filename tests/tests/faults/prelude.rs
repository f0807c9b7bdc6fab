//! The names that most faults use.

pub(crate) use std::io::{self, Read, Write};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
pub(crate) use std::thread;
pub(crate) use std::time::{Duration, Instant};

pub(crate) use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, ServerRef, Socket, Tcp, green,
};
pub(crate) use tests::{Client, DEADLINE, Echo, inet, until};

pub(crate) use crate::child::{Child, Ended};
pub(crate) use crate::column::{Chosen, Column};
pub(crate) use crate::fault::Fault;
pub(crate) use crate::load::{Pulse, Times, crowd, echo_one, narrow_stream, stream_from};
pub(crate) use crate::serve::{
    DRAIN, LOCAL, descriptors, limit, report, report_books, serve, serve_on, tcp,
};
pub(crate) use crate::trial::{Trial, brief};
