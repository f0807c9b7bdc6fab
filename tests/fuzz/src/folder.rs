//! The folder that a server of files has.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

use socketserver::http::Files;

pub(crate) const CONTENT: &str = "0123456789ABCDEF";
pub(crate) const SECRET: &str = "nobody may read this";

fn outside() -> PathBuf {
    env::temp_dir().join(format!("fuzzed-files-{}", std::process::id()))
}

/// A folder with files, a secret in it that is hidden, and one beside it.
fn folder() -> io::Result<PathBuf> {
    let outside = outside();
    let root = outside.join("root");
    fs::create_dir_all(root.join("sub"))?;
    fs::create_dir_all(root.join(".git"))?;
    fs::write(outside.join("secret.txt"), SECRET)?;
    fs::write(root.join(".git/config"), SECRET)?;
    for name in ["a.txt", "sub/c.html", "sub/c.html.gz"] {
        fs::write(root.join(name), CONTENT)?;
        let file = fs::File::options().write(true).open(root.join(name))?;
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))?;
    }
    let _ = std::os::unix::fs::symlink("../secret.txt", root.join("link"));
    Ok(root)
}

#[cfg(test)]
pub(crate) fn remove() {
    fs::remove_dir_all(outside()).expect("the folder is there");
}

pub(crate) fn files() -> &'static Arc<Files> {
    static FILES: OnceLock<Arc<Files>> = OnceLock::new();
    FILES.get_or_init(|| {
        let files = folder().and_then(Files::new).expect("a folder");
        Arc::new(files.precompressed(true))
    })
}
