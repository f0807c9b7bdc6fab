//! Messages of a service to systemd, or to another manager that sets `NOTIFY_SOCKET`.
//!
//! After [`Server::notify_systemd`](crate::Server::notify_systemd) a server sends all messages of
//! this table by itself. [`notify`] and [`reloading`] are for facts that only the program knows.
//! For sockets from systemd see [`activation`](crate::activation).
//!
//! | message | when |
//! | --- | --- |
//! | `READY=1` | the server's loop runs |
//! | `STATUS=…` | the counters have changed, at most once per second |
//! | `WATCHDOG=1` | twice in each `WatchdogSec=`, by the loop itself: a loop that hangs sends none |
//! | `STOPPING=1`, `EXTEND_TIMEOUT_USEC=…` | the lame-duck time or the drain begins; how long it may take |
//! | `BARRIER=1` | the server has ended; it waits until the manager has read the messages |
//!
//! Supervisors of another kind, such as s6, are told by a line on a descriptor:
//! [`Server::notify_fd`](crate::Server::notify_fd).
//!
//! A handler of an inline server runs on the loop's thread. If it takes longer than `WatchdogSec=`,
//! systemd therefore takes the loop for one that hangs.

mod manager;
mod supervisor;

use std::io;

use rustix::time::{ClockId, clock_gettime};

use manager::Manager;
pub(crate) use supervisor::Supervisor;

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::systemd";

/// Sends the manager a message, such as `"STATUS=reading the index"`, or several, in lines. Returns
/// whether there is a manager.
///
/// # Errors
/// `InvalidInput` for a `NOTIFY_SOCKET` that is no path and no `@NAME`; the system's error if the
/// message cannot be sent.
///
/// Python: no counterpart; `sd_notify` in C
pub fn notify(message: &str) -> io::Result<bool> {
    let Some(manager) = Manager::named()? else {
        return Ok(false);
    };
    manager.send(message)?;
    Ok(true)
}

/// Tells the manager that the service reads its configuration again, until the value is dropped.
///
/// ```
/// use socketserver::{Socket, ThreadingTCPServer, signal, systemd};
///
/// let server = ThreadingTCPServer::handling(|request: Socket, _| request.sendall(b"hello"));
/// let server = server.bind("127.0.0.1:0")?;
/// server.on_signal(signal::SIGHUP, |_server| {
///     let _reloading = systemd::reloading();
///     // Read the configuration here.
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`notify`].
pub fn reloading() -> io::Result<Reloading> {
    let now = clock_gettime(ClockId::Monotonic);
    let now = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
    notify(&format!("RELOADING=1\nMONOTONIC_USEC={now}"))?;
    Ok(Reloading(()))
}

/// The manager takes the service for reloading until this is dropped: see [`reloading`].
#[must_use = "dropping it tells the manager that the service is ready"]
#[derive(Debug)]
pub struct Reloading(());

impl Drop for Reloading {
    fn drop(&mut self) {
        if let Err(error) = notify("READY=1") {
            log::warn!(target: TARGET, "cannot tell the service manager that the reload is over ({error}): going on");
        }
    }
}
