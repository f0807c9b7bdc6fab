//! Serves the files of a folder over HTTP: `python -m http.server`, with its options and more.
//!
//! ```sh
//! cargo run --bin http-server
//! curl http://127.0.0.1:8000/README.md            # in a second terminal
//! ```
//!
//! For all machines on the network; it prints the address of each interface:
//!
//! ```sh
//! cargo run --bin http-server -- --directory /srv/share 8080
//! ```
//!
//! For a single-page application that is being developed:
//!
//! ```sh
//! cargo run --bin http-server -- --bind 127.0.0.1 --spa --no-store --cors
//! ```
//!
//! With TLS, and the certificate read again at SIGHUP:
//!
//! ```sh
//! cargo run --bin http-server -- --tls-cert cert.pem --tls-key key.pem
//! ```
//!
//! [`options`] is the command line, [`site`] serves the files, and [`urls`] finds the addresses at
//! which clients reach them.

mod options;
mod site;
mod urls;

use std::process::ExitCode;
use std::sync::Arc;

use demos::program;
use demos::server::{Bound, print};
use socketserver::Tcp;

use crate::options::{Options, Protocol};
use crate::site::{Handler10, Handler11, Site};

fn main() -> ExitCode {
    program::run(|options: Options| {
        let address = options.address()?;
        let site = Arc::new(Site::new(options.files()?)?);
        let protocol = options.protocol;
        let server = options.server()?;
        let bound = match protocol {
            Protocol::Http10 => server.bind_streams::<_, Handler10, _>(Tcp::new(), &address, site),
            Protocol::Http11 => server.bind_streams::<_, Handler11, _>(Tcp::new(), &address, site),
        }?;
        announce(&bound, server.speaks_tls());
        bound.run()
    })
}

/// Prints Python's line, and each URL if there are several.
fn announce(bound: &Bound, speaks_tls: bool) {
    let Some(address) = urls::inet(bound.address()) else { return };
    let (name, scheme) = if speaks_tls { ("HTTPS", "https") } else { ("HTTP", "http") };
    let (host, port) = (urls::host(&address), address.port());
    let url = urls::url(scheme, &address);
    print(format_args!("Serving {name} on {host} port {port} ({url}) ..."));
    for reachable in urls::reachable(&address) {
        print(format_args!("  {}", urls::url(scheme, &reachable)));
    }
}
