//! Multicast: groups of receivers.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use socket2::InterfaceIndexOrAddress;

use crate::address::about;
use crate::socket::Socket;

/// A network interface of this machine, as multicast needs it.
///
/// ```
/// use std::net::Ipv4Addr;
/// use socketserver::Interface;
///
/// assert_eq!(Interface::from("eth0"), Interface::Name("eth0".to_owned()));
/// assert_eq!(Interface::from(2), Interface::Number(2));
/// assert_eq!(Interface::from(Ipv4Addr::LOCALHOST), Interface::WithAddress(Ipv4Addr::LOCALHOST));
/// ```
///
/// Python: the second half of `ip_mreq`, an address for IPv4 and a number for IPv6
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interface {
    /// The one that the system's routes choose. Python: `INADDR_ANY`, 0
    #[default]
    Unspecified,
    /// By its name, such as `eth0`. Python: `if_nametoindex`
    Name(String),
    /// By its number.
    Number(u32),
    /// By an IPv4 address that it has. Not for IPv6.
    WithAddress(Ipv4Addr),
}

impl fmt::Display for Interface {
    /// `interface eth0`, `interface 2`, `the interface of 10.0.0.1`, `the usual interface`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interface::Unspecified => f.write_str("the usual interface"),
            Interface::Name(name) => write!(f, "interface {}", name.escape_debug()),
            Interface::Number(number) => write!(f, "interface {number}"),
            Interface::WithAddress(ip) => write!(f, "the interface of {ip}"),
        }
    }
}

impl From<&str> for Interface {
    fn from(name: &str) -> Self {
        Interface::Name(name.to_owned())
    }
}

impl From<u32> for Interface {
    fn from(index: u32) -> Self {
        Interface::Number(index)
    }
}

impl From<Ipv4Addr> for Interface {
    fn from(address: Ipv4Addr) -> Self {
        Interface::WithAddress(address)
    }
}

impl Socket {
    /// Joins a multicast group. The socket then receives the datagrams sent to the group, if it is
    /// bound to every address, or to the group's. A socket leaves its groups when it closes.
    ///
    /// What a member sends to its group comes back to it too, like the words of every other member,
    /// unless [`MulticastLoop`](crate::SocketOption::MulticastLoop) is off. On Linux, a socket that
    /// is bound to every address also receives the groups that other programs have joined at the
    /// same port.
    ///
    /// To serve a group, join it before `bind`, with
    /// [`Builder::with_socket`](crate::Builder::with_socket):
    ///
    /// ```no_run
    /// use std::net::Ipv4Addr;
    /// use socketserver::{Datagram, Interface, UDPServer};
    ///
    /// let group = Ipv4Addr::new(224, 0, 0, 251);
    /// let server = UDPServer::handling(|request: Datagram, _| request.reply(b"I am here"))
    ///     .allow_reuse_address(true) // other programs may serve the group too
    ///     .with_socket(move |socket| socket.join_multicast(group, Interface::Unspecified))
    ///     .bind("0.0.0.0:5353")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for an address that is no group's; the system's, such as "no such device".
    ///
    /// Python: `socket.setsockopt` with `IP_ADD_MEMBERSHIP`, `IPV6_JOIN_GROUP`
    pub fn join_multicast(
        &self,
        group: impl Into<IpAddr>,
        interface: impl Into<Interface>,
    ) -> io::Result<()> {
        let (socket, group, interface) = (self.raw_open()?, group.into(), interface.into());
        let joined = match group {
            IpAddr::V4(ip) => socket.join_multicast_v4_n(&ip, &self.for_v4(&interface)?),
            IpAddr::V6(ip) => socket.join_multicast_v6(&ip, self.for_v6(&interface)?),
        };
        joined.map_err(about(format_args!("cannot join {group} on {interface}")))
    }

    /// Leaves a group that was joined with the same arguments.
    ///
    /// # Errors
    /// The system's: `AddrNotAvailable` if the socket is not in the group.
    ///
    /// Python: `socket.setsockopt` with `IP_DROP_MEMBERSHIP`, `IPV6_LEAVE_GROUP`
    pub fn leave_multicast(
        &self,
        group: impl Into<IpAddr>,
        interface: impl Into<Interface>,
    ) -> io::Result<()> {
        let (socket, group, interface) = (self.raw_open()?, group.into(), interface.into());
        let left = match group {
            IpAddr::V4(ip) => socket.leave_multicast_v4_n(&ip, &self.for_v4(&interface)?),
            IpAddr::V6(ip) => socket.leave_multicast_v6(&ip, self.for_v6(&interface)?),
        };
        left.map_err(about(format_args!("cannot leave {group} on {interface}")))
    }

    /// Sets the interface through which the socket sends to groups.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.setsockopt` with `IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`
    pub fn set_multicast_interface(&self, interface: impl Into<Interface>) -> io::Result<()> {
        let (socket, interface) = (self.raw_open()?, interface.into());
        let set = if socket.domain()? == socket2::Domain::IPV6 {
            socket.set_multicast_if_v6(self.for_v6(&interface)?)
        } else {
            match self.for_v4(&interface)? {
                InterfaceIndexOrAddress::Address(address) => socket.set_multicast_if_v4(&address),
                InterfaceIndexOrAddress::Index(index) => set_multicast_index_v4(self, index),
            }
        };
        set.map_err(about(format_args!("cannot send to groups on {interface}")))
    }

    fn for_v4(&self, interface: &Interface) -> io::Result<InterfaceIndexOrAddress> {
        Ok(match interface {
            Interface::WithAddress(address) => InterfaceIndexOrAddress::Address(*address),
            other => InterfaceIndexOrAddress::Index(self.for_v6(other)?),
        })
    }

    /// The number of the interface; 0 for any.
    fn for_v6(&self, interface: &Interface) -> io::Result<u32> {
        match interface {
            Interface::Unspecified => Ok(0),
            Interface::Number(index) => Ok(*index),
            Interface::Name(name) => index_of(self, name),
            Interface::WithAddress(address) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("expected the name or number of an interface, got {address}"),
            )),
        }
    }
}

fn index_of(socket: &Socket, name: &str) -> io::Result<u32> {
    let index = rustix::net::netdevice::name_to_index(socket, name);
    index.map_err(|error| about(format_args!("no interface {name:?}"))(error.into()))
}

fn set_multicast_index_v4(socket: &Socket, index: u32) -> io::Result<()> {
    let any = Ipv4Addr::UNSPECIFIED;
    Ok(rustix::net::sockopt::set_ip_multicast_if_with_ifindex(socket, &any, &any, index)?)
}
