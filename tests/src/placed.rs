//! Servers where the servers of their transport are put in tests.

use socketserver::{BaseServer, Builder, Concurrency, RequestHandler};

use crate::{Folder, Running, TestTransport, run};

/// Binds and serves. The folder, where the file of a Unix socket is, must live as long as the
/// server.
///
/// # Panics
/// When it cannot.
#[track_caller]
pub fn placed<T, C, H, S>(builder: Builder<T, C, H, S>) -> (Folder, Running<S>)
where
    T: TestTransport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let folder = Folder::new();
    let server = run(builder, T::address(&folder));
    (folder, server)
}
