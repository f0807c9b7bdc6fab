//! Requests that no honest client sends, and the right answer to each.

mod beside;
mod case;
mod conversation;
mod echo;
mod table;

use std::os::unix::fs::symlink;

use tests::prelude::*;

use crate::harness::{Column, list};
use crate::site::Site;

use beside::every_difference_from_python_is_justified;
pub(crate) use case::Case;
use conversation::{Pieces, converse};
pub(crate) use echo::PROGRAMS;

list!(
    every_difference_from_python_is_justified;
    a_whole_case_gets_its_answer, a_case_in_pieces_gets_its_answer,
    a_case_read_bytewise_gets_its_answer, a_case_of_files_gets_its_answer;
);

/// Sends each case of an echo to a server with this argument.
#[track_caller]
fn meet(column: Column, pieces: Pieces, arguments: &[&str]) {
    let site = Site::start("hostile::echo::echo", column, arguments);
    check_answers(&site, column, pieces, false);
    site.end();
}

/// Sends the cases of a folder, or else of an echo, to a server of that.
#[track_caller]
fn check_answers(site: &Site, column: Column, pieces: Pieces, files: bool) {
    let cases: Vec<_> = table::all().into_iter().filter(|case| case.files == files).collect();
    let threads = if column == Column::Inline { 1 } else { 8 };
    let wrong = in_parallel(&cases, threads, |case| {
        let right: Vec<_> =
            case.right.split(" or ").map(|right| of_column(right, column)).collect();
        let right = right.join(" or ");
        let seen = converse(site.address(), case, pieces, &right);
        (!right.split(" or ").any(|right| right == seen))
            .then(|| format!("{seen:?}, not {right:?}"))
    });
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// A server that serves one client at a time closes after each reply.
fn of_column(right: &str, column: Column) -> String {
    if column != Column::Inline || right.ends_with('!') || right == "reset" {
        return right.to_owned();
    }
    let replies: Vec<_> = right.split("; ").collect();
    let last = replies.iter().position(|reply| *reply != "100").expect("a final reply");
    replies[..=last].join("; ").replace("(keep-alive) ", "") + "!"
}

fn a_whole_case_gets_its_answer(column: Column) {
    meet(column, Pieces::Whole, &[]);
}

fn a_case_in_pieces_gets_its_answer(column: Column) {
    meet(column, Pieces::Bytes, &[]);
}

fn a_case_of_files_gets_its_answer(column: Column) {
    let folder = site_of_files();
    let root = folder.join("root");
    let site = Site::start("files::files", column, &[root.to_str().expect("text")]);
    check_answers(&site, column, Pieces::Whole, true);
    check_answers(&site, column, Pieces::Bytes, true);
    site.end();
}

/// However a request is cut, it is the same request.
fn a_case_read_bytewise_gets_its_answer(column: Column) {
    meet(column, Pieces::Whole, &[echo::BYTEWISE]);
}

/// The bytes of those cases of an echo that are small.
pub(crate) fn small_requests() -> Vec<Vec<u8>> {
    let cases = table::all().into_iter().filter(|case| !case.files && !case.bytes.is_empty());
    cases.map(|case| case.bytes).filter(|bytes| bytes.len() < 1_024).collect()
}

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
