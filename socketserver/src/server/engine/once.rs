//! What one call of `handle_request` leaves for the next.

/// What a call of `handle_request` must know of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Once {
    /// There was none, or it was the last of a loop.
    #[default]
    First,
    /// It returned, and another one may follow.
    Next,
    /// The server was stopped while it handled its request.
    StopUnseen,
}
