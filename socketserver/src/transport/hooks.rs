//! A transport that differs from another one in a few methods.

use std::fmt;
use std::io;
use std::time::Duration;

use super::{Speaker, Transport};
use crate::address::Address;
use crate::axis::Wrapped;
use crate::socket::Socket;

/// The methods in which a transport differs from `inner`, which it wraps. Every method has a
/// default, which is `inner`'s; in an override `inner.prepare(request)` is Python's
/// `super().prepare(request)`.
///
/// ```
/// use std::io;
/// use socketserver::{Server, Socket, Tcp, Threading, Transport, TransportHooks, Wrapped};
///
/// #[derive(Default)]
/// struct Password;
///
/// impl TransportHooks<Tcp> for Password {
///     fn prepare(&self, inner: &Tcp, request: &Socket) -> io::Result<()> {
///         inner.prepare(request)?;
///         match request.recv(16)?.as_slice() {
///             b"open sesame" => Ok(()),
///             _ => Err(io::ErrorKind::PermissionDenied.into()),
///         }
///     }
/// }
///
/// type Cave = Wrapped<Tcp, Password>;
///
/// let server = Server::<Cave, Threading, _, _>::handling(|request: Socket, _| {
///     request.sendall(b"Treasures!\n")
/// })
/// .request_queue_size(64) // an option of Tcp
/// .bind("127.0.0.1:0")?;
/// # Ok::<(), io::Error>(())
/// ```
///
/// To change one method, a closure is often enough:
/// [`Builder::prepared`](crate::Builder::prepared),
/// [`Builder::with_socket`](crate::Builder::with_socket).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of hooks for the transport `{T}`",
    label = "needs `impl TransportHooks<{T}> for {Self}`",
    note = "every method has a default, so `impl TransportHooks<{T}> for {Self} {{}}` is enough"
)]
pub trait TransportHooks<T: Transport>: Send + Sync + 'static {
    /// [`Transport::socket`]
    ///
    /// # Errors
    /// As there.
    fn socket(&self, inner: &T, address: &Address) -> io::Result<Socket> {
        inner.socket(address)
    }

    /// [`Transport::server_bind`]
    ///
    /// # Errors
    /// As there.
    fn server_bind(&self, inner: &T, socket: &Socket, address: &Address) -> io::Result<()> {
        inner.server_bind(socket, address)
    }

    /// [`Transport::adopt`]
    ///
    /// # Errors
    /// As there.
    fn adopt(&self, inner: &T, socket: &Socket) -> io::Result<()> {
        inner.adopt(socket)
    }

    /// [`Transport::server_activate`]
    ///
    /// # Errors
    /// As there.
    fn server_activate(&self, inner: &T, socket: &Socket) -> io::Result<()> {
        inner.server_activate(socket)
    }

    /// [`Transport::get_request`]
    ///
    /// # Errors
    /// As there.
    fn get_request(&self, inner: &T, socket: &Socket) -> io::Result<(T::Request, Address)> {
        inner.get_request(socket)
    }

    /// [`Transport::given_request`]
    fn given_request(&self, inner: &T, socket: &Socket) -> Option<(T::Request, Address)> {
        inner.given_request(socket)
    }

    /// [`Transport::speaks_first`]. If the client speaks first on `inner`, it does here. Otherwise
    /// these hooks may send something, so this is [`Speaker::Server`] unless overridden.
    fn speaks_first(&self, inner: &T) -> Speaker {
        match inner.speaks_first() {
            Speaker::Handler => Speaker::Server,
            known => known,
        }
    }

    /// [`Transport::awaits_first_byte`]
    fn awaits_first_byte(&self, inner: &T, peer: &Address) -> bool {
        inner.awaits_first_byte(peer)
    }

    /// [`Transport::awaits_more`]
    fn awaits_more(&self, inner: &T, request: &T::Request) -> bool {
        inner.awaits_more(request)
    }

    /// [`Transport::silence`]
    fn silence(&self, inner: &T, request: &T::Request, patience: Duration) -> io::Error {
        inner.silence(request, patience)
    }

    /// [`Transport::learns_client`]
    fn learns_client(&self, inner: &T) -> bool {
        inner.learns_client()
    }

    /// [`Transport::learn_client`]
    ///
    /// # Errors
    /// As there.
    fn learn_client(
        &self,
        inner: &T,
        request: &T::Request,
        peer: &Address,
    ) -> io::Result<Option<Address>> {
        inner.learn_client(request, peer)
    }

    /// [`Transport::prepare`]
    ///
    /// # Errors
    /// As there.
    fn prepare(&self, inner: &T, request: &T::Request) -> io::Result<()> {
        inner.prepare(request)
    }

    /// [`Transport::speaks_before_prepare`]
    fn speaks_before_prepare(&self, inner: &T) -> bool {
        inner.speaks_before_prepare()
    }

    /// [`Transport::shutdown_request`]
    fn shutdown_request(&self, inner: &T, request: &T::Request, patience: Duration) {
        inner.shutdown_request(request, patience);
    }

    /// [`Transport::abort`]
    fn abort(&self, inner: &T, request: &T::Request) {
        inner.abort(request);
    }

    /// [`Transport::fence`]
    ///
    /// # Errors
    /// As there.
    fn fence(&self, inner: &T, socket: &Socket) -> io::Result<()> {
        inner.fence(socket)
    }

    /// [`Transport::is_lost`]
    fn is_lost(&self, inner: &T, socket: &Socket) -> bool {
        inner.is_lost(socket)
    }

    /// [`Transport::is_spoofable`]
    fn is_spoofable(&self, inner: &T, socket: &Socket) -> bool {
        inner.is_spoofable(socket)
    }

    /// [`Transport::is_own`]
    fn is_own(&self, inner: &T, request: &T::Request, client: &Address, server: &Address) -> bool {
        inner.is_own(request, client, server)
    }

    /// [`Transport::server_close`]
    fn server_close(&self, inner: &T, socket: &Socket) {
        inner.server_close(socket);
    }
}

