//! The option of clients that speak TLS.

use std::path::PathBuf;

use clap::Args;
use socketserver::Socket;
use socketserver::ssl::SSLContext;

use crate::program::Failure;

/// The options of every client.
#[derive(Args, Debug)]
pub struct ClientTls {
    /// Speak TLS, and trust the certificates in this file, or else those that the system trusts
    #[arg(long, value_name = "CA", num_args = 0..=1, require_equals = true)]
    tls: Option<Option<PathBuf>>,

    /// The host that the server's certificate must name [default: that of the address]
    #[arg(long, value_name = "HOST", requires = "tls")]
    tls_host: Option<String>,
}

impl ClientTls {
    /// Whether the option was given.
    pub fn is_given(&self) -> bool {
        self.tls.is_some()
    }

    /// Shakes hands over a connection to this host, if that was asked for.
    ///
    /// # Errors
    /// If a file is wrong, or the server is not that host or does not speak TLS.
    pub fn wrap(&self, connection: &Socket, host: &str) -> Result<(), Failure> {
        let Some(ca) = &self.tls else { return Ok(()) };
        let context = match ca {
            Some(ca) => SSLContext::client().load_verify_locations(ca),
            None => SSLContext::client().load_default_certs(),
        };
        let host = self.tls_host.as_deref().unwrap_or(host);
        context.and_then(|context| context.connect(connection, host)).map_err(Failure::new)
    }
}
