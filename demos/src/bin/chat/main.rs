//! A chat room: each line of a member goes to all others, and a new member gets the last lines.
//!
//! ```sh
//! cargo run --bin chat
//! nc 127.0.0.1 9999                   # in a second terminal
//! cargo run --bin chat-client         # in a third
//! ```
//!
//! On a network with strangers, no address should fill the room:
//!
//! ```sh
//! cargo run --bin chat -- --max-connections-per-address 20 :9999
//! ```
//!
//! Behind a balancer that sends the client's address by the PROXY protocol, the limit applies to
//! that client:
//!
//! ```sh
//! cargo run --bin chat -- --max-connections-per-address 20 --proxy 127.0.0.0/8
//! ```
//!
//! With TLS:
//!
//! ```sh
//! cargo run --bin chat -- --tls cert.pem key.pem
//! cargo run --bin chat-client -- --tls=cert.pem localhost:9999
//! ```
//!
//! With a page for browsers, whose members are in the same room:
//!
//! ```sh
//! cargo run --bin chat -- --web 127.0.0.1:8000
//! ```
//!
//! [`room`] decides which members get a line, [`outbox`] sends it, [`input`] reads the members'
//! lines, [`pace`] limits their speed, and [`web`] does all that for browsers.

mod input;
mod outbox;
mod pace;
mod room;
mod web;

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use demos::endpoint::{DEFAULT_ADDRESS, Role, internet_address, server_address};
use demos::program::{self, Failure};
use demos::seconds::positive_seconds;
use demos::server::{Bound, ConcurrencyName, ServerOptions, print};
use parking_lot::Mutex;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketOption, SocketReader, StreamRequestHandler, Tcp,
    UnixStream,
};

use crate::input::{Input, Line};
use crate::outbox::{Queue, Sending};
use crate::pace::Pace;
use crate::room::{Outbox, Room};
use crate::web::{Limits, Web, WebHandler};

/// Each member takes two threads, and Linux aborts a process that has too many.
const MOST_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(5_000).unwrap();

/// A chat room: each line of a member goes to all others
#[derive(Parser)]
#[command(name = "chat", version, mut_arg("max_connections", |limit| {
    let help = limit.get_help().cloned().unwrap_or_default();
    limit.help(format!("{help} [default: {MOST_CONNECTIONS}]"))
}))]
struct Options {
    /// HOST:PORT, or the path or @NAME of a Unix socket
    #[arg(default_value = DEFAULT_ADDRESS, value_parser = server_address)]
    address: Address,

    #[command(flatten)]
    server: ServerOptions,

    /// How long a client may take to enter a name
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = positive_seconds)]
    name_timeout: Duration,

    /// Serve a page for browsers at this HOST:PORT too
    #[arg(long, value_name = "ADDRESS", value_parser = web_address)]
    web: Option<Address>,

    /// Another name of this machine in the page's URL, beside localhost and its host name; may be
    /// given several times
    #[arg(long, value_name = "NAME", requires = "web")]
    web_host: Vec<String>,

    /// How long a page may be away before its member leaves
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = positive_seconds)]
    #[arg(requires = "web")]
    away_timeout: Duration,
}

/// The page's address, for clap.
fn web_address(text: &str) -> Result<Address, String> {
    internet_address(text, Role::Server)
}

/// The state that the handlers share.
struct Chat {
    /// No call under this lock waits for a client, because an outbox takes a line at once or never.
    room: Mutex<Room<Arc<dyn Outbox + Send + Sync>>>,
    drain: Duration,
    name_timeout: Duration,
    /// The members with browsers, if there is a page for them.
    web: Option<Web>,
}

impl BaseServer for Chat {
    fn service_actions(&self, server: &ServerRef<Self>) {
        match &self.web {
            None => server.without_service_actions(),
            Some(web) => web.sweep(self),
        }
    }

    fn server_close(&self, _server: &ServerRef<Self>) {
        self.room.lock().close(self.drain);
    }
}

/// Carries out a member's line. Returns whether the member stays.
fn obey<O: Outbox>(room: &mut Room<O>, name: &mut String, outbox: &dyn Outbox, text: &str) -> bool {
    match Input::parse(text) {
        Input::Nothing => {}
        Input::Say(text) => room.say(name, text),
        Input::Act(text) => room.act(name, text),
        Input::Who => outbox.put(&room.who()),
        Input::Rename(new) => match room.rename(name, new) {
            Ok(()) => new.clone_into(name),
            Err(error) => outbox.put(&format!("-- {error}\n")),
        },
        Input::Unknown(command) => outbox.put(&input::hint(command)),
        Input::Quit => return false,
    }
    true
}

/// One of these per connection.
#[derive(StreamRequestHandler)]
#[handler(disable_nagle_algorithm)]
struct ChatHandler {
    request: Socket,
    client_address: Address,
    server: ServerRef<Chat>,
    rfile: SocketReader,
    #[handler(default = Pace::new())]
    pace: Pace,
    /// Time by which the client must have a name, because clients without one could fill the room.
    /// `None` once it has one.
    name_by: Option<Instant>,
}

impl ChatHandler {
    fn setup(&mut self) -> io::Result<()> {
        self.name_by = Some(Instant::now() + self.server.name_timeout);
        // Without this, a client that has vanished would never be noticed.
        self.request.setsockopt(SocketOption::KeepAlive(true))
    }

