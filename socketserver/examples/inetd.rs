//! Serves one client and ends: inetd or systemd listens, and starts a process for each connection.
//!
//! For inetd, a line of `/etc/inetd.conf`:
//!
//!     9999 stream tcp nowait nobody /usr/local/bin/greet greet /var/log/greet
//!
//! For systemd, `greet.socket` and `greet@.service`:
//!
//!     [Socket]
//!     ListenStream=9999
//!     Accept=yes
//!
//!     [Service]
//!     ExecStart=/usr/local/bin/greet
//!     StandardInput=socket
//!     StandardError=journal
//!
//! By hand:
//!
//!     cargo build --example inetd
//!     python3 -c 'import socket, subprocess
//!     connection, _ = socket.create_server(("127.0.0.1", 9999)).accept()
//!     subprocess.run(["target/debug/examples/inetd", "greet.log"], stdin=connection)'
//!     nc 127.0.0.1 9999

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::time::Duration;
use std::{env, panic, process};

use env_logger::Target;
use socketserver::{Address, Socket, TCPServer, activation};

/// Sends log lines and messages of panics to the file that the first argument names. Without it
/// they are dropped, because under inetd the client is standard error.
fn log_to_file() -> io::Result<()> {
    panic::set_hook(Box::new(|message| log::error!("{message}")));
    if let Some(path) = env::args_os().nth(1) {
        let file = File::options().append(true).create(true).open(path)?;
        let mut logger = env_logger::Builder::from_default_env();
        logger.target(Target::Pipe(Box::new(file))).init();
    }
    Ok(())
}

fn greet(request: Socket, client_address: Address) -> io::Result<()> {
    request.sendall(format!("Hello, {client_address}. Your name?\n").as_bytes())?;
    let mut name = String::new();
    BufReader::new(&request).read_line(&mut name)?;
    request.sendall(format!("Good bye, {}.\n", name.trim()).as_bytes())
}

fn serve() -> io::Result<()> {
    let client = activation::socket()?;
    log_to_file()?;
    let server = TCPServer::handling(greet).from_socket(client)?;
    server.drain_on_signals(Duration::from_secs(5))?;
    server.serve_forever()
}

fn main() {
    if let Err(error) = serve() {
        log::error!("serving failed ({error}): leaving the client");
        process::exit(1);
    }
}
