//! The settings of a context, and what `rustls` makes of them.

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

use super::files::{self, Chain};
use super::keylog::Secrets;
use super::names::Chains;
use super::trust::{Trust, invalid};

/// Its length is a number of two bytes. It has the client's certificates in it.
const LONGEST_TICKET: usize = 1 << 16;

/// A version of TLS.
///
/// Python: `ssl.TLSVersion`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TLSVersion {
    /// Of 2008, in its safe parts.
    TLSv1_2,
    /// Of 2018.
    TLSv1_3,
}

/// Which side of the handshake a context is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// Everything that a program has set.
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
}

/// What tickets are made with. It lives as long as the trust of the sessions that they are for.
#[derive(Clone)]
pub(super) struct Resumption {
    trust: Trust,
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
}

/// The configuration of either side.
pub(super) enum Config {
    Server(Arc<ServerConfig>),
    Client(Arc<ClientConfig>),
}

/// What handshakes need.
pub(super) struct Built {
    pub(super) config: Config,
    pub(super) timeout: Duration,
    pub(super) suppresses_ragged_eofs: bool,
    pub(super) resumption: Option<Resumption>,
}

/// Never the default of the process: that panics in a program whose other crates have chosen
/// several.
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
        }
    }

    pub(super) fn add_chain(&mut self, certfile: &Path, keyfile: &Path) -> io::Result<()> {
        self.chains.push(files::chain(certfile, keyfile, &provider())?);
        Ok(())
    }

    /// The same from the files as they are now.
    pub(super) fn read_again(&self) -> io::Result<Self> {
        let provider = provider();
        let chain = |chain: &Chain| files::chain(&chain.certfile, &chain.keyfile, &provider);
        let chains = self.chains.iter().map(chain).collect::<io::Result<_>>()?;
        Ok(Settings { chains, trust: self.trust.read_again()?, ..self.clone() })
    }

    /// The files of a server's certificates, for the log.
    pub(super) fn certfiles(&self) -> Vec<PathBuf> {
        self.chains.iter().map(|chain| chain.certfile.clone()).collect()
    }

    /// What handshakes need. Tickets of `before` stay good unless something else is trusted now: a
    /// session that goes on is not checked again.
    pub(super) fn build(&self, before: Option<&Resumption>) -> io::Result<Built> {
        let provider = provider();
        let (config, resumption) = match self.side {
            Side::Server => {
                let (config, resumption) = self.server(&provider, before)?;
                (Config::Server(Arc::new(config)), Some(resumption))
            }
            Side::Client => (Config::Client(Arc::new(self.client(&provider)?)), None),
        };
        let Self { timeout, suppresses_ragged_eofs, .. } = *self;
        Ok(Built { config, timeout, suppresses_ragged_eofs, resumption })
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
        let resumption = match before {
            Some(before) if before.trust == self.trust => before.clone(),
            _ => Resumption::new(&self.trust, config.session_storage.clone())?,
        };
        config.ticketer = resumption.tickets.clone();
        config.session_storage = resumption.sessions.clone();
        Ok((config, resumption))
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
        let resumption = Resumption { trust: trust.clone(), tickets, sessions };
        resumption.renew_keys();
        Ok(resumption)
    }

    /// Makes new keys for tickets when it is time. An encryption does that; those in the children
    /// of a server that forks would make keys that no other child has.
    ///
    /// A key opens no ticket that is longer than what it has encrypted, in its own process: so it
    /// encrypts something longer than any ticket before the children come.
    pub(super) fn renew_keys(&self) {
        let _ = self.tickets.encrypt(&vec![0; LONGEST_TICKET]);
    }
}
