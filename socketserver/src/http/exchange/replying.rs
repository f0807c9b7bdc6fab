//! The reply of an exchange on its way.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::Duration;

use super::outgoing::Outgoing;
use super::settings::Settings;
use super::stage::{Frame, Stage};
use super::{Exchange, Inner};
use crate::http::message::status::Status;
use crate::socket::SocketOption;

/// How much of a large body leaves together with the head, in bytes. A second write costs less than
/// a copy of more than the first of these.
const WITH_HEAD: usize = 64 << 10;
const INTO_HEAD: usize = 8 << 10;

impl Exchange {
    /// How far the reply is.
    pub(in crate::http) fn stage(&self) -> Stage {
        self.0.reply.borrow().stage
    }

    /// Whether any of the reply has left, so that it can only be ended.
    pub(in crate::http) fn has_begun(&self) -> bool {
        self.0.reply.borrow().has_begun
    }

    /// The status and the size of the reply, for the log.
    pub(in crate::http) fn code_and_size(&self) -> (u16, u64) {
        let reply = self.0.reply.borrow();
        (reply.code, reply.written)
    }

    pub(in crate::http) fn status_line(&self, status: Status<'_>) -> io::Result<()> {
        self.0.reply.borrow_mut().status_line(status, self.0.settings.protocol_version)
    }

    pub(in crate::http) fn field(&self, name: &str, value: fmt::Arguments<'_>) -> io::Result<()> {
        if let Some(closes) = self.0.reply.borrow_mut().field(name, value)? {
            self.0.closes.set(closes || self.0.must_close.get());
        }
        Ok(())
    }

    /// The status line, and the fields that each reply has. `Server` may be empty.
    pub(in crate::http) fn begin_reply(&self, status: Status<'_>, server: &str) -> io::Result<()> {
        let reply = &mut *self.0.reply.borrow_mut();
        reply.status_line(status, self.0.settings.protocol_version)?;
        if !server.is_empty() {
            reply.own_field("Server", server)?;
        }
        crate::http::message::date::with_now(|date| reply.own_field("Date", date))
    }

    /// The fields that describe the body.
    pub(in crate::http) fn describe(&self, content_type: &str, length: usize) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        reply.own_type(content_type)?;
        reply.own_length(length as u64);
        Ok(())
    }

    /// Ends the head. An interim one leaves at once.
    pub(in crate::http) fn end_head(&self) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        if reply.end_head()? {
            self.0.body.borrow_mut().expects_continue = false;
            let sent = self.send(&reply.out);
            let terms = reply.terms;
            reply.begin(terms);
            sent?;
        } else if reply.switches() {
            self.frame(&mut reply, false);
            self.send_out(&mut reply)?;
        }
        Ok(())
    }

    /// Takes a piece of the reply's body. Small pieces wait for more.
    pub(in crate::http) fn write_body(&self, data: &[u8]) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        if reply.has_room(data.len()) {
            reply.push_body(data)?;
            if !reply.is_unbuffered() {
                return Ok(());
            }
            self.frame(&mut reply, false);
            return self.send_out(&mut reply);
        }
        reply.note_written(data.len())?;
        self.frame(&mut reply, false);
        // The head leaves together with the first bytes of the body.
        let into_head = if data.len() <= WITH_HEAD { data.len() } else { INTO_HEAD };
        let (first, rest) = data.split_at(into_head);
        if !reply.pass(data.len()) {
            reply.push_framed(data);
            return self.send_out(&mut reply);
        }
        reply.out.extend_from_slice(first);
        self.send_out(&mut reply)?;
        self.send(rest)
    }

    /// Sends what has been written so far.
    pub(in crate::http) fn flush(&self) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        self.frame(&mut reply, false);
        self.send_out(&mut reply)
    }

    /// Decides how the client will find the end of the reply, if that is still open.
    fn frame(&self, reply: &mut Outgoing, is_whole: bool) {
        if reply.stage != Stage::Open {
            return;
        }
        if reply.switches() {
            self.0.body.borrow_mut().become_stream();
        } else if !self.is_body_over_soon() || self.is_leaving() {
            self.0.closes.set(true);
        }
        let closes = reply.frame(is_whole, self.0.closes.get());
        self.0.closes.set(closes);
    }

    /// Whether the rest of the request's body is short enough to be dropped.
    fn is_body_over_soon(&self) -> bool {
        // A handler that is just reading it is not in this function.
        let body = self.0.body.borrow();
        body.has_ended()
            || (!body.expects_continue && body.may_be_dropped(self.0.settings.limits.unread))
    }

    /// Ends the reply and sends the rest of it. Returns whether it was whole.
    pub(in crate::http) fn finish(&self) -> io::Result<bool> {
        let mut reply = self.0.reply.borrow_mut();
        self.frame(&mut reply, true);
        let is_whole = reply.end();
        self.send_out(&mut reply)?;
        reply.release();
        Ok(is_whole)
    }

    /// Whether the body that the handler has written is shorter than it has announced, and nothing
    /// has left yet.
    pub(in crate::http) fn falls_short(&self) -> bool {
        self.0.reply.borrow().falls_short()
    }

    /// Lets the connection end with a reset: the client must not take a part for the whole.
    pub(in crate::http) fn abort(&self) {
        self.0.closes.set(true);
        // If the connection has ended already, there is nothing to reset.
        let _ = self.0.socket.setsockopt(SocketOption::Linger(Some(Duration::ZERO)));
    }

    fn send_out(&self, reply: &mut Outgoing) -> io::Result<()> {
        reply.has_begun |= !reply.out.is_empty();
        let sent = self.send(&reply.out);
        reply.out.clear();
        sent
    }

    /// Sends all of `data`, in the time that a client may take for it.
    pub(in crate::http) fn send(&self, data: &[u8]) -> io::Result<()> {
        let Inner { socket, settings: Settings { limits, .. }, .. } = &*self.0;
        self.unless_broken(|| {
            let send = |sent, time| socket.send_within(&data[sent as usize..], time);
            limits.pace(data.len() as u64, send)
        })
    }

    /// Sends, unless an earlier part could not be sent: what follows it would stand in its place.
    fn unless_broken(&self, send: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.0.broken.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        send().inspect_err(|_| {
            self.0.broken.set(true);
            self.0.closes.set(true);
        })
    }

    /// Whether a part of a reply could not be sent.
    pub(in crate::http) fn is_broken(&self) -> bool {
        self.0.broken.get()
    }

    /// Whether the client expects no body, and has the whole reply with its head.
    pub(in crate::http) fn has_no_body(&self) -> bool {
        self.0.reply.borrow().stage == Stage::Framed(Frame::NoBody)
    }

    /// Sends a part of a file as the next piece of the body, whose length the head must say.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter; as `send`.
    pub(in crate::http) fn send_file(&self, file: &File, part: Range<u64>) -> io::Result<()> {
        let mut reply = self.0.reply.borrow_mut();
        let length = part.end - part.start;
        reply.note_written(length as usize)?;
        self.frame(&mut reply, false);
        let length = if reply.pass(length as usize) { length } else { 0 };
        self.send_out(&mut reply)?;
        let Inner { socket, settings: Settings { limits, .. }, .. } = &*self.0;
        self.unless_broken(|| {
            limits.pace(length, |sent, time| {
                socket.sendfile_within((file.as_fd(), part.start + sent..part.end), time)
            })
        })
    }
}
