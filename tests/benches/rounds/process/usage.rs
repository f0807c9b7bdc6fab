//! What a server has used, with all its processes.

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use tests::prelude::{Duration, fs, io};

/// The time of a tick in `/proc`, which does not depend on the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// A server's processes, which are a process group.
#[derive(Debug)]
pub(crate) struct Usage {
    members: Vec<u32>,
    /// The processor time of children that have ended.
    ended: Duration,
}

impl Usage {
    pub(super) fn of(group: u32) -> io::Result<Self> {
        let mut usage = Usage { members: Vec::new(), ended: Duration::ZERO };
        for entry in fs::read_dir("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // It may end at any time.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
                continue;
            };
            // The name in parentheses may contain spaces.
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            let field = |index: usize| {
                let field = fields.split_whitespace().nth(index);
                field.and_then(|field| field.parse::<u32>().ok()).unwrap_or_default()
            };
            // Its group; then, after its own times, those of its children.
            if field(2) == group {
                usage.members.push(id);
                usage.ended += TICK * (field(13) + field(14));
            }
        }
        Ok(usage)
    }

    /// The processor time of all of them, also of those that have ended.
    pub(crate) fn cpu_time(&self) -> Duration {
        let own = self.members.iter().filter_map(|id| {
            let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(*id as i32)).ok()?;
            clock_gettime(clock).ok().map(Duration::from)
        });
        own.sum::<Duration>() + self.ended
    }

    /// Their memory in bytes, without that of files. What processes share is counted once.
    pub(crate) fn memory(&self) -> u64 {
        let files = self.members.iter().map(|id| format!("/proc/{id}/smaps_rollup"));
        files.map(|file| number_after(&file, "Pss_Anon:") * 1024).sum()
    }

    /// How often one of their threads has run: a thread that makes a system call has run.
    pub(crate) fn wakes(&self) -> u64 {
        let tasks = self.members.iter().flat_map(|id| fs::read_dir(format!("/proc/{id}/task")));
        let files = tasks.flatten().flatten().map(|task| task.path().join("status"));
        files
            .map(|file| {
                let file = file.display().to_string();
                number_after(&file, "voluntary_ctxt_switches:")
                    + number_after(&file, "nonvoluntary_ctxt_switches:")
            })
            .sum()
    }
}

/// The number in the line of a file that begins so; zero if the process has ended.
fn number_after(file: &str, label: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}
