//! The derives of `socketserver`, named after the classes that a Python handler inherits from.
//!
//! Use them through that crate. It exports all four, and has the types that are named here.
//!
//! | derive | requests | fields it fills, besides `request`, `client_address` and `server` |
//! | --- | --- | --- |
//! | [`BaseRequestHandler`] | streams, datagrams, both, or your own | none |
//! | [`StreamRequestHandler`] | streams | `connection`, `rfile`, `wfile` |
//! | [`DatagramRequestHandler`] | datagrams | `packet`, `socket`, `rfile`, `wfile` |
//! | [`BaseHTTPRequestHandler`] | streams of HTTP requests | `rfile`, `wfile`, `command`, `path`, `headers`, … |
//!
//! A derive parses the struct (`values`, `attr`, `ast`), checks it (`valid`) and writes the struct's
//! `impl RequestHandler` (`expand`, `signature`). If it finds mistakes, it writes compile errors,
//! and an impl that keeps them from causing further errors (`fallback`). The differences between
//! the derives are in `kinds`. The generated code only calls functions of the library, which do
//! the work.

#![forbid(unsafe_code)]

// In the order in which a handler passes them; the blank lines keep it.
mod errors;

mod values;

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

/// Makes a struct the handler of a request: `setup`, `handle`, `finish`.
///
/// The struct declares the fields it uses, and its `impl` has the methods. For each request the
/// server creates one, calls the methods in order, and drops it.
///
/// ```
/// use std::io;
///
/// use socketserver::{Address, BaseRequestHandler, Socket};
///
/// #[derive(BaseRequestHandler)]
/// struct UpperCase {
///     request: Socket,
///     client_address: Address,
///     #[handler(default = 1024)]
///     limit: usize,
/// }
///
/// impl UpperCase {
///     fn handle(&mut self) -> io::Result<()> {
///         let data = self.request.recv(self.limit)?;
///         let greeting = format!("Hello, {}. You wrote: ", self.client_address);
///         self.request.sendall(greeting.as_bytes())?;
///         self.request.sendall(&data.to_ascii_uppercase())
///     }
/// }
/// ```
///
/// # Fields
///
/// The derive finds fields by their names, and fills those that are declared. A struct without
/// fields works too.
///
/// | field | type | value |
/// | --- | --- | --- |
/// | `request` | `Socket` | the connection; the handler is for streams |
/// | | `Datagram` | the packet and the server's socket; the handler is for datagrams |
/// | | `Request` | either of the two; the handler is for both |
/// | | any other | the request of a transport of your own |
/// | `client_address` | `Address` | the client's address |
/// | `server` | `ServerRef<S>` | the server, whose state is an `S` |
/// | any other name | any | see below |
///
/// Without a `request` field the handler accepts every type of request, and without a `server`
/// field it works with every server. The derive knows `Request` by its name, the last part of the
/// path. An alias of `Request` with another name therefore counts as a type of your own.
///
/// A field with any other name starts as `Default::default()`, or as the value of
/// `#[handler(default = …)]` above it. This takes any expression, which is evaluated for each
/// request before `setup`. The expression can use `Self`, but neither the other fields nor the
/// request. The names that only other derives fill (`connection`, `rfile`, `wfile`, `packet`,
/// `socket`) must have such a default. Without it they are an error, because the other derive was
/// probably meant.
///
/// # Methods
///
/// | method | called | if it is missing |
/// | --- | --- | --- |
/// | `setup` | first; if it fails, `handle` and `finish` are not called | nothing is done |
/// | `handle` | second | compile error |
/// | `finish` | after `handle`, even if `handle` failed or panicked | nothing is done |
///
/// Each method takes `&self` or `&mut self`, and returns `()` or a `Result<(), E>` whose error is
/// `Display` and `'static`. The errors of the three methods may have different types.
///
/// The methods need not be public or part of a trait. The derive calls them from where the struct
/// stands, so they must be visible there, and bounds on their `impl` must also stand on the struct.
/// A misspelt `setup` or `finish` is never called; the compiler warns that it is unused, unless it
/// is public. A `setup` or `finish` of a trait that takes `&mut self` is ambiguous: call it from the
/// struct's own.
///
/// Type and const parameters of the struct are carried over. Lifetime parameters are not possible,
/// because handlers are `'static`.
///
/// # Where the library is
///
/// The generated code calls the library as `::socketserver`. If it has another name, because the
/// dependency was renamed or another crate exports it, write the path above the struct, for example
/// `#[handler(crate = my_framework::socketserver)]`.
///
/// # By hand
///
/// The derive adds an `impl RequestHandler` and nothing else. You can replace the derive by an
/// `impl` that you write yourself, or the other way round; the rest of the program stays the same.
///
/// Python: `BaseRequestHandler`
#[proc_macro_derive(BaseRequestHandler, attributes(handler))]
pub fn derive_base_request_handler(input: TokenStream) -> TokenStream {
    derive(&kinds::base::KIND, input)
}

