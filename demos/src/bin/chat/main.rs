//! A chat room: each line of a member goes to all others, and a new member gets the last lines.
//!
//! ```sh
//! cargo run --bin chat
//! nc 127.0.0.1 9999                   in a second terminal
//! cargo run --bin chat-client         in a third
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
use std::time::Duration;

use clap::Parser;
use demos::endpoint::{DEFAULT_ADDRESS, internet_address};
use demos::program::{self, Failure};
use demos::server::{ConcurrencyName, ServerOptions};
use parking_lot::Mutex;
use socketserver::{
    Address, BaseServer, ServerRef, Socket, SocketOption, SocketReader, StreamRequestHandler, Tcp,
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
    /// HOST:PORT
    #[arg(default_value = DEFAULT_ADDRESS, value_parser = internet_address)]
    address: Address,

    #[command(flatten)]
    server: ServerOptions,
}

/// What the handlers share.
struct Chat {
    /// No call under this lock waits for a client, because an outbox takes a line at once or never.
    room: Mutex<Room<Arc<Queue>>>,
    drain: Duration,
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
}

impl ChatHandler {
    fn setup(&self) -> io::Result<()> {
        // So that a client that has vanished is noticed some day.
        self.request.setsockopt(SocketOption::KeepAlive(true))
    }

    fn handle(&mut self) -> io::Result<()> {
        let outbox = Sending::start(self.request.clone())?;
        let result = self.visit(&outbox);
        if outbox.has_overflowed() {
            return Err(io::Error::other(
                "aborted because it does not read what it is sent",
            ));
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
            let line = Line::read(&mut self.rfile)?;
            self.pace.keep(line.len());
            match line {
                Line::Text(text) => return Ok(Some(text)),
                Line::TooLong => outbox.put(&input::too_long()),
                Line::End => return Ok(None),
            }
        }
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
        };
        server.serve::<_, ChatHandler, _>(Tcp::new(), &options.address, chat)
    })
}
