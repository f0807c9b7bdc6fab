//! The context: the settings of a program, and the handshakes made with them.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConnection};

use super::TARGET;
use super::config::{Built, Config, Resumption, Settings, Side, TLSVersion};
use super::files;
use super::handshake::shake_hands;
use super::keylog::Secrets;
use super::session::Session;
use super::stats::{Counts, SessionStats};
use super::trust::{VerifyMode, invalid};
use crate::socket::Socket;
use crate::wait;

/// Certificates, keys and options of TLS. A clone is another name for the same context, also for
/// one that a server uses: [`reload`](Self::reload) is called on it. If settings do not fit
/// together, that is an error of the server's `bind`, or of the next handshake.
///
/// Python: `ssl.SSLContext`
#[derive(Clone)]
pub struct SSLContext {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Mutex<Settings>,
    /// The configuration built from the settings, once they are used.
    built: RwLock<Option<Arc<Built>>>,
    /// The keys for tickets. They outlive the configuration.
    resumption: Mutex<Option<Resumption>>,
    counts: Arc<Counts>,
    /// Held while files are read again.
    reloading: Mutex<()>,
    born: Instant,
    /// Minutes since then when the keys of tickets were last looked after.
    looked_after: AtomicU64,
}

impl SSLContext {
    /// The context of a server. It needs [`load_cert_chain`](Self::load_cert_chain).
    ///
    /// Python: `SSLContext(PROTOCOL_TLS_SERVER)`
    #[expect(clippy::new_without_default, reason = "nothing can be done with it as it is")]
    pub fn new() -> Self {
        Self::of(Side::Server)
    }

    /// The context of a client. It needs [`load_verify_locations`](Self::load_verify_locations) or
    /// [`load_default_certs`](Self::load_default_certs), and checks the server's certificate and
    /// name always.
    ///
    /// Python: `SSLContext(PROTOCOL_TLS_CLIENT)`
    pub fn client() -> Self {
        Self::of(Side::Client)
    }

    fn of(side: Side) -> Self {
        SSLContext {
            shared: Arc::new(Shared {
                settings: Mutex::new(Settings::new(side)),
                built: RwLock::default(),
                resumption: Mutex::default(),
                counts: Arc::default(),
                reloading: Mutex::default(),
                born: Instant::now(),
                looked_after: AtomicU64::new(0),
            }),
        }
    }

    fn set(self, set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings.lock();
        set(&mut settings);
        *self.shared.built.write() = None;
        drop(settings);
        self
    }

    fn try_set(self, set: impl FnOnce(&mut Settings) -> io::Result<()>) -> io::Result<Self> {
        let mut settings = self.shared.settings.lock();
        set(&mut settings)?;
        *self.shared.built.write() = None;
        drop(settings);
        Ok(self)
    }

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

    /// Reads all files again: for renewed certificates. New connections get them at once, and live
    /// ones keep the old. Sessions go on with new certificates, but not if the trusted certificates
    /// have changed, because a session that goes on is not checked again.
    ///
    /// Of two files, one is written first, so if a key does not belong to its certificate, this
    /// waits for up to 300 ms.
    ///
    /// # Errors
    /// A file and its fault. Then all stays as it was, which is logged.
    pub fn reload(&self) -> io::Result<()> {
        let _turn = self.shared.reloading.lock();
        let mut settings = self.shared.settings.lock().clone();
        let reloaded = read_patiently(&settings).and_then(|fresh| {
            settings = fresh;
            settings.build(self.shared.resumption.lock().as_ref())
        });
        match reloaded {
            Ok(built) => {
                log::info!(target: TARGET, "reloaded {:?}", settings.certfiles());
                let mut current = self.shared.settings.lock();
                *current = settings;
                self.shared.use_from_now_on(built);
                Ok(())
            }
            Err(error) => {
                log::error!(target: TARGET, "reload failed ({error}): the old certificates stay");
                Err(error)
            }
        }
    }

    /// The counters so far.
    ///
    /// Python: `SSLContext.session_stats`
    pub fn session_stats(&self) -> SessionStats {
        self.shared.counts.read()
    }

