//! Whose certificates are trusted.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ring::digest;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::files;

/// Files with the certificates that the system trusts, by distribution.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Whether a server asks its clients for certificates.
///
/// Python: `ssl.VerifyMode`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyMode {
    /// The server does not ask.
    ///
    /// Python: `CERT_NONE`
    None,
    /// The server asks. It serves clients without a certificate, and refuses clients whose
    /// certificate is not trusted.
    ///
    /// Python: `CERT_OPTIONAL`
    Optional,
    /// The server refuses clients without a trusted certificate.
    ///
    /// Python: `CERT_REQUIRED`
    Required,
}

/// The trusted certificates, and the revocation lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trust {
    files: Vec<PathBuf>,
    crl_files: Vec<PathBuf>,
    roots: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    /// `None` unless the program has set it. A server that trusts certificates needs it.
    pub(super) mode: Option<VerifyMode>,
}

impl Trust {
    pub(super) fn add_roots(&mut self, path: PathBuf) -> io::Result<()> {
        let roots = files::roots(&path)?;
        // Checked here, so that a damaged certificate is an error about the file, not a failed
        // handshake.
        let mut store = RootCertStore::empty();
        for root in &roots {
            store.add(root.clone()).map_err(|error| {
                let text =
                    format!("{}: has a certificate that cannot be used: {error}", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
        }
        self.roots.extend(roots);
        self.files.push(path);
        Ok(())
    }

    pub(super) fn add_crl(&mut self, path: PathBuf) -> io::Result<()> {
        self.crls.extend(files::revocation_lists(&path)?);
        self.crl_files.push(path);
        Ok(())
    }

    /// Adds the certificates that the system trusts. Damaged ones among them are skipped.
    pub(super) fn add_bundle(&mut self) -> io::Result<()> {
        let bundle = BUNDLES.into_iter().find(|path| std::path::Path::new(path).exists());
        let bundle = bundle.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "expected the system's trusted certificates (ca-certificates), found none",
            )
        })?;
        self.roots.extend(files::roots(bundle.as_ref())?);
        self.files.push(bundle.into());
        Ok(())
    }

    /// The same trust, with the files read again.
    pub(super) fn read_again(&self) -> io::Result<Self> {
        let mut fresh = Trust { mode: self.mode, ..Trust::default() };
        for path in &self.files {
            match BUNDLES.iter().any(|bundle| path.as_os_str() == *bundle) {
                true => {
                    fresh.roots.extend(files::roots(path)?);
                    fresh.files.push(path.clone());
                }
                false => fresh.add_roots(path.clone())?,
            }
        }
        for path in &self.crl_files {
            fresh.add_crl(path.clone())?;
        }
        Ok(fresh)
    }

    /// A hash of everything that decides which certificates are trusted.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |bytes: &[u8]| {
            context.update(&bytes.len().to_be_bytes());
            context.update(bytes);
        };
        add(format!("{:?}", self.mode).as_bytes());
        self.roots.iter().for_each(|root| add(root));
        // An empty entry separates the parts, because no certificate is empty.
        add(&[]);
        self.crls.iter().for_each(|list| add(list.as_ref()));
        let mut print = [0; 32];
        print.copy_from_slice(context.finish().as_ref());
        print
    }

    fn store(&self) -> Arc<RootCertStore> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.roots.iter().cloned());
        Arc::new(store)
    }

    /// Whether a server asks its clients for certificates.
    pub(super) fn asks_clients(&self) -> bool {
        !matches!(self.mode, None | Some(VerifyMode::None))
    }

    /// The verifier of clients' certificates. `None` if the server does not ask for them.
    pub(super) fn of_clients(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<Option<Arc<dyn ClientCertVerifier>>> {
        let mode = match self.mode {
            None if self.roots.is_empty() && self.crls.is_empty() => return Ok(None),
            None => {
                return Err(invalid(
                    "expected a verify_mode beside load_verify_locations and load_crl, got none: \
                     clients would be served without a certificate",
                ));
            }
            Some(VerifyMode::None) => return Ok(None),
            Some(mode) if self.roots.is_empty() => {
                let text = format!("expected load_verify_locations with verify_mode {mode:?}");
                return Err(invalid(&text));
            }
            Some(mode) => mode,
        };
        let builder = WebPkiClientVerifier::builder_with_provider(self.store(), provider.clone());
        let builder = builder.with_crls(self.crls.iter().cloned());
        // A list that is out of date may lack certificates that were revoked since then.
        let builder = builder.enforce_revocation_expiration();
        let builder = match mode {
            VerifyMode::Optional => builder.allow_unauthenticated(),
            _ => builder,
        };
        builder.build().map(Some).map_err(|error| invalid(&error.to_string()))
    }

    /// The verifier of a server's certificate.
    pub(super) fn of_servers(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<Arc<WebPkiServerVerifier>> {
        if self.roots.is_empty() {
            return Err(invalid(
                "expected load_verify_locations or load_default_certs on a client's context",
            ));
        }
        let builder = WebPkiServerVerifier::builder_with_provider(self.store(), provider.clone());
        let builder = builder.with_crls(self.crls.iter().cloned()).enforce_revocation_expiration();
        builder.build().map_err(|error| invalid(&error.to_string()))
    }
}

pub(super) fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