/// Makes a struct the handler of a stream, with files to read and write.
///
/// Fields and methods are those of [`BaseRequestHandler`], and these fields:
///
/// | field | type | value |
/// | --- | --- | --- |
/// | `request` | `Socket` | the connection to the client |
/// | `connection` | `Socket` | the same connection |
/// | `rfile` | `SocketReader` | reads from the connection, for example by lines |
/// | `wfile` | `SocketWriter` | writes to the connection |
///
/// `wfile` is flushed after `finish`, even if `handle` or `finish` failed. If the client has gone
/// by then, that is no error of the handler.
///
/// ```
/// use std::io::{self, Write};
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
///         for line in self.rfile.lines_up_to(1024) {
///             writeln!(self.wfile, "{}", line?.to_uppercase())?;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// # Options
///
/// Options stand in `#[handler(…)]` above the struct and are applied before `setup`. In Python
/// they are class attributes with the same names and defaults. Each takes an expression, which is
/// evaluated for each request.
///
/// | option | value | default | effect |
/// | --- | --- | --- | --- |
/// | `rbufsize` | `isize`, bytes | `-1` | size of the buffer of `rfile` |
/// | `wbufsize` | `isize`, bytes | `0` | size of the buffer of `wfile` |
/// | `timeout` | seconds, or a `Duration` | none | limit for each read and write |
/// | `disable_nagle_algorithm` | `bool` | `false` | sends small packets at once |
///
/// A buffer size of `-1` means the usual size, and `0` means no buffer. Without a buffer every
/// write is sent at once. A buffer size for a file that the struct does not declare is an error.
///
/// `timeout` takes a number of seconds, such as `30` or `0.5`, or an expression of the type
/// `Duration`. A read or write on the connection that takes longer fails. To wait without limit,
/// leave the option out: `timeout = None` is an error. A timeout that is known only at run time, in
/// the server's state for example, is set in `setup`:
/// `self.request.settimeout(Some(self.server.idle))`.
///
/// `disable_nagle_algorithm` without a value means `true`. On a TCP server of this library the
/// algorithm is off already, because the option of the server with the same name is `true`.
///
/// Python: `StreamRequestHandler`
#[proc_macro_derive(StreamRequestHandler, attributes(handler))]
pub fn derive_stream_request_handler(input: TokenStream) -> TokenStream {
    derive(&kinds::stream::KIND, input)
}

/// Makes a struct the handler of a datagram, with a file to read it and one to write the reply.
///
/// Fields and methods are those of [`BaseRequestHandler`], and these fields:
///
/// | field | type | value |
/// | --- | --- | --- |
/// | `request` | `Datagram` | the packet and the server's socket |
/// | `packet` | `Arc<[u8]>` | the bytes that the client sent |
/// | `socket` | `ReplySocket` | the server's socket, which all handlers share; it only sends |
/// | `rfile` | `PacketReader` | reads the packet |
/// | `wfile` | `Vec<u8>` | becomes the reply |
///
/// ```
/// use socketserver::{DatagramRequestHandler, PacketReader};
///
/// #[derive(DatagramRequestHandler)]
/// struct UpperLine {
///     rfile: PacketReader,
///     wfile: Vec<u8>,
/// }
///
/// impl UpperLine {
///     fn handle(&mut self) {
///         let line = self.rfile.readline(1024);
///         self.wfile.extend(line.to_ascii_uppercase());
///     }
/// }
/// ```
///
/// If all methods have succeeded and `wfile` is not empty, the reply is sent after `finish`. It is
/// one datagram, from the address to which the client has sent. A reply that is too long for a
/// datagram is an error of the handler. A reply that cannot be sent for another reason is not.
/// Python's class sends `wfile` even if it is empty or a method failed.
///
/// The only option of the struct is `crate`.
///
/// Python: `DatagramRequestHandler`
#[proc_macro_derive(DatagramRequestHandler, attributes(handler))]
pub fn derive_datagram_request_handler(input: TokenStream) -> TokenStream {
    derive(&kinds::datagram::KIND, input)
}

