//! Choosing the chain for a client: by the host it asks for, and by the signatures it can check.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::chain::{Chain, Stapled};

/// The chains of a server, of which there is at least one.
#[derive(Debug)]
pub(super) struct Chains {
    all: Vec<Served>,
    /// The chains for each name. The key for `*.example.org` is `.example.org`.
    by_name: HashMap<String, Vec<usize>>,
    /// The chains for clients that ask for another host, or for none.
    others: Vec<usize>,
}

/// A chain, without and with the OCSP response of its authority.
#[derive(Debug)]
struct Served {
    plain: Arc<CertifiedKey>,
    stapled: Option<Stapled>,
}

impl Served {
    fn certified(&self) -> &Arc<CertifiedKey> {
        let good = self.stapled.as_ref().filter(|stapled| stapled.is_good());
        good.map_or(&self.plain, |stapled| &stapled.certified)
    }
}

impl Chains {
    pub(super) fn new(chains: &[Chain]) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, chain) in chains.iter().enumerate() {
            for name in &chain.names {
                let name = name.strip_prefix('*').unwrap_or(name);
                by_name.entry(name.to_owned()).or_default().push(at);
            }
        }
        let served = |chain: &Chain| Served {
            plain: chain.certified.clone(),
            stapled: chain.stapled.clone(),
        };
        let is_like_first = |at: &usize| chains[*at].names == chains[0].names;
        Chains {
            all: chains.iter().map(served).collect(),
            by_name,
            others: (0..chains.len()).filter(is_like_first).collect(),
        }
    }

    /// The chains for a name: those of the name itself, those of a wildcard, or the first one.
    fn of_name(&self, name: Option<&str>) -> &[usize] {
        let found = name.and_then(|name| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let wildcard = name.find('.').map(|dot| &name[dot..]);
            let own = self.by_name.get(&name);
            own.or_else(|| self.by_name.get(wildcard?))
        });
        found.unwrap_or(&self.others)
    }
}

impl ResolvesServerCert for Chains {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chains = self.of_name(hello.server_name());
        let is_known = |at: &&usize| {
            let key = &self.all[**at].plain.key;
            key.choose_scheme(hello.signature_schemes()).is_some()
        };
        let chosen = chains.iter().find(is_known).or(chains.first())?;
        Some(self.all[*chosen].certified().clone())
    }
}
