//! From a builder to a server: a socket is made, or taken over, and the server is put together.

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
use crate::transport::{Speaker, Transport};

impl<T, C, H, S> Builder<T, C, H, S> {
    /// The server, bound and listening.
    ///
    /// # Errors
    /// `InvalidInput` for text that is not an address, or an address of another transport;
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`, and the rest of the system's. Each
    /// error names the address; the system's error, with its number, is its `source`. No descriptor
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
        let socket = self.transport.socket(&address);
        let bound = socket.and_then(|socket| {
            self.transport.server_bind(&socket, &address)?;
            Ok(socket)
        });
        let server = bound.and_then(|socket| self.start(socket, Origin::Own));
        server.map_err(about_system(format_args!("cannot serve at {address}")))
    }

    /// The server on a socket that exists already and is bound: from a service manager, a parent
    /// process, a test. The socket keeps its own options:
    /// builder options that act before `bind` have no effect.
    ///
    /// A stream socket may also be *one connection*, as inetd (`nowait`) and systemd (`Accept=yes`)
    /// hand it over. Then `serve_forever` serves this one client, with all limits, hooks and
    /// signals, and returns when its handler has ended. Such a process often has the client as
    /// standard output and error too, so neither log lines nor the messages of panics may go there:
    /// see the example `inetd`.
    ///
    /// The rest is as on a socket that the server makes: timeouts are cleared (datagrams get
    /// `send_timeout`), `wait_for_input` holds, and a listener no longer blocks. That is a property
    /// of the socket itself, so other owners of it, in other processes too, must expect
    /// `WouldBlock`. Programs that a handler executes do not inherit the descriptor, except as
    /// standard input, output or error.
    ///
    /// # Errors
    /// `InvalidInput` for a socket of another kind, `NotConnected` for a connection that has ended,
    /// and the system's.
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

    /// The server on the socket of this name that a service manager passed to the process, or bound
    /// to `address` if there is none: the same program runs under systemd and by hand.
    /// [`activation`](crate::activation) says what a name is.
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
            log::info!(target: TARGET, "no passed socket is called {name:?} (there are {others:?}): binding a new one");
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
        // Before it listens: a child that is forked after that would inherit the listener.
        let listener = Listener::new(socket, origin);
        let socket = listener.socket();
        let own = Arc::new(self.concurrency);
        let concurrency: Arc<dyn Concurrency> = Arc::new(Guarded::new(own.clone()));
        // A file that `server_bind` has made is removed if the attempt fails.
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

/// Sets close-on-exec, which descriptors from a service manager lack: the address would stay taken
/// for as long as a program lives that a handler executes.
fn close_on_exec(socket: &Socket) -> io::Result<()> {
    const STDERR: RawFd = 2;
    if socket.as_raw_fd() > STDERR {
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Activates transport and concurrency, and makes what depends on neither handler nor state.
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