/// Makes a struct the handler of an HTTP connection. Its methods `do_GET`, `do_POST` and so on are
/// called for the requests with that command.
///
/// ```
/// use std::io::{self, Write};
///
/// use socketserver::http::{BaseHTTPRequestHandler, BodyReader, Headers, ReplyWriter};
///
/// #[derive(BaseHTTPRequestHandler)]
/// #[handler(protocol_version = "HTTP/1.1")]
/// struct Echo {
///     headers: Headers,
///     rfile: BodyReader,
///     wfile: ReplyWriter,
/// }
///
/// #[allow(non_snake_case)]
/// impl Echo {
///     fn do_POST(&mut self) -> io::Result<()> {
///         let body = self.body(1 << 20)?;
///         self.send_response(200)?;
///         let content_type = self.headers.get("Content-Type").unwrap_or("text/plain");
///         self.send_header("Content-Type", content_type)?;
///         self.end_headers()?;
///         self.wfile.write_all(&body)
///     }
/// }
/// ```
///
/// # Fields
///
/// Those of [`BaseRequestHandler`], and these:
///
/// | field | type | value |
/// | --- | --- | --- |
/// | `wfile` | `ReplyWriter` | the reply; required |
/// | `rfile` | `BodyReader` | the request's body, which ends where the body ends |
/// | `command` | `String` | `GET` |
/// | `path` | `String` | `/index.html?lang=en`; bytes beyond ASCII are Latin-1 characters |
/// | `headers` | `Headers` | the fields of the request's head |
/// | `request_version` | `String` | `HTTP/1.1` |
/// | `requestline` | `String` | `GET /index.html?lang=en HTTP/1.1` |
/// | `request`, `connection` | `Socket` | the connection itself, for other protocols |
///
/// The struct lives as long as the connection. For each request the derive sets the fields of the
/// head again; all other fields keep their values.
///
/// # Methods
///
/// `setup` and `finish` are as in [`BaseRequestHandler`], and are called once per connection. The
/// derive looks for the methods of the commands `GET`, `HEAD`, `POST`, `PUT`, `DELETE`, `PATCH`,
/// `OPTIONS`, `TRACE` and `CONNECT`; the option `methods` names others. They return `()` or a
/// `Result<(), E>` whose error is `Display` and `'static`. A struct without any of these methods
/// does not compile, because it probably has a `do_get`.
///
/// A command without a method is answered with 501 (see also `standard_methods`). If a method fails
/// before a part of its reply is sent, the answer is 500, or the status of its `HTTPError`.
///
/// # Options
///
/// Options stand in `#[handler(…)]` above the struct. In Python most of them are class attributes
/// with the same names and defaults.
///
/// | option | value | default |
/// | --- | --- | --- |
/// | `methods` | further commands, such as `[PROPFIND, REPORT]` | none |
/// | `protocol_version` | version of the replies; with `"HTTP/1.1"`, connections are kept | `"HTTP/1.0"` |
/// | `server_version`, `sys_version` | the two parts of the field `Server` | the name and version of this library; `""` |
/// | `error_message_format` | text of error pages with `%(code)d`, `%(message)s`, `%(explain)s` | Python's |
/// | `error_content_type` | type of error pages | `"text/html;charset=utf-8"` |
/// | `http_0_9` | whether requests without a version are answered | `false` |
/// | `standard_methods` | see below | `false` |
/// | `timeout` | seconds, or a `Duration`: maximum of each wait for the client | that of `limits` |
/// | `limits` | the library's `Limits` | `Limits::DEFAULT` |
///
/// With `standard_methods`, a handler answers what each site should. `HEAD` calls `do_GET`, whose
/// body is not sent. `OPTIONS` is answered with 204 and the field `Allow`. The other known commands
/// without a method are answered with 405 and `Allow`, by `method_not_allowed`. A method of the
/// handler's own comes first. Unknown commands are answered with 501.
///
/// Python: `http.server.BaseHTTPRequestHandler`
#[proc_macro_derive(BaseHTTPRequestHandler, attributes(handler))]
pub fn derive_base_http_request_handler(input: TokenStream) -> TokenStream {
    derive(&kinds::http::KIND, input)
}

fn derive(kind: &'static Kind, input: TokenStream) -> TokenStream {
    expand::derive(kind, &parse_macro_input!(input as DeriveInput)).into()
}
