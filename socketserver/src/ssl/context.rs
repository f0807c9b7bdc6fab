//! The context: the settings of a program, and handshakes with these settings.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection};

use super::TARGET;
use super::chain;
use super::config::{Built, Config, Resumption, Settings, Side};
use super::handshake::{shake_hands, too_late};
use super::session::Session;
use super::stats::{Counts, SessionStats};
use super::trust::invalid;
use crate::green;
use crate::socket::Socket;

/// Certificates, keys and options of TLS. A clone is another handle of the same context: keep one
/// to [`reload`](Self::reload) the certificates of a server. If settings contradict each other, the
/// server's `bind` or the next handshake returns an error.
///
/// Python: `ssl.SSLContext`
#[derive(Clone)]
pub struct SSLContext {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Mutex<Settings>,
    /// The configuration that was built from the settings at the first use.
    built: RwLock<Option<Arc<Built>>>,
    /// The keys of tickets, which outlive the configuration.
    resumption: Mutex<Option<Resumption>>,
    counts: Arc<Counts>,
    /// Held while files are read again.
    reloading: Mutex<()>,
    born: Instant,
    /// Minute, counted from `born`, in which the keys of tickets were last checked.
    looked_after: AtomicU64,
}

impl SSLContext {
    /// The context of a server. It needs [`load_cert_chain`](Self::load_cert_chain).
    ///
    /// Python: `SSLContext(PROTOCOL_TLS_SERVER)`
    #[expect(clippy::new_without_default, reason = "it needs a certificate to be of use")]
    pub fn new() -> Self {
        Self::of(Side::Server)
    }

    /// The context of a client. It needs [`load_verify_locations`](Self::load_verify_locations) or
    /// [`load_default_certs`](Self::load_default_certs). It always checks the server's certificate
    /// and name.
    ///
    /// Python: `SSLContext(PROTOCOL_TLS_CLIENT)`
    pub fn client() -> Self {
        Self::of(Side::Client)
    }

    /// The context of a server from a configuration of the crate `rustls`, for settings that this
    /// type does not have. The configuration decides everything about TLS, tickets included. Use
    /// the version of the crate that is exported as [`ssl::rustls`](super::rustls).
    ///
    /// Only [`handshake_timeout`](Self::handshake_timeout) and
    /// [`suppress_ragged_eofs`](Self::suppress_ragged_eofs) may be set beside it. Early data is an
    /// error, because no handler could read them.
    ///
    /// Python: none, except OpenSSL's own functions through `ctypes`
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

    /// Reads all files again, for renewed certificates. New connections get the new certificates at
    /// once, and live ones keep the old. Sessions can be resumed after a renewal, but not if the
    /// trusted certificates have changed, because a resumed session is not checked again.
    ///
    /// If a key does not belong to its certificate, this waits for up to 300 ms and reads both
    /// again, because a renewal writes one file before the other.
    ///
    /// # Errors
    /// The file and its fault. Then the old certificates stay in use, and an error is logged.
    pub fn reload(&self) -> io::Result<()> {
        let context = self.clone();
        green::blocking(move || context.reload_here())
    }

    /// Blocks the thread, also while it holds a lock.
    fn reload_here(&self) -> io::Result<()> {
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

    /// Adds TLS to a connection in a handler, as the server: for protocols with STARTTLS. After
    /// this call all handles of the socket, `rfile` and `wfile` use TLS.
    ///
    /// Plain bytes that the client has sent too early are never taken for protected ones. They fail
    /// the handshake, or this call, if an `rfile` has read them already.
    ///
    /// # Errors
    /// An error with an [`SSLError`](super::SSLError) inside if the handshake fails;
    /// `AlreadyExists` if the connection has TLS already; `InvalidInput` if an `rfile` holds unread
    /// bytes, or for a client's context; the system's.
    ///
    /// Python: `SSLContext.wrap_socket(request, server_side=True)`
    pub fn wrap_socket(&self, request: &Socket) -> io::Result<()> {
        self.accept(request, |time| time)
    }

    /// Makes a handshake as the server, within the rest of its time, which `left_of` computes.
    pub(super) fn accept(
        &self,
        request: &Socket,
        left_of: impl FnOnce(Duration) -> Duration,
    ) -> io::Result<()> {
        let built = self.built()?;
        let Config::Server(config) = &built.config else {
            return Err(invalid("expected a server's context, got one of SSLContext::client()"));
        };
        let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        self.wrap(request, Connection::Server(connection), &built, left_of(built.timeout))
    }

    /// Adds TLS to a connection, as the client, and checks that the server is `host`: a name or an
    /// IP address.
    ///
    /// # Errors
    /// As [`wrap_socket`](Self::wrap_socket); `InvalidInput` if `host` is neither, or for a
    /// server's context.
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
        self.wrap(socket, Connection::Client(connection), &built, built.timeout)
    }

    /// How long a handshake may take.
    pub(super) fn time(&self) -> Duration {
        self.shared.settings.lock().timeout
    }

    /// Counts a client that has not begun its handshake in time, and returns its error.
    pub(super) fn count_silent(&self, client: &Socket, time: Duration) -> io::Error {
        let error = too_late(time);
        self.shared.counts.begin();
        self.shared.counts.failed(client, &error);
        error
    }

    fn wrap(
        &self,
        socket: &Socket,
        connection: Connection,
        built: &Built,
        left: Duration,
    ) -> io::Result<()> {
        socket.ready_for_layer()?;
        let counts = &self.shared.counts;
        counts.begin();
        let state = shake_hands(socket, connection, built, left)
            .inspect_err(|error| counts.failed(socket, error))?;
        counts.done(state.connection.handshake_kind() == Some(HandshakeKind::Resumed));
        // The bytes so far were those of the handshake: the request has not begun yet.
        socket.forget_received();
        socket.set_layer(Session::new(state, built.suppresses_ragged_eofs, counts.clone()))
    }

    /// Everything that handshakes need, built at the first use.
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

    /// Checks the keys of tickets once a minute. Called on the loop's thread, and therefore before
    /// a fork.
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

/// Reads all files. If a key does not belong to its certificate, tries again for a moment.
fn read_patiently(settings: &Settings) -> io::Result<Settings> {
    let mut tries = 0;
    loop {
        match settings.read_again() {
            Err(error) if chain::is_mismatch(&error) && tries < 3 => tries += 1,
            result => return result,
        }
        thread::sleep(Duration::from_millis(100));
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
