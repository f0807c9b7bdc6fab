//! The fields of a reply's head.

use std::io;

use super::outgoing::Outgoing;
use super::stage::Stage;
use crate::http::message::headers::words;
use crate::http::message::line::{self, invalid};
use crate::http::message::request_line::is_token;

/// What a field means for the connection and for the head.
struct Noted {
    /// Whether the connection closes, if the field says so.
    closes: Option<bool>,
    /// Whether the field is written as it is.
    is_written: bool,
}

impl Noted {
    const USUAL: Noted = Noted { closes: None, is_written: true };
}

impl Outgoing {
    /// Adds a field of the library, which must not say where the reply ends.
    pub(in crate::http) fn own_field(&mut self, name: &'static str, value: &str) -> io::Result<()> {
        if self.terms.is_0_9 {
            return Ok(());
        }
        let start = self.out.len();
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        line::push_text(&mut self.out, value).inspect_err(|_| self.out.truncate(start))?;
        self.out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Adds `Content-Type`.
    pub(in crate::http) fn own_type(&mut self, content_type: &str) -> io::Result<()> {
        self.is_live = is_live(content_type.as_bytes());
        self.own_field("Content-Type", content_type)
    }

    /// Adds `Content-Length`.
    pub(in crate::http) fn own_length(&mut self, length: u64) {
        self.length = Some(length);
        if !self.terms.is_0_9 {
            self.push_length(length);
        }
    }

    pub(super) fn push_length(&mut self, length: u64) {
        self.out.extend_from_slice(b"Content-Length: ");
        line::push_number(&mut self.out, length);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Adds a field. If it is `Connection`, returns whether the connection closes.
    pub(in crate::http) fn field(&mut self, name: &str, value: &str) -> io::Result<Option<bool>> {
        if self.stage != Stage::Head {
            return Err(invalid(format!("expected send_response before the field {name:?}")));
        }
        if !is_token(name.as_bytes()) {
            return Err(invalid(format!("expected the name of a field, got {name:?}")));
        }
        let start = self.out.len();
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        let start_of_value = self.out.len();
        if let Err(error) = line::push_text(&mut self.out, value) {
            self.out.truncate(start);
            return Err(error);
        }
        let is_left_out = match self.code {
            code if self.switches() || code == 204 || code < 200 => is_framing(name),
            // It may say that its length is 0.
            205 => name.eq_ignore_ascii_case("Transfer-Encoding"),
            _ => false,
        };
        if is_left_out {
            // Some clients would look for a body (RFC 9110, 8.6).
            self.out.truncate(start);
            return Ok(None);
        }
        let noted = self.note(name, start_of_value);
        match noted {
            Ok(Noted { is_written: true, .. }) if !self.terms.is_0_9 => {
                self.out.extend_from_slice(b"\r\n");
            }
            _ => self.out.truncate(start),
        }
        noted.map(|noted| noted.closes)
    }

    /// Records a field that says where the reply or the connection ends.
    fn note(&mut self, name: &str, start: usize) -> io::Result<Noted> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("Content-Type") {
            self.is_live = is_live(&self.out[start..]);
        } else if is("Content-Length") || is("Transfer-Encoding") || is("Connection") {
            let value = String::from_utf8_lossy(&self.out[start..]).into_owned();
            if is("Connection") {
                return Ok(self.note_connection(&value));
            } else if is("Transfer-Encoding") {
                return self.note_coding(&value);
            }
            self.note_length(&value)?;
        }
        Ok(Noted::USUAL)
    }

    fn note_length(&mut self, value: &str) -> io::Result<()> {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let length = value.parse().ok().filter(|_| is_number);
        let is_second = self.length.is_some() || self.coded.is_some();
        match length {
            Some(length) if !is_second && (self.code != 205 || length == 0) => {
                self.length = Some(length);
                Ok(())
            }
            _ => Err(invalid(format!("expected one Content-Length in bytes, got {value:?}"))),
        }
    }

    /// HTTP/1.0 has no codings, so its clients get the contents of the chunks.
    fn note_coding(&mut self, value: &str) -> io::Result<Noted> {
        let is_chunked = |coding: &str| coding.eq_ignore_ascii_case("chunked");
        let is_known = match self.terms.is_1_1 {
            true => words(value).last().is_some_and(is_chunked),
            false => is_chunked(value),
        };
        if !is_known || self.length.is_some() || self.coded.is_some() {
            return Err(invalid(format!(
                "expected one Transfer-Encoding that ends in chunked, and is chunked alone for a \
                 client of HTTP/1.0, and no Content-Length, got {value:?}"
            )));
        }
        self.coded = Some(Box::default());
        Ok(Noted { is_written: self.terms.is_1_1, ..Noted::USUAL })
    }

    /// Whether the connection can stay is not known before the end of the head.
    fn note_connection(&mut self, value: &str) -> Noted {
        let says = |word| words(value).any(|other| other.eq_ignore_ascii_case(word));
        self.says_close |= says("close");
        self.says_keep_alive = value.eq_ignore_ascii_case("keep-alive");
        let closes = if self.says_close { Some(true) } else { says("keep-alive").then_some(false) };
        Noted { closes, is_written: !self.says_keep_alive }
    }
}

/// Whether this field says where a body ends.
fn is_framing(name: &str) -> bool {
    ["Content-Length", "Transfer-Encoding"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Whether the client shows a body of this type piece by piece.
fn is_live(content_type: &[u8]) -> bool {
    [b"text/event-stream".as_slice(), b"multipart/x-mixed-replace"]
        .iter()
        .filter_map(|live| Some((live, content_type.get(..live.len())?)))
        .any(|(live, start)| start.eq_ignore_ascii_case(live))
}
