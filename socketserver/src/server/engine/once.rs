//! How a loop of `handle_request` learns of a stop between two calls.

/// How the last call of `handle_request` ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Once {
    /// There was no call, or it was the last one of a loop.
    #[default]
    First,
    /// It returned, and another one may follow.
    Next,
    /// The server was stopped during the call, which has not reported that.
    StopUnseen,
}
