//! The derives of `socketserver`, named after the classes a Python handler inherits from.
//!
//! Use them through that crate, which exports all three and has the types named here.
//!
//! | derive | for | besides `request`, `client_address` and `server` it fills |
//! | --- | --- | --- |
//! | [`BaseRequestHandler`] | streams, datagrams, both, or requests of your own | nothing |
//! | [`StreamRequestHandler`] | streams | `connection`, `rfile`, `wfile` |
//! | [`DatagramRequestHandler`] | datagrams | `packet`, `socket`, `rfile`, `wfile` |
//!
//! A derive reads the struct (`ast`, `attr`), judges it (`valid`) and writes its `impl RequestHandler` (`expand`), or
//! the errors and an impl that keeps them from spreading (`fallback`). Everything that happens at run time is in the
//! library: what is written here are names.

#![forbid(unsafe_code)]

// In the order in which a handler passes them.
mod errors;

mod attr;

mod ast;

mod kinds;

mod valid;

mod expand;

mod signature;

mod fallback;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::ast::Kind;
use crate::kinds::{base, datagram, stream};

/// Makes a struct the handler of a request: `setup`, `handle`, `finish`.
///
/// The struct declares the fields it uses, its own `impl` has the methods. For each request a fresh one is made, the
/// methods are called in order, and it is dropped.
///
/// ```ignore
/// use std::io;
///
/// use socketserver::{Address, BaseRequestHandler, Socket};
///
/// #[derive(BaseRequestHandler)]
/// struct UpperCase {
///     request: Socket,
///     client_address: Address,
///     #[handler(default = 1024)]
///     most: usize,
/// }
///
/// impl UpperCase {
///     fn handle(&mut self) -> io::Result<()> {
///         let data = self.request.recv(self.most)?;
///         log::info!("{} wrote {} bytes", self.client_address, data.len());
///         self.request.sendall(&data.to_ascii_uppercase())
///     }
/// }
/// ```
///
/// # Fields
///
/// Fields are found by their names, and those that are not declared are not made. A struct without any will do.
///
/// | field | type | what it is |
/// | --- | --- | --- |
/// | `request` | `Socket` | the connection to the client: the handler is for streams |
/// | | `Datagram` | what came and the socket to answer with: the handler is for datagrams |
/// | | `Request` | either of the two: the handler is for both |
/// | | any other | the request of a transport of your own |
/// | `client_address` | `Address` | who asks |
/// | `server` | `ServerRef<S>` | the server, whose state is `S` |
/// | any other name | any | `Default::default()`, or the expression of `#[handler(default = …)]` |
///
/// Without a `request` field the handler takes every kind of request, and without a `server` field it works for every
/// server. `Request` is known by its name: the last part of the path counts, so an alias of another name is taken for
/// a type of your own.
///
/// `#[handler(default = …)]` stands above a field and takes any expression, evaluated for each request before `setup`.
/// It may say `Self`. The names that only other derives fill (`connection`, `rfile`, `wfile`, `packet`, `socket`) are
/// refused unless they have such a default: most likely the other derive was meant.
///
/// # Methods
///
/// | method | when | if it is absent |
/// | --- | --- | --- |
/// | `setup` | first; if it fails, nothing else is called | nothing happens |
/// | `handle` | then | does not compile |
/// | `finish` | after `handle`, even if that failed or panicked | nothing happens |
///
/// Each takes `&self` or `&mut self`, and returns `()` or a `Result<(), E>` whose error can be displayed and is
/// `'static`. None of them has to be public or part of a trait. The derive finds them as a call written beside the
/// struct would, so they must be visible from there, and a bound they need must stand on the struct as well. A hook
/// with a misspelt name is never called; unless it is public, the compiler warns that nothing uses it.
///
/// Type and const parameters of the struct are carried over; lifetimes are not possible, as handlers are `'static`.
///
/// # Where the library is
///
/// The generated code calls the library as `::socketserver`. If it has another name, because the
/// dependency was renamed or another crate exports it, `#[handler(crate = path)]` on the struct
/// says which: `crate = my_framework::socketserver`.
///
/// A derived handler can become one written by hand, and the other way round, without anybody noticing: all the derive
/// adds is `impl RequestHandler`.
///
/// Python: `BaseRequestHandler`
#[proc_macro_derive(BaseRequestHandler, attributes(handler))]
pub fn derive_base_request_handler(input: TokenStream) -> TokenStream {
    derive(&base::KIND, input)
}

