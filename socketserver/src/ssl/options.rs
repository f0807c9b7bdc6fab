//! The settings of a context, each with its method.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::config::{Settings, TLSVersion};
use super::context::SSLContext;
use super::keylog::Secrets;
use super::tickets::TicketKeys;
use super::trust::{VerifyMode, invalid};

impl SSLContext {
    /// Loads the certificate of this side, followed by its intermediate certificates, and its
    /// private key. Both files are PEM, and may be the same file. They replace those loaded
    /// earlier.
    ///
    /// The key may be RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519. P-256 makes the fastest
    /// handshakes. A file with a password is an error, which names the command that removes it.
    ///
    /// # Errors
    /// The file and its fault: `InvalidData`, `NotFound`, `PermissionDenied`.
    ///
    /// Python: `SSLContext.load_cert_chain`
    pub fn load_cert_chain(
        self,
        certfile: impl AsRef<Path>,
        keyfile: impl AsRef<Path>,
    ) -> io::Result<Self> {
        self.try_set(|settings| {
            let mut fresh = Settings { chains: Vec::new(), ..settings.clone() };
            fresh.add_chain(certfile.as_ref(), keyfile.as_ref())?;
            *settings = fresh;
            Ok(())
        })
    }

    /// Adds a certificate of a server for the hosts that it names, exactly or as `*.example.org`,
    /// where `*` stands for one label. Clients that ask for another host, or for none, get the
    /// first certificate. A host may have several, with different kinds of keys: a client gets the
    /// first that it can check.
    ///
    /// # Errors
    /// As [`load_cert_chain`](Self::load_cert_chain).
    ///
    /// Python: `SSLContext.sni_callback`, and a context for each host
    pub fn add_cert_chain(
        self,
        certfile: impl AsRef<Path>,
        keyfile: impl AsRef<Path>,
    ) -> io::Result<Self> {
        self.try_set(|settings| settings.add_chain(certfile.as_ref(), keyfile.as_ref()))
    }

