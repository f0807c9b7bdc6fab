//! The names that most faults use.

pub(crate) use tests::prelude::*;

pub(crate) use crate::child::{Child, Ended};
pub(crate) use crate::column::{Chosen, Column};
pub(crate) use crate::fault::Fault;
pub(crate) use crate::load::{Pulse, Times, crowd, echo_one, narrow_stream, stream_from};
pub(crate) use crate::serve::{
    DRAIN, descriptors, limit, report, report_books, serve, serve_on, tcp,
};
pub(crate) use crate::trial::{Trial, brief};
