//! One test per cell of the grid.

use crate::prelude::*;

/// A transport with addresses and clients for tests.
pub trait TestTransport: Transport + Default {
    const KIND: SocketKind;

    /// A free address. If it is a path, it is in `folder`, which must live as long as the server.
    fn address(folder: &Folder) -> Address;

    fn client(address: &Address) -> Client;
}

fn path(folder: &Folder) -> Address {
    Address::Unix(folder.join("server"))
}

macro_rules! test_transport {
    ($transport:ty, $kind:ident, $address:expr, $client:expr) => {
        impl TestTransport for $transport {
            const KIND: SocketKind = SocketKind::$kind;

            fn address(folder: &Folder) -> Address {
                $address(folder)
            }

            #[track_caller]
            fn client(address: &Address) -> Client {
                $client(address)
            }
        }
    };
}

test_transport!(Tcp, Stream, |_: &Folder| apart(), Client::stream);
test_transport!(Udp, Datagram, |_: &Folder| apart(), Client::datagram);
test_transport!(UnixStream, Stream, path, Client::stream);
test_transport!(UnixDatagram, Datagram, path, Client::datagram);

pub trait Column: Concurrency + Default {}

impl<C: Concurrency + Default> Column for C {}

/// A row whose requests are connections.
pub trait Streams: TestTransport<Request = Socket> {}

impl<T: TestTransport<Request = Socket>> Streams for T {}

pub trait Datagrams: TestTransport<Request = Datagram> {}

impl<T: TestTransport<Request = Datagram>> Datagrams for T {}

/// Any row of the library's own.
pub trait Row: TestTransport<Request: Into<Request>> {}

impl<T: TestTransport<Request: Into<Request>>> Row for T {}

/// A concurrency that serves several clients at the same time, up to a limit.
pub trait Concurrent: Concurrency + Default {
    fn at_most(limit: usize) -> Self;
}

impl Concurrent for Threading {
    fn at_most(limit: usize) -> Self {
        Threading::new().max_threads(limit)
    }
}

impl Concurrent for Green {
    fn at_most(limit: usize) -> Self {
        Green::new().max_green_threads(limit)
    }
}

/// The kind of thread on which a blocking call runs.
pub trait Thread {
    fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T;
}

pub struct Ordinary;

impl Thread for Ordinary {
    #[track_caller]
    fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
        in_time(what, work)
    }
}

pub struct OnGreen;

impl Thread for OnGreen {
    #[track_caller]
    fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
        in_time(what, || green::spawn(work).join()).unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Makes a test of a generic function `fn name<T: TestTransport, C: Concurrency + Default>()` for
/// each cell of a part of the grid. The test of `echoes` on TCP and threads is called
/// `echoes::threading::tcp`.
///
/// A column is a concurrency: inline, threading or green, of which the last two serve several
/// clients at the same time. (Forking has other programs, because it needs a process with one
/// thread.) A green handler that blocks in another crate's channel or lock stops its scheduler. So
/// handlers here use those of `socketserver::green`, which also work on ordinary threads.
///
/// ```ignore
/// matrix!(streams: every_byte_comes_back);     // Tcp, UnixStream
/// matrix!(datagrams: each_is_one_request);     // Udp, UnixDatagram
/// matrix!(unix: the_file_goes);                // UnixStream, UnixDatagram
/// matrix!(all: the_books_add_up);              // all four
/// matrix!(columns: a_client_of_ipv6);          // one transport, named by the test; every column
/// matrix!(concurrent: nobody_waits);           // the same, without inline
/// matrix!(threads: a_call_gives_up);           // no server: every kind of `Thread`
/// ```
#[macro_export]
macro_rules! matrix {
    (streams: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(@ $test: tcp Tcp, unix_stream UnixStream);)+
    };
    (datagrams: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(@ $test: udp Udp, unix_datagram UnixDatagram);)+
    };
    (unix: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(@ $test: unix_stream UnixStream, unix_datagram UnixDatagram);)+
    };
    (all: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(@ $test: tcp Tcp, udp Udp, unix_stream UnixStream,
                          unix_datagram UnixDatagram);)+
    };
    (columns: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(= $test: inline ::socketserver::Inline,
                          threading ::socketserver::Threading, green ::socketserver::Green);)+
    };
    (concurrent: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(= $test: threading ::socketserver::Threading,
                          green ::socketserver::Green);)+
    };
    (threads: $($test:ident),+ $(,)?) => {
        $($crate::matrix!(= $test: ordinary $crate::Ordinary, green $crate::OnGreen);)+
    };
    (= $test:ident: $($name:ident $type:ty),+) => {
        mod $test {
            $(#[test]
            fn $name() {
                super::$test::<$type>();
            })+
        }
    };
    (@ $test:ident: $($name:ident $transport:ident),+) => {
        mod $test {
            $crate::matrix!(@@ $test, inline Inline: $($name $transport),+);
            $crate::matrix!(@@ $test, threading Threading: $($name $transport),+);
            $crate::matrix!(@@ $test, green Green: $($name $transport),+);
        }
    };
    (@@ $test:ident, $column:ident $concurrency:ident: $($name:ident $transport:ident),+) => {
        mod $column {
            $(#[test]
            fn $name() {
                super::super::$test::<::socketserver::$transport, ::socketserver::$concurrency>();
            })+
        }
    };
}
