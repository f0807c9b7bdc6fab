//! Addresses of a family that this crate has no variant for.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;

use socket2::SockAddr;

use super::family::AddressFamily;
use super::subject::OneLine;
use crate::sys;

/// An address of a family that this crate does not know: the family's number, and the bytes that
/// follow it in the system's structure.
///
/// A transport of your own makes one from what it knows of the family, and gives it to clients as
/// their address. The label is what log lines show. The host is what limits per client count by.
/// Equality and hashing look at the family and the bytes alone, so an address with a label equals
/// the same address as `accept` returns it.
///
/// ```
/// use socketserver::{Address, AddressFamily, OtherAddress};
///
/// /// What follows the family in `sockaddr_vm`: two reserved bytes, port, CID, flags, zeros.
/// fn vsock(cid: u32, port: u32) -> OtherAddress {
///     let mut data = [0; 14];
///     data[2..6].copy_from_slice(&port.to_ne_bytes());
///     data[6..10].copy_from_slice(&cid.to_ne_bytes());
///     OtherAddress::new(40, data)
///         .with_label(format!("vsock {cid}:{port}"))
///         .with_host(cid.to_ne_bytes())
/// }
///
/// let address = Address::from(vsock(3, 1024));
/// assert_eq!(address.to_string(), "vsock 3:1024");
/// assert_eq!(address.family(), AddressFamily::Other(40));
/// ```
///
/// Python: the tuple, `bytes` or `int` that an address of another family is
#[derive(Clone)]
pub struct OtherAddress(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    family: i32,
    data: Box<[u8]>,
    label: Option<Box<str>>,
    host: Option<Box<[u8]>>,
}

impl OtherAddress {
    /// An address of the family with this number. `data` is what follows the family in the system's
    /// structure.
    ///
    /// If [`Address`](crate::Address) has a variant for the family, use that: the two are never
    /// equal.
    pub fn new(family: i32, data: impl Into<Box<[u8]>>) -> Self {
        OtherAddress(Arc::new(Parts { family, data: data.into(), label: None, host: None }))
    }

    /// The address with a text to show for it, in which control characters are escaped. Without
    /// one, the number and the bytes are shown.
    pub fn with_label(mut self, label: impl Into<Box<str>>) -> Self {
        Arc::make_mut(&mut self.0).label = Some(label.into());
        self
    }

    /// The address with the part of it that all clients of one host share. Without it, every
    /// address is a host.
    pub fn with_host(mut self, host: impl Into<Box<[u8]>>) -> Self {
        Arc::make_mut(&mut self.0).host = Some(host.into());
        self
    }

    /// The family.
    pub fn family(&self) -> AddressFamily {
        self.0.family.into()
    }

    /// The bytes that follow the family in the system's structure.
    pub fn data(&self) -> &[u8] {
        &self.0.data
    }

    /// What all clients of one host share: what [`with_host`](Self::with_host) has set, or all of
    /// the bytes.
    pub fn host(&self) -> &[u8] {
        self.0.host.as_deref().unwrap_or(&self.0.data)
    }

    /// The system's structure.
    pub(crate) fn to_sock_addr(&self) -> io::Result<SockAddr> {
        sys::address::from_parts(self.0.family, &self.0.data).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "expected an address that the system's structure holds, got {} bytes: {self}",
                    self.0.data.len()
                ),
            )
        })
    }

    /// From the system's structure.
    pub(crate) fn from_sock_addr(address: &SockAddr) -> Self {
        OtherAddress::new(address.family().into(), sys::address::data(address))
    }
}

impl PartialEq for OtherAddress {
    fn eq(&self, other: &Self) -> bool {
        (self.0.family, &self.0.data) == (other.0.family, &other.0.data)
    }
}

impl Eq for OtherAddress {}

impl Hash for OtherAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.family, &self.0.data).hash(state);
    }
}

impl fmt::Display for OtherAddress {
    /// The label, or `family 40 0x0000000400000300`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = &self.0.label {
            return OneLine(label).fmt(f);
        }
        write!(f, "family {} 0x", self.0.family)?;
        self.0.data.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OtherAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherAddress")
            .field("family", &self.0.family)
            .field("data", &self.0.data)
            .field("label", &self.0.label)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Number of bytes behind the family in the longest address.
    const LONGEST: usize = size_of::<libc::sockaddr_storage>() - 2;

    proptest! {
        #[test]
        fn bytes_survive_if_they_fit(family in 0..100, data in vec(any::<u8>(), 0..2 * LONGEST)) {
            let fits = data.len() <= LONGEST;
            let address = OtherAddress::new(family, data);
            match address.to_sock_addr() {
                Ok(there) => {
                    prop_assert!(fits);
                    prop_assert_eq!(OtherAddress::from_sock_addr(&there), address);
                }
                Err(error) => prop_assert!(!fits && error.kind() == io::ErrorKind::InvalidInput),
            }
        }
    }

    #[test]
    fn label_is_shown_and_not_compared() {
        let bare = OtherAddress::new(40, [0, 7]);
        let labelled = bare.clone().with_label("vsock 7").with_host([7]);
        assert_eq!(bare, labelled);
        assert_eq!(bare.to_string(), "family 40 0x0007");
        assert_eq!(labelled.to_string(), "vsock 7");
        assert_eq!(bare.clone().with_label("a\nb").to_string(), "a\\nb");
        assert_eq!((bare.host(), labelled.host()), (&[0, 7][..], &[7][..]));
    }
}
