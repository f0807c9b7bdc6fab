//! What the faults of TLS share: certificates, and clients that trust them.

use rustls::ClientConfig;
use rustls::client::Resumption;
use socketserver::ssl::SSLContext;

use crate::prelude::*;

/// The context of a server from its first two arguments.
pub(crate) fn context(arguments: &[String]) -> SSLContext {
    SSLContext::new().load_cert_chain(&arguments[0], &arguments[1]).expect("good files")
}

/// The files of a server, and a client that trusts it.
pub(crate) struct Trusting {
    authority: Authority,
    pub(crate) files: Files,
    /// Goes on with earlier sessions.
    pub(crate) config: Arc<ClientConfig>,
    /// Begins anew each time, and so gets the certificate.
    pub(crate) forgetful: Arc<ClientConfig>,
}

impl Trusting {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("faults");
        let files = authority.issue(&["localhost"]);
        let config = client_config(&authority, None);
        let mut forgetful = config.clone();
        forgetful.resumption = Resumption::disabled();
        Trusting { authority, files, config: Arc::new(config), forgetful: Arc::new(forgetful) }
    }

    /// The two paths of the server.
    pub(crate) fn arguments(&self) -> [&str; 2] {
        [&self.files.cert, &self.files.key].map(|path| path.to_str().expect("text"))
    }

    /// Puts a new certificate where the server's is.
    pub(crate) fn renew(&self) {
        let fresh = self.authority.issue(&["localhost"]);
        fs::copy(fresh.cert, &self.files.cert).expect("copy");
        fs::copy(fresh.key, &self.files.key).expect("copy");
    }

    /// A client that shakes hands in full, with the first line that it sends.
    #[track_caller]
    pub(crate) fn connect(&self, address: &Address) -> TlsClient {
        TlsClient::connect(address, self.forgetful.clone(), "localhost")
    }

    /// Shakes hands, asks once and says good-bye.
    #[track_caller]
    pub(crate) fn echo_one(&self, address: &Address) {
        let mut client = self.connect(address);
        client.ask(b"ping\n");
        client.close();
        assert_eq!(client.0.read(&mut [0]).expect("an end that was announced"), 0);
    }
}
