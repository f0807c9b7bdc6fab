//! What else the machine does meanwhile.

use std::fmt::Display;
use std::fs;
use std::io;
use std::time::Duration;

/// How long one tick of the times in `/proc` is, in milliseconds, whatever the kernel's own clock
/// does.
const TICK: u64 = 10;

/// With more than this in other programs the ratios mean little: the system shares processors out
/// by threads, and some of the servers have many, others few.
const QUIET: f64 = 0.1;

/// A moment in the life of the machine.
pub(crate) struct Moment {
    /// What all processors have had since the machine started, idle or not.
    all: Duration,
    idle: Duration,
    /// What this program and the processes that it has ended took of it.
    ours: Duration,
}

impl Moment {
    pub(crate) fn now() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        Ok(Moment {
            // After these eight come the guests' times, which the first two have in them already.
            all: sum(line, 1, 8)?,
            idle: sum(line, 4, 2)?,
            ours: cpu_time("self", 4)?,
        })
    }

    /// Says how much other programs have had since this moment.
    pub(crate) fn report(&self) -> io::Result<String> {
        let now = Self::now()?;
        let all = now.all - self.all;
        let others = all
            .saturating_sub(now.idle.saturating_sub(self.idle))
            .saturating_sub(now.ours - self.ours);
        let share = others.as_secs_f64() / all.as_secs_f64();
        let verdict = if share <= QUIET {
            ""
        } else {
            ": too much, measure again when the machine is quiet"
        };
        let percent = share * 100.0;
        Ok(format!(
            "Other programs had {percent:.0} % of the processors{verdict}."
        ))
    }
}

/// The processor time that a process has used so far, its ended threads' included.
pub(crate) fn cpu_time_of(process: u32) -> io::Result<Duration> {
    cpu_time(process, 2)
}

/// The first so many of a process' times: its own in user mode and in the kernel, and its ended
/// children's.
fn cpu_time(process: impl Display, times: usize) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may have spaces in it. The times come after eleven other fields.
    let (_, fields) = stat.rsplit_once(')').ok_or(io::ErrorKind::InvalidData)?;
    sum(fields, 11, times)
}

fn sum(fields: &str, first: usize, count: usize) -> io::Result<Duration> {
    let ticks = fields.split_whitespace().skip(first).take(count);
    let ticks: Option<u64> = ticks.map(|ticks| ticks.parse::<u64>().ok()).sum();
    let ticks = ticks.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Duration::from_millis(ticks * TICK))
}
