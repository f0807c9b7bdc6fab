//! Short names for the bounds of a test that runs in many cells of the grid.

use socketserver::{Concurrency, Datagram, Request, Socket};

use crate::Place;

/// A column of the grid.
pub trait Column: Concurrency + Default {}

impl<C: Concurrency + Default> Column for C {}

/// A row whose requests are connections.
pub trait Streams: Place<Request = Socket> {}

impl<T: Place<Request = Socket>> Streams for T {}

/// A row whose requests are datagrams.
pub trait Datagrams: Place<Request = Datagram> {}

impl<T: Place<Request = Datagram>> Datagrams for T {}

/// Any row of the library's own.
pub trait Row: Place<Request: Into<Request>> {}

impl<T: Place<Request: Into<Request>>> Row for T {}
