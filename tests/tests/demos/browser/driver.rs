//! The program that drives Chromium: the WebDriver protocol, JSON over HTTP.

use parking_lot::Condvar;
use serde_json::{Value, json};
use tests::prelude::*;

/// What the protocol calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The running program. Its browsers end with it.
pub(crate) struct Driver {
    process: Process,
    address: Address,
    _place: Place,
}

/// How many of them run at the same time: unlike most tests, browsers need the cores.
const PLACES: usize = 2;

/// One of the places for them.
struct Place;

static TAKEN: Mutex<usize> = Mutex::new(0);
static ONE_IS_FREE: Condvar = Condvar::new();

impl Place {
    fn take() -> Self {
        let mut taken = TAKEN.lock();
        ONE_IS_FREE.wait_while(&mut taken, |taken| *taken == PLACES);
        *taken += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock() -= 1;
        ONE_IS_FREE.notify_one();
    }
}

impl Driver {
    /// Returns `None` if it is not installed.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        if !has_program("chromium", "--version") || !has_program("chromedriver", "--version") {
            return None;
        }
        let place = Place::take();
        let process = Process::start(Command::new("chromedriver").arg("--port=0"));
        let port = loop {
            let line = process.line();
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').parse::<u16>().expect("a port");
            }
        };
        Some(Driver {
            process,
            address: Address::Inet(([127, 0, 0, 1], port).into()),
            _place: place,
        })
    }

    /// A new browser, with nothing of another one's.
    #[track_caller]
    pub(crate) fn browser(&self) -> Browser<'_> {
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let options = json!({ "binary": "/usr/bin/chromium", "args": arguments });
        let always = json!({ "goog:chromeOptions": options, "acceptInsecureCerts": true });
        let answer =
            self.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": always } }));
        let session = answer["sessionId"].as_str().expect("a session").to_owned();
        let process = answer["capabilities"]["goog:processID"].as_u64().expect("a process");
        Browser { driver: self, session, process: process.try_into().expect("a number") }
    }

    /// Sends a command, and returns its value.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut client = Client::stream(&self.address);
        client.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let body = body_of_reply(&mut BufReader::new(client));
        let mut answer: Value = serde_json::from_slice(&body).expect("JSON");
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{method} {path}: {value:#}");
        value
    }
}

/// Reads a reply, of which the connection may stay open.
#[track_caller]
fn body_of_reply(reply: &mut impl BufRead) -> Vec<u8> {
    let mut length = None;
    loop {
        let mut line = String::new();
        reply.read_line(&mut line).expect("a line");
        match line.trim_end().to_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length.expect("a length")];
    reply.read_exact(&mut body).expect("a body");
    body
}

/// A browser with a window.
pub(crate) struct Browser<'a> {
    driver: &'a Driver,
    session: String,
    process: u32,
}

impl Browser<'_> {
    #[track_caller]
    fn ask(&self, method: &str, command: &str, body: &Value) -> Value {
        self.driver.ask(method, &format!("/session/{}/{command}", self.session), body)
    }

    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.ask("POST", "url", &json!({ "url": url }));
    }

    #[track_caller]
    pub(crate) fn reload(&self) {
        self.ask("POST", "refresh", &json!({}));
    }

    /// Runs a script in the page, and returns what it returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask("POST", "execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The same for a script whose promise is waited for.
    #[track_caller]
    pub(crate) fn run_async(&self, script: &str) -> Value {
        let script =
            format!("const done = arguments[0]; ({script}).then(done, (e) => done(String(e)));");
        self.ask("POST", "execute/async", &json!({ "script": script, "args": [] }))
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let using = json!({ "using": "css selector", "value": selector });
        let element = self.ask("POST", "element", &using);
        element[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// The element that has the focus gets these keys.
    #[track_caller]
    pub(crate) fn types(&self, keys: &str) {
        let active = self.ask("GET", "element/active", &Value::Null);
        let active = active[ELEMENT].as_str().expect("an element").to_owned();
        self.ask("POST", &format!("element/{active}/value"), &json!({ "text": keys }));
    }

    #[track_caller]
    pub(crate) fn clicks(&self, selector: &str) {
        let element = self.element(selector);
        self.ask("POST", &format!("element/{element}/click"), &json!({}));
    }

    /// Opens a second tab, which is in front then.
    #[track_caller]
    pub(crate) fn opens_tab(&self) {
        let tab = self.ask("POST", "window/new", &json!({ "type": "tab" }));
        self.turns_to(tab["handle"].as_str().expect("a tab"));
    }

    #[track_caller]
    pub(crate) fn tabs(&self) -> Vec<String> {
        let tabs = self.ask("GET", "window/handles", &Value::Null);
        serde_json::from_value(tabs).expect("names of tabs")
    }

    #[track_caller]
    pub(crate) fn turns_to(&self, tab: &str) {
        self.ask("POST", "window", &json!({ "handle": tab }));
    }

    /// A command of the DevTools protocol.
    #[track_caller]
    pub(crate) fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.ask("POST", "goog/cdp/execute", &body)
    }

    /// Sends a signal to each of the browser's processes.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        for process in with_descendants(self.process) {
            let id = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process");
            // One may have ended meanwhile.
            let _ = kill_process(id, signal);
        }
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        // A failed test may have left it stopped.
        self.signal(Signal::CONT);
        if !thread::panicking() {
            self.driver.ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Those that a failed test has left.
        for process in with_descendants(self.process.id()).into_iter().skip(1) {
            let id = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process");
            let _ = kill_process(id, Signal::KILL);
        }
    }
}

/// A process, its children, and theirs.
fn with_descendants(process: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("a list of processes");
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parents: Vec<(u32, u32)> =
        numbers.filter_map(|number| Some((number, parent(number)?))).collect();
    let mut all = vec![process];
    let mut next = 0;
    while let Some(&parent) = all.get(next) {
        all.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(number, _)| *number));
        next += 1;
    }
    all
}

fn parent(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in brackets, and may have any.
    status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
