//! Families of addresses.

/// The family of a socket's addresses.
///
/// Python: `socket.AddressFamily`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressFamily {
    /// IPv4. Python: `AF_INET`
    Inet,
    /// IPv6. Python: `AF_INET6`
    Inet6,
    /// Unix sockets. Python: `AF_UNIX`
    Unix,
    /// A family without a name here, by the system's number: 40 is vsock on Linux. [`From<i32>`]
    /// finds the right variant for any number. Python: the other `AF_…`
    Other(i32),
}

impl AddressFamily {
    /// Whether its addresses are an IP address and a port.
    pub fn is_internet(self) -> bool {
        matches!(self, AddressFamily::Inet | AddressFamily::Inet6)
    }
}

/// From the system's number.
impl From<i32> for AddressFamily {
    fn from(number: i32) -> Self {
        match number {
            libc::AF_INET => AddressFamily::Inet,
            libc::AF_INET6 => AddressFamily::Inet6,
            libc::AF_UNIX => AddressFamily::Unix,
            other => AddressFamily::Other(other),
        }
    }
}

/// The system's number.
impl From<AddressFamily> for i32 {
    fn from(family: AddressFamily) -> Self {
        match family {
            AddressFamily::Inet => libc::AF_INET,
            AddressFamily::Inet6 => libc::AF_INET6,
            AddressFamily::Unix => libc::AF_UNIX,
            AddressFamily::Other(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_variants_and_numbers_again() {
        for number in 0..50 {
            assert_eq!(i32::from(AddressFamily::from(number)), number);
        }
        assert_eq!(AddressFamily::from(libc::AF_INET6), AddressFamily::Inet6);
    }
}
