//! Certificates, keys and revocation lists from files, and the errors about wrong files.
//! Errors have the path, and never the content of the file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, SectionKind};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::TARGET;
use super::der::{self, Facts, Key};

/// Certificates that expire sooner are warned of.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// A chain with its key.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) certfile: PathBuf,
    pub(super) keyfile: PathBuf,
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) names: Vec<String>,
}

/// Whether a chain could not be loaded because its files do not fit each other, as between the
/// writing of the one and of the other.
pub(super) fn is_mismatch(error: &io::Error) -> bool {
    error.to_string().contains(MISMATCH)
}

const MISMATCH: &str = "the key does not belong to the first certificate";

/// An error about a file.
fn wrong(path: &Path, what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()))
}

/// The sections of a file.
fn sections(path: &Path) -> io::Result<Vec<(SectionKind, Vec<u8>)>> {
    let bytes = fs::read(path).map_err(|error| {
        io::Error::new(error.kind(), format!("{}: cannot be read: {error}", path.display()))
    })?;
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    if has("ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
        let file = path.display();
        let command = format!("`openssl pkey -in {file} -out NEW`");
        return Err(wrong(path, format!("is encrypted; {command} removes the password")));
    }
    if bytes.first() == Some(&0x30) {
        return Err(wrong(path, binary(&bytes)));
    }
    let mut rest = &bytes[..];
    let mut sections = Vec::new();
    while let Some(section) =
        pem::from_buf(&mut rest).map_err(|_| wrong(path, "is not PEM, or damaged"))?
    {
        sections.push(section);
    }
    Ok(sections)
}

/// The kind of a file that is not text.
fn binary(bytes: &[u8]) -> &'static str {
    // After the length, a version of 3.
    let content = 2 + usize::from(bytes.get(1).map_or(0, |length| length.saturating_sub(0x80)));
    match bytes.get(content..content + 3) {
        Some([2, 1, 3]) => "is PKCS#12, expected PEM; `openssl pkcs12 -nodes` converts it",
        _ => "is DER, expected PEM; `openssl x509 -inform DER` or `openssl pkey` converts it",
    }
}

pub(super) fn is_key(kind: SectionKind) -> bool {
    use SectionKind::{EcPrivateKey, PrivateKey, RsaPrivateKey};
    matches!(kind, EcPrivateKey | PrivateKey | RsaPrivateKey)
}

/// The sections of one kind, or what the file has instead.
fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let sections = sections(path)?;
    let has_key = sections.iter().any(|(kind, _)| is_key(*kind));
    let of_kind = sections.into_iter().filter(|(kind, _)| *kind == SectionKind::Certificate);
    let certificates: Vec<_> = of_kind.map(|(_, der)| CertificateDer::from(der)).collect();
    match (certificates.is_empty(), has_key) {
        (false, _) => Ok(certificates),
        (true, true) => Err(wrong(path, "has no certificate but a private key: swapped?")),
        (true, false) => Err(wrong(path, "has no certificate")),
    }
}

fn private_key(path: &Path) -> io::Result<PrivateKeyDer<'static>> {
    let sections = sections(path)?;
    let has_certificate = sections.iter().any(|(kind, _)| *kind == SectionKind::Certificate);
    let key = sections.into_iter().find_map(|(kind, der)| match kind {
        SectionKind::RsaPrivateKey => Some(PrivateKeyDer::Pkcs1(der.into())),
        SectionKind::PrivateKey => Some(PrivateKeyDer::Pkcs8(der.into())),
        SectionKind::EcPrivateKey => Some(PrivateKeyDer::Sec1(der.into())),
        _ => None,
    });
    key.ok_or_else(|| match has_certificate {
        true => wrong(path, "has no private key but a certificate: swapped?"),
        false => wrong(path, "has no private key"),
    })
}

/// Loads a chain and its key, and checks that they can be served.
pub(super) fn chain(
    certfile: &Path,
    keyfile: &Path,
    provider: &CryptoProvider,
) -> io::Result<Chain> {
    let certificates = certificates(certfile)?;
    let key = private_key(keyfile)?;
    let facts = der::facts(&certificates[0])
        .ok_or_else(|| wrong(certfile, "has a certificate that cannot be read"))?;
    usable(certfile, &facts)?;
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|_| wrong(keyfile, "has a private key that cannot be used here"))?;
    let certified = CertifiedKey::new(certificates, key);
    match_key(certfile, keyfile, &certified)?;
    remark(certfile, keyfile, &facts, certified.cert.len());
    Ok(Chain {
        certfile: certfile.to_owned(),
        keyfile: keyfile.to_owned(),
        certified: Arc::new(certified),
        names: facts.names,
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

/// Logs facts about files that work, which an operator should know.
fn remark(certfile: &Path, keyfile: &Path, facts: &Facts, length: usize) {
    let (cert, key) = (certfile.display(), keyfile.display());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let Facts { not_before, not_after, .. } = facts;
    if not_after.seconds < now {
        log::warn!(target: TARGET, "{cert}: expired on {not_after}: serving it nevertheless");
    } else if not_after.seconds < now.saturating_add_unsigned(SOON.as_secs()) {
        log::warn!(target: TARGET, "{cert}: expires on {not_after}");
    }
    if not_before.seconds > now {
        log::warn!(target: TARGET, "{cert}: valid from {not_before}: serving it nevertheless");
    }
    if length == 1 && !facts.is_own_issuer {
        log::info!(
            target: TARGET,
            "{cert}: has no intermediate certificate, without which some clients cannot trust it"
        );
    }
    let mode = fs::metadata(keyfile).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o004 != 0 {
        log::warn!(target: TARGET, "{key}: every user of this machine can read the private key");
    }
}

/// Certificates to trust.
pub(super) fn roots(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    certificates(path)
}

/// Revocation lists.
pub(super) fn revocation_lists(
    path: &Path,
) -> io::Result<Vec<CertificateRevocationListDer<'static>>> {
    let of_kind = sections(path)?.into_iter().filter(|(kind, _)| *kind == SectionKind::Crl);
    let lists: Vec<_> = of_kind.map(|(_, der)| der.into()).collect();
    if lists.is_empty() {
        return Err(wrong(path, "has no revocation list"));
    }
    Ok(lists)
}
