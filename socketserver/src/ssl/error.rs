//! Why a handshake failed.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{AlertDescription, PeerIncompatible};

/// The reason for which a handshake failed. [`session_stats`](super::SSLContext::session_stats)
/// counts the failures of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SSLErrorReason {
    /// The peer has ended the connection, as health checks and port scans do.
    Eof,
    /// The handshake did not end within `handshake_timeout`.
    Timeout,
    /// The peer does not speak TLS, but perhaps plain HTTP.
    PlainText,
    /// The peer does not know a version of TLS that is offered here.
    Version,
    /// The peer has offered protocols above TLS (ALPN), but none that is set here.
    Alpn,
    /// The peer has sent no certificate.
    NoCertificate,
    /// The peer's certificate is not trusted, or has expired or been revoked.
    BadCertificate,
    /// The peer has rejected the handshake with an alert.
    TheirAlert,
    /// Anything else.
    Other,
}

/// The error of a failed handshake. It is inside an [`io::Error`], where
/// [`HandlerError::find`](crate::HandlerError::find) finds it.
///
/// Python: `ssl.SSLError`
#[derive(Clone, Debug)]
pub struct SSLError {
    reason: SSLErrorReason,
    text: String,
    /// Whether the peer's alert was about our certificate.
    rejects_ours: bool,
}

impl SSLError {
    pub(super) fn new(reason: SSLErrorReason, text: impl Into<String>) -> Self {
        SSLError { reason, text: text.into(), rejects_ours: false }
    }

    pub(super) fn plain_text() -> Self {
        let text = "expected a TLS handshake, got other data, such as plain HTTP";
        Self::new(SSLErrorReason::PlainText, text)
    }

    pub(super) fn eof() -> Self {
        let text = "expected a TLS handshake, got the end of the stream";
        Self::new(SSLErrorReason::Eof, text)
    }

    /// The reason, for counting and matching.
    ///
    /// Python: `SSLError.reason`, which has OpenSSL's words
    pub fn reason(&self) -> SSLErrorReason {
        self.reason
    }

    /// Whether the peer has rejected our certificate. An operator can mend that.
    pub(super) fn rejects_ours(&self) -> bool {
        self.rejects_ours
    }
}

impl From<rustls::Error> for SSLError {
    fn from(error: rustls::Error) -> Self {
        let mut own = Self::new(reason(&error), format!("the TLS handshake failed: {error}"));
        own.rejects_ours =
            matches!(error, rustls::Error::AlertReceived(alert) if is_about_ours(alert));
        own
    }
}

fn reason(error: &rustls::Error) -> SSLErrorReason {
    use rustls::Error;
    match error {
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            // Every client of TLS 1.2 sends this extension.
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => SSLErrorReason::Version,
        Error::NoApplicationProtocol => SSLErrorReason::Alpn,
        Error::NoCertificatesPresented => SSLErrorReason::NoCertificate,
        Error::InvalidCertificate(_) | Error::InvalidCertRevocationList(_) => {
            SSLErrorReason::BadCertificate
        }
        Error::AlertReceived(_) => SSLErrorReason::TheirAlert,
        _ => SSLErrorReason::Other,
    }
}

fn is_about_ours(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate
    )
}

impl From<SSLError> for io::Error {
    fn from(error: SSLError) -> Self {
        let kind = match error.reason {
            // The client has gone.
            SSLErrorReason::Eof => io::ErrorKind::ConnectionAborted,
            SSLErrorReason::Timeout => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

impl fmt::Display for SSLError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for SSLError {}
