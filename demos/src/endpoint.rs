//! Where a program listens or connects: the transport and the address on its command line.

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

    /// The transport of connections for an address.
    pub fn of_connections(address: &Address) -> Self {
        match address {
            Address::Inet(_) => TransportName::Tcp,
            _ => TransportName::Unix,
        }
    }
}

/// What a program does at its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Listens there. `:PORT` is every address of this machine.
    Server,
    /// Connects there. An address needs a host.
    Client,
}

/// The options of a program that knows all transports.
#[derive(Args, Debug)]
pub struct Endpoint {
    /// Connections or datagrams, over the network or a Unix socket [default: tcp, or unix for an
    /// address with a slash or @]
    #[arg(long, value_enum)]
    transport: Option<TransportName>,

    /// HOST:PORT [default: 127.0.0.1:9999], or for Unix sockets a path or @NAME [default: a path
    /// in the temporary folder]
    address: Option<String>,
}

impl Endpoint {
    /// The transport, and the address or its default.
    ///
    /// # Errors
    /// If the given text is not an address of this transport.
    pub fn get(&self, role: Role) -> Result<(TransportName, Address), Failure> {
        let given = self.address.as_deref();
        let result = match self.transport {
            None => address(given.unwrap_or(DEFAULT_ADDRESS), role),
            Some(TransportName::Tcp | TransportName::Udp) => {
                internet_address(given.unwrap_or(DEFAULT_ADDRESS), role)
            }
            Some(TransportName::Unix) => unix_address(given, "upper-unix.socket"),
            Some(TransportName::UnixDatagram) => unix_address(given, "upper-unix-datagram.socket"),
        };
        let address = result.map_err(|error| {
            let given = given.unwrap_or_default();
            Failure::usage(format!("invalid value '{given}' for '[ADDRESS]': {error}"))
        })?;
        let by_address = || TransportName::of_connections(&address);
        Ok((self.transport.unwrap_or_else(by_address), address))
    }

    /// The host of the address.
    pub fn host(&self) -> &str {
        host(self.address.as_deref().unwrap_or(DEFAULT_ADDRESS))
    }
}

/// The other side of a client.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: Address,
    /// The host, as given on the command line.
    pub host: String,
}

/// The host of an address with a port. For a Unix socket, this machine.
fn host(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, _)) if !text.contains('/') && !text.starts_with('@') => {
            host.trim_start_matches('[').trim_end_matches(']')
        }
        _ => "localhost",
    }
}

/// Reads an address of any form.
///
/// # Errors
/// If the text is not an address, or the host is unknown.
pub fn address(text: &str, role: Role) -> Result<Address, String> {
    let address = match role {
        Role::Server => text.to_address(),
        Role::Client => text.to_peer(None),
    };
    address.map_err(|error| error.to_string())
}

/// [`address`] of a server, for clap.
///
/// # Errors
/// As `address`.
pub fn server_address(text: &str) -> Result<Address, String> {
    address(text, Role::Server)
}

/// [`address`] of a client's peer, for clap.
///
/// # Errors
/// As `address`.
pub fn peer(text: &str) -> Result<Peer, String> {
    Ok(Peer { address: address(text, Role::Client)?, host: host(text).to_owned() })
}

/// Reads the address of a TCP or UDP socket: a host and a port.
///
/// # Errors
/// If the text has another form, or the host is unknown.
pub fn internet_address(text: &str, role: Role) -> Result<Address, String> {
    match address(text, role)? {
        address @ Address::Inet(_) => Ok(address),
        _ => Err("expected HOST:PORT, got the name of a Unix socket".to_owned()),
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
