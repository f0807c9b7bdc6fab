//! The TLS between a client and its proxy.

use std::str;

use super::tlv::{self, Tlvs};

/// The TLS between a client and its proxy, as the proxy describes it. The client has chosen the
/// text in its certificate, so do not trust that text unless the certificate
/// [is verified](Self::is_verified).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ssl<'a> {
    flags: u8,
    verify: u32,
    tlvs: &'a [u8],
}

impl<'a> Ssl<'a> {
    /// Parses the value of a header's field. `None` if it is too short.
    pub(super) fn of(value: &'a [u8]) -> Option<Self> {
        let (&flags, rest) = value.split_first()?;
        let (&verify, tlvs) = rest.split_first_chunk()?;
        Some(Ssl { flags, verify: u32::from_be_bytes(verify), tlvs })
    }

    /// Whether the client has connected over TLS.
    pub fn is_used(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the client has sent a certificate, in this connection or in the session that it has
    /// resumed.
    pub fn has_certificate(&self) -> bool {
        self.flags & 6 != 0
    }

    /// Whether the client has sent a certificate, and the proxy has found it valid.
    pub fn is_verified(&self) -> bool {
        self.has_certificate() && self.verify == 0
    }

    /// The version of TLS, such as `TLSv1.3`.
    pub fn version(&self) -> Option<&'a str> {
        self.text(tlv::SSL_VERSION)
    }

    /// The common name in the client's certificate.
    pub fn common_name(&self) -> Option<&'a str> {
        self.text(tlv::SSL_COMMON_NAME)
    }

    /// The cipher, such as `TLS_AES_128_GCM_SHA256`.
    pub fn cipher(&self) -> Option<&'a str> {
        self.text(tlv::SSL_CIPHER)
    }

    /// The client's certificate, in DER.
    pub fn certificate(&self) -> Option<&'a [u8]> {
        self.tlv(tlv::SSL_CERTIFICATE)
    }

    /// The value of the first field of this type: 0x24 is the algorithm of the signature, 0x25 that
    /// of the key, 0x26 the group of the key exchange, 0x27 the scheme of the signature.
    pub fn tlv(&self, kind: u8) -> Option<&'a [u8]> {
        let mut tlvs = Tlvs::of(self.tlvs).map_while(Result::ok);
        tlvs.find(|(its, _)| *its == kind).map(|(_, value)| value)
    }

    fn text(&self, kind: u8) -> Option<&'a str> {
        str::from_utf8(self.tlv(kind)?).ok()
    }

    /// Checks the fields within the value.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        Tlvs::of(self.tlvs).try_for_each(|tlv| tlv.map(drop))
    }
}
