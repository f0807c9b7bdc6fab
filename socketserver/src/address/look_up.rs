//! Looking up the name of a host: in files, or by asking name servers, which may take long.
//!
//! The system's call can neither be ended nor given a time. So it runs on a helper if the caller is
//! a green thread or a request, or has a timeout. A helper is a thread that the caller abandons
//! when its time is over. There are at most [`MOST`] helpers. If all are busy, a caller waits for
//! one.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::green::{self, Receiver, RecvTimeoutError, Sender};
use crate::sys::fork;
use crate::wait::timed_out;

const MOST: usize = 128;

/// A permit for each helper that may be started. Abandoned ones keep theirs.
static PERMITS: LazyLock<(Sender<()>, Receiver<()>)> = LazyLock::new(|| green::permits(MOST));

/// All addresses of a host, at least one, in the order in which to try them.
pub(super) fn look_up(
    host: &str,
    port: u16,
    timeout: Option<Duration>,
) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        return Ok(vec![(Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![(ip, port).into()]);
    }
    // The system's own message does not name the host.
    let named = |kind, reason: &dyn fmt::Display| {
        io::Error::new(kind, format!("cannot look up {host:?}: {reason}"))
    };
    let name = host.to_owned();
    let ask = move || ask(&name, port);
    let end = timeout
        .filter(|timeout| !timeout.is_zero())
        .and_then(|timeout| Instant::now().checked_add(timeout));
    let is_bounded =
        end.is_some() || green::may_park().is_some() || green::enclosing_request().is_some();
    // A helper would keep a server from forking.
    let all = if is_bounded && !fork::must_stay_alone() { on_helper(ask, end) } else { ask() };
    let all = all.map_err(|error| named(error.kind(), &error))?;
    if all.is_empty() {
        return Err(named(io::ErrorKind::NotFound, &"it has no address"));
    }
    Ok(all)
}

fn ask(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// The permit to start a helper, for which callers wait in their order.
struct Permit;

impl Permit {
    fn take(end: Option<Instant>) -> io::Result<Self> {
        receive(&PERMITS.1, end)?;
        Ok(Permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // There is room, because it was taken from there.
        let _ = PERMITS.0.send(());
    }
}

/// Receives a value until `end`. An abort of the request around the call ends the wait.
fn receive<T>(from: &Receiver<T>, end: Option<Instant>) -> io::Result<T> {
    let time = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
    from.recv_timeout(time).map_err(|reason| match reason {
        RecvTimeoutError::Timeout => timed_out(),
        RecvTimeoutError::Disconnected => {
            io::Error::new(io::ErrorKind::ConnectionAborted, "the request was aborted")
        }
    })
}

fn on_helper<T: Send + 'static>(
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
    end: Option<Instant>,
) -> io::Result<T> {
    let permit = Permit::take(end)?;
    let (sender, answer) = green::channel(1);
    let help = move || {
        let answer = ask();
        drop(permit);
        // The caller may have given up.
        let _ = sender.send(answer);
    };
    let thread = thread::Builder::new().name("look-up".to_owned());
    thread
        .spawn(help)
        .map_err(|error| io::Error::other(format!("cannot start a thread ({error})")))?;
    receive(&answer, end)?
}
