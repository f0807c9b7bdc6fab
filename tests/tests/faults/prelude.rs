//! The names that most faults use.

pub(crate) use tests::prelude::*;

pub(crate) use crate::child::Child;
pub(crate) use crate::column::{Chosen, Column};
pub(crate) use crate::load::{Pulse, Times, ask_until_answered, echo_one, hold, local};
pub(crate) use crate::serve::{
    DRAIN, each_piece, handling, report, report_books, serve, serve_well, tcp,
};
pub(crate) use crate::trial::{Trial, brief};
