//! The settings of a context, and the configuration of `rustls` that they make.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::StoresServerSessions;
use rustls::server::{ProducesTickets, ServerConfig};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, ConfigSide, SupportedProtocolVersion, WantsVerifier};

use super::chain::{self, Chain};
use super::keylog::Secrets;
use super::names::Chains;
use super::tickets::TicketKeys;
use super::trust::{Trust, invalid};

/// Maximum length of a ticket, in bytes: its length is a number of two bytes. A ticket contains the
/// client's certificates.
const LONGEST_TICKET: usize = 1 << 16;

/// A version of TLS.
///
/// Python: `ssl.TLSVersion`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TLSVersion {
    /// TLS 1.2, of 2008. Only its safe ciphers are offered.
    TLSv1_2,
    /// TLS 1.3, of 2018.
    TLSv1_3,
}

/// Which side of the handshake a context is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// The settings of a context.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) side: Side,
    pub(super) chains: Vec<Chain>,
    pub(super) trust: Trust,
    pub(super) protocols: Vec<Vec<u8>>,
    pub(super) minimum: TLSVersion,
    pub(super) maximum: TLSVersion,
    pub(super) secrets: Option<Secrets>,
    pub(super) timeout: Duration,
    pub(super) suppresses_ragged_eofs: bool,
    pub(super) requires_valid: bool,
    pub(super) num_tickets: usize,
    pub(super) ticket_keys: Option<TicketKeys>,
    /// The configuration of `from_rustls`, which replaces all other settings.
    pub(super) ready: Option<Arc<ServerConfig>>,
}

/// The keys that encrypt tickets, and the cache of sessions. It is kept until the trusted
/// certificates change.
#[derive(Clone)]
pub(super) struct Resumption {
    trust: Trust,
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
    /// Whether the keys belong to this process alone, and change with time.
    renews_keys: bool,
}

/// The configuration of a server or a client.
pub(super) enum Config {
    Server(Arc<ServerConfig>),
    Client(Arc<ClientConfig>),
}

/// Everything that handshakes need.
pub(super) struct Built {
    pub(super) config: Config,
    pub(super) timeout: Duration,
    pub(super) suppresses_ragged_eofs: bool,
    /// Whether each computation of a handshake takes about a millisecond at most.
    pub(super) is_brief: bool,
    pub(super) resumption: Option<Resumption>,
}