/// Makes a struct the handler of a stream, with files to read and write.
///
/// Fields and methods are those of [`BaseRequestHandler`], and these:
///
/// | field | type | what it is |
/// | --- | --- | --- |
/// | `request` | `Socket` | the connection to the client |
/// | `connection` | `Socket` | the same under its other name |
/// | `rfile` | `SocketReader` | reads from it, by lines for instance |
/// | `wfile` | `SocketWriter` | writes to it; flushed after `finish`, whatever happened, and a peer that is gone by then is no error |
///
/// ```ignore
/// use std::io::{self, BufRead, Read, Write};
///
/// use socketserver::{SocketReader, SocketWriter, StreamRequestHandler};
///
/// #[derive(StreamRequestHandler)]
/// #[handler(timeout = 30, wbufsize = -1)]
/// struct UpperLines {
///     rfile: SocketReader,
///     wfile: SocketWriter,
/// }
///
/// impl UpperLines {
///     fn handle(&mut self) -> io::Result<()> {
///         for line in self.rfile.by_ref().lines() {
///             writeln!(self.wfile, "{}", line?.to_uppercase())?;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// # Options
///
/// They stand in `#[handler(…)]` on the struct and are applied before `setup`. Each takes an expression, evaluated for
/// each request.
///
/// | option | type, unit | default | what it does | in Python |
/// | --- | --- | --- | --- | --- |
/// | `rbufsize` | `isize`, bytes | `-1` | the buffer of `rfile`: `-1` is the usual size, `0` none | `rbufsize = -1` |
/// | `wbufsize` | `isize`, bytes | `0` | the buffer of `wfile`, likewise; without one every write is sent at once | `wbufsize = 0` |
/// | `timeout` | a number of seconds, like `30` or `0.5`, or a `Duration` | none | how long a read or a write of the connection may take before it fails | `timeout = None` |
/// | `disable_nagle_algorithm` | `bool`; the name alone means `true` | `false` | sends small packets at once, for protocols that write and wait in turn | `disable_nagle_algorithm = False` |
///
/// Where a default should be kept, leave the option out: `timeout = None` is not accepted. Nor is a buffer size for a
/// file the struct does not declare.
///
/// Python: `StreamRequestHandler`
#[proc_macro_derive(StreamRequestHandler, attributes(handler))]
pub fn derive_stream_request_handler(input: TokenStream) -> TokenStream {
    derive(&stream::KIND, input)
}

/// Makes a struct the handler of a datagram, with a file to read it from and one to write the reply to.
///
/// Fields and methods are those of [`BaseRequestHandler`], and these:
///
/// | field | type | what it is |
/// | --- | --- | --- |
/// | `request` | `Datagram` | what came, and the server's socket |
/// | `packet` | `Arc<[u8]>` | what came |
/// | `socket` | `Socket` | the server's socket, which all of its datagrams share |
/// | `rfile` | `std::io::Cursor<Arc<[u8]>>` | reads what came |
/// | `wfile` | `Vec<u8>` | becomes the reply |
///
/// ```ignore
/// use std::io::{self, BufRead, Cursor, Write};
/// use std::sync::Arc;
///
/// use socketserver::DatagramRequestHandler;
///
/// #[derive(DatagramRequestHandler)]
/// struct UpperLine {
///     rfile: Cursor<Arc<[u8]>>,
///     wfile: Vec<u8>,
/// }
///
/// impl UpperLine {
///     fn handle(&mut self) -> io::Result<()> {
///         let mut line = String::new();
///         self.rfile.read_line(&mut line)?;
///         self.wfile.write_all(line.to_uppercase().as_bytes())
///     }
/// }
/// ```
///
/// The reply is sent after `finish`, as one datagram, when `handle` and `finish` succeeded and something was written.
/// A reply that cannot be sent is no error of the handler. There are no options. (Python's class sends whatever is in
/// `wfile`, even nothing and even after a failure.)
///
/// Python: `DatagramRequestHandler`
#[proc_macro_derive(DatagramRequestHandler, attributes(handler))]
pub fn derive_datagram_request_handler(input: TokenStream) -> TokenStream {
    derive(&datagram::KIND, input)
}

fn derive(kind: &'static Kind, input: TokenStream) -> TokenStream {
    expand::derive(kind, &parse_macro_input!(input as DeriveInput)).into()
}
