//! The reply of an exchange on its way.

use std::cell::RefMut;
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsFd;
use std::time::Duration;

use super::outgoing::Outgoing;
use super::stage::{Frame, Stage};
use super::{Exchange, Inner};
use crate::http::message::line;
use crate::http::message::status::Status;
use crate::socket::{Pace, Socket, SocketOption};

/// How much of a large body leaves together with the head, in bytes. A second write costs less than
/// a copy of more than the first of these.
const WITH_HEAD: usize = 64 << 10;
const INTO_HEAD: usize = 8 << 10;

impl Exchange {
    /// How far the reply is.
    pub(in crate::http) fn stage(&self) -> Stage {
        self.inner.reply.borrow().stage
    }

    /// Whether any of the reply has left, so that it can only be ended.
    pub(in crate::http) fn has_begun(&self) -> bool {
        self.inner.reply.borrow().has_begun
    }

    /// The status and the size of the reply, for the log.
    pub(in crate::http) fn code_and_size(&self) -> (u16, u64) {
        let reply = self.inner.reply.borrow();
        (reply.code, reply.written)
    }

    /// The reply to the request of this handle, for code that calls none of the user's.
    fn reply(&self) -> io::Result<RefMut<'_, Outgoing>> {
        self.expect_at_hand()?;
        Ok(self.inner.reply.borrow_mut())
    }

    pub(in crate::http) fn status_line(&self, status: Status<'_>) -> io::Result<()> {
        self.reply()?.status_line(status, self.inner.settings.protocol_version)
    }

    pub(in crate::http) fn field(&self, name: &str, value: fmt::Arguments<'_>) -> io::Result<()> {
        // A value may use the reply while it is formatted.
        let closes = line::formatted(value, |value| self.reply()?.field(name, value))?;
        if let Some(closes) = closes {
            self.inner.closes.set(closes || self.inner.must_close.get());
        }
        Ok(())
    }

    /// The status line, and the fields that each reply has. `Server` may be empty.
    pub(in crate::http) fn begin_reply(&self, status: Status<'_>, server: &str) -> io::Result<()> {
        let reply = &mut *self.reply()?;
        reply.status_line(status, self.inner.settings.protocol_version)?;
        if !server.is_empty() {
            reply.own_field("Server", server)?;
        }
        crate::http::message::date::with_now(|date| reply.own_field("Date", date))
    }

    /// The fields that describe the body.
    pub(in crate::http) fn describe(&self, content_type: &str, length: usize) -> io::Result<()> {
        let mut reply = self.reply()?;
        reply.own_type(content_type)?;
        reply.own_length(length as u64);
        Ok(())
    }

    /// Ends the head. An interim one leaves at once.
    pub(in crate::http) fn end_head(&self) -> io::Result<()> {
        let mut reply = self.reply()?;
        if reply.end_head()? {
            self.inner.body.borrow_mut().expects_continue &= reply.code != 100;
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
        let mut reply = self.reply()?;
        if reply.has_room(data.len()) {
            reply.push_body(data)?;
            if !reply.is_unbuffered() {
                return Ok(());
            }
            self.frame(&mut reply, false);
            return self.send_out(&mut reply);
        }
        reply.note_written(data.len() as u64)?;
        self.frame(&mut reply, false);
        // The head leaves together with the first bytes of the body.
        let into_head = if data.len() <= WITH_HEAD { data.len() } else { INTO_HEAD };
        let (first, rest) = data.split_at(into_head);
        if !reply.pass(data.len() as u64) {
            reply.push_framed(data);
            return self.send_out(&mut reply);
        }
        reply.out.extend_from_slice(first);
        self.send_out(&mut reply)?;
        self.send(rest)
    }

    /// Sends what has been written so far.
    pub(in crate::http) fn flush(&self) -> io::Result<()> {
        let mut reply = self.reply()?;
        self.frame(&mut reply, false);
        self.send_out(&mut reply)
    }

    /// Decides how the client will find the end of the reply, if that is still open.
    fn frame(&self, reply: &mut Outgoing, is_whole: bool) {
        if reply.stage != Stage::Open {
            return;
        }
        if reply.switches() {
            self.inner.body.borrow_mut().become_stream();
        } else if !self.is_body_over_soon() || self.is_leaving() {
            self.inner.closes.set(true);
        }
        let closes = reply.frame(is_whole, self.inner.closes.get());
        self.inner.closes.set(closes);
    }

    /// Whether the rest of the request's body is short enough to be dropped.
    fn is_body_over_soon(&self) -> bool {
        // A handler that is just reading it is not in this function.
        let body = self.inner.body.borrow();
        body.has_ended()
            || (!body.expects_continue && body.may_be_dropped(self.inner.settings.limits.unread))
    }

    /// Ends the reply and sends the rest of it. Returns whether it was whole.
    pub(in crate::http) fn finish(&self) -> io::Result<bool> {
        let mut reply = self.reply()?;
        self.frame(&mut reply, true);
        let is_whole = reply.end();
        self.send_out(&mut reply)?;
        reply.release();
        Ok(is_whole)
    }

    /// Whether the body that the handler has written is shorter than it has announced, and nothing
    /// has left yet.
    pub(in crate::http) fn falls_short(&self) -> bool {
        self.inner.reply.borrow().falls_short()
    }

    /// Lets the connection end with a reset: the client must not take a part for the whole.
    pub(in crate::http) fn abort(&self) {
        self.inner.closes.set(true);
        // If the connection has ended already, there is nothing to reset.
        let _ = self.inner.socket.setsockopt(SocketOption::Linger(Some(Duration::ZERO)));
    }

    fn send_out(&self, reply: &mut Outgoing) -> io::Result<()> {
        reply.has_begun |= !reply.out.is_empty();
        let sent = self.send(&reply.out);
        reply.out.clear();
        sent
    }

    /// Sends all of `data`, in the time that a client may take for it.
    pub(in crate::http) fn send(&self, data: &[u8]) -> io::Result<()> {
        self.at_its_pace(|socket, pace| socket.send_paced(data, pace))
    }

    /// Sends, unless an earlier part could not be sent: what follows it would stand in its place.
    fn at_its_pace(&self, send: impl FnOnce(&Socket, &Pace) -> io::Result<()>) -> io::Result<()> {
        let Inner { socket, settings, paced, broken, closes, .. } = &*self.inner;
        if broken.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let (waited, passed) = paced.get();
        let pace = settings.limits.pace_of_reply(waited, passed);
        let sent = send(socket, &pace);
        paced.set(pace.spent());
        sent.inspect_err(|_| {
            broken.set(true);
            closes.set(true);
        })
    }

    /// Whether a part of a reply could not be sent.
    pub(in crate::http) fn is_broken(&self) -> bool {
        self.inner.broken.get()
    }

    /// Whether the client expects no body, and has the whole reply with its head.
    pub(in crate::http) fn has_no_body(&self) -> bool {
        self.inner.reply.borrow().stage == Stage::Framed(Frame::NoBody)
    }

    /// Whether a part of a body has left, and its end has not.
    pub(in crate::http) fn is_cut_short(&self) -> bool {
        let reply = self.inner.reply.borrow();
        let is_open = matches!(reply.stage, Stage::Framed(frame) if frame != Frame::NoBody);
        reply.has_begun && is_open
    }

    /// Sends a part of a file as the next piece of the body, whose length the head must say.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter; as `send`.
    pub(in crate::http) fn send_file(&self, file: &File, part: Range<u64>) -> io::Result<()> {
        let mut reply = self.reply()?;
        let length = part.end - part.start;
        reply.note_written(length)?;
        self.frame(&mut reply, false);
        let is_sent = reply.pass(length);
        self.send_out(&mut reply)?;
        if !is_sent {
            return Ok(());
        }
        self.at_its_pace(|socket, pace| socket.sendfile_paced((file.as_fd(), part), pace))
    }
}
