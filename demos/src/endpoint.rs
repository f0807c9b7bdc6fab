//! Where a program listens or connects: the transport and the address on its command line.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use socketserver::{Address, ToAddress};

use crate::program::Failure;

/// The address of every server and client unless another one is given.
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
    /// Whether its requests are connections rather than datagrams.
    pub fn has_connections(self) -> bool {
        matches!(self, TransportName::Tcp | TransportName::Unix)
    }
}

/// The options of a program that knows all transports.
#[derive(Args, Debug)]
pub struct Endpoint {
    /// Connections or datagrams, over the network or a Unix socket
    #[arg(long, value_enum, default_value_t)]
    pub transport: TransportName,

    /// HOST:PORT [default: 127.0.0.1:9999], or for Unix sockets a path or @NAME [default: a path
    /// in the temporary folder]
    address: Option<String>,
}

impl Endpoint {
    /// The given address, or the transport's default.
    ///
    /// # Errors
    /// If the given text is no address of this transport.
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

/// Parses a host and a port, for clap.
///
/// # Errors
/// If the text is neither, or the host is unknown.
pub fn internet_address(text: &str) -> Result<Address, String> {
    match text.to_address() {
        Ok(address @ Address::Inet(_)) => Ok(address),
        Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error.to_string()),
        _ => Err("expected HOST:PORT, or [HOST]:PORT for IPv6".to_owned()),
    }
}

/// Parses a path, with or without a slash, or `@` and a name in the abstract namespace.
fn unix_address(given: Option<&str>, default: &str) -> Result<Address, String> {
    match given {
        None => Ok(Address::Unix(std::env::temp_dir().join(default))),
        // Linux would choose a name for the empty path.
        Some("") => Err("expected a path, got an empty text".to_owned()),
        Some(name) if name.starts_with('@') => name.to_address().map_err(|error| error.to_string()),
        Some(path) => Ok(Address::Unix(PathBuf::from(path))),
    }
}
