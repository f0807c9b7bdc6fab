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
use crate::transport::{Speaker, Transport, TransportHooks, reads_first};

/// A transport behind a proxy, whose headers name the clients.
pub type Proxied<T> = Wrapped<T, ProxyProtocol>;

/// The options for [`Builder::proxy_protocol`](crate::Builder::proxy_protocol): which proxies are
/// trusted, and which headers are accepted.
#[derive(Clone, Debug)]
pub struct ProxyProtocol {
    trusted: Arc<[Network]>,
    rules: Rules,
    timeout: Duration,
    others: Others,
}

/// What the server does with connections from outside the trusted networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Others {
    /// It refuses them, and reads none of their bytes.
    #[default]
    Reject,
    /// It serves them as clients without a proxy, and takes none of their bytes for a header.
    Direct,
}

impl ProxyProtocol {
    /// Reads a header from connections that come from these networks, such as `10.0.0.0/8`, `::1`
    /// and `2001:db8::/32`. For IPv4 peers of an IPv6 server, networks of IPv4 count. Peers of a
    /// Unix socket are always trusted, because the mode of its file decides which programs connect.
    ///
    /// Trust the addresses of proxies alone: a machine whose headers are accepted can pretend to be
    /// any client.
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

    /// Accepts headers of this version alone. Unless set, both versions are accepted.
    pub fn version(mut self, version: Version) -> Self {
        self.rules.version = Some(version);
        self
    }

    /// Maximum time from the accept of a connection to the end of its header, whatever the pace of
    /// the bytes and the timeout of the socket. A wait for a worker does not count. After a
    /// handshake, the time begins at the end of that. 5 s unless set. The protocol recommends at
    /// least 3 s, so that one lost packet costs no connection.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Maximum length of a header of version 2 in bytes: from 232, which has room for every
    /// address, to 65,551. 4,096 unless set. A header that announces more is refused at once.
    pub fn max_header(mut self, bytes: usize) -> Self {
        let shortest = v2::FIXED + 2 * v2::UNIX;
        self.rules.longest = bytes.clamp(shortest, v2::FIXED + usize::from(u16::MAX));
        self
    }

    /// What the server does with connections from outside the trusted networks. It refuses them
    /// unless set. The address alone decides, never the first bytes of a connection.
    pub fn others(mut self, others: Others) -> Self {
        self.others = others;
        self
    }
}

/// The header is read once, after the handshake of the wrapped transport.
impl<T: Transport<Request = Socket>> TransportHooks<T> for ProxyProtocol {
    fn speaks_first(&self, inner: &T) -> Speaker {
        match inner.speaks_first() {
            // The wrapped transport has a handshake, which precedes the header.
            Speaker::Server => Speaker::Server,
            first if reads_first(inner) => first,
            _ => Speaker::Client(self.timeout),
        }
    }

    fn awaits_first_byte(&self, inner: &T, peer: &Address) -> bool {
        networks::trust(&self.trusted, peer) && inner.awaits_first_byte(peer)
    }

    fn awaits_more(&self, inner: &T, request: &Socket) -> bool {
        match reads_first(inner) {
            true => inner.awaits_more(request),
            false => read::has_part(request, &self.rules),
        }
    }

    fn silence(&self, inner: &T, request: &Socket, patience: Duration) -> io::Error {
        match reads_first(inner) {
            true => inner.silence(request, patience),
            false => read::too_late(patience),
        }
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
        let header = read::header(request, &self.rules, self.timeout)?;
        // The bytes so far came from the proxy: the client has sent nothing yet.
        request.forget_received();
        let client = header.client().cloned();
        request.set_learnt(header);
        Ok(client.or(learnt))
    }

    /// Does nothing, because the wrapped transport was prepared before the header was read.
    fn prepare(&self, _: &T, _: &Socket) -> io::Result<()> {
        Ok(())
    }
}

/// A server behind a proxy.
impl<T: Transport<Request = Socket>, C, H, S> Builder<T, C, H, S> {
    /// Makes the server read the headers of proxies that speak the
    /// [PROXY protocol](crate::proxy). `client_address` is then the real client,
    /// [`getpeername`](Socket::getpeername) the proxy, and [`Socket::proxy`] has the rest of the
    /// header. This may stand anywhere among the options. A handshake that is
    /// [`prepared`](Self::prepared) before it in the chain precedes the header, and one that is
    /// prepared after it follows the header.
    ///
    /// [`max_connections_per_address`](Self::max_connections_per_address),
    /// [`max_rate_per_address`](Self::max_rate_per_address) and
    /// [`verify_request`](crate::BaseServer::verify_request) apply to the real clients. They apply
    /// where the handler will run, because the header is read there. On a forking server, whose
    /// children read the headers, `bind` fails if one of these two limits is set.
    pub fn proxy_protocol(self, protocol: ProxyProtocol) -> Builder<Proxied<T>, C, H, S> {
        self.wrap_transport(protocol)
    }
}

impl Socket {
    /// The proxy's header of this connection, on a server with
    /// [`proxy_protocol`](crate::Builder::proxy_protocol).
    pub fn proxy(&self) -> Option<&ProxyHeader> {
        self.learnt()
    }
}