/// The cryptography of `ring`. Not the default of the process, because that panics if the other
/// crates of the program have enabled several.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Settings {
    pub(super) fn new(side: Side) -> Self {
        Settings {
            side,
            chains: Vec::new(),
            trust: Trust::default(),
            protocols: Vec::new(),
            minimum: TLSVersion::TLSv1_2,
            maximum: TLSVersion::TLSv1_3,
            secrets: None,
            timeout: Duration::from_secs(5),
            suppresses_ragged_eofs: true,
            requires_valid: false,
            num_tickets: 2,
            ticket_keys: None,
            ready: None,
        }
    }

    pub(super) fn add_chain(&mut self, certfile: &Path, keyfile: &Path) -> io::Result<()> {
        self.chains.push(self.chain(certfile, keyfile)?);
        Ok(())
    }

    fn chain(&self, certfile: &Path, keyfile: &Path) -> io::Result<Chain> {
        chain::load(certfile, keyfile, &provider(), self.requires_valid)
    }

    fn chain_again(&self, before: &Chain) -> io::Result<Chain> {
        let mut chain = self.chain(&before.certfile, &before.keyfile)?;
        if let Some(stapled) = &before.stapled {
            chain.staple(&stapled.file)?;
        }
        Ok(chain)
    }

    /// The same settings, with the files read again.
    pub(super) fn read_again(&self) -> io::Result<Self> {
        if self.ready.is_some() {
            return Err(invalid("expected a context with files, got one of from_rustls"));
        }
        let chains = self.chains.iter().map(|chain| self.chain_again(chain));
        let chains = chains.collect::<io::Result<_>>()?;
        let ticket_keys = self.ticket_keys.as_ref().map(TicketKeys::read_again).transpose()?;
        Ok(Settings { chains, trust: self.trust.read_again()?, ticket_keys, ..self.clone() })
    }

    /// The files of a server's certificates, for the log.
    pub(super) fn certfiles(&self) -> Vec<PathBuf> {
        self.chains.iter().map(|chain| chain.certfile.clone()).collect()
    }

    /// Builds everything that handshakes need. The tickets of `before` stay valid, unless the
    /// trusted certificates have changed: a resumed session is not checked again.
    pub(super) fn build(&self, before: Option<&Resumption>) -> io::Result<Built> {
        let provider = provider();
        let (config, resumption) = match (self.side, &self.ready) {
            (_, Some(config)) => {
                self.expect_nothing_beside(config)?;
                (Config::Server(config.clone()), None)
            }
            (Side::Server, None) => {
                let (config, resumption) = self.server(&provider, before)?;
                (Config::Server(Arc::new(config)), Some(resumption))
            }
            (Side::Client, None) => (Config::Client(Arc::new(self.client(&provider)?)), None),
        };
        let Self { timeout, suppresses_ragged_eofs, .. } = *self;
        let is_brief = self.is_brief();
        Ok(Built { config, timeout, suppresses_ragged_eofs, is_brief, resumption })
    }

    /// Whether each computation of a handshake takes about a millisecond at most, and does not
    /// wait. A chain of certificates from a peer may take many times as long to check, the
    /// program's own configuration may do anything, and the secrets go to a file.
    fn is_brief(&self) -> bool {
        self.side == Side::Server
            && self.ready.is_none()
            && self.secrets.is_none()
            && !self.trust.asks_clients()
            && self.chains.iter().all(|chain| chain.signs_briefly)
    }

    fn server(
        &self,
        provider: &Arc<CryptoProvider>,
        before: Option<&Resumption>,
    ) -> io::Result<(ServerConfig, Resumption)> {
        if self.chains.is_empty() {
            return Err(invalid("expected load_cert_chain on a server's context, got none"));
        }
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = self.versions(builder)?;
        let builder = match self.trust.of_clients(provider)? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Chains::new(&self.chains)));
        config.alpn_protocols.clone_from(&self.protocols);
        if let Some(secrets) = &self.secrets {
            config.key_log = Arc::new(secrets.clone());
        }
        config.send_tls13_tickets = self.num_tickets;
        let before = before.filter(|before| before.trust == self.trust);
        let sessions = before.map_or(&config.session_storage, |before| &before.sessions).clone();
        let resumption = match (&self.ticket_keys, before) {
            (None, Some(before)) if before.renews_keys => before.clone(),
            (None, _) => Resumption::new(&self.trust, sessions)?,
            (Some(keys), _) => Resumption::of(keys, &self.trust, sessions),
        };
        config.ticketer = resumption.tickets.clone();
        config.session_storage = resumption.sessions.clone();
        Ok((config, resumption))
    }

    /// Checks that no setting stands beside `from_rustls`, since it would have no effect.
    fn expect_nothing_beside(&self, config: &ServerConfig) -> io::Result<()> {
        if config.max_early_data_size > 0 {
            return Err(invalid("expected a max_early_data_size of 0 from from_rustls"));
        }
        let own = Settings::new(self.side);
        let is_alone = self.chains.is_empty()
            && self.trust == own.trust
            && self.protocols.is_empty()
            && (self.minimum, self.maximum) == (own.minimum, own.maximum)
            && self.secrets.is_none()
            && self.num_tickets == own.num_tickets
            && self.ticket_keys.is_none();
        match is_alone {
            true => Ok(()),
            false => Err(invalid(
                "expected handshake_timeout and suppress_ragged_eofs beside from_rustls, got other \
                 settings: they belong to its configuration",
            )),
        }
    }

    fn client(&self, provider: &Arc<CryptoProvider>) -> io::Result<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = self.versions(builder)?;
        let builder = builder.with_webpki_verifier(self.trust.of_servers(provider)?);
        let mut config = match self.chains.first() {
            None => builder.with_no_client_auth(),
            Some(chain) => {
                let own = SingleCertAndKey::from(chain.certified.clone());
                builder.with_client_cert_resolver(Arc::new(own))
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        if let Some(secrets) = &self.secrets {
            config.key_log = Arc::new(secrets.clone());
        }
        Ok(config)
    }

    fn versions<S: ConfigSide>(
        &self,
        builder: ConfigBuilder<S, rustls::WantsVersions>,
    ) -> io::Result<ConfigBuilder<S, WantsVerifier>> {
        let versions: &[&SupportedProtocolVersion] = match (self.minimum, self.maximum) {
            (TLSVersion::TLSv1_2, TLSVersion::TLSv1_2) => &[&TLS12],
            (TLSVersion::TLSv1_2, TLSVersion::TLSv1_3) => &[&TLS13, &TLS12],
            (TLSVersion::TLSv1_3, TLSVersion::TLSv1_3) => &[&TLS13],
            _ => return Err(invalid("expected a minimum_version up to the maximum_version")),
        };
        builder.with_protocol_versions(versions).map_err(io::Error::other)
    }
}

impl Resumption {
    fn new(trust: &Trust, sessions: Arc<dyn StoresServerSessions>) -> io::Result<Self> {
        let tickets = ring::Ticketer::new().map_err(io::Error::other)?;
        let resumption = Resumption { trust: trust.clone(), tickets, sessions, renews_keys: true };
        resumption.renew_keys();
        Ok(resumption)
    }

    /// Resumption with the keys of a file.
    fn of(keys: &TicketKeys, trust: &Trust, sessions: Arc<dyn StoresServerSessions>) -> Self {
        let tickets = keys.tickets(&trust.fingerprint());
        Resumption { trust: trust.clone(), tickets, sessions, renews_keys: false }
    }

    /// Replaces the keys of tickets when it is time, as a side effect of an encryption. It must
    /// happen before a fork, because each child would otherwise make keys that no other child has.
    ///
    /// In one process, a key decrypts no ticket that is longer than everything it has encrypted
    /// there. Therefore this encrypts a text longer than any ticket.
    pub(super) fn renew_keys(&self) {
        if self.renews_keys {
            let _ = self.tickets.encrypt(&vec![0; LONGEST_TICKET]);
        }
    }
}
