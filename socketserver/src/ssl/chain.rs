//! Chains of certificates with their keys, from two files that belong together.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::TARGET;
use super::der::{self, Date, Facts, Key};
use super::files::{certificates, private_key, warn_if_public, wrong};
use super::ocsp;

/// A certificate that expires within this time causes a warning.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Longest key of RSA, in bits, with which a signature takes about a millisecond at most.
const LONGEST_BRIEF: usize = 2048;

/// A chain with its key.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) certfile: PathBuf,
    pub(super) keyfile: PathBuf,
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) names: Vec<String>,
    /// Whether a signature takes about a millisecond at most.
    pub(super) signs_briefly: bool,
    validity: [Date; 2],
    pub(super) stapled: Option<Stapled>,
}

/// A chain with the OCSP response of its authority, if there is one.
#[derive(Clone, Debug)]
pub(super) struct Stapled {
    pub(super) file: PathBuf,
    pub(super) certified: Arc<CertifiedKey>,
    expires: Option<Date>,
}

impl Stapled {
    /// Whether the response has not expired. Clients refuse a certificate with an expired response.
    pub(super) fn is_good(&self) -> bool {
        self.expires.as_ref().is_none_or(|expires| expires.seconds > now())
    }
}

impl Chain {
    /// Checks that the certificate is valid now: not expired, and not from the future.
    pub(super) fn expect_valid(&self) -> io::Result<()> {
        expect_valid(&self.certfile, &self.validity)
    }

    /// Adds the authority's OCSP response.
    pub(super) fn staple(&mut self, file: &Path) -> io::Result<()> {
        let response = ocsp::read(file, &self.certified.cert[0], &self.certfile)?;
        let mut certified = CertifiedKey::clone(&self.certified);
        certified.ocsp = Some(response.bytes);
        let (file, expires) = (file.to_owned(), response.expires);
        let stapled = Stapled { file, certified: Arc::new(certified), expires };
        if let Some(expires) = stapled.expires.as_ref().filter(|_| !stapled.is_good()) {
            let file = stapled.file.display();
            log::warn!(target: TARGET, "{file}: expired on {expires}: not sending it");
        }
        self.stapled = Some(stapled);
        Ok(())
    }
}

fn expect_valid(certfile: &Path, [not_before, not_after]: &[Date; 2]) -> io::Result<()> {
    let now = now();
    if not_after.seconds < now {
        return Err(wrong(certfile, format!("expired on {not_after}")));
    }
    if not_before.seconds > now {
        return Err(wrong(certfile, format!("not valid before {not_before}")));
    }
    Ok(())
}

/// Whether this is the error of a key and a certificate that do not belong together. It may be due
/// to a renewal, of which only one file has been written so far.
pub(super) fn is_mismatch(error: &io::Error) -> bool {
    error.to_string().contains(MISMATCH)
}

const MISMATCH: &str = "the key does not belong to the first certificate";

/// Loads a chain and its key, and checks that a server can use them.
pub(super) fn load(
    certfile: &Path,
    keyfile: &Path,
    provider: &CryptoProvider,
    requires_valid: bool,
) -> io::Result<Chain> {
    let certificates = certificates(certfile)?;
    let key = private_key(keyfile)?;
    let facts = der::facts(&certificates[0])
        .ok_or_else(|| wrong(certfile, "has a certificate that cannot be read"))?;
    usable(certfile, &facts)?;
    let validity = [facts.not_before.clone(), facts.not_after.clone()];
    if requires_valid {
        expect_valid(certfile, &validity)?;
    }
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|_| wrong(keyfile, "has a private key that cannot be used here"))?;
    let certified = CertifiedKey::new(certificates, key);
    match_key(certfile, keyfile, &certified)?;
    remark(certfile, keyfile, &facts, certified.cert.len());
    Ok(Chain {
        certfile: certfile.to_owned(),
        keyfile: keyfile.to_owned(),
        certified: Arc::new(certified),
        signs_briefly: !matches!(facts.key, Key::Rsa { bits } if bits > LONGEST_BRIEF),
        names: facts.names,
        validity,
        stapled: None,
    })
}

fn usable(path: &Path, facts: &Facts) -> io::Result<()> {
    match facts.key {
        Key::Rsa { bits } if !(2048..=4096).contains(&bits) => {
            let what = format!("has a key of RSA of {bits} bits, expected 2048 to 4096");
            return Err(wrong(path, what));
        }
        Key::Unusable(name) => {
            let what = format!("has a key of {name}, expected RSA, P-256, P-384 or Ed25519");
            return Err(wrong(path, what));
        }
        _ => {}
    }
    if facts.version != 3 {
        let what = format!("has a certificate of X.509 version {}, expected 3", facts.version);
        return Err(wrong(path, what));
    }
    Ok(())
}

fn match_key(certfile: &Path, keyfile: &Path, certified: &CertifiedKey) -> io::Result<()> {
    let is_mismatch = |certified: &CertifiedKey| {
        let matched = certified.keys_match();
        matches!(matched, Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)))
    };
    if !is_mismatch(certified) {
        return certified.keys_match().or_else(|error| match error {
            Error::InconsistentKeys(_) => Ok(()),
            error => {
                Err(wrong(certfile, format!("has a certificate that cannot be used: {error}")))
            }
        });
    }
    let later = |at: &usize| {
        let alone = vec![certified.cert[*at].clone()];
        CertifiedKey::new(alone, certified.key.clone()).keys_match().is_ok()
    };
    Err(match (1..certified.cert.len()).find(later) {
        Some(at) => {
            let number = at + 1;
            let what = format!("the server's own certificate comes first, and is number {number}");
            wrong(certfile, what)
        }
        None => wrong(keyfile, format!("{MISMATCH} of {}", certfile.display())),
    })
}

/// Warns of problems in files that work: dates, modes, a missing intermediate certificate.
fn remark(certfile: &Path, keyfile: &Path, facts: &Facts, length: usize) {
    let cert = certfile.display();
    let now = now();
    let Facts { not_before, not_after, .. } = facts;
    if not_after.seconds < now {
        log::warn!(target: TARGET, "{cert}: expired on {not_after}: serving it nevertheless");
    } else if not_after.seconds < now.saturating_add_unsigned(SOON.as_secs()) {
        log::warn!(target: TARGET, "{cert}: expires on {not_after}: serving it until then");
    }
    if not_before.seconds > now {
        log::warn!(target: TARGET, "{cert}: not valid before {not_before}: serving it nevertheless");
    }
    if length == 1 && !facts.is_own_issuer {
        log::info!(
            target: TARGET,
            "{cert}: has no intermediate certificate: some clients cannot trust the server"
        );
    }
    warn_if_public(keyfile, "the private key");
}

/// Seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(now).unwrap_or(i64::MAX)
}
