//! The page: the room for browsers. A browser gets its lines as server-sent events, and posts the
//! lines of its member.
//!
//! | request | reply |
//! | --- | --- |
//! | `GET /` | the page |
//! | `GET /session` | the name of the browser's member, or nothing |
//! | `GET /events` | the lines, until the member leaves |
//! | `POST /enter` | lets a member of that name into the room |
//! | `POST /say` | takes a line from the member |
//!
//! Pages of other sites can do nothing in a member's name, because [`origin`] refuses their
//! requests. And no line can become a script, because the page adds lines as text, and runs no
//! script but its own.

mod mailbox;
mod origin;
mod session;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use demos::text::printable;
use socketserver::http::{BaseHTTPRequestHandler, Event, Headers, ReplyWriter};
use socketserver::{Address, ServerRef, Socket, is_disconnect};

use crate::input::{self, LONGEST_LINE};
use crate::room::Outbox;
use crate::{Chat, obey};
use mailbox::{Next, Reading};
use origin::Hosts;
pub(crate) use session::Limits;
use session::{Refusal, Session, Sessions, random_text};

/// The page. `NONCE` is replaced by a random number. The browser applies only the script and the
/// style that carry it.
const PAGE: &str = include_str!("page.html");

/// Maximum silence on a connection. Then the server sends a comment, so that it notices a client
/// that has vanished.
const SILENCE: Duration = Duration::from_secs(15);

const TEXT: &str = "text/plain; charset=utf-8";

/// The state that the handlers of the page share.
pub(crate) struct Web {
    sessions: Sessions,
    hosts: Hosts,
}

impl Web {
    /// The state of a page. `hosts` are names of this machine beside the usual ones.
    pub(crate) fn new(limits: Limits, hosts: Vec<String>) -> Self {
        Web { sessions: Sessions::new(limits), hosts: Hosts::new(hosts) }
    }

    /// Removes members whose pages have gone.
    pub(crate) fn sweep(&self, chat: &Chat) {
        self.sessions.sweep(chat);
    }
}

/// One of these per connection.
#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1", server_version = "chat")]
pub(crate) struct WebHandler {
    wfile: ReplyWriter,
    path: String,
    headers: Headers,
    connection: Socket,
    client_address: Address,
    server: ServerRef<Chat>,
}

#[allow(non_snake_case)]
impl WebHandler {
    fn do_GET(&mut self) -> io::Result<()> {
        if !self.is_welcome()? {
            return Ok(());
        }
        match self.route() {
            "/" => self.page(),
            "/session" => self.session_name(),
            "/events" => self.events(),
            _ => self.send_error(404),
        }
    }

    fn do_HEAD(&mut self) -> io::Result<()> {
        match self.route() {
            "/" => self.do_GET(),
            _ => self.send_error(404),
        }
    }

    fn do_POST(&mut self) -> io::Result<()> {
        if !self.is_welcome()? {
            return Ok(());
        }
        match self.route() {
            "/enter" => self.enter(),
            "/say" => self.say(),
            _ => self.send_error(404),
        }
    }

    /// Logs at debug level, because each line that a member types is a request.
    fn log_request(&mut self, code: u16, size: u64) {
        log::debug!("{} {} {code} {size}", self.client_address, self.path.escape_debug());
    }

    /// The path without its query.
    fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// The state's part for pages.
    fn web(&self) -> &Web {
        self.server.web.as_ref().expect("only a chat with a page has this handler")
    }

    /// Refuses a request that a page of another site has made. Returns whether the request may go
    /// on.
    fn is_welcome(&mut self) -> io::Result<bool> {
        let field = |name| self.headers.get(name);
        let host = field("Host").unwrap_or_default();
        let is_known = self.web().hosts.know(host);
        let is_own =
            self.route() == "/" || origin::is_own(host, field("Origin"), field("Sec-Fetch-Site"));
        if !is_known {
            let explain = "Use a name of this machine; --web-host adds one.";
            self.send_error((421, "Misdirected Request", explain))?;
        } else if !is_own {
            self.send_error((403, "Forbidden", "This request comes from another site."))?;
        }
        Ok(is_known && is_own)
    }

    fn page(&mut self) -> io::Result<()> {
        let nonce = random_text()?;
        self.send_response(200)?;
        self.send_header(
            "Content-Security-Policy",
            format_args!(
                "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
                 img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
            ),
        )?;
        self.send_header("X-Frame-Options", "DENY")?;
        self.send_header("Referrer-Policy", "same-origin")?;
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")?;
        self.send_common_fields("text/html; charset=utf-8")?;
        self.end_headers()?;
        self.wfile.write_all(PAGE.replace("NONCE", &nonce).as_bytes())
    }

    fn session_name(&mut self) -> io::Result<()> {
        let session = self.session();
        let name = session.and_then(|(_, session)| session.name.lock().clone());
        self.text(200, &name.unwrap_or_default())
    }

