//! The messages of a server to the service manager, and the times at which they are sent.

use std::io::{self, ErrorKind};
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::getpid;

use super::TARGET;
use super::manager::{Manager, PATIENCE};
use crate::activation::{number, passed};
use crate::request::Stats;
use crate::sync::Instant;

/// Minimum time between two messages with a status.
const STATUS: Duration = Duration::from_secs(1);

/// Minimum time between two `WATCHDOG=1`. With less the loop would do nothing else.
const SHORTEST: Duration = Duration::from_millis(10);

/// Added to the time that a drain may take, because aborts and the end of workers come after it.
const GRACE: Duration = Duration::from_secs(1);

/// Sends the manager the messages of one server. Does nothing until [`begin`](Self::begin), or
/// [`notify_fd`](Self::notify_fd).
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    supervised: Mutex<Option<Supervised>>,
    /// Descriptor that gets a line when the loop runs.
    readiness: Mutex<Option<OwnedFd>>,
}

#[derive(Debug)]
struct Supervised {
    manager: Manager,
    /// Time between two `WATCHDOG=1`, and when the next one is due.
    watchdog: Option<(Duration, Instant)>,
    status: Status,
    is_ready: bool,
    is_stopping: bool,
}

/// Numbers of active, finished, failed, refused and aborted requests.
type Requests = [u64; 5];

#[derive(Debug, Default)]
struct Status {
    told: Option<Requests>,
    /// When the next status may be sent.
    due: Option<Instant>,
}

impl Supervisor {
    /// Begins to send messages to the manager. Returns whether there is a manager.
    pub(crate) fn begin(&self, serving: bool) -> io::Result<bool> {
        let Some(manager) = Manager::named()? else {
            return Ok(false);
        };
        let watchdog = watchdog_period()?.map(|period| (interval(period), Instant::now()));
        let supervised = Supervised {
            manager,
            watchdog,
            status: Status::default(),
            is_ready: false,
            is_stopping: false,
        };
        let mut this = self.supervised.lock();
        *this = Some(supervised);
        if serving && let Some(supervised) = &mut *this {
            supervised.ready();
        }
        Ok(true)
    }

    /// Keeps a descriptor that gets a line when the loop runs, and is closed then.
    pub(crate) fn notify_fd(&self, fd: RawFd, serving: bool) -> io::Result<()> {
        *self.readiness.lock() = Some(passed(fd)?);
        if serving {
            self.tell_readiness();
        }
        Ok(())
    }

    /// Called when the loop runs.
    pub(crate) fn ready(&self) {
        if let Some(supervised) = &mut *self.supervised.lock() {
            supervised.ready();
        }
        self.tell_readiness();
    }

    fn tell_readiness(&self) {
        if let Some(fd) = self.readiness.lock().take()
            && let Err(error) = rustix::io::write(&fd, b"\n")
        {
            log::warn!(target: TARGET, "cannot report to the supervisor that the server is ready ({error}): serving nevertheless");
        }
    }

    /// Called once per turn of the loop: sends `WATCHDOG=1` and a status, each when it is due.
    /// Returns when the next one is due. `stats` is called only if a status may be sent.
    pub(crate) fn turn(&self, stats: impl FnOnce() -> Stats) -> Option<Instant> {
        self.supervised.lock().as_mut()?.turn(stats)
    }

    /// Called when the lame-duck time begins. It ends within `most`.
    pub(crate) fn leaving(&self, most: Duration) {
        if let Some(supervised) = &mut *self.supervised.lock()
            && !supervised.is_stopping
        {
            supervised.stopping(most);
        }
    }

    /// Called when the server begins to end. It ends within `most`.
    pub(crate) fn stopping(&self, most: Duration) {
        if let Some(supervised) = &mut *self.supervised.lock() {
            supervised.stopping(most);
        }
    }

    /// Called when the server has ended. Waits until the manager has read all messages.
    pub(crate) fn ended(&self) {
        if let Some(supervised) = self.supervised.lock().take()
            && let Err(error) = supervised.manager.wait_until_read()
        {
            log::debug!(target: TARGET, "the service manager does not answer the barrier ({error}): ending without it");
        }
    }
}

impl Supervised {
    /// Takes the result of sending a message. One that cannot be sent ends no server; the manager
    /// notices by itself. Returns whether it was sent.
    fn was_sent(message: &str, sent: io::Result<()>) -> bool {
        let Err(error) = sent else { return true };
        // At debug level, because there may be a line per second while the manager does not read.
        let level = match error.kind() {
            ErrorKind::WouldBlock => log::Level::Debug,
            _ => log::Level::Warn,
        };
        log::log!(target: TARGET, level, "cannot send {message:?} to the service manager ({error}): serving nevertheless");
        false
    }

    fn ready(&mut self) {
        if !self.is_ready {
            self.is_ready = true;
            Self::was_sent("READY=1", self.manager.send("READY=1"));
        }
    }

    /// Sends a message unless that would block: clients wait for the loop.
    fn try_send(&self, message: &str) -> bool {
        Self::was_sent(message, self.manager.send_within(message, Duration::ZERO))
    }

