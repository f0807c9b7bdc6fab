//! What a handler may return.

use std::fmt::Display;

use crate::request::HandlerError;

/// What `setup`, `handle`, `finish` and closures may return: nothing, or a `Result` whose error can
/// be displayed, as `main` can. `io::Error`, `String` and any boxed error fit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `setup`, `handle`, `finish` or a closure that handles requests",
    label = "expected `()` or a `Result<(), E>` whose error is `Display` and `'static`",
    note = "an error needs `impl Display`; each method may have another type of error",
    note = "a result with a value, as `sendto` returns, is finished with `?;` and `Ok(())`"
)]
pub trait Outcome {
    /// Converts the value that a method has returned into a result of one type.
    ///
    /// # Errors
    /// The error that the method has returned.
    fn into_result(self) -> Result<(), HandlerError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Display + 'static> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(HandlerError::new)
    }
}
