//! Clients with TLS, and the configuration of a server, made of `rustls` without the library under test.

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, ServerConfig, StreamOwned,
};

use crate::client::patient;
use crate::prelude::*;

/// The configuration of a server with this chain of certificates, and its key.
pub fn server_config(cert: &Path, key: &Path) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(cert).expect("a file");
    let chain = chain.collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    builder.with_no_client_auth().with_single_cert(chain, key).expect("a key that fits")
}

/// The configuration of a client that trusts this authority, with or without a certificate.
pub fn client_config(authority: &Authority, own: Option<&Files>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(authority.root()).expect("a file") {
        roots.add(root.expect("PEM")).expect("a certificate");
    }
    let builder = trusting(roots);
    let Some(own) = own else { return builder.with_no_client_auth() };
    let chain = CertificateDer::pem_file_iter(&own.cert).expect("a file");
    let chain = chain.collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_file(&own.key).expect("a key");
    builder.with_client_auth_cert(chain, key).expect("a key that fits")
}

fn trusting(roots: RootCertStore) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("versions");
    builder.with_root_certificates(roots)
}

/// A hello, as a client sends it, of which no handshake comes.
pub fn client_hello() -> Vec<u8> {
    let host = ServerName::try_from("localhost").expect("a host");
    let config = Arc::new(trusting(RootCertStore::empty()).with_no_client_auth());
    let mut session = ClientConnection::new(config, host).expect("a client");
    let mut hello = Vec::new();
    session.write_tls(&mut hello).expect("a vector takes all");
    hello
}

/// A connection with TLS. Each of its calls fails at the deadline.
#[derive(Debug)]
pub struct TlsClient(pub StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    /// A connection to `host` at this address, which is made with the first bytes.
    #[track_caller]
    pub fn connect(address: &Address, config: impl Into<Arc<ClientConfig>>, host: &str) -> Self {
        let name = ServerName::try_from(host.to_owned()).expect("a host");
        let session = ClientConnection::new(config.into(), name).expect("a client");
        let tcp = TcpStream::connect_timeout(&inet(address), DEADLINE).expect("connect");
        patient(SockRef::from(&tcp)).expect("timeouts");
        TlsClient(StreamOwned::new(session, tcp))
    }

    /// Sends `data` and receives as many bytes.
    ///
    /// # Errors
    /// The session's.
    pub fn try_ask(&mut self, data: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(data)?;
        self.0.flush()?;
        let mut answer = vec![0; data.len()];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// Asks an echo, which must answer.
    #[track_caller]
    pub fn ask(&mut self, data: &[u8]) {
        let answer = self.try_ask(data).expect("an answer");
        assert!(answer == data, "the answer to {} bytes is another", data.len());
    }

    /// Says that no more will come.
    #[track_caller]
    pub fn close(&mut self) {
        self.0.conn.send_close_notify();
        while self.0.conn.wants_write() {
            self.0.conn.write_tls(&mut self.0.sock).expect("sent");
        }
    }
}
