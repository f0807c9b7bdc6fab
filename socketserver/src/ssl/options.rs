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
    /// The certificate of this side with those that vouch for it, its own first, and its key: files
    /// of PEM, or the same file twice. They replace those loaded earlier.
    ///
    /// RSA from 2048 to 4096 bits, P-256, P-384 and Ed25519. P-256 makes the fastest handshakes. A
    /// key with a password must have it removed first.
    ///
    /// # Errors
    /// A file and its fault; `NotFound`, `PermissionDenied`.
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

    /// Another certificate of a server, for the hosts that it names: exactly, or as
    /// `*.example.org`, which stands for one label. Clients that ask for another host, or for none,
    /// get the first certificate. Two for the same host may differ in their kind of key: a client
    /// gets the first that it can check.
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

    /// Trusts these certificates: a file of PEM. On a server it needs a
    /// [`verify_mode`](Self::verify_mode) beside it.
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
    /// `NotFound` if there is none.
    ///
    /// Python: `SSLContext.load_default_certs`
    pub fn load_default_certs(self) -> io::Result<Self> {
        self.try_set(|settings| settings.trust.add_bundle())
    }

    /// Revokes the certificates in these lists, a file of PEM. With any list there must be one for
    /// each authority in a chain, and none may be out of date: otherwise the peer is refused.
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

    /// Appends the secrets of all sessions to a file, with which Wireshark can read them. Unlike in
    /// Python, no variable of the environment does that.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `SSLContext.keylog_filename`
    pub fn keylog_filename(self, path: impl AsRef<Path>) -> io::Result<Self> {
        let secrets = Secrets::append_to(path.as_ref())?;
        Ok(self.set(|settings| settings.secrets = Some(secrets)))
    }

    /// How long a handshake may take in all. Neither the pace of its bytes nor the socket's timeout
    /// changes that. 5 s unless set.
    pub fn handshake_timeout(self, time: Duration) -> Self {
        self.set(|settings| settings.timeout = time)
    }

    /// Whether the end of a stream that the peer has not announced is like any other, which
    /// [`truncated`](super::SSLInfo::truncated) then tells. True unless set. If false it is an
    /// error, `ConnectionAborted`. The end within a record is an error in any case.
    ///
    /// Python: the argument of `SSLContext.wrap_socket`
    pub fn suppress_ragged_eofs(self, suppress: bool) -> Self {
        self.set(|settings| settings.suppresses_ragged_eofs = suppress)
    }

    /// Whether it is an error to load a certificate that has expired or is not valid yet, now or in
    /// a [`reload`](Self::reload). Unless set, it is served, with a warning in the log.
    ///
    /// # Errors
    /// A file that was loaded before, and its date.
    ///
    /// Python: none, as it serves such certificates without a word
    pub fn require_valid(self, require: bool) -> io::Result<Self> {
        self.try_set(|settings| {
            if require {
                settings.chains.iter().try_for_each(|chain| chain.expect_valid())?;
            }
            settings.requires_valid = require;
            Ok(())
        })
    }

    /// What the authority says about the certificate that was loaded last: an OCSP response in DER,
    /// such as `openssl ocsp -respout` makes. Clients that ask for it get it with the certificate,
    /// until it expires. Nothing is fetched: renew the file, and [`reload`](Self::reload).
    ///
    /// # Errors
    /// As [`load_cert_chain`](Self::load_cert_chain), and `InvalidInput` before that.
    ///
    /// Python: none, as `ssl` sends no such responses
    pub fn ocsp_response(self, file: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| {
            let chain = settings.chains.last_mut().ok_or_else(|| {
                invalid("expected load_cert_chain before ocsp_response, got no certificate")
            })?;
            chain.staple(file.as_ref())
        })
    }

    /// How many tickets a client of TLS 1.3 gets, with each of which it can go on with its session
    /// once. 2 unless set. With 0 it gets none. Clients of 1.2 get one in any case.
    ///
    /// Python: `SSLContext.num_tickets`
    pub fn num_tickets(self, number: usize) -> Self {
        self.set(|settings| settings.num_tickets = number)
    }

    /// Tickets with the keys in this file, so that sessions go on in other processes with the same
    /// file: on another machine, or after a restart. Each line is a key, as `openssl rand -hex 32`
    /// prints it; lines may be empty, or begin with `#`. New tickets have the first key. Those of
    /// the others are still good, for 12 hours. So for a new key each day, write it above those of
    /// yesterday, and [`reload`](Self::reload). Keep the file as secret as the private key.
    ///
    /// A ticket is good only where the same certificates are trusted, because a session that goes
    /// on is not checked again. Unless this is set, the keys are in the memory of the process and
    /// its forked children alone, and change every six hours.
    ///
    /// # Errors
    /// The file and its fault.
    ///
    /// Python: none; OpenSSL's `SSL_CTX_set_tlsext_ticket_keys`
    pub fn ticket_keys(self, file: impl AsRef<Path>) -> io::Result<Self> {
        self.try_set(|settings| {
            settings.ticket_keys = Some(TicketKeys::read(file.as_ref())?);
            Ok(())
        })
    }
}
