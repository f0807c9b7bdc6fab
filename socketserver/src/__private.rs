//! What the derives name. No promises.

pub use crate::handler::Outcome;
pub use crate::handler::base::run;
pub use crate::handler::datagram::{packet_reader, reply};
pub use crate::handler::stream::{StreamFiles, StreamOptions, configure, flush};

/// `setup` and `finish` of a handler that has none of its own. An inherent method of that name
/// comes first in method look-up, if the call is written on a place, `(*it).setup()`: on `it`
/// itself, a `&mut H`, this one would be found before an inherent `fn setup(&self)`.
pub trait OptionalHooks {
    /// Nothing.
    fn setup(&mut self) {}
    /// Nothing.
    fn finish(&mut self) {}
}

impl<H> OptionalHooks for H {}

/// Reads the state's type off a `server` field, however that one spells it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `ServerRef`",
    label = "the field `server` has the type `ServerRef<S>`, where `S` is the server's state"
)]
pub trait ServerField {
    /// The state.
    type State;
}

impl<S> ServerField for crate::ServerRef<S> {
    type State = S;
}
