//! What TCP and Unix streams share: a queue of connections, and the end of a stream.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::socket::Socket;
use crate::socket::wait::Patience;
use crate::sys;

/// How much of what a handler did not read is still read at its end.
const LINGER_BYTES: usize = 1 << 20;

/// How often it is looked whether the other side has acknowledged everything, for which there is no
/// event.
const ACKNOWLEDGED: Duration = Duration::from_millis(20);

/// The longest that `shutdown_request` waits by default.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// The system's longest queue of connections that nobody has accepted yet.
pub(super) fn longest_queue() -> u32 {
    std::fs::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(128)
}

/// Makes a bound socket listen; one that came to us listening keeps its queue.
pub(super) fn activate(socket: &Socket, queue: Option<u32>) -> io::Result<()> {
    if socket.raw().is_listener()? {
        return socket.start_listening();
    }
    socket.listen(queue.unwrap_or_else(longest_queue))
}

/// In a forked child: the queue is the parent's.
pub(super) fn leave_to_parent(listener: &Socket) {
    if let Err(error) = sys::fork::let_go(listener) {
        log::debug!(target: "socketserver::transport", "a child keeps its parent's listener: {error}");
    }
}

/// Ends our side of a stream so that the other side gets all of it.
///
/// Closing a socket that still has unread input resets the connection, and the reply with it. So
/// whatever comes is read and thrown away until the other side ends too, or until nothing of ours is
/// under way any more; but only so much of it, and only for so long.
pub(super) fn end_of_stream(socket: &Socket, patience: Duration) {
    if socket.is_detached() {
        return;
    }
    let began = Instant::now();
    if socket.end_within(patience).is_err() || socket.has_ended() {
        return;
    }
    // Small, as it may stand on the stack of a green thread.
    let mut rest = [0; 2048];
    let mut discarded = 0;
    loop {
        match socket.try_recv(&mut rest) {
            Ok(0) => return,
            Ok(count) => discarded += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // Our end of stream counts as a byte that may not be acknowledged yet.
                if !sys::unacknowledged(socket.as_fd()).is_ok_and(|count| count > 1) {
                    return;
                }
                let left = patience.saturating_sub(began.elapsed());
                // Ready or not, the next round looks for itself.
                let _ = socket.wait_readable(Patience::from_timeout(Some(left.min(ACKNOWLEDGED))));
            }
            Err(_) => return,
        }
        if discarded >= LINGER_BYTES || began.elapsed() >= patience {
            return;
        }
    }
}
