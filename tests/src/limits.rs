//! The limits that the system sets for this process. Each test that lowers one runs in a separate
//! process.

use std::iter;

use crate::prelude::*;

/// Lowers a limit of this process, and returns what it was.
pub fn lower(resource: Resource, limit: u64) -> Rlimit {
    let before = getrlimit(resource);
    let current = Some(limit);
    setrlimit(resource, Rlimit { current, ..before }).expect("a lower limit");
    before
}

pub fn with_at_most<T>(resource: Resource, limit: u64, work: impl FnOnce() -> T) -> T {
    let before = lower(resource, limit);
    let result = work();
    setrlimit(resource, before).expect("the old limit");
    result
}

/// Lowers the limit of this process's memory to this many bytes more than it has, and returns what it
/// was.
pub fn leave_memory(bytes: u64) -> Rlimit {
    let now = memory_of(std::process::id(), "VmSize").expect("its memory");
    lower(Resource::As, now + bytes)
}

/// All descriptors that this process can still get, of 100.
pub fn all_descriptors() -> Vec<File> {
    lower(Resource::Nofile, 100);
    iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// Number of entries of a folder of this process in `/proc`: `fd` or `task`.
pub fn count_of(what: &str) -> usize {
    fs::read_dir(format!("/proc/self/{what}")).expect("Linux has it").count()
}
