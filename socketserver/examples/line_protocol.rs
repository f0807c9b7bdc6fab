//! A key-value store whose entries can expire, with a protocol of lines.
//!
//!     cargo run --example line_protocol 127.0.0.1:9999
//!     nc 127.0.0.1 9999
//!
//!     SET key value [seconds]    OK
//!     GET key                    VALUE value, or NONE
//!     DEL key                    VALUE value, the one removed, or NONE
//!     COUNT                      COUNT n
//!     STOP                       OK, and the server ends

#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::env;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use socketserver::{
    BaseServer, ServerRef, SocketReader, SocketWriter, StreamRequestHandler, ThreadingTCPServer,
};

const LONGEST_LINE: usize = 1024;
/// Maximum number of entries, so that no client can fill the memory.
const MOST_ENTRIES: usize = 100_000;
const LONGEST_LIFE: f64 = 365.0 * 24.0 * 3600.0;
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);

struct Entry {
    value: String,
    /// Time at which the entry expires. `None` for never.
    end: Option<Instant>,
}

impl Entry {
    fn is_alive(&self) -> bool {
        self.end.is_none_or(|end| end > Instant::now())
    }
}

#[derive(Default)]
struct Store {
    entries: Mutex<HashMap<String, Entry>>,
}

impl BaseServer for Store {}

impl Store {
    fn set(
        &self,
        key: &str,
        value: &str,
        lifetime: Option<Duration>,
    ) -> Result<String, &'static str> {
        let value = value.to_owned();
        let end = lifetime.map(|lifetime| Instant::now() + lifetime);
        let mut entries = self.entries.lock();
        if entries.len() >= MOST_ENTRIES && !entries.contains_key(key) {
            return Err("the store is full");
        }
        entries.insert(key.to_owned(), Entry { value, end });
        Ok("OK".into())
    }

    fn get(&self, key: &str) -> Option<String> {
        let entries = self.entries.lock();
        let entry = entries.get(key).filter(|entry| entry.is_alive())?;
        Some(entry.value.clone())
    }

    fn delete(&self, key: &str) -> Option<String> {
        let entry = self.entries.lock().remove(key);
        Some(entry.filter(Entry::is_alive)?.value)
    }

    fn count(&self) -> usize {
        self.entries.lock().len()
    }

    /// Removes expired entries.
    fn sweep(&self) {
        self.entries.lock().retain(|_, entry| entry.is_alive());
    }
}

fn lifetime(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    (0.0 < seconds && seconds <= LONGEST_LIFE).then(|| Duration::from_secs_f64(seconds))
}

/// Created for each connection.
#[derive(StreamRequestHandler)]
struct Commands {
    server: ServerRef<Store>,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Commands {
    fn handle(&mut self) -> io::Result<()> {
        loop {
            let line = self.rfile.readline(LONGEST_LINE)?;
            if line.is_empty() {
                return Ok(());
            }
            if !line.ends_with(b"\n") {
                return writeln!(self.wfile, "ERROR line too long or cut short");
            }
            let line = String::from_utf8_lossy(&line);
            let words: Vec<&str> = line.split_whitespace().collect();
            match self.reply_to(&words) {
                Ok(reply) => writeln!(self.wfile, "{reply}")?,
                Err(error) => writeln!(self.wfile, "ERROR {error}")?,
            }
            if words == ["STOP"] {
                self.server.shutdown();
            }
        }
    }

    fn reply_to(&self, words: &[&str]) -> Result<String, &'static str> {
        let found = |value: Option<String>| match value {
            None => "NONE".into(),
            Some(value) => format!("VALUE {value}"),
        };
        Ok(match *words {
            ["SET", key, value] => self.server.set(key, value, None)?,
            ["SET", key, value, seconds] => {
                let lifetime = lifetime(seconds).ok_or("bad number of seconds")?;
                self.server.set(key, value, Some(lifetime))?
            }
            ["GET", key] => found(self.server.get(key)),
            ["DEL", key] => found(self.server.delete(key)),
            ["COUNT"] => format!("COUNT {}", self.server.count()),
            ["STOP"] => "OK".into(),
            _ => return Err("unknown command"),
        })
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9999".into());
    let server =
        ThreadingTCPServer::<Commands, Store>::builder().daemon_threads(true).bind(&address)?;
    println!("listening on {}", server.server_address());
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let store = server.state();
        scope.spawn(move || {
            while ended.recv_timeout(SWEEP_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                store.sweep();
            }
        });
        let served = server.serve_forever();
        drop(end);
        served
    })
}
