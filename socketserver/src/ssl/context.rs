//! The context: the settings of a program, and the handshakes made with them.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection};

use super::TARGET;
use super::chain;
use super::config::{Built, Config, Resumption, Settings, Side};
use super::handshake::shake_hands;
use super::session::Session;
use super::stats::{Counts, SessionStats};
use super::trust::invalid;
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

    /// The context of a server from a configuration of the crate `rustls`, for what this context
    /// has no word for. All of TLS is as it says, also which tickets there are; its version is the
    /// `0.23` that is exported as [`ssl::rustls`](super::rustls). Beside it there may be
    /// [`handshake_timeout`](Self::handshake_timeout) and
    /// [`suppress_ragged_eofs`](Self::suppress_ragged_eofs). Early data is an error, because no
    /// handler could read it.
    ///
    /// Python: none, but OpenSSL's own functions through `ctypes`
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        Self::with(Settings { ready: Some(config), ..Settings::new(Side::Server) })
    }

    fn of(side: Side) -> Self {
        Self::with(Settings::new(side))
    }

    fn with(settings: Settings) -> Self {
        SSLContext {
            shared: Arc::new(Shared {
                settings: Mutex::new(settings),
                built: RwLock::default(),
                resumption: Mutex::default(),
                counts: Arc::default(),
                reloading: Mutex::default(),
                born: Instant::now(),
                looked_after: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn set(self, set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings.lock();
        set(&mut settings);
        *self.shared.built.write() = None;
        drop(settings);
        self
    }

    pub(super) fn try_set(
        self,
        set: impl FnOnce(&mut Settings) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut settings = self.shared.settings.lock();
        set(&mut settings)?;
        *self.shared.built.write() = None;
        drop(settings);
        Ok(self)
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
            Err(error) if chain::is_mismatch(&error) && tries < 3 => tries += 1,
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
