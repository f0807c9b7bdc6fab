//! Functions and closures as handlers.

use std::fmt;

use super::{HandlerError, Outcome, RequestHandler};
use crate::concurrency::Concurrency;
use crate::server::{BaseServer, Builder, Server, ServerRef};
use crate::socket::Address;
use crate::transport::Transport;

/// The handler that calls the function in its server's state: what [`Server::handling`] makes.
#[derive(Debug)]
pub enum FnHandler {}

/// The state of a server whose handler is a function: that function.
pub struct FnState<F>(F);

impl<F> fmt::Debug for FnState<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FnState")
            .field(&std::any::type_name::<F>())
            .finish()
    }
}

impl<R, F: Send + Sync + 'static> BaseServer<R> for FnState<F> {}

impl<R, F, O> RequestHandler<R, FnState<F>> for FnHandler
where
    F: Fn(R, Address) -> O + Send + Sync + 'static,
    O: Outcome,
{
    fn handle_request(
        request: R,
        client_address: Address,
        server: ServerRef<FnState<F>>,
    ) -> Result<(), HandlerError> {
        (server.state().0)(request, client_address).into_result()
    }
}

impl<T, C, F, O> Server<T, C, FnHandler, FnState<F>>
where
    T: Transport + Default,
    C: Concurrency + Default,
    F: Fn(T::Request, Address) -> O + Send + Sync + 'static,
    O: Outcome,
{
    /// A builder for a server whose handler is a function or closure, called with the request and
    /// the client's address. What it shares with others it captures.
    ///
    /// ```
    /// use socketserver::ThreadingUDPServer;
    ///
    /// let server = ThreadingUDPServer::handling(|request, client_address| {
    ///     request.socket.sendto(&request.data.to_ascii_uppercase(), client_address)?;
    ///     Ok::<(), std::io::Error>(())
    /// })
    /// .bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// Python: `TCPServer(address, lambda request, client_address, server: …)`
    pub fn handling(function: F) -> Builder<T, C, FnHandler, FnState<F>> {
        Builder::new(T::default(), C::default(), FnState(function))
    }
}
