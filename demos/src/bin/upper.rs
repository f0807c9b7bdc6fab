//! Sends its input back in upper case.
//!
//! ```sh
//! cargo run --bin upper
//! nc 127.0.0.1 9999                   # in a second terminal
//! ```
//!
//! Over any other transport, with a client that speaks it:
//!
//! ```sh
//! cargo run --bin upper -- ./upper.socket
//! cargo run --bin upper-client -- ./upper.socket
//! cargo run --bin upper -- --transport unix-datagram @upper
//! cargo run --bin upper-client -- --transport unix-datagram @upper
//! ```
//!
//! On a network with strangers it needs limits, because a silent client keeps its thread:
//!
//! ```sh
//! cargo run --bin upper -- --timeout 60 --max-connections-per-address 20 :9999
//! ```
//!
//! Behind a balancer that sends the client's address by the PROXY protocol:
//!
//! ```sh
//! cargo run --bin upper -- --proxy 127.0.0.0/8
//! curl --haproxy-protocol telnet://127.0.0.1:9999
//! ```
//!
//! With TLS, and the certificate read again at SIGHUP (the example `tls` has the command that makes
//! one):
//!
//! ```sh
//! cargo run --bin upper -- --tls cert.pem key.pem
//! cargo run --bin upper-client -- --tls=cert.pem localhost:9999
//! ```
//!
//! On SIGUSR1 it logs its counters:
//!
//! ```sh
//! kill -USR1 "$(pgrep -x upper)"
//! ```

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use demos::endpoint::{Endpoint, Role};
use demos::program::{self, Failure};
use demos::seconds::positive_seconds;
use demos::server::ServerOptions;
use socketserver::{
    Address, BaseRequestHandler, BaseServer, Datagram, ServerRef, Socket, StreamRequestHandler,
};

/// Sends its input back in upper case
#[derive(Parser)]
#[command(name = "upper", version)]
struct Options {
    #[command(flatten)]
    endpoint: Endpoint,

    #[command(flatten)]
    server: ServerOptions,

    /// How long a connection may be silent before it is closed; not for datagrams
    #[arg(long, value_name = "SECONDS", value_parser = positive_seconds)]
    timeout: Option<Duration>,
}

/// The state that the handlers share.
struct Upper {
    timeout: Option<Duration>,
}

impl<R> BaseServer<R> for Upper {}

/// One of these per connection.
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
                log::info!("{} is silent: closing its connection", self.client_address);
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

/// One of these per datagram.
#[derive(BaseRequestHandler)]
struct Message {
    request: Datagram,
    client_address: Address,
}

impl Message {
    fn handle(&self) -> io::Result<()> {
        if self.client_address == Address::Unnamed {
            log::info!("cannot answer a client without a name");
            return Ok(());
        }
        // An empty datagram gets an empty answer.
        let answer = self.request.data.to_ascii_uppercase();
        self.request.socket.sendto(&answer, &self.client_address)?;
        Ok(())
    }
}

fn main() -> ExitCode {
    program::run(|options: Options| -> Result<(), Failure> {
        let (transport, address) = options.endpoint.get(Role::Server)?;
        if options.timeout.is_some() && !transport.has_connections() {
            return Err(Failure::usage("'--timeout' has no effect without connections"));
        }
        let state = Upper { timeout: options.timeout };
        options.server.serve_over::<Conversation, Message, _>(transport, &address, state)
    })
}
