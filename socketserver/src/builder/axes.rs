//! The options of transport and concurrency, and the methods that replace or wrap them.

use std::io;
use std::marker::PhantomData;

use super::Builder;
use crate::axis::{Has, Wrapped};
use crate::concurrency::green_setters;
use crate::concurrency::{
    Around, ConcurrencyHooks, daemon_threads_setters, forking_setters, on_close_setters,
    threading_setters,
};
use crate::request::{End, Run};
use crate::socket::Socket;
use crate::transport::options::{
    file_setters, inet_setters, packets_setters, streams_setters, tcp_only_setters,
};
use crate::transport::{Prepared, Transport, TransportHooks, WithSocket};

impl<T, C, H, S> Builder<T, C, H, S> {
    fn transport_options<O>(&mut self) -> &mut O
    where
        T: Has<O>,
    {
        self.transport.options()
    }

    fn concurrency_options<O>(&mut self) -> &mut O
    where
        C: Has<O>,
    {
        self.concurrency.options()
    }
}

streams_setters!(T, Self::transport_options; impl<T, C, H, S> Builder<T, C, H, S>);
inet_setters!(T, Self::transport_options; impl<T, C, H, S> Builder<T, C, H, S>);
tcp_only_setters!(T, Self::transport_options; impl<T, C, H, S> Builder<T, C, H, S>);
packets_setters!(T, Self::transport_options; impl<T, C, H, S> Builder<T, C, H, S>);
file_setters!(T, Self::transport_options; impl<T, C, H, S> Builder<T, C, H, S>);

threading_setters!(C, Self::concurrency_options; impl<T, C, H, S> Builder<T, C, H, S>);
forking_setters!(C, Self::concurrency_options; impl<T, C, H, S> Builder<T, C, H, S>);
green_setters!(C, Self::concurrency_options; impl<T, C, H, S> Builder<T, C, H, S>);
daemon_threads_setters!(C, Self::concurrency_options; impl<T, C, H, S> Builder<T, C, H, S>);
on_close_setters!(C, Self::concurrency_options; impl<T, C, H, S> Builder<T, C, H, S>);

/// Methods that replace or wrap the transport or the concurrency. They may stand anywhere among the
/// options.
impl<T, C, H, S> Builder<T, C, H, S> {
    /// Replaces the transport by one that `map` makes from it. The builder then has the options of
    /// the new transport: the blocks that it [has](crate::options::Has).
    pub fn map_transport<U>(self, map: impl FnOnce(T) -> U) -> Builder<U, C, H, S> {
        Builder {
            transport: map(self.transport),
            concurrency: self.concurrency,
            state: self.state,
            options: self.options,
            handler: PhantomData,
        }
    }

    /// Adds `hooks` to the transport, which change single methods of it.
    pub fn wrap_transport<K: TransportHooks<T>>(self, hooks: K) -> Builder<Wrapped<T, K>, C, H, S>
    where
        T: Transport,
    {
        self.map_transport(|transport| Wrapped::new(transport, hooks))
    }

    /// Adds `hooks` to the concurrency, which change single methods of it.
    pub fn wrap_concurrency<K: ConcurrencyHooks>(
        self,
        hooks: K,
    ) -> Builder<T, Wrapped<C, K>, H, S> {
        Builder {
            transport: self.transport,
            concurrency: Wrapped::new(self.concurrency, hooks),
            state: self.state,
            options: self.options,
            handler: PhantomData,
        }
    }

    /// Calls `prepare` on each request before its handler, where the handler will run: for a
    /// handshake. If it fails, the request is refused, and the error goes to `handle_error`.
    ///
    /// ```
    /// use std::io;
    /// use socketserver::{Socket, ThreadingTCPServer};
    ///
    /// let treasures = |request: Socket, _| request.sendall(b"Treasures!");
    /// let server = ThreadingTCPServer::handling(treasures)
    ///     .prepared(|request: &Socket| match request.recv(16)?.as_slice() {
    ///         b"open sesame" => Ok(()),
    ///         _ => Err(io::ErrorKind::PermissionDenied.into()),
    ///     })
    ///     .bind("127.0.0.1:0")?;
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn prepared<F>(self, prepare: F) -> Builder<Wrapped<T, Prepared<F>>, C, H, S>
    where
        T: Transport,
        F: Fn(&T::Request) -> io::Result<()> + Send + Sync + 'static,
    {
        self.wrap_transport(Prepared(prepare))
    }

    /// Calls `set` on the server's socket before `bind`, for options of the socket that have no
    /// setter here. Connections inherit most of these options.
    ///
    /// ```
    /// use socketserver::{Socket, SocketOption, ThreadingTCPServer};
    ///
    /// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"))
    ///     .with_socket(|socket| socket.setsockopt(SocketOption::KeepAlive(true)))
    ///     .bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_socket<F>(self, set: F) -> Builder<Wrapped<T, WithSocket<F>>, C, H, S>
    where
        T: Transport,
        F: Fn(&Socket) -> io::Result<()> + Send + Sync + 'static,
    {
        self.wrap_transport(WithSocket(set))
    }

    /// Calls `around` for each request, on the thread that runs its handler: for a tracing span, a
    /// stopwatch, or a database connection from a pool. A panic in `around` fails the request.
    ///
    /// ```
    /// use std::time::Instant;
    /// use socketserver::{Run, Socket, ThreadingTCPServer};
    ///
    /// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"))
    ///     .around(|run: Run| {
    ///         let (name, began) = (run.name(), Instant::now());
    ///         let end = run.run();
    ///         log::info!("{name}: {end:?} after {:.1?}", began.elapsed());
    ///         end
    ///     })
    ///     .bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn around<F>(self, around: F) -> Builder<T, Wrapped<C, Around<F>>, H, S>
    where
        F: Fn(Run) -> End + Send + Sync + 'static,
    {
        self.wrap_concurrency(Around::new(around))
    }
}
