//! A server that another thread serves, for tests that keep it in their own hands.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use socketserver::{BaseServer, Concurrency, RequestHandler, Server, Transport};

use crate::in_time;

/// Calls `serve_forever` in another thread.
pub fn serve<T, C, H, S>(server: &Arc<Server<T, C, H, S>>) -> JoinHandle<io::Result<()>>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = server.clone();
    thread::spawn(move || server.serve_forever())
}

/// Waits for the end of a thread that must end well.
///
/// # Panics
/// When it has not ended at the deadline, has panicked or returned an error.
#[track_caller]
pub fn ends_well<T: Send + 'static>(serving: JoinHandle<io::Result<T>>) -> T {
    let result = in_time("the loop's end", move || serving.join());
    result.expect("no panic").expect("a good end")
}
