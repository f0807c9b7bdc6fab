//! The reasons not to serve a request.

use std::fmt;

use crate::request::{Accepted, HandlerError};

/// Why a request is not served.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The server is full, and does not let clients wait.
    Full,
    /// The client has as many live requests as one address may have.
    Share,
    /// The only descriptor left for it is the reserve.
    Descriptors,
    /// The client's address is over its rate.
    Rate,
    /// No client can have this address.
    Forged,
    /// `verify_request` said no.
    Unverified,
    /// A step before the handler failed.
    Failed(HandlerError),
}

impl Refusal {
    /// Whether `refuse_request` may answer the client. False if answers would double a flood, or
    /// if an answer would arrive as the next request. False also after `verify_request` and
    /// `handle_error`, which can answer for themselves.
    pub(crate) fn gets_an_answer(&self) -> bool {
        matches!(self, Refusal::Full | Refusal::Share | Refusal::Descriptors)
    }

    /// The refusal by `verify_request`.
    pub(crate) fn unless_verified(request: &dyn Accepted) -> Result<(), Refusal> {
        match request.verify() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Unverified),
            Err(error) => Err(Refusal::Failed(error)),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::Share => "the client is at its limit of live requests",
            Refusal::Descriptors => "no descriptors left",
            Refusal::Rate => "the client is over its rate",
            Refusal::Forged => "no client can have this address",
            Refusal::Unverified => "verify_request returned false",
            Refusal::Failed(_) => "a step before the handler failed",
        })
    }
}
