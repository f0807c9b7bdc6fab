//! The shared part of all servers of the demos. It has their options, the choice of transport and
//! concurrency at run time, the line with the address, and the counters in the log at the end.

use std::fmt::Display;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::{Args, ValueEnum};
use socketserver::proxy::ProxyProtocol;
use socketserver::signal::{SIGHUP, SIGUSR1};
use socketserver::{
    Address, BaseServer, Builder, Concurrency, Datagram, Forking, Green, Inline, RequestHandler,
    Server, Socket, Stats, Tcp, Threading, Transport, Udp, UnixDatagram, UnixStream, Wrapped,
    activation, green,
};

use crate::endpoint::TransportName;
use crate::program::Failure;
use crate::seconds::{positive_seconds, seconds};
use crate::tls::ServerTls;

/// The concurrencies by the names they have on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ConcurrencyName {
    /// One request at a time
    Inline,
    /// A thread per request
    #[default]
    Threading,
    /// A child process per request
    Forking,
    /// A green thread per request
    Green,
}

/// A concurrency by its name.
type Chosen = Box<dyn Concurrency>;

/// The options of every server.
#[derive(Args, Clone, Debug)]
pub struct ServerOptions {
    /// What runs the handlers
    #[arg(long, value_enum, default_value_t)]
    pub concurrency: ConcurrencyName,

    /// Maximum number of threads, with --concurrency threading
    #[arg(long, value_name = "N", value_parser = positive)]
    max_threads: Option<NonZeroUsize>,

    /// Maximum number of live requests; further clients wait in the backlog
    #[arg(long, value_name = "N", value_parser = positive)]
    max_connections: Option<NonZeroUsize>,

    /// Maximum number of live requests per client address; further requests are refused
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_connections_per_address: Option<NonZeroUsize>,

    /// Networks whose connections begin with a header of the PROXY protocol, such as
    /// 10.0.0.0/8,::1; other connections are refused
    #[arg(long, value_name = "NETWORKS", value_parser = proxies)]
    proxy: Option<ProxyProtocol>,

    /// Speak TLS, with the certificate and the key in these files; SIGHUP reads them again
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Vec<PathBuf>,

    /// TLS with these files, once it has been set up.
    #[arg(skip)]
    context: OnceLock<ServerTls>,

    /// How long live requests may continue after the first SIGINT or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub drain: Duration,

    /// How long new clients are still accepted after that signal, before the drain
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    lame_duck: Duration,

    /// Serve on the socket with this name, if systemd passes one; '-' is standard input, where
    /// inetd passes it
    #[arg(long, value_name = "NAME")]
    inherit: Option<String>,

    /// Write a line to this descriptor once the server is ready, for s6
    #[arg(long, value_name = "FD")]
    notify_fd: Option<RawFd>,

    /// End after this time without a live request
    #[arg(long, value_name = "SECONDS", value_parser = positive_seconds)]
    pub exit_when_idle: Option<Duration>,

    /// The name of this server in the log, if the program has another one.
    #[arg(skip)]
    label: Option<&'static str>,
}

impl ServerOptions {
    /// Limits the number of connections, for a program that needs a limit.
    ///
    /// # Errors
    /// If the command line asks for a higher limit.
    pub fn at_most(mut self, connections: NonZeroUsize) -> Result<Self, Failure> {
        let given = *self.max_connections.get_or_insert(connections);
        if given > connections {
            return Err(Failure::usage(format!(
                "invalid value '{given}' for '--max-connections': expected at most {connections}"
            )));
        }
        Ok(self)
    }

    /// The same options for a second server of the program, with a name for the log. Only the first
    /// server gets the socket that systemd passes, and sends messages to systemd.
    #[must_use]
    pub fn beside(&self, label: &'static str) -> Self {
        ServerOptions { inherit: None, label: Some(label), ..self.clone() }
    }

