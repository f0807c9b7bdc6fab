//! How many threads this machine can carry for this process, and the permits that keep all pools
//! together below that.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::process::{Resource, getrlimit, getuid};

/// Where the log lines of this file go.
const TARGET: &str = "socketserver::pool";

/// The number where no limit can be read.
const UNKNOWN: usize = 1_000;

/// How many mappings a thread of the standard library needs: its stack, the stack for its signals,
/// and a guard for each.
const MAPPINGS: usize = 4;

/// The most threads that all pools of this process should have together.
///
/// Most limits make the start of a thread fail, which can be handled. The limit on mappings is
/// another matter. If a thread that has started finds no mapping left for its signal stack, the
/// whole process ends, and this crate cannot prevent that.
pub(crate) fn max_threads() -> usize {
    // Computed once, at `bind`, because the files may be out of reach later. If a limit falls after
    // that, the start of a thread fails, and then the pool is full.
    static MOST: OnceLock<usize> = OnceLock::new();
    let mut found = None;
    let most = *MOST.get_or_init(|| {
        let (most, reason) = most(|path| fs::read_to_string(path).ok(), processes_left());
        found = Some(reason);
        most
    });
    // Only now, because the logger may need a pool itself.
    if let Some(reason) = found {
        log::debug!(target: TARGET, "at most {most} threads in all pools, because of {reason}");
    }
    most
}

/// The right to be one of the threads of all pools. A thread keeps it to its end.
pub(super) struct ThreadPermit(&'static AtomicUsize);

impl ThreadPermit {
    pub(super) fn take() -> io::Result<Self> {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        Self::among(&TAKEN, max_threads())
    }

    fn among(taken: &'static AtomicUsize, most: usize) -> io::Result<Self> {
        let one_more = |taken| (taken < most).then_some(taken + 1);
        match taken.fetch_update(Relaxed, Relaxed, one_more) {
            Ok(_) => Ok(ThreadPermit(taken)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!("all {most} threads that this machine can carry are running"),
            )),
        }
    }
}

impl Drop for ThreadPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The lowest limit, and its name. Each limit is the remainder, because threads and processes that
/// run already count too. `read` returns the text of a file; `processes_left` is how many more
/// processes the user may have.
fn most(
    read: impl Fn(&Path) -> Option<String>,
    processes_left: Option<usize>,
) -> (usize, &'static str) {
    let text = |path: &str| read(Path::new(path));
    let number = |path: &str| text(path)?.trim().parse::<usize>().ok();

    // The machine's threads count against the limits of the machine.
    let running = text("/proc/loadavg").and_then(|load| threads_in(&load));
    let left = |path: &str| Some(number(path)?.saturating_sub(running.unwrap_or(0)));

    let mappings = || {
        let used = text("/proc/self/maps")?.lines().count();
        Some(threads_for(number("/proc/sys/vm/max_map_count")?, used))
    };
    let groups = || {
        let groups = control_groups(&text("/proc/self/cgroup")?);
        let free = groups.iter().filter_map(|group| {
            let most = read(&group.join("pids.max"))?;
            let used = read(&group.join("pids.current"))?;
            free_in_group(&most, &used)
        });
        free.min()
    };

    let limits = [
        ("vm.max_map_count", mappings()),
        ("kernel.threads-max", left("/proc/sys/kernel/threads-max")),
        ("kernel.pid_max", left("/proc/sys/kernel/pid_max")),
        ("the control group's pids.max", groups()),
        ("RLIMIT_NPROC", processes_left),
    ];
    let known = limits.iter().filter_map(|&(reason, most)| Some((most?, reason)));
    let (most, reason) = known.min().unwrap_or((UNKNOWN, "no limit that could be read"));
    (most.max(1), reason)
}

/// How many threads the free mappings suffice for. A sixteenth is left for what the threads
/// themselves will map.
fn threads_for(max_map_count: usize, used: usize) -> usize {
    let threads = max_map_count.saturating_sub(used) / MAPPINGS;
    threads - threads / 16
}

/// How many more processes this user may have, each thread of which counts as one. None if there is
/// no limit; it does not apply to root.
fn processes_left() -> Option<usize> {
    if getuid().is_root() {
        return None;
    }
    let most = usize::try_from(getrlimit(Resource::Nproc).current?).ok()?;
    Some(most.saturating_sub(threads_of(getuid().as_raw())))
}

/// How many threads the processes of this user have, as far as they can be seen.
fn threads_of(user: u32) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else {
        return 0;
    };
    let processes = processes.filter_map(Result::ok);
    let own = processes.filter(|process| process.metadata().is_ok_and(|data| data.uid() == user));
    let threads = own.filter_map(|process| {
        let status = fs::read_to_string(process.path().join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse::<usize>().ok()
    });
    threads.sum()
}

/// How many threads the machine has, from `/proc/loadavg`: there it is what stands behind the
/// slash.
fn threads_in(load: &str) -> Option<usize> {
    let (_, all) = load.split_whitespace().nth(3)?.split_once('/')?;
    all.parse().ok()
}

