//! Functions and closures as handlers.

use std::fmt;

use super::RequestHandler;
use super::base_server::BaseServer;
use super::outcome::Outcome;
use super::server_ref::ServerRef;
use crate::address::Address;
use crate::request::HandlerError;

/// The handler that calls the function in its server's state: what
/// [`Server::handling`](crate::Server::handling) makes.
#[derive(Debug)]
pub enum FnHandler {}

/// The state of a server whose handler is a function: that function.
pub struct FnState<F>(pub(crate) F);

impl<F> fmt::Debug for FnState<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FnState").field(&std::any::type_name::<F>()).finish()
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
