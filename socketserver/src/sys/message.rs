//! Receiving messages: their bytes, their sender, and their control messages.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use socket2::{SockAddr, SockAddrStorage};

/// Receives a datagram. Returns its length and its sender; with `MSG_TRUNC` among the flags the
/// length may be larger than the buffer. (`rustix` has a safe call for this, but it panics at the
/// longest Unix names.)
#[allow(unsafe_code)]
pub(crate) fn recv_from(
    socket: &socket2::Socket,
    buffer: &mut [u8],
    flags: i32,
) -> io::Result<(usize, SockAddr)> {
    // SAFETY: the callee writes only bytes that the system has received.
    let buffer = unsafe { uninitialised(buffer) };
    socket.recv_from_with_flags(buffer, flags)
}

/// The result of [`recv_msg`], beside the bytes.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// The message's length, as [`recv_from`] returns it.
    pub(crate) length: usize,
    /// `msg_flags`.
    pub(crate) flags: i32,
    /// Number of bytes in the control buffer.
    pub(crate) control: usize,
    /// Descriptors that the sender has passed. They close on exec.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// A descriptor of the sender's process.
    pub(crate) process: Option<OwnedFd>,
}

/// Receives a message and its sender; its control messages go to `control`. Every descriptor among
/// them is owned by the result, so its number in `control` must not be used.
#[allow(unsafe_code)]
pub(crate) fn recv_msg(
    socket: impl AsFd,
    buffer: &mut [u8],
    control: &mut [u8],
    flags: i32,
) -> io::Result<(Received, SockAddr)> {
    let (mut received, sender) = recv_raw(socket.as_fd(), buffer, control, flags)?;
    // Where the system could not open a descriptor for the sender's process, the number is a
    // negative error instead.
    let own = |number: &[u8; 4]| {
        let number = i32::from_ne_bytes(*number);
        // SAFETY: called with the numbers that the system has just written, having opened a
        // descriptor for each that is not negative in this call. So they are open, and nothing else
        // knows them yet.
        (number >= 0).then(|| unsafe { OwnedFd::from_raw_fd(number) })
    };
    for (kind, data) in control_messages(&control[..received.control]) {
        match kind {
            RIGHTS => received.descriptors.extend(data.as_chunks().0.iter().filter_map(own)),
            PROCESS => received.process = data.first_chunk().and_then(own),
            _ => {}
        }
    }
    Ok((received, sender))
}

#[allow(unsafe_code)]
fn recv_raw(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    control: &mut [u8],
    flags: i32,
) -> io::Result<(Received, SockAddr)> {
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: the structure has integers and pointers only, which may all be zero.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = control.len() as _;
    let receive = |storage: *mut SockAddrStorage, length: *mut libc::socklen_t| {
        message.msg_name = storage.cast();
        // SAFETY: `length` is valid for the closure's time, and is the size of the storage. So all
        // pointers of the message are valid for writes of the lengths beside them. The bytes that
        // the system writes are initialised, as those before them were.
        let result = unsafe {
            message.msg_namelen = *length;
            let result =
                libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags | libc::MSG_CMSG_CLOEXEC);
            *length = message.msg_namelen;
            result
        };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    };
    // SAFETY: the system writes an address of some family to the storage and sets the length to
    // that address's, or it leaves the storage zeroed and sets the length to zero.
    let (length, sender) = unsafe { SockAddr::try_init(receive)? };
    let received = Received {
        length,
        flags: message.msg_flags,
        control: (message.msg_controllen as usize).min(control.len()),
        ..Received::default()
    };
    Ok((received, sender))
}

/// Descriptors that a process passes to another: its `SCM_RIGHTS`.
pub(crate) const RIGHTS: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);

/// A descriptor of the sending process: `SCM_PIDFD`.
pub(crate) const PROCESS: (i32, i32) = (libc::SOL_SOCKET, 4);

const WORD: usize = size_of::<usize>();

/// The size of a control message's head: its length, its level and its type.
pub(crate) const HEAD: usize = WORD + 8;

/// Bytes that a control message with `data` bytes of data takes. Python: `CMSG_SPACE`
pub(crate) const fn control_space(data: usize) -> usize {
    HEAD + data.next_multiple_of(WORD)
}

/// The messages in a control buffer, each as its level and type, and its data.
pub(crate) fn control_messages(mut left: &[u8]) -> impl Iterator<Item = ((i32, i32), &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from_ne_bytes(*left.first_chunk()?);
        let level = i32::from_ne_bytes(*left.get(WORD..)?.first_chunk()?);
        let kind = i32::from_ne_bytes(*left.get(WORD + 4..)?.first_chunk()?);
        let data = left.get(HEAD..length)?;
        let next = length.next_multiple_of(WORD).min(left.len());
        left = &left[next..];
        Some(((level, kind), data))
    })
}

/// The same bytes, for a callee that must not expect them to be initialised.
///
/// # Safety
/// Nothing but initialised bytes may be written to the result: the owner of the bytes reads them
/// afterwards.
#[allow(unsafe_code)]
unsafe fn uninitialised(bytes: &mut [u8]) -> &mut [std::mem::MaybeUninit<u8>] {
    let length = bytes.len();
    // SAFETY: both slices have the same address, length and lifetime, and an initialised byte is a
    // valid `MaybeUninit<u8>`. The other direction is the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), length) }
}
