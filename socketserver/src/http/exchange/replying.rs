//! Sending the reply of an exchange.

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
use crate::http::message::status::{Status, has_body};
use crate::socket::{Pace, Socket, SocketOption};

/// Bytes of a large body that are sent together with the head. A body of up to `WITH_HEAD` bytes is
/// copied behind its head whole; for a longer one, a second write costs less than the copy.
const WITH_HEAD: usize = 64 << 10;
const INTO_HEAD: usize = 8 << 10;

impl Exchange {
    /// The stage of the reply.
    pub(in crate::http) fn stage(&self) -> Stage {
        self.inner.reply.borrow().stage
    }

    /// Whether a part of the reply has been sent, so that no other reply can replace it.
    pub(in crate::http) fn has_begun(&self) -> bool {
        self.inner.reply.borrow().has_begun
    }

    /// The status code of the reply, and the size of its body, for the log.
    pub(in crate::http) fn code_and_size(&self) -> (u16, u64) {
        let reply = self.inner.reply.borrow();
        (reply.code, reply.written)
    }

    /// The reply to the request of this handle, for code that calls no user code.
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

    /// Writes the status line and the fields `Server`, unless it is empty, and `Date`.
    pub(in crate::http) fn begin_reply(&self, status: Status<'_>, server: &str) -> io::Result<()> {
        let reply = &mut *self.reply()?;
        reply.status_line(status, self.inner.settings.protocol_version)?;
        if !server.is_empty() {
            reply.own_field("Server", server)?;
        }
        crate::http::message::date::with_now(|date| reply.own_field("Date", date))
    }

    /// Writes fields of the library, none of which says where the reply ends, and the length.
    pub(in crate::http) fn own_fields<'f>(
        &self,
        fields: impl Iterator<Item = (&'static str, &'f str)>,
        length: Option<u64>,
    ) -> io::Result<()> {
        let mut reply = self.reply()?;
        for (name, value) in fields {
            reply.own_field(name, value)?;
        }
        if let Some(length) = length {
            reply.own_length(length);
        }
        Ok(())
    }

    /// Writes the fields that describe the body.
    pub(in crate::http) fn describe(&self, content_type: &str, length: usize) -> io::Result<()> {
        let mut reply = self.reply()?;
        reply.own_type(content_type)?;
        reply.own_length(length as u64);
        Ok(())
    }

    /// The fields of an error's reply, and its page, if it may have a body.
    pub(in crate::http) fn describe_error(&self, status: Status<'_>) -> io::Result<Vec<u8>> {
        let mut page = Vec::new();
        if has_body(status.code) {
            page = self.settings().error_page(status).into_bytes();
            self.describe(self.settings().error_content_type, page.len())?;
        }
        for (name, value) in status.fields {
            self.field(name, format_args!("{value}"))?;
        }
        Ok(page)
    }

    /// Ends the head. That of an interim reply is sent at once.
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

    /// Writes a piece of the reply's body. Small pieces are gathered.
    pub(in crate::http) fn write_body(&self, data: &[u8]) -> io::Result<()> {
        let mut reply = self.reply()?;
        let contents = reply.contents(data)?;
        let data = &*contents;
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
        // The head is sent together with the first bytes of the body.
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

    /// Writes a piece of a body whose length the head has announced. `read` gets its place in the
    /// buffer, so that the piece is not copied.
    ///
    /// # Errors
    /// Those of `read`, after which another reply may begin if nothing was sent; those of the
    /// connection.
    pub(in crate::http) fn write_in_place(
        &self,
        length: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut reply = self.reply()?;
        reply.note_written(length as u64)?;
        self.frame(&mut reply, false);
        if !reply.pass(length as u64) {
            return Ok(());
        }
        reply.place(length, read)?;
        match reply.is_full() {
            true => self.send_out(&mut reply),
            false => Ok(()),
        }
    }

    /// Sends all of the reply that has been written so far.
    pub(in crate::http) fn flush(&self) -> io::Result<()> {
        let mut reply = self.reply()?;
        self.frame(&mut reply, false);
        self.send_out(&mut reply)
    }

    /// Decides how the client finds the end of the reply, unless that is decided.
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
        // The reply may end with the connection.
        self.inner.must_close.set(closes);
    }

    /// Whether the rest of the request's body is short enough to be dropped.
    fn is_body_over_soon(&self) -> bool {
        // No borrow of the body is held while the handler's own code runs.
        let body = self.inner.body.borrow();
        body.has_ended()
            || (!body.expects_continue && body.may_be_dropped(self.inner.settings.limits.unread))
    }

    /// Ends the reply and sends the rest of it. Returns whether the reply is complete.
    pub(in crate::http) fn finish(&self) -> io::Result<bool> {
        let mut reply = self.reply()?;
        self.frame(&mut reply, true);
        let is_whole = reply.end();
        self.send_out(&mut reply)?;
        reply.release();
        Ok(is_whole)
    }

    /// Whether the handler has written a shorter body than it has announced, and nothing has been
    /// sent yet.
    pub(in crate::http) fn falls_short(&self) -> bool {
        self.inner.reply.borrow().falls_short()
    }

    /// Makes the connection end with a reset, so that the client does not take a part of the reply
    /// for the whole.
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

    /// Sends all of `data` within the client's time for it.
    pub(in crate::http) fn send(&self, data: &[u8]) -> io::Result<()> {
        self.at_its_pace(|socket, pace| socket.send_paced(data, pace))
    }

    /// Calls `send`, unless an earlier part could not be sent: the client would read these bytes in
    /// the place of that part.
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

    /// Whether the reply has no body, so that its head is the whole reply.
    pub(in crate::http) fn has_no_body(&self) -> bool {
        self.inner.reply.borrow().stage == Stage::Framed(Frame::NoBody)
    }

    /// Whether a part of the reply was sent, and the rest will not be.
    pub(in crate::http) fn is_cut_short(&self) -> bool {
        let reply = self.inner.reply.borrow();
        let is_open = matches!(reply.stage, Stage::Framed(frame) if frame != Frame::NoBody);
        self.is_broken() || (reply.has_begun && is_open)
    }

    /// Sends a part of a file as the next piece of the body. The head must have announced the
    /// body's length.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter; those of `send`.
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