    /// Makes the server speak TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: ServerTls) -> Self {
        self.context = OnceLock::from(tls);
        self
    }

    /// Whether the server speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        !self.tls.is_empty() || self.context.get().is_some()
    }

    /// Serves over the transport of that name, with `H` for streams and `D` for datagrams.
    ///
    /// # Errors
    /// As [`bind`](Self::bind), and if the listener fails.
    pub fn serve_over<H, D, S>(
        &self,
        transport: TransportName,
        address: &Address,
        state: S,
    ) -> Result<(), Failure>
    where
        H: RequestHandler<Socket, S>,
        D: RequestHandler<Datagram, S>,
        S: BaseServer<Socket> + BaseServer<Datagram>,
    {
        if !transport.has_connections() {
            for (given, name) in
                [(self.proxy.is_some(), "--proxy"), (!self.tls.is_empty(), "--tls")]
            {
                if given {
                    let text = format!("'{name}' has no effect without connections");
                    return Err(Failure::usage(text));
                }
            }
        }
        let state = Arc::new(state);
        let bound = match transport {
            TransportName::Tcp => self.bind_streams::<_, H, _>(Tcp::new(), address, state),
            TransportName::Udp => self.bind::<_, D, _>(Udp::new(), address, state),
            TransportName::Unix => self.bind_streams::<_, H, _>(UnixStream::new(), address, state),
            TransportName::UnixDatagram => {
                self.bind::<_, D, _>(UnixDatagram::new(), address, state)
            }
        };
        bound?.serve()
    }

    /// Binds a server of connections, behind a proxy and with TLS if the command line says so.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_streams<T, H, S>(
        &self,
        transport: T,
        address: &Address,
        state: Arc<S>,
    ) -> Result<Bound, Failure>
    where
        T: Transport<Request = Socket>,
        H: RequestHandler<Socket, S>,
        S: BaseServer<Socket>,
    {
        match &self.proxy {
            None => self.bind_secure::<_, H, _>(transport, address, state),
            Some(proxy) => {
                let behind = Wrapped::new(transport, proxy.clone());
                self.bind_secure::<_, H, _>(behind, address, state)
            }
        }
    }

    fn bind_secure<T, H, S>(
        &self,
        transport: T,
        address: &Address,
        state: Arc<S>,
    ) -> Result<Bound, Failure>
    where
        T: Transport<Request = Socket>,
        H: RequestHandler<Socket, S>,
        S: BaseServer<Socket>,
    {
        if let [cert, key] = &*self.tls
            && self.context.get().is_none()
        {
            let _ = self.context.set(ServerTls::of_files(cert, key)?);
        }
        match self.context.get() {
            None => self.bind::<_, H, _>(transport, address, state),
            Some(tls) => {
                let transport = Wrapped::new(transport, tls.context().clone());
                self.bind::<_, H, _>(transport, address, state)
            }
        }
    }

    /// Binds a server with the chosen concurrency.
    ///
    /// # Errors
    /// If an option has no effect here, or the address cannot be bound.
    pub fn bind<T, H, S>(
        &self,
        transport: T,
        address: &Address,
        state: Arc<S>,
    ) -> Result<Bound, Failure>
    where
        T: Transport,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        if self.max_threads.is_some() && self.concurrency != ConcurrencyName::Threading {
            return Err(Failure::usage(
                "'--max-threads' has no effect without '--concurrency threading'",
            ));
        }
        let concurrency = self.concurrency();
        let builder = Builder::<T, _, H, S>::with_shared(transport, concurrency, state);
        let server = self.listen(self.limited(builder), address).map_err(Failure::new)?;
        // Before any client or script can know that the server is there.
        self.answer_signals(&server)?;
        self.report_readiness(&server)?;
        let (address, label) = (server.server_address().clone(), self.label);
        let run = Box::new(move || {
            server.serve_forever()?;
            log_counters(label, &server.stats());
            Ok(())
        });
        Ok(Bound { address, run })
    }

    fn concurrency(&self) -> Chosen {
        match self.concurrency {
            ConcurrencyName::Inline => Box::new(Inline),
            ConcurrencyName::Threading => {
                let most = self.max_threads.map_or(usize::MAX, NonZeroUsize::get);
                Box::new(Threading::new().max_threads(most))
            }
            ConcurrencyName::Forking => Box::new(match self.max_connections {
                Some(most) => Forking::new().max_children(most.get()),
                None => Forking::new(),
            }),
            ConcurrencyName::Green => {
                enable_green_threads();
                Box::new(Green::new())
            }
        }
    }

    fn limited<T, C, H, S>(&self, mut builder: Builder<T, C, H, S>) -> Builder<T, C, H, S> {
        if let Some(most) = self.max_connections {
            builder = builder.max_connections(most.get());
        }
        if let Some(most) = self.max_connections_per_address {
            builder = builder.max_connections_per_address(most.get());
        }
        if let Some(time) = self.exit_when_idle {
            builder = builder.exit_when_idle(time);
        }
        builder.lame_duck(self.lame_duck)
    }

    /// Binds the server, or takes the socket that the command line names.
    fn listen<T, H, S>(
        &self,
        builder: Builder<T, Chosen, H, S>,
        address: &Address,
    ) -> io::Result<Server<T, Chosen, H, S>>
    where
        T: Transport,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        match &self.inherit {
            Some(name) if name == "-" => {
                activation::socket().and_then(|socket| builder.from_socket(socket))
            }
            Some(name) => builder.bind_or_inherit(name, address),
            None => builder.bind(address),
        }
    }

    fn answer_signals<T, H, S>(&self, server: &Server<T, Chosen, H, S>) -> io::Result<()>
    where
        S: Send + Sync + 'static,
    {
        server.drain_on_signals(self.drain)?;
        let label = self.label;
        server.on_signal(SIGUSR1, move |server| log_counters(label, &server.stats()))?;
        if let Some(tls) = self.context.get().cloned() {
            // An error is logged, with the file and its fault.
            server.on_signal(SIGHUP, move |_| tls.reload())?;
        }
        Ok(())
    }

    /// Tells the service manager, if there is one, when the server is ready.
    fn report_readiness<T, H, S>(&self, server: &Server<T, Chosen, H, S>) -> Result<(), Failure> {
        if self.label.is_none() {
            server.notify_systemd()?;
            if let Some(fd) = self.notify_fd {
                server.notify_fd(fd).map_err(Failure::new)?;
            }
        }
        Ok(())
    }
}

