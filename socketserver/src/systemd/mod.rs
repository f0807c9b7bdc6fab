//! Messages of a service to systemd, or to another manager that sets `NOTIFY_SOCKET`.
//!
//! After [`Server::notify_systemd`](crate::Server::notify_systemd) a server sends all messages of
//! this table by itself. [`notify`] and [`reloading`] are for facts that only the program knows.
//! The module [`activation`](crate::activation) has the sockets from systemd.
//!
//! | message | sent |
//! | --- | --- |
//! | `READY=1` | when the server's loop runs |
//! | `STATUS=…` | when the counters have changed, at most once per second |
//! | `WATCHDOG=1` | twice per `WatchdogSec=` and at most every 10 ms, by the loop itself, so that a stuck loop sends none |
//! | `STOPPING=1`, `EXTEND_TIMEOUT_USEC=…` | when the lame-duck time or the drain begins, with the time that it may take |
//! | `BARRIER=1` | when the server has ended; it waits until the manager has read all messages |
//!
//! Other supervisors, such as s6, read a line from a descriptor:
//! [`Server::notify_fd`](crate::Server::notify_fd).
//!
//! A handler of an inline server runs on the loop's thread. If the handler takes longer than
//! `WatchdogSec=`, systemd considers the loop stuck.

mod manager;
mod supervisor;

use std::io;

use rustix::time::{ClockId, clock_gettime};

use manager::Manager;
pub(crate) use supervisor::Supervisor;

/// Target of this folder's log lines.
const TARGET: &str = "socketserver::systemd";

/// Sends the manager one or several messages, one per line, such as `"STATUS=reading the index"`.
/// Returns whether there is a manager.
///
/// # Errors
/// `InvalidInput` if `NOTIFY_SOCKET` is neither a path nor an `@NAME`; those of the system if the
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

/// Reports to the manager that the service reloads its configuration, until the returned value is
/// dropped.
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

/// Reports the end of a reload when it is dropped: see [`reloading`].
#[must_use = "dropping it tells the manager that the service is ready"]
#[derive(Debug)]
pub struct Reloading(());

impl Drop for Reloading {
    fn drop(&mut self) {
        if let Err(error) = notify("READY=1") {
            log::warn!(target: TARGET, "cannot report the end of the reload to the service manager ({error}): serving nevertheless");
        }
    }
}