    /// The name of the cookie. It contains the port, because all servers of a host share cookies.
    fn cookie(&self) -> String {
        format!("chat-{}", self.server.server_address().port().unwrap_or_default())
    }

    /// The token in the browser's cookie.
    fn token(&self) -> Option<String> {
        let name = self.cookie();
        let cookies = self.headers.get_all("Cookie").flat_map(|field| field.split(';'));
        let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, token)| token.to_owned())
    }

    fn session(&self) -> Option<(String, Arc<Session>)> {
        let token = self.token()?;
        let session = self.web().sessions.get(&token)?;
        Some((token, session))
    }

    /// Whether the body of a request is longer than any line.
    fn is_too_long(&self) -> bool {
        self.content_length().is_some_and(|length| length > LONGEST_LINE as u64)
    }

    fn enter(&mut self) -> io::Result<()> {
        if self.is_too_long() {
            return self.text(413, "that name is too long");
        }
        let name = printable(&self.body(LONGEST_LINE)?);
        let server = self.server.clone();
        let entered = self.web().sessions.enter(&server, name.trim(), &self.client_address)?;
        match entered {
            Ok(token) => {
                log::info!("{} has joined from {}", name.trim(), self.client_address);
                // If the browser was another member before, that member leaves.
                if let Some(before) = self.token() {
                    self.web().sessions.leave(&server, &before);
                }
                self.send_response(200)?;
                let secure = if self.connection.ssl().is_some() { "; Secure" } else { "" };
                let attributes = format!("Path=/; HttpOnly; SameSite=Strict{secure}");
                let cookie = format!("{}={token}; {attributes}", self.cookie());
                self.send_header("Set-Cookie", cookie)?;
                self.send_common_fields(TEXT)?;
                self.end_headers()
            }
            Err(Refusal::Name(problem)) => self.text(409, problem),
            Err(Refusal::Full(problem)) => self.text(503, problem),
        }
    }

    /// Takes a line, at the member's pace.
    fn say(&mut self) -> io::Result<()> {
        let Some((token, session)) = self.session() else {
            return self.not_inside();
        };
        let mut pace = session.pace.lock();
        if self.is_too_long() {
            session.mailbox.put(&input::too_long());
            return self.text(413, "that line is too long");
        }
        let body = self.body(LONGEST_LINE)?;
        pace.keep(body.len());
        let line = printable(&body);
        let stays = {
            let mut room = self.server.room.lock();
            let mut name = session.name.lock();
            name.as_mut().map(|name| obey(&mut room, name, &*session.mailbox, &line))
        };
        match stays {
            None => self.not_inside(),
            Some(true) => self.text(200, ""),
            Some(false) => {
                self.web().sessions.leave(&self.server, &token);
                self.text(200, "")
            }
        }
    }

    /// Sends the member its lines.
    fn events(&mut self) -> io::Result<()> {
        let Some((token, session)) = self.session() else {
            return self.not_inside();
        };
        let mailbox = &session.mailbox;
        let reading = mailbox.attach(self.connection.clone(), self.position());
        let result = self.send_lines(&reading);
        if mailbox.has_overflowed() {
            self.web().sessions.leave(&self.server, &token);
            return Err(io::Error::other("aborted because the member does not read its lines"));
        }
        // A browser that leaves is not a failure.
        result.or_else(|error| if is_disconnect(&error) { Ok(()) } else { Err(error) })
    }

    /// The position up to which the page has its lines. A browser that connects again by itself
    /// sends it in a field, and the page's script in the query.
    fn position(&self) -> Option<u64> {
        let of_browser = self.headers.get("Last-Event-ID").map(str::to_owned);
        of_browser.or_else(|| self.query_value("after"))?.parse().ok()
    }

    fn send_lines(&mut self, reading: &Reading) -> io::Result<()> {
        let mut events = self.event_stream()?;
        loop {
            match reading.next(SILENCE) {
                Next::Lines(lines, position) => {
                    let lines = String::from_utf8_lossy(&lines);
                    let event = Event::new(lines.trim_end_matches('\n'));
                    events.send(&event.id(&position.to_string()))?;
                }
                Next::Silence => events.ping()?,
                Next::Moved => return events.send(&Event::default().name("moved")),
                Next::Gone => return Ok(()),
                Next::End => {
                    return events.send(&Event::new("You have left the room.").name("end"));
                }
            }
        }
    }

    fn not_inside(&mut self) -> io::Result<()> {
        self.text(403, "you are not in the room")
    }

    /// A short reply.
    fn text(&mut self, status: u16, text: &str) -> io::Result<()> {
        self.send_response(status)?;
        self.send_common_fields(TEXT)?;
        self.end_headers()?;
        self.wfile.write_all(text.as_bytes())
    }

    fn send_common_fields(&mut self, content_type: &str) -> io::Result<()> {
        self.send_header("Content-Type", content_type)?;
        self.send_header("Cache-Control", "no-store")?;
        self.send_header("X-Content-Type-Options", "nosniff")
    }
}
