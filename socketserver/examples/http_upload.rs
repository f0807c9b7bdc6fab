//! Receives files from a page in the browser and from `curl -T`, if the client knows a token.
//!
//!     mkdir inbox
//!     TOKEN=hush cargo run --example http_upload --features http inbox 127.0.0.1:8000
//!     curl -T notes.txt -H 'Authorization: Bearer hush' localhost:8000

#![allow(clippy::print_stdout)]

use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use socketserver::http::{
    BaseHTTPRequestHandler, BodyReader, HTTPError, Headers, ReplyWriter, ThreadingHTTPServer,
};
use socketserver::{BaseServer, ServerRef};

const LARGEST_FILE: u64 = 64 << 20;

struct Inbox {
    directory: PathBuf,
    /// What the field `Authorization` must be. A page of another site cannot send that field.
    authorization: String,
    uploads: AtomicU64,
}

impl BaseServer for Inbox {}

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", server_version = "upload")]
struct Upload {
    server: ServerRef<Inbox>,
    path: String,
    headers: Headers,
    rfile: BodyReader,
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Upload {
    fn do_GET(&mut self) -> io::Result<()> {
        if self.path != "/" {
            return self.send_error(404);
        }
        self.reply(200, "text/html; charset=utf-8", PAGE)
    }

    fn do_PUT(&mut self) -> io::Result<()> {
        if self.headers.get("Authorization") != Some(&self.server.authorization) {
            return Err(HTTPError::new(403).into());
        }
        let name = safe_name(&self.path).ok_or_else(|| HTTPError::new((400, "Bad file name")))?;
        // A client that announces the length learns this before it sends the file.
        if self.content_length().is_some_and(|length| length > LARGEST_FILE) {
            return Err(HTTPError::new(413).into());
        }
        let part = Part::create(&self.server)?;
        let written = io::copy(&mut (&mut self.rfile).take(LARGEST_FILE + 1), &mut &part.file)?;
        if written > LARGEST_FILE {
            return Err(HTTPError::new(413).into());
        }
        part.publish(&self.server.directory.join(name))?;
        self.reply(201, "text/plain", format!("{written} bytes\n"))
    }
}

/// The name of a file from the path of a request: a plain name, without folders or odd characters.
fn safe_name(path: &str) -> Option<String> {
    let name = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let is_plain = |char: char| char.is_alphanumeric() || " -_.()".contains(char);
    let is_safe = !name.starts_with('.') && name.len() <= 200 && name.chars().all(is_plain);
    // Raw bytes beyond ASCII are Latin-1 in `path`, so the name would be garbled.
    (path.is_ascii() && !name.is_empty() && is_safe).then(|| name.into_owned())
}

/// A file under a temporary name until it is whole. If it never is, it is removed.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    fn create(inbox: &Inbox) -> io::Result<Self> {
        let number = inbox.uploads.fetch_add(1, Relaxed);
        let path = inbox.directory.join(format!(".part-{}-{number}", std::process::id()));
        // `create_new` is O_EXCL: it opens no file that is there, and follows no link.
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Part { file, path })
    }

    /// Gives the file its final name, unless another file has that name.
    fn publish(self, path: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                HTTPError::new((409, "This file exists already")).into()
            }
            _ => error,
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::warn!("cannot remove {} ({error}): it stays", self.path.display());
        }
    }
}

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Upload</title>
<style>:root { color-scheme: light dark; font-family: sans-serif }</style>
<form>
    <p><label>Token <input name="token" type="password" required></label>
    <p><label>File <input name="file" type="file" required></label>
    <p><button>Send</button>
    <p role="status"></p>
</form>
<script>
    const form = document.querySelector("form");
    form.onsubmit = async (event) => {
        event.preventDefault();
        const file = form.file.files[0];
        const headers = { Authorization: "Bearer " + form.token.value };
        const reply = await fetch("/" + encodeURIComponent(file.name),
            { method: "PUT", body: file, headers });
        document.querySelector("[role=status]").textContent =
            reply.ok ? "Sent." : reply.status + " " + reply.statusText;
    };
</script>
</html>
"#;

fn main() -> io::Result<()> {
    env_logger::init();
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().ok_or_else(|| io::Error::other("expected a directory"))?;
    let token = env::var("TOKEN").map_err(|_| io::Error::other("expected TOKEN to be set"))?;
    let inbox = Inbox {
        directory: fs::canonicalize(directory)?,
        authorization: format!("Bearer {token}"),
        uploads: AtomicU64::new(0),
    };
    let address = arguments.next().unwrap_or("127.0.0.1:8000".into());
    let server = ThreadingHTTPServer::<Upload, Inbox>::with(inbox).bind(address)?;
    server.drain_on_signals(Duration::from_secs(30))?;
    println!("http://{}/", server.server_address());
    server.serve_forever()
}