/// The folders of the groups in `/proc/self/cgroup` that may limit threads, and of the groups above
/// them, whose limits hold too.
///
/// In a container the path may be one of the host, which cannot be seen there. Then the topmost
/// folder is that of the container.
fn control_groups(cgroup: &str) -> Vec<PathBuf> {
    let lines = cgroup.lines().filter_map(|line| {
        let (_, line) = line.split_once(':')?;
        let (controllers, path) = line.split_once(':')?;
        let top = match controllers {
            "" => "/sys/fs/cgroup",
            _ if controllers.split(',').any(|name| name == "pids") => "/sys/fs/cgroup/pids",
            _ => return None,
        };
        Some((top, path))
    });
    let folders = lines.flat_map(|(top, path)| {
        let groups = Path::new(path.trim_start_matches('/')).ancestors();
        groups.map(move |group| Path::new(top).join(group))
    });
    folders.collect()
}

/// What `pids.current` leaves of `pids.max`. The text "max" stands for no limit.
fn free_in_group(most: &str, used: &str) -> Option<usize> {
    let most: usize = most.trim().parse().ok()?;
    Some(most.saturating_sub(used.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of `most` on a machine with these files and this many processes left to the user.
    fn most_of(files: &[(&str, &str)], processes_left: Option<usize>) -> (usize, &'static str) {
        let read = |path: &Path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| text.to_string())
        };
        most(read, processes_left)
    }

    #[test]
    fn the_lowest_limit_wins() {
        let mut files = vec![
            ("/proc/sys/vm/max_map_count", "65530\n"),
            ("/proc/self/maps", "stack\nheap\n"),
            ("/proc/sys/kernel/threads-max", "192731\n"),
            ("/proc/sys/kernel/pid_max", "32768\n"),
            ("/proc/self/cgroup", "0::/system/server\n"),
        ];
        assert_eq!(most_of(&files, None), (15_359, "vm.max_map_count"));

        files.push(("/sys/fs/cgroup/system/server/pids.max", "max\n"));
        files.push(("/sys/fs/cgroup/system/server/pids.current", "5\n"));
        assert_eq!(most_of(&files, None), (15_359, "vm.max_map_count"));

        files.push(("/sys/fs/cgroup/system/pids.max", "900\n"));
        files.push(("/sys/fs/cgroup/system/pids.current", "20\n"));
        assert_eq!(most_of(&files, None), (880, "the control group's pids.max"));

        assert_eq!(most_of(&files, Some(700)), (700, "RLIMIT_NPROC"));
    }

    #[test]
    fn unreadable_file_is_no_limit() {
        assert_eq!(most_of(&[], None), (UNKNOWN, "no limit that could be read"));
        let files = [
            ("/proc/sys/vm/max_map_count", "65530"),
            ("/proc/sys/kernel/threads-max", "many"),
            ("/proc/sys/kernel/pid_max", "4096"),
        ];
        assert_eq!(most_of(&files, None), (4_096, "kernel.pid_max"));
    }

    #[test]
    fn there_is_always_one_thread() {
        let full = [("/proc/sys/vm/max_map_count", "2"), ("/proc/self/maps", "a\nb\nc\n")];
        assert_eq!(most_of(&full, None), (1, "vm.max_map_count"));
        assert!(max_threads() >= 1);
    }

    #[test]
    fn all_pools_share_the_permits() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let permit = || ThreadPermit::among(&TAKEN, 2);
        let (first, _second) = (permit().unwrap(), permit().unwrap());
        let refused = permit().map(drop).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
        drop(first);
        assert!(permit().is_ok());
    }

    #[test]
    fn free_mappings_limit_the_threads() {
        assert_eq!(threads_for(65_530, 65_530), 0);
        assert_eq!(threads_for(65_530, 70_000), 0);
        assert_eq!(threads_for(6_400, 0), 1_500);
    }

    #[test]
    fn process_limit_does_not_apply_to_root() {
        let limit = getrlimit(Resource::Nproc).current;
        let limit = limit.filter(|_| !getuid().is_root());
        let left = processes_left().map(|left| left as u64);
        assert_eq!(left.is_some(), limit.is_some());
        // This process has a thread at least, which the limit counts.
        assert!(left.is_none_or(|left| Some(left) < limit));
    }

    #[test]
    fn threads_that_run_are_taken_off_the_limits() {
        assert!(threads_of(getuid().as_raw()) >= 1);
        assert_eq!(threads_in("0.36 0.20 0.11 2/345 6789\n"), Some(345));
        assert_eq!(threads_in("nothing of the kind"), None);
        let files = [
            ("/proc/sys/kernel/threads-max", "1000"),
            ("/proc/sys/kernel/pid_max", "900"),
            ("/proc/loadavg", "0.36 0.20 0.11 2/345 6789\n"),
        ];
        assert_eq!(most_of(&files, None), (555, "kernel.pid_max"));
    }

    #[test]
    fn control_groups_are_found_in_either_layout() {
        let unified = control_groups("0::/a/b\n");
        let folders = ["a/b", "a", ""].map(|path| Path::new("/sys/fs/cgroup").join(path));
        assert_eq!(unified, folders);

        let separate = control_groups("8:cpu,pids:/a\n7:memory:/m\n");
        let folders = ["a", ""].map(|path| Path::new("/sys/fs/cgroup/pids").join(path));
        assert_eq!(separate, folders);
        assert!(control_groups("nothing of the kind").is_empty());
    }

    #[test]
    fn running_threads_are_taken_off_a_groups_limit() {
        assert_eq!(free_in_group("100\n", "7\n"), Some(93));
        assert_eq!(free_in_group("100\n", "107\n"), Some(0));
        assert_eq!(free_in_group("max\n", "7\n"), None);
    }
}
