//! A header to send.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;

use super::header::{ProxyHeader, Version};
use super::tlv::{self, Tlvs};
use super::v2;
use crate::address::Address;

/// Making a header, for relays that send one.
impl ProxyHeader {
    /// Adds a field after the addresses. Version 1 has no fields, so there it is left out.
    ///
    /// # Errors
    /// `InvalidInput` if the header has no room for the field.
    pub fn with_tlv(mut self, kind: u8, value: &[u8]) -> io::Result<Self> {
        let length = u16::try_from(value.len()).map_err(|_| too_long())?;
        self.tlvs.push(kind);
        self.tlvs.extend(length.to_be_bytes());
        self.tlvs.extend(value);
        Ok(self)
    }

    /// Adds an id that identifies the connection in the logs of both programs.
    ///
    /// # Errors
    /// `InvalidInput` for more than 128 bytes.
    pub fn with_unique_id(self, id: &[u8]) -> io::Result<Self> {
        if id.len() > tlv::LONGEST_UNIQUE_ID {
            return Err(too_long());
        }
        self.with_tlv(tlv::UNIQUE_ID, id)
    }

    /// Adds the host that the client has asked for.
    ///
    /// # Errors
    /// As [`with_tlv`](Self::with_tlv).
    pub fn with_authority(self, host: &str) -> io::Result<Self> {
        self.with_tlv(tlv::AUTHORITY, host.as_bytes())
    }

    /// Adds a checksum, which [`encode`](Self::encode) computes.
    ///
    /// # Errors
    /// As [`with_tlv`](Self::with_tlv).
    pub fn with_checksum(self) -> io::Result<Self> {
        if self.tlv(tlv::CHECKSUM).is_some() {
            return Ok(self);
        }
        self.with_tlv(tlv::CHECKSUM, &[0; 4])
    }

    /// The bytes of the header. Send them before all others, in one
    /// [`sendall`](crate::Socket::sendall).
    ///
    /// If one address is IPv4 and the other IPv6, both are written as IPv6. Version 1 has addresses
    /// of TCP alone, and everything else is left out.
    ///
    /// ```
    /// use std::time::Duration;
    /// use socketserver::proxy::{ProxyHeader, Version};
    /// use socketserver::{Address, Socket, ThreadingTCPServer, create_connection, relay};
    ///
    /// let server = ThreadingTCPServer::handling(|client: Socket, client_address: Address| {
    ///     let upstream = create_connection("127.0.0.1:9999", Some(Duration::from_secs(60)))?;
    ///     let header = ProxyHeader::new(client_address, client.getsockname()?);
    ///     upstream.sendall(&header.encode(Version::V2)?)?;
    ///     relay(&client, &upstream).map(drop)
    /// });
    /// # drop(server);
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` if the path of a Unix socket, or all fields together, are too long.
    pub fn encode(&self, version: Version) -> io::Result<Vec<u8>> {
        match version {
            Version::V1 => Ok(self.line().into_bytes()),
            Version::V2 => self.block(),
        }
    }

    fn line(&self) -> String {
        match self.inet() {
            None => "PROXY UNKNOWN\r\n".to_owned(),
            Some((client, server)) => {
                let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
                let (from, to) = (client.ip(), server.ip());
                format!("PROXY {family} {from} {to} {} {}\r\n", client.port(), server.port())
            }
        }
    }

    fn block(&self) -> io::Result<Vec<u8>> {
        let (family, addresses) = self.addresses()?;
        let command = if self.is_local { v2::LOCAL } else { v2::PROXY };
        let length = addresses.len() + self.tlvs.len();
        let length = u16::try_from(length).map_err(|_| too_long())?;
        let mut block = v2::SIGNATURE.to_vec();
        block.extend([v2::VERSION << 4 | command, family]);
        block.extend(length.to_be_bytes());
        block.extend(addresses);
        let mut at = block.len() + 3;
        block.extend(&self.tlvs);
        for (kind, value) in Tlvs::of(&self.tlvs).map_while(Result::ok) {
            if kind == tlv::CHECKSUM && value.len() == 4 {
                let sum = tlv::checksum(&block, at).to_be_bytes();
                block[at..at + 4].copy_from_slice(&sum);
            }
            at += value.len() + 3;
        }
        Ok(block)
    }

    /// The byte of version 2 for the family, and the addresses.
    fn addresses(&self) -> io::Result<(u8, Vec<u8>)> {
        if let Some((client, server)) = self.inet() {
            let mut bytes = Vec::new();
            for ip in [client.ip(), server.ip()] {
                match ip {
                    IpAddr::V4(ip) => bytes.extend(ip.octets()),
                    IpAddr::V6(ip) => bytes.extend(ip.octets()),
                }
            }
            bytes.extend([client.port().to_be_bytes(), server.port().to_be_bytes()].concat());
            return Ok((if client.is_ipv4() { v2::TCP4 } else { v2::TCP6 }, bytes));
        }
        match &self.addresses {
            Some((client, server)) if is_unix(client) && is_unix(server) => {
                Ok((v2::UNIX_STREAM, [unix(client)?, unix(server)?].concat()))
            }
            _ => Ok((0, Vec::new())),
        }
    }

    /// The addresses in one family, if they are addresses of TCP.
    fn inet(&self) -> Option<(SocketAddr, SocketAddr)> {
        let (Address::Inet(client), Address::Inet(server)) = self.addresses.as_ref()? else {
            return None;
        };
        let as_v6 = |address: &SocketAddr| {
            let ip: Ipv6Addr = match address.ip() {
                IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                IpAddr::V6(ip) => ip,
            };
            SocketAddr::from((ip, address.port()))
        };
        match client.is_ipv4() == server.is_ipv4() {
            true => Some((*client, *server)),
            false => Some((as_v6(client), as_v6(server))),
        }
    }
}

fn is_unix(address: &Address) -> bool {
    matches!(address, Address::Unix(_) | Address::Abstract(_) | Address::Unnamed)
}

fn unix(address: &Address) -> io::Result<[u8; v2::UNIX]> {
    let (start, name) = match address {
        Address::Unix(path) => (0, path.as_os_str().as_bytes()),
        Address::Abstract(name) => (1, &name[..]),
        _ => (0, &[][..]),
    };
    let mut bytes = [0; v2::UNIX];
    let place = bytes.get_mut(start..start + name.len()).ok_or_else(too_long)?;
    place.copy_from_slice(name);
    Ok(bytes)
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "expected a path, a field and a header within the lengths of the protocol, got a longer one",
    )
}
