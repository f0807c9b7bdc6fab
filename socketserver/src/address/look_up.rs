//! Looking up the name of a host: in files, or by asking name servers, which may take long.
//!
//! The system's call can neither be ended nor given a time. So on a green thread, in a request, and
//! where there is a timeout, it runs on a helper: a thread that the caller abandons when its time
//! is over. There are at most [`MOST`] helpers. If all are busy, a caller waits for one.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::green::{self, RecvTimeoutError};
use crate::sys::fork;
use crate::wait::{sleep, timed_out};

const MOST: usize = 128;

/// Number of busy helpers, abandoned ones included.
static HELPERS: AtomicUsize = AtomicUsize::new(0);

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
    let all = if is_bounded && !fork::must_stay_alone() {
        on_helper(ask, end)
    } else {
        ask()
    };
    let all = all.map_err(|error| named(error.kind(), &error))?;
    if all.is_empty() {
        return Err(named(io::ErrorKind::NotFound, &"it has no address"));
    }
    Ok(all)
}

fn ask(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// The permit to start a helper.
struct Permit;

impl Permit {
    fn take(end: Option<Instant>) -> io::Result<Self> {
        const PAUSE: Duration = Duration::from_millis(5);
        let one_more = |helpers| (helpers < MOST).then_some(helpers + 1);
        while HELPERS.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            if end.is_some_and(|end| Instant::now() >= end) {
                return Err(timed_out());
            }
            sleep(PAUSE);
        }
        Ok(Permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        HELPERS.fetch_sub(1, Relaxed);
    }
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
    let time = end.map_or(Duration::MAX, |end| {
        end.saturating_duration_since(Instant::now())
    });
    answer
        .recv_timeout(time)
        .unwrap_or_else(|reason| match reason {
            RecvTimeoutError::Timeout => Err(timed_out()),
            RecvTimeoutError::Disconnected => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the request was aborted",
            )),
        })
}
