//! The stages of a reply, and how the client finds the reply's end.

/// The facts of a request that decide how its reply may look.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct Terms {
    /// The request's version has neither status lines nor fields.
    pub(in crate::http) is_0_9: bool,
    /// Both sides know HTTP/1.1, so that a body can be chunked.
    pub(in crate::http) is_1_1: bool,
    /// The client asked for the head alone.
    pub(in crate::http) head_only: bool,
    /// The client speaks HTTP/1.0 or 0.9: `Connection: keep-alive` must say that the connection
    /// stays, and no protocol can replace this one.
    pub(in crate::http) is_old: bool,
    /// The request is a CONNECT, after which a 2xx begins a tunnel without an end.
    pub(in crate::http) is_connect: bool,
}

/// The stage of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Stage {
    /// It has not begun.
    #[default]
    Nothing,
    /// Its head is being written.
    Head,
    /// Its head has ended, and can still get the fields that say where the body ends.
    Open,
    /// Its head is final: it has been sent, or is in the buffer.
    Framed(Frame),
    /// It is complete, and nothing may follow it.
    Ended,
}

/// How the client finds the end of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Frame {
    /// This many bytes are still to come.
    Length(u64),
    Chunked,
    /// The body ends with the stream, or as the handler's own fields say.
    Stream,
    /// There is no body, whatever the handler writes.
    NoBody,
}
