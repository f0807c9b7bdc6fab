//! The header: the facts that a proxy sends about a connection.

use std::fmt;

use super::ssl::Ssl;
use super::tlv::{self, Tlvs};
use crate::address::Address;

/// The versions of the header: a line of text, and a block of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// A line: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`. It has addresses of TCP alone.
    V1,
    /// A block of bytes, which also has addresses of Unix sockets, and further fields.
    V2,
}

/// The facts that a proxy sends about a connection that it forwards. A handler finds them in
/// [`Socket::proxy`](crate::Socket::proxy), and a relay [sends](Self::encode) them.
///
/// The client itself has chosen some of the text, such as the [`authority`](Self::authority). Log
/// it with `{:?}`, which escapes control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyHeader {
    /// The client and the address that it has connected to, unless the header has none.
    pub(super) addresses: Option<(Address, Address)>,
    pub(super) is_local: bool,
    /// The fields after the addresses, checked.
    pub(super) tlvs: Vec<u8>,
}

impl ProxyHeader {
    /// A header to send, for a connection from `client` to `server`.
    pub fn new(client: impl Into<Address>, server: impl Into<Address>) -> Self {
        ProxyHeader {
            addresses: Some((client.into(), server.into())),
            is_local: false,
            tlvs: Vec::new(),
        }
    }

    /// A header to send for a connection without a client, such as a health check.
    pub fn local() -> Self {
        ProxyHeader { addresses: None, is_local: true, tlvs: Vec::new() }
    }

    /// The header of a connection about which the proxy says nothing.
    pub(super) fn unknown() -> Self {
        ProxyHeader { addresses: None, is_local: false, tlvs: Vec::new() }
    }

    /// The client. `None` if the header does not name one, because the connection is the proxy's
    /// own. Then the handler's `client_address` is the address of the proxy.
    pub fn client(&self) -> Option<&Address> {
        Some(&self.addresses.as_ref()?.0)
    }

    /// The address to which the client has connected, usually one of the proxy.
    pub fn server(&self) -> Option<&Address> {
        Some(&self.addresses.as_ref()?.1)
    }

    /// Whether the proxy itself has made the connection, as for a health check.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// The protocol above TLS on which the client and the proxy have agreed (ALPN), such as `h2`.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.tlv(tlv::ALPN)
    }

    /// The host that the client has asked for, such as the server name of TLS. Also `None` if the
    /// name is not UTF-8.
    pub fn authority(&self) -> Option<&str> {
        std::str::from_utf8(self.tlv(tlv::AUTHORITY)?).ok()
    }

    /// The id of the connection in the proxy's log, of at most 128 bytes.
    pub fn unique_id(&self) -> Option<&[u8]> {
        self.tlv(tlv::UNIQUE_ID)
    }

    /// The TLS between the client and the proxy, if the header describes it.
    pub fn ssl(&self) -> Option<Ssl<'_>> {
        Ssl::of(self.tlv(tlv::SSL)?)
    }

    /// The id of the client's VPC endpoint, from a load balancer of Amazon.
    pub fn aws_vpc_endpoint(&self) -> Option<&str> {
        match self.tlv(0xea)?.split_first()? {
            (1, id) => std::str::from_utf8(id).ok(),
            _ => None,
        }
    }

    /// The link id of the client's private endpoint, from a load balancer of Azure.
    pub fn azure_private_link(&self) -> Option<u32> {
        match self.tlv(0xee)?.split_first()? {
            (1, id) => Some(u32::from_le_bytes(id.try_into().ok()?)),
            _ => None,
        }
    }

    /// The id of the client's Private Service Connect, from a load balancer of Google.
    pub fn google_psc_connection(&self) -> Option<u64> {
        Some(u64::from_be_bytes(self.tlv(0xe0)?.try_into().ok()?))
    }

    /// The value of the first field of this type.
    pub fn tlv(&self, kind: u8) -> Option<&[u8]> {
        self.tlvs().find(|(its, _)| *its == kind).map(|(_, value)| value)
    }

    /// Every field after the addresses: its type and its value.
    pub fn tlvs(&self) -> impl Iterator<Item = (u8, &[u8])> {
        Tlvs::of(&self.tlvs).map_while(Result::ok)
    }
}

impl fmt::Debug for ProxyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ProxyHeader");
        if let Some((client, server)) = &self.addresses {
            debug.field("client", &format_args!("{client}"));
            debug.field("server", &format_args!("{server}"));
        }
        debug.field("is_local", &self.is_local);
        for (kind, value) in self.tlvs() {
            let value = value.escape_ascii();
            debug.field(&format!("tlv {kind:#04x}"), &format_args!("\"{value}\""));
        }
        debug.finish()
    }
}
