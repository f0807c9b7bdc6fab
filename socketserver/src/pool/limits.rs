//! How many threads this machine can carry for this process.

use super::TARGET;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// Where nothing can be read.
const UNKNOWN: usize = 1_000;

/// What a thread of Rust's standard library costs: its stack, the stack for its signals, a guard
/// for each.
const MAPPINGS: usize = 4;

/// The most threads that all pools of this process should have together.
///
/// That is a matter of safety. Most limits make the start of a thread fail, which can be handled.
/// But a thread that has started and finds no mapping left for its signal stack ends the whole
/// process, and no code of ours can prevent that.
pub(crate) fn max_threads() -> usize {
    // Looked at once: later the threads that are there would be counted against themselves.
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| {
        let (most, reason) = most(|path| fs::read_to_string(path).ok());
        log::debug!(target: TARGET, "at most {most} threads, because of {reason}");
        most
    })
}

/// A place among all threads of all pools. Its thread keeps it to its end.
pub(super) struct Place(&'static AtomicUsize);

impl Place {
    pub(super) fn take() -> io::Result<Self> {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        Self::among(&TAKEN, max_threads())
    }

    fn among(taken: &'static AtomicUsize, most: usize) -> io::Result<Self> {
        let one_more = |taken| (taken < most).then_some(taken + 1);
        match taken.fetch_update(Relaxed, Relaxed, one_more) {
            Ok(_) => Ok(Place(taken)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!("there are {most} threads, as many as this machine can carry"),
            )),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The lowest limit, and which one it is. `read` gives the text of a file.
fn most(read: impl Fn(&Path) -> Option<String>) -> (usize, &'static str) {
    let text = |path: &str| read(Path::new(path));
    let number = |path: &str| text(path)?.trim().parse().ok();

    let mappings = || {
        let used = text("/proc/self/maps")?.lines().count();
        Some(threads_for(number("/proc/sys/vm/max_map_count")?, used))
    };
    let processes = || {
        // To root this limit does not apply.
        let root = real_user(&text("/proc/self/status")?)? == 0;
        if root {
            None
        } else {
            max_processes(&text("/proc/self/limits")?)
        }
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
        ("kernel.threads-max", number("/proc/sys/kernel/threads-max")),
        ("kernel.pid_max", number("/proc/sys/kernel/pid_max")),
        ("the control group's pids.max", groups()),
        ("RLIMIT_NPROC", processes()),
    ];
    let known = limits
        .iter()
        .filter_map(|&(reason, most)| Some((most?, reason)));
    let (most, reason) = known
        .min()
        .unwrap_or((UNKNOWN, "no limit that could be read"));
    (most.max(1), reason)
}

/// A sixteenth is left to what the threads themselves will map.
fn threads_for(max_map_count: usize, used: usize) -> usize {
    let threads = max_map_count.saturating_sub(used) / MAPPINGS;
    threads - threads / 16
}

/// The user in `/proc/self/status`.
fn real_user(status: &str) -> Option<u32> {
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    users.split_whitespace().next()?.parse().ok()
}

/// The soft limit in `/proc/self/limits`.
fn max_processes(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max processes"))?;
    // "unlimited" is no number, and no limit.
    line.split_whitespace().next()?.parse().ok()
}

/// The folders of the groups in `/proc/self/cgroup` that may limit threads, and of those above:
/// their limits hold too.
///
/// In a container the path may be one of the host's that cannot be seen. The topmost folder is the
/// container's then.
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

/// What `pids.max` leaves beside `pids.current`. "max" is no number, and no limit.
fn free_in_group(most: &str, used: &str) -> Option<usize> {
    let most: usize = most.trim().parse().ok()?;
    Some(most.saturating_sub(used.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             700                  96365                processes
Max open files            20000                20000                files
";

    /// What `most` makes of a machine that has these files.
    fn most_of(files: &[(&str, &str)]) -> (usize, &'static str) {
        most(|path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| text.to_string())
        })
    }

    #[test]
    fn the_lowest_limit_wins() {
        let mut files = vec![
            ("/proc/sys/vm/max_map_count", "65530\n"),
            ("/proc/self/maps", "stack\nheap\n"),
            ("/proc/sys/kernel/threads-max", "192731\n"),
            ("/proc/sys/kernel/pid_max", "32768\n"),
            ("/proc/self/status", "Name:\tserver\nUid:\t0\t0\t0\t0\n"),
            ("/proc/self/limits", LIMITS),
            ("/proc/self/cgroup", "0::/system/server\n"),
        ];
        assert_eq!(most_of(&files), (15_359, "vm.max_map_count"));

        files.push(("/sys/fs/cgroup/system/server/pids.max", "max\n"));
        files.push(("/sys/fs/cgroup/system/server/pids.current", "5\n"));
        assert_eq!(most_of(&files), (15_359, "vm.max_map_count"));

        files.push(("/sys/fs/cgroup/system/pids.max", "900\n"));
        files.push(("/sys/fs/cgroup/system/pids.current", "20\n"));
        assert_eq!(most_of(&files), (880, "the control group's pids.max"));

        files[4].1 = "Uid:\t1000\t0\t0\t0\n";
        assert_eq!(most_of(&files), (700, "RLIMIT_NPROC"));
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        assert_eq!(most_of(&[]), (UNKNOWN, "no limit that could be read"));
        let files = [
            ("/proc/sys/vm/max_map_count", "65530"),
            ("/proc/sys/kernel/threads-max", "many"),
            ("/proc/sys/kernel/pid_max", "4096"),
            ("/proc/self/limits", LIMITS),
        ];
        assert_eq!(most_of(&files), (4_096, "kernel.pid_max"));
    }

    #[test]
    fn there_is_always_one() {
        let full = [
            ("/proc/sys/vm/max_map_count", "2"),
            ("/proc/self/maps", "a\nb\nc\n"),
        ];
        assert_eq!(most_of(&full), (1, "vm.max_map_count"));
        assert!(max_threads() >= 1);
    }

    #[test]
    fn all_pools_share_the_places() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let place = || Place::among(&TAKEN, 2);
        let (first, _second) = (place().unwrap(), place().unwrap());
        let refused = place().map(drop).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
        drop(first);
        assert!(place().is_ok());
    }

    #[test]
    fn mappings_are_shared_out_to_threads() {
        assert_eq!(threads_for(65_530, 65_530), 0);
        assert_eq!(threads_for(65_530, 70_000), 0);
        assert_eq!(threads_for(6_400, 0), 1_500);
    }

    #[test]
    fn the_real_user_counts() {
        assert_eq!(real_user("Gid:\t5\nUid:\t1000\t0\t0\t0\n"), Some(1_000));
        assert_eq!(real_user("Name:\tx\n"), None);
    }

    #[test]
    fn the_soft_limit_counts() {
        assert_eq!(max_processes(LIMITS), Some(700));
        let unlimited = LIMITS.replace("700", "unlimited");
        assert_eq!(max_processes(&unlimited), None);
        assert_eq!(max_processes(""), None);
    }

    #[test]
    fn groups_are_found_in_either_layout() {
        let unified = control_groups("0::/a/b\n");
        let folders = ["a/b", "a", ""].map(|path| Path::new("/sys/fs/cgroup").join(path));
        assert_eq!(unified, folders);

        let separate = control_groups("8:cpu,pids:/a\n7:memory:/m\n");
        let folders = ["a", ""].map(|path| Path::new("/sys/fs/cgroup/pids").join(path));
        assert_eq!(separate, folders);
        assert!(control_groups("nothing of the kind").is_empty());
    }

    #[test]
    fn a_group_counts_what_runs_in_it() {
        assert_eq!(free_in_group("100\n", "7\n"), Some(93));
        assert_eq!(free_in_group("100\n", "107\n"), Some(0));
        assert_eq!(free_in_group("max\n", "7\n"), None);
    }
}
