//! Functions for the code of the derive.

use super::exchange::Exchange;
use super::exchange::settings::ChosenSettings;
use super::message::headers::Headers;
use super::reader::BodyReader;
use super::reply::ReplyWriter;
use crate::address::Address;
use crate::handler::{Outcome, ServerRef};
use crate::request::HandlerError;
use crate::socket::Socket;

/// The exchange of a handler. This is a separate function, so that its part of the stack is free
/// again when the handler runs.
#[inline(never)]
pub fn open<S>(
    request: &Socket,
    client_address: &Address,
    server: &ServerRef<S>,
    settings: ChosenSettings,
) -> Exchange {
    Exchange::new(request, client_address, server, settings)
}

/// `rfile`.
pub fn rfile(exchange: &Exchange) -> BodyReader {
    BodyReader(exchange.of_connection())
}

/// `wfile`.
pub fn wfile(exchange: &Exchange) -> ReplyWriter {
    ReplyWriter(exchange.of_connection())
}

/// The exchange that `wfile` writes to.
pub fn exchange(wfile: &ReplyWriter) -> &Exchange {
    &wfile.0
}

/// A field of the head of this name: `command`, `path`, `request_version` or `requestline`.
pub fn text(headers: &Headers, name: &str) -> String {
    let head = headers.head();
    let text = match name {
        "command" => head.command(),
        "path" => head.path(),
        "request_version" => head.version(),
        _ => head.requestline(),
    };
    text.to_owned()
}

/// The result of a `do_` method that the handler does not have.
#[derive(Debug)]
pub struct Missing;

/// The result of a `do_` method, or the absence of the method.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a `do_` method",
    label = "expected `()` or a `Result<(), E>` whose error is `Display` and `'static`"
)]
pub trait MethodOutcome {
    /// Whether the method exists.
    const EXISTS: bool;

    /// The method's result. `None` if the method does not exist.
    fn into_option(self) -> Option<Result<(), HandlerError>>;
}

impl MethodOutcome for Missing {
    const EXISTS: bool = false;

    fn into_option(self) -> Option<Result<(), HandlerError>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<O: Outcome> MethodOutcome for O {
    const EXISTS: bool = true;

    fn into_option(self) -> Option<Result<(), HandlerError>> {
        Some(self.into_result())
    }
}

/// Whether the method that the closure would call exists. The closure is not called.
pub const fn exists<H, O: MethodOutcome>(_call: &impl FnOnce(&mut H) -> O) -> bool {
    O::EXISTS
}

/// The commands, each with whether its method exists. A struct that has none of the methods does
/// not compile: it has probably followed the compiler's advice to write them in small letters.
#[track_caller]
pub const fn at_least_one<const N: usize>(commands: [(&str, bool); N]) -> [(&str, bool); N] {
    let mut index = 0;
    while index < N {
        if commands[index].1 {
            return commands;
        }
        index += 1;
    }
    panic!("expected a method such as `do_GET`, with these capitals, in an `impl` of this struct")
}

macro_rules! optional {
    ($($name:ident)*) => {
        /// A substitute for each method that a handler does not define, as
        /// [`OptionalHooks`](crate::__private::OptionalHooks) is for `setup` and `finish`.
        #[allow(non_snake_case)]
        pub trait OptionalMethods {
            $(
                /// Called if the handler has no such method.
                fn $name(&mut self) -> Missing {
                    Missing
                }
            )*
        }
    };
}

optional!(do_GET do_HEAD do_POST do_PUT do_DELETE do_PATCH do_OPTIONS do_TRACE do_CONNECT);

impl<H> OptionalMethods for H {}
