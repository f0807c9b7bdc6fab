//! How servers and clients speak TLS.

use std::path::{Path, PathBuf};

use clap::Args;
use socketserver::Socket;
use socketserver::ssl::SSLContext;

use crate::encrypted_key::EncryptedKey;
use crate::program::Failure;

/// The certificate and the key of a server.
#[derive(Clone, Debug)]
pub struct ServerTls {
    context: SSLContext,
    key: Option<EncryptedKey>,
}

impl ServerTls {
    /// TLS with files that need no password.
    ///
    /// # Errors
    /// If a file is missing or damaged.
    pub fn of_files(cert: &Path, key: &Path) -> Result<Self, Failure> {
        let context = SSLContext::new().load_cert_chain(cert, key).map_err(Failure::new)?;
        Ok(ServerTls { context, key: None })
    }

    /// TLS with a key that may need the password in the third file.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the password is wrong.
    pub fn with_password(cert: &Path, key: &Path, password: &Path) -> Result<Self, Failure> {
        let key = EncryptedKey::open(key, password).map_err(Failure::new)?;
        let context = SSLContext::new().load_cert_chain(cert, key.path());
        Ok(ServerTls { context: context.map_err(Failure::new)?, key: Some(key) })
    }

    /// Offers these protocols above TLS.
    #[must_use]
    pub fn speaking(mut self, protocols: &[&str]) -> Self {
        self.context = self.context.set_alpn_protocols(protocols);
        self
    }

    /// The context for handshakes.
    pub fn context(&self) -> &SSLContext {
        &self.context
    }

    /// Reads all files again. If that fails, the error is logged, and the old certificate stays.
    pub fn reload(&self) {
        if let Some(key) = &self.key
            && let Err(error) = key.decrypt()
        {
            log::error!("cannot read the key again ({error}): the old certificate stays");
        } else {
            // An error is logged, with the file and its fault.
            let _ = self.context.reload();
        }
    }
}

/// The options of every client.
#[derive(Args, Debug)]
pub struct ClientTls {
    /// Speak TLS, and trust the certificates in this file, or without a file those of the system
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

    /// If `--tls` was given, makes the handshake of a connection to this host.
    ///
    /// # Errors
    /// If a file is damaged, or if the server is not that host or does not speak TLS.
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
