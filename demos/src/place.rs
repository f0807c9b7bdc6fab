//! Where a program listens or connects: a transport and an address.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use socketserver::{Address, ToAddress};

use crate::program::Failure;

/// Where everything is unless told otherwise.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:9999";

/// The transports by the names they have on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TransportName {
    /// Connections over the network
    #[default]
    Tcp,
    /// Datagrams over the network
    Udp,
    /// Connections over a Unix socket
    Unix,
    /// Datagrams over a Unix socket
    UnixDatagram,
}

impl TransportName {
    /// Whether requests are connections, and not datagrams.
    pub fn has_connections(self) -> bool {
        matches!(self, TransportName::Tcp | TransportName::Unix)
    }
}

/// The options of a program that knows all transports.
#[derive(Args, Debug)]
pub struct Place {
    /// How requests come
    #[arg(long, value_enum, default_value_t)]
    pub transport: TransportName,

    /// HOST:PORT [default: 127.0.0.1:9999], or for Unix sockets a path or @NAME [default: one in
    /// the temporary folder]
    address: Option<String>,
}

impl Place {
    /// The address that was given, or the transport's default.
    ///
    /// # Errors
    /// When it is no address of this transport.
    pub fn address(&self) -> Result<Address, Failure> {
        let given = self.address.as_deref();
        let address = match self.transport {
            TransportName::Tcp | TransportName::Udp => {
                internet_address(given.unwrap_or(DEFAULT_ADDRESS))
            }
            TransportName::Unix => unix_address(given, "upper-unix.socket"),
            TransportName::UnixDatagram => unix_address(given, "upper-unix-datagram.socket"),
        };
        address.map_err(|error| {
            let given = given.unwrap_or_default();
            Failure::usage(format!("invalid value '{given}' for '[ADDRESS]': {error}"))
        })
    }
}

/// A host and a port; the form in which clap wants it.
///
/// # Errors
/// When it is none, or the host is not known.
pub fn internet_address(text: &str) -> Result<Address, String> {
    match text.to_address() {
        Ok(address @ Address::Inet(_)) => Ok(address),
        Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error.to_string()),
        _ => Err("a network address is HOST:PORT, or [HOST]:PORT for IPv6".to_owned()),
    }
}

/// A path, with or without a slash in it, or `@` and a name in the abstract namespace.
fn unix_address(given: Option<&str>, default: &str) -> Result<Address, String> {
    match given {
        None => Ok(Address::Unix(std::env::temp_dir().join(default))),
        // To bind the empty path is to ask Linux for a name of its choice.
        Some("") => Err("a path is not empty".to_owned()),
        Some(name) if name.starts_with('@') => name.to_address().map_err(|error| error.to_string()),
        Some(path) => Ok(Address::Unix(PathBuf::from(path))),
    }
}
