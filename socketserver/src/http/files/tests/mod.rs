//! Replies, as values: no server and no client.

mod conditions;
mod directories;
mod forms;
mod replies;

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use super::Files;
use super::answer::Asked;
use super::reply::{Body, Piece, Reply};

/// A folder for one test, removed when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("files-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a folder for the test");
        Folder(path)
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file with a date in the past, so that a later change gets another date.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder");
        }
        fs::write(&path, content).expect("write");
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let file = fs::File::options().write(true).open(&path).expect("open");
        file.set_modified(modified).expect("a time");
    }

    fn files(&self) -> Files {
        Files::new(&self.0).expect("a directory")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Head<'a> = &'a [(&'a str, &'a str)];

fn ask(files: &Files, method: &str, target: &str, head: Head<'_>) -> Reply {
    let fields = |name: &str| {
        let values = head.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
        let values: Vec<&str> = values.map(|field| field.1).collect();
        (!values.is_empty()).then(|| Cow::from(values.join(", ")))
    };
    files.answer(&Asked { method, target: target.as_bytes(), fields: &fields })
}

fn get(files: &Files, target: &str) -> Reply {
    ask(files, "GET", target, &[])
}

fn field<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let mut found = reply.fields.iter().filter(|field| field.0 == name);
    let value = found.next().map(|field| &*field.1);
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

/// The body as it will be sent.
fn body(reply: &Reply) -> String {
    let mut bytes = Vec::new();
    match &reply.body {
        Body::Empty => {}
        Body::Error(message) => bytes.extend_from_slice(message.as_bytes()),
        Body::File(file, pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                    Piece::Part(part) => {
                        let start = bytes.len();
                        bytes.resize(start + (part.end - part.start) as usize, 0);
                        let read = rustix::io::pread(file, &mut bytes[start..], part.start);
                        assert_eq!(read.expect("read") as u64, part.end - part.start);
                    }
                }
            }
            assert_eq!(reply.length, Some(bytes.len() as u64));
        }
        Body::Html(page) => page.write_html(&mut bytes).expect("it is memory"),
        Body::Json(page) => page.write_json(&mut bytes).expect("it is memory"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
