//! Servers on tokio's default runtime: a worker per core.

use tests::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::listen::tcp_listener;

/// Runs a server. Its acceptor is a task too: `block_on` would run it outside the workers.
pub(crate) fn run_on_tokio<F>(serving: F) -> io::Result<()>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let runtime = Runtime::new()?;
    runtime.block_on(runtime.spawn(serving)).expect("no panic")
}

/// Serves each connection of TCP in a task.
pub(crate) async fn serve_tcp_on_tokio<F>(serve: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = tcp_listener()?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}
