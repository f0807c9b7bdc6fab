//! What the derives name. No promises.

pub use crate::handler::Outcome;
pub use crate::handler::base::run;
pub use crate::handler::datagram::{packet_reader, reply};
pub use crate::handler::stream::{StreamFiles, StreamOptions, configure, flush};

/// What the derive of `http` names.
#[cfg(feature = "http")]
pub mod http {
    pub use crate::http::connection::serve;
    pub use crate::http::exchange::settings::{ChosenSettings, Settings};
    pub use crate::http::parts::*;
}

/// `setup` and `finish` of a handler whose type defines neither. An inherent method of that name
/// comes first in method look-up, if the call is written on a place, `(*it).setup()`. If it were
/// written on `it`, a `&mut H`, this method would be found before an inherent `fn setup(&self)`.
pub trait OptionalHooks {
    /// Nothing.
    fn setup(&mut self) {}
    /// Nothing.
    fn finish(&mut self) {}
}

impl<H> OptionalHooks for H {}

/// The first value of a field without `#[handler(default = …)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default`, so its field needs a value",
    label = "give the field a value: `#[handler(default = …)]` above it",
    note = "`setup` can also set the field, if its type has a default, such as an `Option`"
)]
pub trait DefaultField {
    /// The value.
    fn value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultField for T {
    fn value() -> Self {
        T::default()
    }
}

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
