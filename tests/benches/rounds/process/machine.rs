//! The machine, and the load of other programs during the benchmark.

use tests::prelude::*;

/// Milliseconds per tick of the times in `/proc`, which do not depend on the kernel's own clock.
const TICK: u64 = 10;

/// If other programs use more than this share, ratios mean little: the system divides processors
/// among threads, and some servers have many threads, others few.
const QUIET: f64 = 0.1;

/// The processor times of the machine at one moment.
#[derive(Debug)]
pub(crate) struct Moment {
    /// The time of all processors since the machine started, idle or not.
    all: Duration,
    idle: Duration,
    /// The part that this program and its ended children have used.
    ours: Duration,
}

impl Moment {
    pub(crate) fn now() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let own = fs::read_to_string("/proc/self/stat")?;
        // The name in parentheses may contain spaces. The times come after eleven other fields.
        let (_, fields) = own.rsplit_once(')').ok_or(io::ErrorKind::InvalidData)?;
        Ok(Moment {
            // After these eight come the times of guests, which the first two include.
            all: sum(line, 1, 8)?,
            idle: sum(line, 4, 2)?,
            ours: sum(fields, 11, 4)?,
        })
    }

    /// The share of other programs since this moment, as a sentence.
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
            ", which is too much: measure again on a quiet machine"
        };
        let percent = share * 100.0;
        Ok(format!("Other programs used {percent:.0} % of the processors{verdict}."))
    }
}

/// The machine's processors and kernel.
pub(crate) fn description() -> io::Result<String> {
    let cores = thread::available_parallelism()?;
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let model = model.unwrap_or("processor");
    Ok(format!("{cores} cores ({model}), Linux {}", kernel.trim()))
}

fn sum(fields: &str, first: usize, count: usize) -> io::Result<Duration> {
    let ticks = fields.split_whitespace().skip(first).take(count);
    let ticks: Option<u64> = ticks.map(|ticks| ticks.parse::<u64>().ok()).sum();
    let ticks = ticks.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Duration::from_millis(ticks * TICK))
}