    fn handle(&mut self) -> io::Result<()> {
        let outbox = Sending::start(self.request.clone())?;
        let result = self.visit(&outbox);
        if self.name_by.is_some()
            && let Err(error) = &result
            && error.kind() == io::ErrorKind::TimedOut
        {
            log::info!("{} gives no name: closing its connection", self.client_address);
            outbox.put("-- you have given no name; good-bye\n");
            return Ok(());
        }
        if outbox.has_overflowed() {
            return Err(io::Error::other("aborted because the member does not read its lines"));
        }
        result
    }

    fn visit(&mut self, outbox: &Arc<Queue>) -> io::Result<()> {
        let server = self.server.clone();
        let Some(mut member) = self.come_in(&server, outbox)? else {
            return Ok(());
        };
        while let Some(text) = self.next_line(outbox)? {
            let mut room = server.room.lock();
            if !obey(&mut room, &mut member.name, outbox, &text) {
                break;
            }
        }
        Ok(())
    }

    /// Asks for a name until the client gives a free one. Returns `None` if it leaves first.
    fn come_in<'a>(
        &mut self,
        server: &'a Chat,
        outbox: &Arc<Queue>,
    ) -> io::Result<Option<Membership<'a>>> {
        outbox.put("-- what is your name?\n");
        while let Some(text) = self.next_line(outbox)? {
            if Input::parse(&text) == Input::Quit {
                break;
            }
            let name = text.trim();
            let entered = server.room.lock().enter(name, outbox.clone());
            match entered {
                Ok(()) => {
                    self.name_by = None;
                    self.request.settimeout(None)?;
                    log::info!("{name} has joined from {}", self.client_address);
                    let name = name.to_owned();
                    return Ok(Some(Membership { server, name }));
                }
                Err(error) => outbox.put(&format!("-- {error}; what is your name?\n")),
            }
        }
        Ok(None)
    }

    /// The next line that is not too long; `None` after the last.
    fn next_line(&mut self, outbox: &Arc<Queue>) -> io::Result<Option<String>> {
        loop {
            let wait = || take_at_most(&self.request, self.name_by);
            let line = Line::read(&mut self.rfile, wait, |bytes| self.pace.keep(bytes))?;
            match line {
                Line::Text(text) => return Ok(Some(text)),
                Line::TooLong => outbox.put(&input::too_long()),
                Line::End => return Ok(None),
            }
        }
    }
}

/// Limits the next operation on the socket to the time until `end`.
fn take_at_most(socket: &Socket, end: Option<Instant>) -> io::Result<()> {
    let Some(end) = end else { return Ok(()) };
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => socket.settimeout(Some(left)),
    }
}

/// A membership: when it is dropped, the member leaves the room.
struct Membership<'a> {
    server: &'a Chat,
    name: String,
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        self.server.room.lock().leave(&self.name);
        log::info!("{} has left", self.name);
    }
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        if options.server.concurrency == ConcurrencyName::Forking {
            let reason =
                "invalid value 'forking' for '--concurrency': a room needs a single process";
            return Err(Failure::usage(reason));
        }
        let server = options.server.at_most(MOST_CONNECTIONS)?;
        if options.web.is_some() {
            check_web(&server)?;
        }
        let limits = Limits {
            sessions: MOST_CONNECTIONS.get(),
            per_address: server.max_connections_per_address,
            away: options.away_timeout,
        };
        let web = options.web.is_some().then(|| Web::new(limits, options.web_host));
        let chat = Arc::new(Chat {
            room: Mutex::default(),
            drain: server.drain,
            name_timeout: options.name_timeout,
            web,
        });
        let room = match &options.address {
            address @ Address::Inet(_) => {
                server.bind_streams::<_, ChatHandler, _>(Tcp::new(), address, chat.clone())
            }
            address => {
                server.bind_streams::<_, ChatHandler, _>(UnixStream::new(), address, chat.clone())
            }
        }?;
        let Some(address) = options.web else {
            return room.serve();
        };
        let web = server.beside("web");
        let page = web.bind_streams::<_, WebHandler, _>(Tcp::new(), &address, chat)?;
        print(format_args!("listening on {}", room.address()));
        let scheme = if server.speaks_tls() { "https" } else { "http" };
        print(format_args!("the page is at {scheme}://{}/", page.address()));
        serve_both(room, page)
    })
}

/// Checks that the options suit a page, which needs a stream of events beside its other requests.
fn check_web(server: &ServerOptions) -> Result<(), Failure> {
    if server.exit_when_idle.is_some() {
        return Err(Failure::usage("'--exit-when-idle' has no effect with '--web'"));
    }
    if server.concurrency == ConcurrencyName::Inline {
        let reason = "'--web' needs a concurrency other than 'inline'";
        return Err(Failure::usage(reason));
    }
    Ok(())
}

/// Serves until a signal, which drains both.
fn serve_both(room: Bound, page: Bound) -> Result<(), Failure> {
    let page = thread::Builder::new().name("web".to_owned()).spawn(|| page.run())?;
    room.run()?;
    page.join().map_err(|_| Failure::new("the server of the page has panicked"))?
}