/// A bound server. Clients that connect wait until it serves.
pub struct Bound {
    address: Address,
    run: Box<dyn FnOnce() -> Result<(), Failure> + Send>,
}

impl Bound {
    /// The server's address, with the port that the system has chosen.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Prints the address and serves until a signal.
    ///
    /// # Errors
    /// If the listener fails.
    pub fn serve(self) -> Result<(), Failure> {
        print(format_args!("listening on {}", self.address));
        self.run()
    }

    /// Serves until a signal, and prints nothing.
    ///
    /// # Errors
    /// If the listener fails.
    pub fn run(self) -> Result<(), Failure> {
        (self.run)()
    }
}

/// Prints a line to standard output. A closed standard output does not keep a server from serving.
pub fn print(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn log_counters(label: Option<&str>, stats: &Stats) {
    let label = label.map(|label| format!("{label}: ")).unwrap_or_default();
    log::info!(
        "{label}accepted {}, finished {}, failed {}, refused {}, aborted {}",
        stats.accepted,
        stats.finished,
        stats.failed,
        stats.refused,
        stats.aborted
    );
}

/// Parses networks of proxies, for clap.
fn proxies(text: &str) -> Result<ProxyProtocol, String> {
    ProxyProtocol::trusting(text.split(',')).map_err(|error| error.to_string())
}

/// Parses a number of at least 1, for clap.
fn positive(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse();
    number.map_err(|_| "expected a whole number of at least 1".to_owned())
}

#[allow(unsafe_code)]
fn enable_green_threads() {
    // SAFETY: no handler of a demo, and no library that it uses, waits for a client inside
    // `LocalKey::with` or in the initializer of a thread-local.
    unsafe { green::enable() };
}
