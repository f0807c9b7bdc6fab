use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::super::tests::Folder;
use super::*;

/// `true` for a file, `false` for a directory.
fn kind(root: &Root, path: &str) -> Option<bool> {
    let found = root.find(path.as_bytes()).expect("no error of the system");
    found.map(|found| matches!(found, Found::File(..)))
}

/// A directory beside a secret, with links in it.
fn furnished() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.join("root/dir/sub")).expect("a folder");
    fs::write(folder.join("secret"), "secret").expect("write");
    fs::write(folder.join("root/file"), "file").expect("write");
    fs::write(folder.join("root/dir/inner"), "inner").expect("write");
    for (to, from) in [
        ("file", "root/link"),
        ("dir", "root/to-dir"),
        ("../file", "root/dir/up"),
        ("../secret", "root/out"),
        ("..", "root/parent"),
        ("/etc", "root/absolute"),
        ("loop", "root/loop"),
        ("nowhere", "root/broken"),
        ("/proc/self/root", "root/magic"),
    ] {
        symlink(to, folder.join(from)).expect("a link");
    }
    symlink(folder.join("root/file"), folder.join("root/absolute-inside")).expect("a link");
    folder
}

#[test]
fn links_are_followed_as_the_policy_says() {
    let folder = furnished();
    let mut root = Root::open(&folder.join("root")).expect("a directory");
    assert!(root.has_openat2, "these tests need Linux 5.6");
    let (file, directory) = (Some(true), Some(false));
    // Beneath, never, always.
    let expected = [
        ("", [directory; 3]),
        ("file", [file; 3]),
        ("dir", [directory; 3]),
        ("dir/inner", [file; 3]),
        ("missing", [None; 3]),
        ("file/x", [None; 3]),
        ("loop", [None; 3]),
        ("broken", [None; 3]),
        ("link", [file, None, file]),
        ("to-dir", [directory, None, directory]),
        ("to-dir/inner", [file, None, file]),
        ("dir/up", [file, None, file]),
        ("out", [None, None, file]),
        ("parent", [None, None, directory]),
        ("parent/secret", [None, None, file]),
        ("absolute/passwd", [None, None, file]),
        ("absolute-inside", [None, None, file]),
        ("magic", [None, None, directory]),
    ];
    let policies = [Symlinks::Beneath, Symlinks::Never, Symlinks::Always];
    for (path, kinds) in expected {
        for (policy, expected) in policies.into_iter().zip(kinds) {
            root.symlinks = policy;
            assert_eq!(kind(&root, path), expected, "{path} {policy:?}");
            assert_eq!(root.stat(path.as_bytes()).is_some(), expected.is_some(), "{path}");
        }
    }
    // On an old kernel no link is followed.
    root.has_openat2 = false;
    root.symlinks = Symlinks::Beneath;
    for (path, [_, never, _]) in expected {
        assert_eq!(kind(&root, path), never, "{path}");
        assert_eq!(root.stat(path.as_bytes()).is_some(), never.is_some(), "{path}");
    }
}

#[test]
fn only_files_and_directories_are_found() {
    let folder = Folder::new();
    rustix::fs::mknodat(CWD, folder.join("fifo"), FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    let _listener = UnixListener::bind(folder.join("socket")).expect("a socket");
    symlink("/dev/zero", folder.join("zero")).expect("a link");
    let mut root = Root::open(folder.path()).expect("a directory");
    root.symlinks = Symlinks::Always;
    for name in ["fifo", "socket", "zero"] {
        assert_eq!(kind(&root, name), None, "{name}");
    }
    let long = "x".repeat(5_000);
    assert_eq!(kind(&root, &long), None);
    assert_eq!(kind(&root, &format!("{0}/{0}", &long[..200])), None);
}

/// Opening it would end the wait of its writer.
#[test]
fn a_fifo_is_not_opened() {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let folder = Folder::new();
    let fifo = folder.join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    symlink("fifo", folder.join("link")).expect("a link");
    let watch = init(CreateFlags::NONBLOCK).expect("inotify");
    add_watch(&watch, &fifo, WatchFlags::OPEN).expect("a watch");
    let mut root = Root::open(folder.path()).expect("a directory");
    for policy in [Symlinks::Beneath, Symlinks::Never, Symlinks::Always] {
        root.symlinks = policy;
        for name in ["fifo", "link"] {
            assert_eq!(kind(&root, name), None, "{name} {policy:?}");
        }
    }
    let mut event = [0; 64];
    assert_eq!(rustix::io::read(&watch, &mut event), Err(Errno::AGAIN));
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    openat(CWD, &fifo, flags, Mode::empty()).expect("it may be opened");
    assert!(rustix::io::read(&watch, &mut event).is_ok_and(|bytes| bytes > 0));
}

#[test]
fn the_directory_is_found_after_it_was_renamed() {
    let folder = furnished();
    let root = Root::open(&folder.join("root")).expect("a directory");
    fs::rename(folder.join("root"), folder.join("other")).expect("rename");
    assert_eq!(kind(&root, "file"), Some(true));
    Root::open(&folder.join("root")).expect_err("it has another name");
    Root::open(&folder.join("other/file")).expect_err("it is no directory");
}

/// While a link is followed, a directory on its way is replaced. The result is a file below the
/// root, or nothing.
#[test]
fn a_race_of_renames_leads_nowhere_else() {
    let folder = furnished();
    fs::write(folder.join("inner"), "outside").expect("write");
    symlink("..", folder.join("root/evil")).expect("a link");
    let root = Root::open(&folder.join("root")).expect("a directory");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                let (one, other) = (folder.join("root/dir"), folder.join("root/evil"));
                rustix::fs::renameat_with(CWD, &one, CWD, &other, exchange).expect("an exchange");
            }
        });
        for _ in 0..20_000 {
            match root.find(b"dir/inner") {
                Ok(Some(Found::File(file, _))) => {
                    assert_eq!(io::read_to_string(file).expect("text"), "inner");
                }
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}"),
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