    fn stopping(&mut self, most: Duration) {
        // The largest number is infinite for systemd.
        let most = u64::try_from(most.saturating_add(GRACE).as_micros()).unwrap_or(u64::MAX);
        let first = if self.is_stopping { "" } else { "STOPPING=1\n" };
        self.is_stopping = true;
        let message = format!("{first}EXTEND_TIMEOUT_USEC={most}");
        Self::was_sent(&message, self.manager.send_within(&message, PATIENCE));
    }

    fn turn(&mut self, stats: impl FnOnce() -> Stats) -> Option<Instant> {
        let now = Instant::now();
        if self.status.due.is_none_or(|due| now >= due) {
            self.tell_status(&stats(), now);
        }
        if let Some((period, due)) = self.watchdog
            && now >= due
        {
            self.watchdog = Some((period, now + period));
            self.try_send("WATCHDOG=1");
        }
        let status = self.status.due.filter(|due| *due > now);
        [self.watchdog.map(|(_, due)| due), status].into_iter().flatten().min()
    }

    /// Sends the counters if they have changed. Formats them only then, because every turn of the
    /// loop may call this.
    fn tell_status(&mut self, stats: &Stats, now: Instant) {
        let requests = [stats.active, stats.finished, stats.failed, stats.refused, stats.aborted];
        if self.status.told == Some(requests) {
            self.status.due = None;
            return;
        }
        let [active, finished, failed, refused, aborted] = requests;
        let was_sent = self.try_send(&format!(
            "STATUS=requests: {active} active, {finished} finished, {failed} failed, {refused} refused, {aborted} aborted"
        ));
        if was_sent {
            self.status.told = Some(requests);
        }
        self.status.due = Some(now + STATUS);
    }
}

/// Time without `WATCHDOG=1` after which the manager kills this process. `None` if it does not.
fn watchdog_period() -> io::Result<Option<Duration>> {
    let Some(period) = number("WATCHDOG_USEC", ErrorKind::InvalidInput)? else {
        return Ok(None);
    };
    let own = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
    let meant = number::<u64>("WATCHDOG_PID", ErrorKind::InvalidInput)?
        .is_none_or(|process| process == own);
    Ok((meant && period > 0).then(|| Duration::from_micros(period)))
}

/// Time between two `WATCHDOG=1`: half of the manager's period, so that one may be late.
fn interval(period: Duration) -> Duration {
    if period < 2 * SHORTEST {
        log::warn!(
            target: TARGET,
            "expected a watchdog period of at least {:?}, got {period:?}: sending WATCHDOG=1 every \
             {SHORTEST:?}, which the service manager may find too late",
            2 * SHORTEST
        );
    }
    SHORTEST.max(period / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{Socket, SocketKind, socketpair};

    fn supervised() -> (Supervised, Socket) {
        let (own, manager) = socketpair(SocketKind::Datagram).unwrap();
        own.settimeout(Some(Duration::from_secs(60))).unwrap();
        manager.settimeout(Some(Duration::ZERO)).unwrap();
        let supervised = Supervised {
            manager: Manager::of(own),
            watchdog: Some((Duration::ZERO, Instant::now())),
            status: Status::default(),
            is_ready: true,
            is_stopping: false,
        };
        (supervised, manager)
    }

    #[test]
    fn status_is_sent_only_after_a_change() {
        let (mut supervised, manager) = supervised();
        supervised.watchdog = None;
        let mut tell = |finished| {
            supervised.status.due = None;
            let due = supervised.turn(|| Stats { finished, ..Stats::default() });
            (due.is_some(), manager.recv(100).is_ok())
        };
        assert_eq!(tell(1), (true, true));
        assert_eq!(tell(1), (false, false));
        assert_eq!(tell(2), (true, true));
        assert_eq!(tell(2), (false, false));
    }

    #[test]
    fn manager_that_does_not_read_holds_nothing_up() {
        let (mut supervised, manager) = supervised();
        let began = Instant::now();
        for finished in 1..10_000 {
            supervised.status.due = None;
            supervised.turn(|| Stats { finished, ..Stats::default() });
        }
        supervised.stopping(Duration::ZERO);
        assert!(supervised.manager.wait_until_read().is_err());
        assert!(began.elapsed() < Duration::from_secs(30));
        let read = || manager.recv(1_000).ok();
        assert!(std::iter::from_fn(read).count() > 1);
        // The last one was lost, and is sent once there is room.
        supervised.status.due = None;
        supervised.watchdog = None;
        supervised.turn(|| Stats { finished: 9_999, ..Stats::default() });
        assert!(
            read().is_some_and(|status| status.starts_with(b"STATUS=requests: 0 active, 9999 f"))
        );
    }

    #[test]
    fn longest_end_is_infinite() {
        let (mut supervised, manager) = supervised();
        supervised.stopping(Duration::MAX);
        let expected = format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", u64::MAX);
        assert_eq!(manager.recv(100).unwrap(), expected.as_bytes());
    }
}
