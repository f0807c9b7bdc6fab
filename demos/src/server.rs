//! How every server of the demos serves: the options they share, the choice of the transport and
//! the concurrency at run time, the line that says where it listens, and the summary at its end.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args, ValueEnum};
use socketserver::signal::SIGUSR1;
use socketserver::{
    Address, BaseServer, Builder, Concurrency, Datagram, Forking, Green, Inline, RequestHandler,
    Socket, Stats, Tcp, Threading, Transport, Udp, UnixDatagram, UnixStream, green,
};

use crate::place::TransportName;
use crate::program::Failure;

/// The concurrencies by the names they have on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ConcurrencyName {
    /// One request after the other
    Inline,
    /// A thread for every request
    #[default]
    Threading,
    /// A child process for every request
    Forking,
    /// A green thread for every request
    Green,
}

/// The options of every server.
#[derive(Args, Debug)]
pub struct ServerOptions {
    /// Who runs the handlers
    #[arg(long, value_enum, default_value_t)]
    pub concurrency: ConcurrencyName,

    /// At most so many threads run handlers; for --concurrency threading
    #[arg(long, value_name = "N", value_parser = some)]
    max_threads: Option<NonZeroUsize>,

    /// At most so many requests are live at once; others wait in the system's queue
    #[arg(long, value_name = "N", value_parser = some)]
    max_connections: Option<NonZeroUsize>,

    /// How long live requests may go on after the first SIGINT or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub drain: Duration,

    /// How long everybody is still served after that signal, before the server drains
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    lame_duck: Duration,
}

impl ServerOptions {
    /// The limit of connections for a program that cannot do without one.
    ///
    /// # Errors
    /// When more were asked for.
    pub fn at_most(mut self, connections: NonZeroUsize) -> Result<Self, Failure> {
        let wanted = *self.max_connections.get_or_insert(connections);
        if wanted > connections {
            return Err(Failure::usage(format!(
                "invalid value '{wanted}' for '--max-connections': at most {connections} are possible here"
            )));
        }
        Ok(self)
    }

    /// Serves over the transport of that name, with a handler for streams and one for datagrams.
    ///
    /// # Errors
    /// As [`serve`](Self::serve).
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
        match transport {
            TransportName::Tcp => self.serve::<_, H, _>(Tcp::new(), address, state),
            TransportName::Udp => self.serve::<_, D, _>(Udp::new(), address, state),
            TransportName::Unix => self.serve::<_, H, _>(UnixStream::new(), address, state),
            TransportName::UnixDatagram => {
                self.serve::<_, D, _>(UnixDatagram::new(), address, state)
            }
        }
    }

    /// Serves until a signal comes, under the concurrency that was chosen.
    ///
    /// # Errors
    /// When an option means nothing here, the address cannot be bound, or the listener fails.
    pub fn serve<T, H, S>(&self, transport: T, address: &Address, state: S) -> Result<(), Failure>
    where
        T: Transport,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        if self.max_threads.is_some() && self.concurrency != ConcurrencyName::Threading {
            return Err(Failure::usage(
                "'--max-threads' means nothing without '--concurrency threading'",
            ));
        }
        match self.concurrency {
            ConcurrencyName::Inline => {
                self.run::<_, _, H, _>(Builder::new(transport, Inline, state), address)
            }
            ConcurrencyName::Threading => {
                let most = self.max_threads.map_or(usize::MAX, NonZeroUsize::get);
                let threading = Threading::new().max_threads(most);
                self.run::<_, _, H, _>(Builder::new(transport, threading, state), address)
            }
            ConcurrencyName::Forking => {
                let mut forking = Forking::new();
                if let Some(most) = self.max_connections {
                    forking = forking.max_children(most.get());
                }
                self.run::<_, _, H, _>(Builder::new(transport, forking, state), address)
            }
            ConcurrencyName::Green => {
                enable_green_threads();
                let green = Green::new();
                self.run::<_, _, H, _>(Builder::new(transport, green, state), address)
            }
        }
    }

    fn run<T, C, H, S>(
        &self,
        mut builder: Builder<T, C, H, S>,
        address: &Address,
    ) -> Result<(), Failure>
    where
        T: Transport,
        C: Concurrency,
        H: RequestHandler<T::Request, S>,
        S: BaseServer<T::Request>,
    {
        if let Some(most) = self.max_connections {
            builder = builder.max_connections(most.get());
        }
        let server = builder
            .lame_duck(self.lame_duck)
            .bind(address)
            .map_err(|error| Failure::new(format!("cannot listen on {address}: {error}")))?;
        // Before anybody can know that the server is there.
        server.drain_on_signals(self.drain)?;
        server.on_signal(SIGUSR1, |server| log_counters(&server.stats()))?;
        // Whoever closed standard output does not want to know.
        let _ = writeln!(io::stdout(), "listening on {}", server.server_address());
        server.serve_forever()?;
        log_counters(&server.stats());
        Ok(())
    }
}

fn log_counters(stats: &Stats) {
    log::info!(
        "accepted {}, finished {}, failed {}, refused {}, aborted {}",
        stats.accepted,
        stats.finished,
        stats.failed,
        stats.refused,
        stats.aborted
    );
}

/// A number that is not zero; the form in which clap wants it.
fn some(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse();
    number.map_err(|_| "a whole number of at least 1 is wanted".to_owned())
}

/// A number of seconds; the form in which clap wants it.
///
/// # Errors
/// When it is none.
pub fn seconds(text: &str) -> Result<Duration, String> {
    /// Some thirty years. Clocks cannot hold just any time.
    const MOST: Duration = Duration::from_secs(1_000_000_000);
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| *time <= MOST)
        .ok_or_else(|| "a number of seconds is wanted".to_owned())
}

/// A number of seconds that is not zero; the form in which clap wants it.
///
/// # Errors
/// When it is none.
pub fn some_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("more than nothing is wanted".to_owned()),
        time => Ok(time),
    }
}

#[allow(unsafe_code)]
fn enable_green_threads() {
    // SAFETY: no handler of a demo, and no library that it uses, waits for a client inside
    // `LocalKey::with` or in the initializer of a thread-local.
    unsafe { green::enable() };
}
