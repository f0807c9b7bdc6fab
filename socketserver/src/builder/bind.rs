//! From a builder to a server: `bind` makes a socket, `from_socket` takes one.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use super::{Builder, Options};
use crate::activation;
use crate::address::{ToAddress, about_system};
use crate::admission::Admission;
use crate::concurrency::{Concurrency, Guarded};
use crate::handler::{BaseServer, Core, RequestHandler, ServerRef};
use crate::lobby::Lobby;
use crate::request::{Books, Waker};
use crate::server::Server;
use crate::server::engine::{Engine, Listener, Origin, TARGET};
use crate::server::intake::Typed;
use crate::socket::Socket;
use crate::transport::{self, Speaker, Transport};

impl<T, C, H, S> Builder<T, C, H, S> {
    /// Makes the server: binds its socket to `address`, and listens.
    ///
    /// # Errors
    /// `InvalidInput` for a text that is not an address, or for an address of another transport;
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, and others of the system. Each error
    /// names the address, and its `source` is the system's error, with its number. No descriptor
    /// stays open.
    ///
    /// Python: the constructor, `server_bind` and `server_activate`
    pub fn bind(self, address: impl ToAddress) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        let address = address.to_address()?;
        let socket = transport::bound(&self.transport, &address);
        let server = socket.and_then(|socket| self.start(socket, Origin::Own));
        server.map_err(about_system(format_args!("cannot serve at {address}")))
    }

    /// Makes the server from a socket that is bound already: from a service manager, a parent
    /// process or a test. The socket keeps its options, and builder options that act before `bind`
    /// have no effect.
    ///
    /// A stream socket may also be *one connection*, as inetd (`nowait`) and systemd (`Accept=yes`)
    /// pass it. Then `serve_forever` serves this one client, with all limits, hooks and signals,
    /// and returns when the handler has ended. Under inetd the connection is also standard output
    /// and error, where neither log lines nor messages of panics may go: see the example `inetd`.
    ///
    /// Otherwise the server treats the socket as its own: it clears timeouts (datagrams get
    /// `send_timeout`), applies `wait_for_input`, and makes a listener non-blocking. The last is a
    /// property of the socket itself, so its other owners, in other processes too, must expect
    /// `WouldBlock`. Programs that a handler executes do not inherit the descriptor, except as
    /// standard input, output or error.
    ///
    /// # Errors
    /// `InvalidInput` for a socket of another kind, `NotConnected` for a connection that has ended,
    /// and others of the system.
    ///
    /// Python: `bind_and_activate=False`, and replacing `self.socket`
    pub fn from_socket(self, socket: impl Into<Socket>) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        let socket = socket.into();
        let name = format!("{socket:?}");
        let adopted = self.transport.adopt(&socket);
        let origin = adopted.and_then(|()| {
            close_on_exec(&socket)?;
            Ok(match self.transport.given_request(&socket) {
                Some(_) => Origin::Given,
                None => Origin::Adopted,
            })
        });
        let server = origin.and_then(|origin| self.start(socket, origin));
        server.map_err(about_system(format_args!("cannot serve on {name}")))
    }

    /// Makes the server from the socket `name` that a service manager has passed to the process. If
    /// there is none, binds `address`, so that the same program runs under systemd and by hand.
    /// [`Listeners::take`](crate::activation::Listeners::take) explains names.
    ///
    /// # Errors
    /// Those of [`listeners`](crate::activation::listeners), and of
    /// [`from_socket`](Self::from_socket) or [`bind`](Self::bind).
    ///
    /// Python: no counterpart
    pub fn bind_or_inherit(
        self,
        name: &str,
        address: impl ToAddress,
    ) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        let listeners = activation::listeners()?;
        if let Some(socket) = listeners.take(name) {
            return self.from_socket(socket);
        }
        let others = listeners.names();
        if !others.is_empty() {
            log::info!(target: TARGET, "no passed socket has the name {name:?} (names: {others:?}): binding a new socket");
        }
        self.bind(address)
    }

    fn start(self, socket: Socket, origin: Origin) -> io::Result<Server<T, C, H, S>>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        // Before `listen`, so that a child that is forked later knows which listener to close.
        let listener = Listener::new(socket, origin);
        let socket = listener.socket();
        let own = Arc::new(self.concurrency);
        let concurrency: Arc<dyn Concurrency> = Arc::new(Guarded::new(own.clone()));
        // If the attempt fails, the file that `server_bind` has made is removed.
        let (core, admission, lobby) =
            activate(&self.transport, socket, &concurrency, &self.options)
                .inspect_err(|_| self.transport.server_close(socket))?;
        match origin {
            Origin::Given => {
                log::debug!(target: TARGET, "serving one connection at {}", core.address)
            }
            _ => log::debug!(target: TARGET, "listening on {}", core.address),
        }
        let server = ServerRef::new(self.state, core.clone());
        let limits = admission.limits_of_learnt_clients();
        let typed =
            Typed::<T, H, S>::new(self.transport, server.clone(), core.runs_on_loop, limits);
        let engine = Engine::new(
            Box::new(typed),
            concurrency,
            core,
            (admission, lobby),
            self.options.times,
            listener,
        );
        Ok(Server::new(engine, server, own))
    }
}

/// Sets close-on-exec, which descriptors from a service manager lack. Without it, programs that a
/// handler executes would keep the address in use.
fn close_on_exec(socket: &Socket) -> io::Result<()> {
    const STDERR: RawFd = 2;
    if socket.as_raw_fd() > STDERR {
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Activates transport and concurrency, and makes the parts that depend on neither handler nor
/// state.
fn activate(
    transport: &impl Transport,
    socket: &Socket,
    concurrency: &Arc<dyn Concurrency>,
    options: &Options,
) -> io::Result<(Arc<Core>, Admission, Option<Lobby>)> {
    transport.server_activate(socket)?;
    let (address, waker) = (socket.getsockname()?, Waker::new()?);
    let books = Arc::new(Books::new(options.deadline, waker.clone())?);
    concurrency.activate()?;
    let learns_client = transport.learns_client();
    if learns_client && options.limits.are_per_client() && !concurrency.shares_memory() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "expected a server without limits per client address, because its children learn the \
             clients and the parent counts them, got one with such a limit",
        ));
    }
    let admission = Admission::new(
        options.limits,
        learns_client,
        transport.is_spoofable(socket).then(|| address.clone()),
        books.clone(),
        concurrency.clone(),
    )?;
    let (asked, runs_on_loop) = (concurrency.clone(), concurrency.runs_on_loop());
    let workers = Box::new(move || asked.workers());
    let core = Core::new(address, waker, books, options.lame_duck, runs_on_loop, workers);
    let lobby = match transport.speaks_first() {
        Speaker::Client(patience) => Some(Lobby::new(patience)?),
        _ => None,
    };
    Ok((Arc::new(core), admission, lobby))
}
