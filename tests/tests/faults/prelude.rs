//! The names that most faults use.

pub(crate) use tests::prelude::*;

pub(crate) use crate::child::Child;
pub(crate) use crate::column::{Chosen, Column};
pub(crate) use crate::load::{Pulse, Times, crowd, echo_one, local};
pub(crate) use crate::serve::{
    DRAIN, Function, Handle, each_piece, handling, limit, report, report_books, serve, serve_on,
    tcp,
};
pub(crate) use crate::trial::{Fault, Trial, brief};