    /// Trusts the certificates in this file of PEM. A server also needs a
    /// [`verify_mode`](Self::verify_mode).
    ///
    /// # Errors
    /// As [`load_cert_chain`](Self::load_cert_chain).
    ///
    /// Python: `SSLContext.load_verify_locations(cafile)`
    pub fn load_verify_locations(self, cafile: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| settings.trust.add_roots(cafile.as_ref().to_owned()))
    }

    /// Trusts the certificates that the system trusts, from the package `ca-certificates`.
    ///
    /// # Errors
    /// `NotFound` if the package is not installed.
    ///
    /// Python: `SSLContext.load_default_certs`
    pub fn load_default_certs(self) -> io::Result<Self> {
        self.try_set(|settings| settings.trust.add_bundle())
    }

    /// Refuses peers whose certificates are in these revocation lists, a file of PEM. Once there is
    /// a list, each authority of a peer's chain needs one that is not out of date; otherwise the
    /// peer is refused.
    ///
    /// # Errors
    /// As [`load_cert_chain`](Self::load_cert_chain).
    ///
    /// Python: `load_verify_locations` and `VERIFY_CRL_CHECK_CHAIN`
    pub fn load_crl(self, crlfile: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| settings.trust.add_crl(crlfile.as_ref().to_owned()))
    }

    /// Whether a server asks its clients for certificates. It does not unless set.
    ///
    /// Python: `SSLContext.verify_mode`
    pub fn verify_mode(self, mode: VerifyMode) -> Self {
        self.set(|settings| settings.trust.mode = Some(mode))
    }

    /// The protocols above TLS, such as `http/1.1`, the best first. A client that offers
    /// only others is refused, and a client that offers none is served.
    ///
    /// Python: `SSLContext.set_alpn_protocols`
    pub fn set_alpn_protocols<P: AsRef<[u8]>>(
        self,
        protocols: impl IntoIterator<Item = P>,
    ) -> Self {
        let protocols = protocols.into_iter().map(|protocol| protocol.as_ref().to_vec()).collect();
        self.set(|settings| settings.protocols = protocols)
    }

    /// The oldest version. 1.2 unless set; older ones are not available.
    ///
    /// Python: `SSLContext.minimum_version`
    pub fn minimum_version(self, version: TLSVersion) -> Self {
        self.set(|settings| settings.minimum = version)
    }

    /// The newest version. 1.3 unless set.
    ///
    /// Python: `SSLContext.maximum_version`
    pub fn maximum_version(self, version: TLSVersion) -> Self {
        self.set(|settings| settings.maximum = version)
    }

    /// Appends the secrets of all sessions to a file, with which Wireshark can decrypt them. Unlike
    /// Python, this crate ignores the environment variable `SSLKEYLOGFILE`.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// Python: `SSLContext.keylog_filename`
    pub fn keylog_filename(self, path: impl AsRef<Path>) -> io::Result<Self> {
        let secrets = Secrets::append_to(path.as_ref())?;
        Ok(self.set(|settings| settings.secrets = Some(secrets)))
    }

    /// Maximum time of a whole handshake, whatever the pace of its bytes and the timeout of the
    /// socket. 5 s unless set. On a server the time begins when a connection is accepted, but a
    /// wait for a worker does not count. `bind` reads it, for the wait for the client's hello.
    pub fn handshake_timeout(self, time: Duration) -> Self {
        self.set(|settings| settings.timeout = time)
    }

    /// Whether the end of a stream that the peer has not announced counts as a normal end. True
    /// unless set; [`truncated`](super::SSLInfo::truncated) reports such an end. If false, it is
    /// the error `ConnectionAborted`. An end within a record is an error in any case.
    ///
    /// Python: the argument of `SSLContext.wrap_socket`
    pub fn suppress_ragged_eofs(self, suppress: bool) -> Self {
        self.set(|settings| settings.suppresses_ragged_eofs = suppress)
    }

    /// Whether it is an error to load a certificate that has expired or is not valid yet, now or in
    /// a [`reload`](Self::reload). Unless set, such a certificate is served, and the log has a
    /// warning.
    ///
    /// # Errors
    /// The file and its date, if such a certificate is loaded already.
    ///
    /// Python: none; it serves such certificates silently
    pub fn require_valid(self, require: bool) -> io::Result<Self> {
        self.try_set(|settings| {
            if require {
                settings.chains.iter().try_for_each(|chain| chain.expect_valid())?;
            }
            settings.requires_valid = require;
            Ok(())
        })
    }

    /// Loads the authority's OCSP response about the certificate that was loaded last: a file of
    /// DER, such as `openssl ocsp -respout` makes. Clients that ask for the response get it with
    /// the certificate, until it expires. The server does not fetch a new one: renew the file, and
    /// [`reload`](Self::reload).
    ///
    /// # Errors
    /// As [`load_cert_chain`](Self::load_cert_chain); `InvalidInput` if no certificate was loaded
    /// before.
    ///
    /// Python: none; `ssl` sends no such responses
    pub fn ocsp_response(self, file: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| {
            let chain = settings.chains.last_mut().ok_or_else(|| {
                invalid("expected load_cert_chain before ocsp_response, got no certificate")
            })?;
            chain.staple(file.as_ref())
        })
    }

    /// Number of tickets that a client of TLS 1.3 gets. With each it can resume its session once.
    /// 2 unless set; 0 for none. A client of TLS 1.2 gets one in any case.
    ///
    /// Python: `SSLContext.num_tickets`
    pub fn num_tickets(self, number: usize) -> Self {
        self.set(|settings| settings.num_tickets = number)
    }

    /// Encrypts tickets with the keys in this file. Sessions can then be resumed in other processes
    /// with the same file, on another machine or after a restart. Each line is a key, as `openssl
    /// rand -hex 32` prints it; lines may also be empty, or begin with `#`. Keep the file as secret
    /// as the private key.
    ///
    /// New tickets are encrypted with the first key, and tickets of all keys are accepted, for 12
    /// hours. To use a new key each day, write it above the key of yesterday, and
    /// [`reload`](Self::reload).
    ///
    /// A ticket is accepted only if the same certificates are trusted, because a resumed session is
    /// not checked again. Unless this is set, the keys exist in the memory of the process and its
    /// forked children alone, and change every six hours.
    ///
    /// # Errors
    /// The file and its fault.
    ///
    /// Python: none; in OpenSSL `SSL_CTX_set_tlsext_ticket_keys`
    pub fn ticket_keys(self, file: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| {
            settings.ticket_keys = Some(TicketKeys::read(file.as_ref())?);
            Ok(())
        })
    }
}