// A method that is forgotten here would be lost for every wrapper.
#[deny(clippy::missing_trait_methods)]
impl<T: Transport, K: TransportHooks<T>> Transport for Wrapped<T, K> {
    type Request = T::Request;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        self.hooks.socket(&self.inner, address)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.hooks.server_bind(&self.inner, socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.hooks.adopt(&self.inner, socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.hooks.server_activate(&self.inner, socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(T::Request, Address)> {
        self.hooks.get_request(&self.inner, socket)
    }

    fn given_request(&self, socket: &Socket) -> Option<(T::Request, Address)> {
        self.hooks.given_request(&self.inner, socket)
    }

    fn speaks_first(&self) -> Speaker {
        self.hooks.speaks_first(&self.inner)
    }

    fn awaits_first_byte(&self, peer: &Address) -> bool {
        self.hooks.awaits_first_byte(&self.inner, peer)
    }

    fn awaits_more(&self, request: &T::Request) -> bool {
        self.hooks.awaits_more(&self.inner, request)
    }

    fn silence(&self, request: &T::Request, patience: Duration) -> io::Error {
        self.hooks.silence(&self.inner, request, patience)
    }

    fn learns_client(&self) -> bool {
        self.hooks.learns_client(&self.inner)
    }

    fn learn_client(&self, request: &T::Request, peer: &Address) -> io::Result<Option<Address>> {
        self.hooks.learn_client(&self.inner, request, peer)
    }

    fn prepare(&self, request: &T::Request) -> io::Result<()> {
        self.hooks.prepare(&self.inner, request)
    }

    fn speaks_before_prepare(&self) -> bool {
        self.hooks.speaks_before_prepare(&self.inner)
    }

    fn shutdown_request(&self, request: &T::Request, patience: Duration) {
        self.hooks.shutdown_request(&self.inner, request, patience);
    }

    fn abort(&self, request: &T::Request) {
        self.hooks.abort(&self.inner, request);
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.hooks.fence(&self.inner, socket)
    }

    fn is_lost(&self, socket: &Socket) -> bool {
        self.hooks.is_lost(&self.inner, socket)
    }

    fn is_spoofable(&self, socket: &Socket) -> bool {
        self.hooks.is_spoofable(&self.inner, socket)
    }

    fn is_own(&self, request: &T::Request, client: &Address, server: &Address) -> bool {
        self.hooks.is_own(&self.inner, request, client, server)
    }

    fn server_close(&self, socket: &Socket) {
        self.hooks.server_close(&self.inner, socket);
    }
}

/// Hooks that run a function after [`Transport::prepare`]: made by
/// [`Builder::prepared`](crate::Builder::prepared).
#[derive(Clone, Copy)]
pub struct Prepared<F>(pub F);

impl<T, F> TransportHooks<T> for Prepared<F>
where
    T: Transport,
    F: Fn(&T::Request) -> io::Result<()> + Send + Sync + 'static,
{
    fn prepare(&self, inner: &T, request: &T::Request) -> io::Result<()> {
        inner.prepare(request)?;
        (self.0)(request)
    }
}

/// Hooks that run a function on a fresh socket, before it is bound: made by
/// [`Builder::with_socket`](crate::Builder::with_socket).
#[derive(Clone, Copy)]
pub struct WithSocket<F>(pub F);

impl<T, F> TransportHooks<T> for WithSocket<F>
where
    T: Transport,
    F: Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
{
    fn socket(&self, inner: &T, address: &Address) -> io::Result<Socket> {
        let socket = inner.socket(address)?;
        (self.0)(&socket)?;
        Ok(socket)
    }

    fn speaks_first(&self, inner: &T) -> Speaker {
        inner.speaks_first()
    }
}

impl<F> fmt::Debug for Prepared<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for WithSocket<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithSocket").finish_non_exhaustive()
    }
}
