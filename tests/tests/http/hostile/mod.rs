//! Requests that no honest client sends, and the right answer to each.

mod beside;
mod case;
mod conversation;
mod table;

use std::os::unix::fs::symlink;

use tests::prelude::*;

use crate::harness::list;

use beside::every_difference_from_python_is_justified;
pub(crate) use case::Case;

list!(every_difference_from_python_is_justified; ; ;);

/// Runs `check` on each case, on this number of threads, and returns what it found, in order.
pub(crate) fn in_parallel(
    cases: &[Case],
    threads: usize,
    check: impl Fn(&Case) -> Option<String> + Sync,
) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let at @ 0.. = next.fetch_add(1, Relaxed)
            && let Some(case) = cases.get(at)
        {
            if let Some(what) = check(case) {
                found.lock().push((at, format!("{case}\n    {what}")));
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut found = found.into_inner();
    found.sort();
    found.into_iter().map(|(_, what)| what).collect()
}

/// A folder, of which `root` is served.
pub(crate) fn site_of_files() -> Folder {
    let folder = Folder::new();
    let root = folder.join("root");
    fs::create_dir_all(root.join("dir")).expect("a folder");
    fs::create_dir(folder.join("etc")).expect("a folder");
    fs::write(folder.join("etc/passwd"), "secret").expect("write");
    fs::write(root.join("a.txt"), "0123456789").expect("write");
    symlink(folder.join("etc"), root.join("link-to-etc")).expect("a link");
    folder
}
