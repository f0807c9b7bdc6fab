//! Sends back what it receives, in upper case.
//!
//! ```sh
//! cargo run --bin upper
//! nc 127.0.0.1 9999
//! ```
//!
//! Or over another transport, each with a client of ours:
//!
//! ```sh
//! cargo run --bin upper -- --transport unix-datagram @upper
//! cargo run --bin upper-client -- --transport unix-datagram @upper
//! ```
//!
//! Told so by a signal, it logs its counters:
//!
//! ```sh
//! kill -USR1 "$(pgrep -x upper)"
//! ```

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use demos::place::Place;
use demos::program::{self, Failure};
use demos::server::{ServerOptions, some_seconds};
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Datagram, ServerRef, Socket, StreamRequestHandler,
};

/// Sends back what it receives, in upper case
#[derive(Parser)]
#[command(name = "upper", version)]
struct Options {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    server: ServerOptions,

    /// A connection that is silent for so long is dropped; datagrams have none
    #[arg(long, value_name = "SECONDS", value_parser = some_seconds)]
    timeout: Option<Duration>,
}

/// What the handlers share.
struct Upper {
    timeout: Option<Duration>,
}

impl<R> BaseServer<R> for Upper {}

/// One of these is made for every connection.
#[derive(StreamRequestHandler)]
#[handler(disable_nagle_algorithm)]
struct Conversation {
    connection: Socket,
    client_address: Address,
    server: ServerRef<Upper>,
}

impl Conversation {
    fn handle(&self) -> io::Result<()> {
        self.connection.settimeout(self.server.timeout)?;
        match self.answer_all() {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                log::info!("{} is silent and gets dropped", self.client_address);
                Ok(())
            }
            result => result,
        }
    }

    fn answer_all(&self) -> io::Result<()> {
        loop {
            let data = self.connection.recv(65_536)?;
            if data.is_empty() {
                return Ok(());
            }
            self.connection.sendall(&data.to_ascii_uppercase())?;
        }
    }
}

/// One of these is made for every datagram.
#[derive(BaseRequestHandler)]
struct Message {
    request: Datagram,
    client_address: Address,
}

impl Message {
    fn handle(&self) -> io::Result<()> {
        if self.client_address == Address::Unnamed {
            log::info!("a client without a name cannot be answered");
            return Ok(());
        }
        // Even an empty datagram is answered, by an empty one.
        let answer = self.request.data.to_ascii_uppercase();
        self.request.socket.sendto(&answer, &self.client_address)?;
        Ok(())
    }
}

fn main() -> ExitCode {
    program::run(|options: Options| -> Result<(), Failure> {
        let transport = options.place.transport;
        if options.timeout.is_some() && !transport.has_connections() {
            return Err(Failure::usage(
                "'--timeout' means nothing without connections",
            ));
        }
        let state = Upper {
            timeout: options.timeout,
        };
        let address = options.place.address()?;
        options
            .server
            .serve_over::<Conversation, Message, _>(transport, &address, state)
    })
}
