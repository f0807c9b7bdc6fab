//! Short names for the bounds of a test that runs in many cells of the grid.

use socketserver::{Concurrency, Datagram, Request, Socket};

use crate::TestTransport;

/// A column of the grid.
pub trait Column: Concurrency + Default {}

impl<C: Concurrency + Default> Column for C {}

/// A row whose requests are connections.
pub trait Streams: TestTransport<Request = Socket> {}

impl<T: TestTransport<Request = Socket>> Streams for T {}

/// A row whose requests are datagrams.
pub trait Datagrams: TestTransport<Request = Datagram> {}

impl<T: TestTransport<Request = Datagram>> Datagrams for T {}

/// Any row of the library's own.
pub trait Row: TestTransport<Request: Into<Request>> {}

impl<T: TestTransport<Request: Into<Request>>> Row for T {}
