//! A datagram as a request.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use super::reply_socket::ReplySocket;
use crate::address::Address;
use crate::control::{Arrival, PeerCred, Remarks};
use crate::socket::Socket;

/// One datagram as a request: its bytes, and the socket to answer with.
///
/// ```
/// # use socketserver::{Address, Datagram};
/// fn handle(request: Datagram, client_address: Address) -> std::io::Result<()> {
///     let Datagram { data, socket, .. } = &request;
///     socket.sendto(&data.to_ascii_uppercase(), &client_address)?;
///     Ok(())
/// }
///
/// // The same in one line:
/// fn shorter(request: Datagram, _: Address) -> std::io::Result<()> {
///     request.reply(request.data.to_ascii_uppercase())
/// }
/// ```
///
/// An answer leaves from the address that the client has asked, also where the server is bound to
/// every address of the machine.
///
/// Python: `self.request` of a datagram server, the pair `(data, socket)`
#[derive(Clone)]
#[non_exhaustive]
pub struct Datagram {
    /// The bytes. An empty datagram is a request too.
    pub data: Arc<[u8]>,
    /// The server's socket, for answers.
    pub socket: ReplySocket,
    truncated: bool,
    remarks: Option<Arc<Remarks>>,
}

impl Datagram {
    /// A datagram that a transport of your own received on this socket.
    pub fn new(data: impl Into<Arc<[u8]>>, socket: Socket) -> Self {
        Datagram {
            data: data.into(),
            socket: ReplySocket::new(socket, None, None),
            truncated: false,
            remarks: None,
        }
    }

    /// Sets the client to which [`reply`](Self::reply) answers.
    #[must_use]
    pub fn from_client(mut self, client_address: impl Into<Address>) -> Self {
        self.socket.set_client(client_address.into());
        self
    }

    pub(crate) fn received(
        data: &[u8],
        truncated: bool,
        socket: ReplySocket,
        remarks: Option<Arc<Remarks>>,
    ) -> Self {
        Datagram { data: data.into(), socket, truncated, remarks }
    }

    /// Answers the client with one datagram.
    ///
    /// # Errors
    /// As [`ReplySocket::sendto`]; `AddrNotAvailable` too if the transport has not said which
    /// client it is.
    ///
    /// Python: `self.request[1].sendto(data, self.client_address)`
    pub fn reply(&self, data: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.reply(data.as_ref())
    }

    /// The address to which the client has sent the datagram: one of this machine's, or that of a
    /// multicast group or a broadcast. The port is the server's.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: none; `self.socket.getsockname()` is the address that the server is bound to
    pub fn local_address(&self) -> io::Result<Address> {
        self.socket.local_address()
    }

    /// Whether the datagram was longer than `max_packet_size`, so that `data` is only its
    /// beginning.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Process, user and group of the sender, over a Unix socket. `None` unless the server asks for
    /// them:
    ///
    /// ```
    /// # use socketserver::{Address, Datagram, SocketOption, UnixDatagramServer};
    /// let server = UnixDatagramServer::handling(|request: Datagram, _| {
    ///     let sender = request.credentials().expect("the server asks for them");
    ///     request.reply(format!("you are user {}", sender.uid))
    /// })
    /// .with_socket(|socket| socket.setsockopt(SocketOption::PassCredentials(true)))
    /// .bind("@credentials of a datagram")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// The system checks them, but a privileged sender may choose them.
    ///
    /// Python: `SCM_CREDENTIALS`
    pub fn credentials(&self) -> Option<PeerCred> {
        self.remarks.as_ref()?.credentials
    }

    /// When the system received the datagram. `None` unless the server has set
    /// [`Timestamps`](crate::SocketOption::Timestamps).
    ///
    /// Python: `SCM_TIMESTAMPNS`
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.remarks.as_ref()?.timestamp
    }

    /// Number of datagrams that the system had dropped by then, because the server's receive buffer
    /// was full. `None` before the first loss, and unless the server has set
    /// [`CountDropped`](crate::SocketOption::CountDropped). The number wraps around.
    ///
    /// Python: `SO_RXQ_OVFL`
    pub fn dropped(&self) -> Option<u32> {
        self.remarks.as_ref()?.dropped
    }

    pub(crate) fn arrival(&self) -> Option<&Arrival> {
        self.socket.arrival()
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram")
            .field("data", &format_args!("b\"{}\"", self.data.escape_ascii()))
            .field("socket", &self.socket)
            .field("truncated", &self.truncated)
            .finish()
    }
}
