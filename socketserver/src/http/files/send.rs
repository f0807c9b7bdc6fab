//! Sending a reply to the client.

use std::borrow::Cow;
use std::io::{self, Write};

use super::answer::Asked;
use super::config::Files;
use super::disk;
use super::reply::{Body, Piece, Reply};
use crate::http::handler::BaseHTTPRequestHandler;
use crate::http::message::headers::Headers;
use crate::http::message::status::{Status, has_body};
use crate::http::message::text::latin1;
use crate::http::reply::ReplyWriter;

/// Maximum length of a body that is read into memory, and sent in one write with its head.
const SMALL: u64 = 64 << 10;
/// Bytes of a longer body that are sent with its head.
const INTO_HEAD: u64 = 8 << 10;
/// Bytes of a file that one call sends from the disk to the client.
const AT_ONCE: u64 = 2 << 20;

impl Files {
    /// Answers the current request. GET and HEAD get a file, a listing or an error page, OPTIONS
    /// gets the methods, and any other method 405.
    ///
    /// If the file changes meanwhile, the reply has the length that was announced. If the file
    /// becomes shorter than that, the connection is reset.
    ///
    /// ```
    /// # use std::io;
    /// use socketserver::ServerRef;
    /// use socketserver::http::{BaseHTTPRequestHandler, Files, ReplyWriter};
    ///
    /// #[derive(BaseHTTPRequestHandler)]
    /// struct Site {
    ///     path: String,
    ///     wfile: ReplyWriter,
    ///     server: ServerRef<Files>,
    /// }
    ///
    /// #[allow(non_snake_case)]
    /// impl Site {
    ///     fn do_GET(&mut self) -> io::Result<()> {
    ///         match &*self.path {
    ///             "/health" => self.reply(200, "text/plain", "ok\n"),
    ///             _ => self.server.clone().serve(self),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of the connection and of the file.
    ///
    /// Python: `SimpleHTTPRequestHandler.do_GET` and `do_HEAD`
    pub fn serve<H: BaseHTTPRequestHandler>(&self, handler: &mut H) -> io::Result<()> {
        let headers = handler.exchange().headers();
        let head = headers.head();
        let asked = Asked {
            method: head.command(),
            target: &latin1(head.path()),
            fields: &|name| joined(&headers, name),
        };
        self.send(handler, self.answer(&asked), head.command() == "HEAD")
    }

    fn send<H>(&self, handler: &mut H, reply: Reply, head_only: bool) -> io::Result<()>
    where
        H: BaseHTTPRequestHandler,
    {
        let Reply { status: code, mut fields, mut length, body } = reply;
        let status = match body {
            Body::Error(message) => Status::from((code, message)),
            _ => code.into(),
        };
        let page = match body {
            Body::Error(_) => error_page(handler, status),
            _ => Vec::new(),
        };
        if let Body::Error(_) = body {
            fields.push(("Content-Type", handler.exchange().settings().error_content_type.into()));
            length = Some(page.len() as u64);
        }
        let is_own = |name: &str| self.fields.iter().any(|own| own.0.eq_ignore_ascii_case(name));
        match is_own("Server") {
            true => handler.exchange().begin_reply(status, "")?,
            false => handler.send_response(status)?,
        }
        for (name, value) in &self.fields {
            handler.send_header(name, value)?;
        }
        let others = fields.iter().filter(|field| !is_own(field.0));
        handler.exchange().own_fields(others.map(|(name, value)| (*name, &**value)), length)?;
        handler.__end_headers()?;
        if head_only {
            // The length of a listing is not known before it is made.
            let is_open = has_body(code) && length.is_none();
            return if is_open { handler.flush_headers() } else { Ok(()) };
        }
        let mut wfile = ReplyWriter(handler.exchange().clone());
        match body {
            Body::Empty => Ok(()),
            Body::Error(_) => wfile.write_all(&page),
            Body::File(file, pieces) => send_pieces(&mut wfile, &file, pieces),
            Body::Html(page) => page.write_html(&mut wfile),
            Body::Json(page) => page.write_json(&mut wfile),
        }
    }
}

/// An error page. Unlike `send_error` this keeps the connection, because the client of a site asks
/// for other files after a missing one.
fn error_page<H: BaseHTTPRequestHandler>(handler: &mut H, status: Status<'_>) -> Vec<u8> {
    let message = status.message.unwrap_or_default();
    handler.__log_error(&format!("code {}, message {message}", status.code));
    handler.exchange().settings().error_page(status).into_bytes()
}

fn send_pieces(
    wfile: &mut ReplyWriter,
    file: &std::fs::File,
    pieces: Vec<Piece>,
) -> io::Result<()> {
    for piece in pieces {
        let mut part = match piece {
            Piece::Text(text) => {
                wfile.write_all(text.as_bytes())?;
                continue;
            }
            Piece::Part(part) => part,
        };
        let first = if part.end - part.start <= SMALL { part.end } else { part.start + INTO_HEAD };
        let length = (first - part.start) as usize;
        wfile.0.write_in_place(length, |place| disk::read(file, part.start, place))?;
        part.start = first;
        while !part.is_empty() {
            let next = part.end.min(part.start + AT_ONCE);
            disk::warm(file, part.start..next);
            wfile.0.send_file(file, part.start..next)?;
            part.start = next;
        }
    }
    Ok(())
}

/// The values of all fields with this name, joined by commas: RFC 9110, section 5.3.
fn joined<'a>(headers: &'a Headers, name: &str) -> Option<Cow<'a, str>> {
    let mut values = headers.head().fields().filter(|field| field.0.eq_ignore_ascii_case(name));
    let first = Cow::Borrowed(values.next()?.1);
    Some(values.fold(first, |list, value| Cow::Owned(format!("{list}, {}", value.1))))
}
