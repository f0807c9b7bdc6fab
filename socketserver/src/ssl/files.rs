//! Reading certificates, keys and revocation lists from files. Errors contain the path, and never
//! the content of a file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::pki_types::pem::{self, SectionKind};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use super::TARGET;

/// An error about a file.
pub(super) fn wrong(path: &Path, what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()))
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: cannot be read: {error}", path.display()))
}

/// The sections of a file.
fn sections(path: &Path) -> io::Result<Vec<(SectionKind, Vec<u8>)>> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
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

/// The error about a binary file: which kind it is, and the command that converts it.
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

/// The certificates of a file, of which there is at least one.
pub(super) fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
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

pub(super) fn private_key(path: &Path) -> io::Result<PrivateKeyDer<'static>> {
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

/// Warns if every user of the machine can read this file, which should be secret.
pub(super) fn warn_if_public(path: &Path, what: &str) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o004 != 0 {
        let path = path.display();
        log::warn!(target: TARGET, "{path}: every user of this machine can read {what}: using it nevertheless");
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
