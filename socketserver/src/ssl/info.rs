//! Facts about a session, for a handler.

use std::fmt;

use rustls::{Connection, HandshakeKind, ProtocolVersion};

use super::session::Session;
use crate::socket::Socket;

/// The TLS of a connection: the results of its handshake.
///
/// Python: the methods of `ssl.SSLSocket`
pub struct SSLInfo<'a>(&'a Session);

impl Socket {
    /// The TLS of this connection, if it has any.
    pub fn ssl(&self) -> Option<SSLInfo<'_>> {
        self.layer_as().map(SSLInfo)
    }
}

impl SSLInfo<'_> {
    fn with<T>(&self, read: impl FnOnce(&Connection) -> T) -> T {
        read(&self.0.state.lock().connection)
    }

    /// `"TLSv1.3"` or `"TLSv1.2"`.
    ///
    /// Python: `SSLSocket.version`
    pub fn version(&self) -> &'static str {
        match self.with(|connection| connection.protocol_version()) {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        }
    }

    /// The name of the cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    ///
    /// Python: `SSLSocket.cipher()[0]`, in OpenSSL's spelling
    pub fn cipher(&self) -> String {
        let suite = self.with(|connection| connection.negotiated_cipher_suite());
        suite.map_or_else(String::new, |suite| format!("{:?}", suite.suite()))
    }

    /// The peer's certificate in DER, if the peer has sent one that is trusted.
    ///
    /// Python: `SSLSocket.getpeercert(True)`
    pub fn getpeercert(&self) -> Option<Vec<u8>> {
        self.with(|connection| Some(connection.peer_certificates()?.first()?.to_vec()))
    }

    /// The peer's certificate, followed by the others that it has sent.
    ///
    /// Python: `SSLSocket.get_unverified_chain`
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.with(|connection| {
            let chain = connection.peer_certificates().unwrap_or_default();
            chain.iter().map(|certificate| certificate.to_vec()).collect()
        })
    }

    /// The protocol above TLS that the two sides have agreed on, such as `h2`.
    ///
    /// Python: `SSLSocket.selected_alpn_protocol`
    pub fn selected_alpn_protocol(&self) -> Option<String> {
        self.with(|connection| {
            let protocol = connection.alpn_protocol()?;
            Some(String::from_utf8_lossy(protocol).into_owned())
        })
    }

    /// Whether the handshake has resumed an earlier session.
    ///
    /// Python: `SSLSocket.session_reused`
    pub fn session_reused(&self) -> bool {
        self.with(|connection| connection.handshake_kind() == Some(HandshakeKind::Resumed))
    }

    /// The name of the host that the client has asked for (SNI), never an address. The client has
    /// chosen it, so do not trust it.
    ///
    /// Python: the second argument of `SSLContext.sni_callback`
    pub fn server_name(&self) -> Option<String> {
        self.with(|connection| match connection {
            Connection::Server(connection) => connection.server_name().map(str::to_owned),
            Connection::Client(_) => None,
        })
    }

    /// Whether the stream has ended without the peer's announcement (`close_notify`). Then an
    /// attacker may have cut it off. But many clients omit the announcement, so it is no error
    /// unless [`suppress_ragged_eofs`](super::SSLContext::suppress_ragged_eofs) is false. If the
    /// messages of your protocol have lengths, you need not ask.
    pub fn truncated(&self) -> bool {
        self.0.state.lock().is_truncated
    }

    /// Whether [`recv`](Socket::recv) would return bytes without waiting. For
    /// [`select`](crate::select()) such a socket is ready.
    ///
    /// Python: `SSLSocket.pending`
    pub fn pending(&self) -> bool {
        self.0.state.lock().has_pending()
    }
}

impl fmt::Debug for SSLInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SSLInfo")
            .field("version", &self.version())
            .field("cipher", &self.cipher())
            .field("selected_alpn_protocol", &self.selected_alpn_protocol())
            .field("session_reused", &self.session_reused())
            .field("server_name", &self.server_name())
            .field("truncated", &self.truncated())
            .finish_non_exhaustive()
    }
}
