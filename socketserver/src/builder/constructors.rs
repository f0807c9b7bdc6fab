//! Where a builder comes from: `Server::bind`, `builder`, `with` and `handling`.

use std::io;
use std::sync::Arc;

use super::Builder;
use crate::address::{Address, ToAddress};
use crate::concurrency::Concurrency;
use crate::handler::{BaseServer, FnHandler, FnState, Outcome, RequestHandler};
use crate::server::Server;
use crate::transport::Transport;

// The bounds stand on the methods, so that a wrong handler or state causes one compile error, with
// the message of the trait that it lacks.
impl<T, C, H, S> Server<T, C, H, S> {
    /// A server at `address`, with all options at their defaults. For port 0 the system chooses a
    /// port, which [`server_address`](Self::server_address) returns.
    ///
    /// # Errors
    /// As [`Builder::bind`].
    ///
    /// Python: `TCPServer(address, Handler)`
    pub fn bind(address: impl ToAddress) -> io::Result<Self>
    where
        T: Transport + Default,
        C: Concurrency + Default,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request> + Default,
    {
        Self::builder().bind(address)
    }

    /// A builder, for options, with the default of the state.
    ///
    /// Python: `class MyServer(TCPServer): allow_reuse_address = True`
    pub fn builder() -> Builder<T, C, H, S>
    where
        T: Default,
        C: Default,
        S: Default,
    {
        Self::with(S::default())
    }

    /// A builder for a server with this state.
    ///
    /// Python: the constructor of a subclass
    pub fn with(state: S) -> Builder<T, C, H, S>
    where
        T: Default,
        C: Default,
    {
        Builder::new(T::default(), C::default(), state)
    }

    /// A builder for a server that shares its state with other servers, such as a chat room behind
    /// a TCP and a Unix socket. Each server has its own [`ServerRef`](crate::ServerRef), with its
    /// own address and counters.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use socketserver::{
    ///     BaseRequestHandler, BaseServer, ServerRef, Socket, ThreadingTCPServer,
    /// };
    ///
    /// struct Room(&'static str);
    ///
    /// impl BaseServer for Room {}
    ///
    /// #[derive(BaseRequestHandler)]
    /// struct Greet {
    ///     request: Socket,
    ///     server: ServerRef<Room>,
    /// }
    ///
    /// impl Greet {
    ///     fn handle(&mut self) -> std::io::Result<()> {
    ///         self.request.sendall(self.server.0.as_bytes())
    ///     }
    /// }
    ///
    /// let room = Arc::new(Room("welcome"));
    /// let one = ThreadingTCPServer::<Greet, Room>::with_shared(room.clone()).bind("127.0.0.1:0")?;
    /// let other = ThreadingTCPServer::<Greet, Room>::with_shared(room).bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// Python: an attribute of two servers
    pub fn with_shared(state: Arc<S>) -> Builder<T, C, H, S>
    where
        T: Default,
        C: Default,
    {
        Builder::with_shared(T::default(), C::default(), state)
    }
}

impl<T, C, F, O> Server<T, C, FnHandler, FnState<F>>
where
    T: Transport + Default,
    C: Concurrency + Default,
    F: Fn(T::Request, Address) -> O + Send + Sync + 'static,
    O: Outcome,
{
    /// A builder for a server whose handler is a function or closure. Its arguments are the request
    /// and the client's address. Values that it captures are shared by all calls.
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
