//! The options of the protocol, and a transport that speaks it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::header::{ProxyHeader, Version};
use super::networks::{self, Network};
use super::parse::Rules;
use super::read;
use super::v2;
use crate::address::Address;
use crate::axis::Wrapped;
use crate::builder::Builder;
use crate::socket::Socket;
use crate::transport::{Speaker, Transport, TransportHooks};
use crate::wait::age_of_request;

/// A transport behind a proxy: its clients are those that the proxy names.
pub type Proxied<T> = Wrapped<T, ProxyProtocol>;

/// How a server reads the headers of its proxies, for
/// [`Builder::proxy_protocol`](crate::Builder::proxy_protocol).
#[derive(Clone, Debug)]
pub struct ProxyProtocol {
    trusted: Arc<[Network]>,
    rules: Rules,
    timeout: Duration,
    others: Others,
}

/// What becomes of connections from outside the trusted networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Others {
    /// They are refused, and none of their bytes is read.
    #[default]
    Reject,
    /// They are clients without a proxy: none of their bytes is taken for a header.
    Direct,
}

impl ProxyProtocol {
    /// Reads a header from connections that come from these networks, such as `10.0.0.0/8`, `::1`
    /// and `2001:db8::/32`. IPv4 peers of an IPv6 server are found in networks of IPv4. The peers
    /// of a Unix socket are trusted in any case, because its file's mode decides which programs
    /// connect.
    ///
    /// A header says which client it is, so any machine that can send one can be any client: trust
    /// the proxies and nothing else.
    ///
    /// # Errors
    /// `InvalidInput` if a text is not a network, or if there are no networks.
    pub fn trusting<N: AsRef<str>>(networks: impl IntoIterator<Item = N>) -> io::Result<Self> {
        let networks = networks.into_iter().map(|network| Network::parse(network.as_ref()));
        let trusted = networks.collect::<io::Result<Arc<[_]>>>()?;
        if trusted.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "expected at least one network of proxies, got none",
            ));
        }
        Ok(ProxyProtocol {
            trusted,
            rules: Rules { version: None, longest: 4_096 },
            timeout: Duration::from_secs(5),
            others: Others::default(),
        })
    }

    /// Accepts headers of this version alone. Both unless set.
    pub fn version(mut self, version: Version) -> Self {
        self.rules.version = Some(version);
        self
    }

    /// How long the whole header may take, from when the connection was accepted. Neither the pace
    /// of its bytes nor the socket's timeout changes that. 5 s unless set. The protocol
    /// asks for at least 3 s, so that one lost packet costs no connection.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Longest header of version 2 in bytes: from 232, which has room for every address, to 65,551.
    /// 4,096 unless set. One that announces more is refused before the rest of it has come.
    pub fn max_header(mut self, bytes: usize) -> Self {
        let shortest = v2::FIXED + 2 * v2::UNIX;
        self.rules.longest = bytes.clamp(shortest, v2::FIXED + usize::from(u16::MAX));
        self
    }

    /// What is left of the time of the connection around this code.
    fn time_left(&self) -> Duration {
        /// How exact the age is.
        const STEP: Duration = Duration::from_millis(10);
        /// A worker may be late, and the header be there nevertheless.
        const LEAST: Duration = Duration::from_millis(1);
        let age = age_of_request().unwrap_or_default().saturating_sub(STEP);
        self.timeout.saturating_sub(age).max(LEAST)
    }

    /// What becomes of connections from outside the trusted networks. They are refused unless set.
    /// Only the address decides: the first bytes of a connection do not.
    pub fn others(mut self, others: Others) -> Self {
        self.others = others;
        self
    }
}

/// The header comes after the handshake of the transport that is wrapped, and is read once.
impl<T: Transport<Request = Socket>> TransportHooks<T> for ProxyProtocol {
    fn speaks_first(&self, inner: &T) -> Speaker {
        match inner.speaks_first() {
            // A handshake that precedes the header.
            Speaker::Server => Speaker::Server,
            _ => Speaker::Client(self.timeout),
        }
    }

    fn awaits_first_byte(&self, inner: &T, peer: &Address) -> bool {
        networks::trust(&self.trusted, peer) && inner.awaits_first_byte(peer)
    }

    fn learns_client(&self, _: &T) -> bool {
        true
    }

    fn learn_client(
        &self,
        inner: &T,
        request: &Socket,
        peer: &Address,
    ) -> io::Result<Option<Address>> {
        let learnt = inner.learn_client(request, peer)?;
        let peer = learnt.as_ref().unwrap_or(peer);
        let is_trusted = networks::trust(&self.trusted, peer);
        if !is_trusted && self.others == Others::Reject {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("expected a trusted proxy, got {peer}"),
            ));
        }
        inner.prepare(request)?;
        if !is_trusted {
            return Ok(learnt);
        }
        let header = read::header(request, &self.rules, self.timeout, self.time_left())?;
        // The client has sent nothing yet.
        request.forget_received();
        let client = header.client().cloned();
        request.set_learnt(header);
        Ok(client.or(learnt))
    }

    /// It was prepared before the header was read.
    fn prepare(&self, _: &T, _: &Socket) -> io::Result<()> {
        Ok(())
    }
}

/// A server behind a proxy.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// The server behind proxies that speak the [PROXY protocol](crate::proxy): `client_address`
    /// is the real client, [`getpeername`](Socket::getpeername) the proxy, and
    /// [`Socket::proxy`] has the rest. All options stay, and this one may stand anywhere
    /// among them. A handshake that is [`prepared`](Self::prepared) before it precedes the header,
    /// and a handshake prepared after it follows the header.
    ///
    /// [`max_connections_per_address`](Self::max_connections_per_address) and
    /// [`max_rate_per_address`](Self::max_rate_per_address) count real clients, and
    /// [`verify_request`](crate::BaseServer::verify_request) is called with them. They are known
    /// where the handler runs, so these three hold there; a forking server cannot have such
    /// limits, and `bind` says so.
    pub fn proxy_protocol(self, protocol: ProxyProtocol) -> Builder<Proxied<T>, C, H, S> {
        self.wrap_transport(protocol)
    }
}

impl Socket {
    /// What the proxy has said about this connection, on a server with
    /// [`proxy_protocol`](crate::Builder::proxy_protocol).
    pub fn proxy(&self) -> Option<&ProxyHeader> {
        self.learnt()
    }
}
