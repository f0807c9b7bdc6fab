//! The secrets of sessions in a file, with which Wireshark decrypts recorded traffic.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::KeyLog;

/// The file of secrets.
#[derive(Clone)]
pub(super) struct Secrets(Arc<File>);

impl Secrets {
    pub(super) fn append_to(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: cannot be written: {error}", path.display()))
        })?;
        Ok(Secrets(Arc::new(file)))
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for bytes in [client_random, secret] {
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
            line.push(' ');
        }
        line.pop();
        line.push('\n');
        // One write, so that the lines of several threads stay whole. An error must not end a
        // session, so it is ignored.
        let _ = (&*self.0).write_all(line.as_bytes());
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}