    /// Shakes hands with the client of a connection, as its server: in a handler, where a protocol
    /// has STARTTLS. From then on all handles of the socket, `rfile` and `wfile` use TLS.
    ///
    /// Bytes that the client has sent too early are never taken for protected ones: if an `rfile`
    /// has them that is an error, and otherwise they fail the handshake.
    ///
    /// # Errors
    /// An [`SSLError`](super::SSLError) inside; `AlreadyExists` if the connection has TLS;
    /// `InvalidInput` for unread bytes, or a client's context; the system's.
    ///
    /// Python: `SSLContext.wrap_socket(request, server_side=True)`
    pub fn wrap_socket(&self, request: &Socket) -> io::Result<()> {
        let built = self.built()?;
        let Config::Server(config) = &built.config else {
            return Err(invalid("expected a server's context, got one of SSLContext::client()"));
        };
        let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        self.wrap(request, Connection::Server(connection), &built)
    }

    /// Shakes hands with the server at the other end of a connection, and checks that it is this
    /// host: a name, or an IP address.
    ///
    /// # Errors
    /// As [`wrap_socket`](Self::wrap_socket); `InvalidInput` if the host is neither.
    ///
    /// Python: `SSLContext.wrap_socket(socket, server_hostname=host)`
    pub fn connect(&self, socket: &Socket, host: &str) -> io::Result<()> {
        let built = self.built()?;
        let Config::Client(config) = &built.config else {
            return Err(invalid("expected SSLContext::client(), got a server's context"));
        };
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| invalid(&format!("expected a host, got {host:?}")))?;
        let connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        self.wrap(socket, Connection::Client(connection), &built)
    }

    fn wrap(&self, socket: &Socket, connection: Connection, built: &Built) -> io::Result<()> {
        socket.ready_for_layer()?;
        let counts = &self.shared.counts;
        counts.begin();
        let state = shake_hands(socket, connection, built.timeout)
            .inspect_err(|error| counts.failed(socket, error))?;
        counts.done(state.connection.handshake_kind() == Some(HandshakeKind::Resumed));
        // What came was the handshake's: the client's own first byte is still to come.
        socket.forget_received();
        socket.set_layer(Session::new(state, built.suppresses_ragged_eofs, counts.clone()))
    }

    /// What handshakes need.
    pub(super) fn built(&self) -> io::Result<Arc<Built>> {
        if let Some(built) = &*self.shared.built.read() {
            return Ok(built.clone());
        }
        // Held while this builds, so that no thread changes a setting or builds meanwhile.
        let settings = self.shared.settings.lock();
        if let Some(built) = &*self.shared.built.read() {
            return Ok(built.clone());
        }
        let built = settings.build(self.shared.resumption.lock().as_ref())?;
        Ok(self.shared.use_from_now_on(built))
    }

    /// Called on the loop's thread, and so before a fork: once a minute it looks after the keys of
    /// tickets.
    pub(super) fn look_after_tickets(&self) {
        let minutes = self.shared.born.elapsed().as_secs() / 60;
        if self.shared.looked_after.swap(minutes, Relaxed) != minutes
            && let Some(resumption) = &*self.shared.resumption.lock()
        {
            resumption.renew_keys();
        }
    }
}

impl Shared {
    fn use_from_now_on(&self, built: Built) -> Arc<Built> {
        self.resumption.lock().clone_from(&built.resumption);
        let built = Arc::new(built);
        *self.built.write() = Some(built.clone());
        built
    }
}

/// Reads all files, again and again for a moment if a key does not belong to its certificate.
fn read_patiently(settings: &Settings) -> io::Result<Settings> {
    let mut tries = 0;
    loop {
        match settings.read_again() {
            Err(error) if files::is_mismatch(&error) && tries < 3 => tries += 1,
            result => return result,
        }
        wait::sleep(Duration::from_millis(100));
    }
}

impl fmt::Debug for SSLContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.shared.settings.lock();
        f.debug_struct("SSLContext")
            .field("side", &settings.side)
            .field("certfiles", &settings.certfiles())
            .finish_non_exhaustive()
    }
}
