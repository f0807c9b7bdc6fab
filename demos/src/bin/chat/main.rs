//! A chat room: each line of a member goes to all others, and a new member gets the last lines.
//!
//! ```sh
//! cargo run --bin chat
//! nc 127.0.0.1 9999                   in a second terminal
//! cargo run --bin chat-client         in a third
//! ```
//!
//! On a network with strangers, no address should fill the room:
//!
//! ```sh
//! cargo run --bin chat -- --max-connections-per-address 20 :9999
//! ```
//!
//! Behind a balancer that says which client it is by the PROXY protocol, the limit is that
//! client's:
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
//! [`room`] decides which member is sent which line, [`outbox`] sends it, [`input`] reads what
//! members type, and [`pace`] limits how fast they do.

mod input;
mod outbox;
mod pace;
mod room;

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use demos::endpoint::{DEFAULT_ADDRESS, server_address};
use demos::program::{self, Failure};
use demos::server::{ConcurrencyName, ServerOptions, positive_seconds};
use parking_lot::Mutex;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketOption, SocketReader, StreamRequestHandler, Tcp,
    UnixStream,
};

use crate::input::{Input, Line};
use crate::outbox::{Queue, Sending};
use crate::pace::Pace;
use crate::room::{Outbox, Room};

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

    /// How long a client may take to give a name
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = positive_seconds)]
    name_timeout: Duration,
}

/// What the handlers share.
struct Chat {
    /// No call under this lock waits for a client, because an outbox takes a line at once or never.
    room: Mutex<Room<Arc<Queue>>>,
    drain: Duration,
    name_timeout: Duration,
}

impl BaseServer for Chat {
    fn server_close(&self, _server: &ServerRef<Self>) {
        self.room.lock().close(self.drain);
    }
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
    /// When a client must have a name: clients without one could fill the room. `None` once it has.
    name_by: Option<Instant>,
}

impl ChatHandler {
    fn setup(&mut self) -> io::Result<()> {
        self.name_by = Some(Instant::now() + self.server.name_timeout);
        // So that a client that has vanished is noticed some day.
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
            return Err(io::Error::other("aborted because it does not read what it is sent"));
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
            match Input::parse(&text) {
                Input::Nothing => {}
                Input::Say(text) => room.say(&member.name, text),
                Input::Act(text) => room.act(&member.name, text),
                Input::Who => outbox.put(&room.who()),
                Input::Rename(name) => match room.rename(&member.name, name) {
                    Ok(()) => member.name = name.to_owned(),
                    Err(error) => outbox.put(&format!("-- {error}\n")),
                },
                Input::Unknown(command) => outbox.put(&input::hint(command)),
                Input::Quit => break,
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

/// Lets the next operation on the socket take until `end` at most.
fn take_at_most(socket: &Socket, end: Option<Instant>) -> io::Result<()> {
    let Some(end) = end else { return Ok(()) };
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
        left => socket.settimeout(Some(left)),
    }
}

/// A member, which leaves the room when this is dropped.
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
            let reason = "invalid value 'forking' for '--concurrency': a room is in one process";
            return Err(Failure::usage(reason));
        }
        let server = options.server.at_most(MOST_CONNECTIONS)?;
        let chat = Chat {
            room: Mutex::default(),
            drain: server.drain,
            name_timeout: options.name_timeout,
        };
        match &options.address {
            address @ Address::Inet(_) => {
                server.serve_streams::<_, ChatHandler, _>(Tcp::new(), address, chat)
            }
            address => server.serve_streams::<_, ChatHandler, _>(UnixStream::new(), address, chat),
        }
    })
}
