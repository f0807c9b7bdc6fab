//! How far a reply is, and how its client will find its end.

/// What the request and the connection say about its reply.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::http) struct Terms {
    /// The request's version has neither status lines nor fields.
    pub(in crate::http) is_0_9: bool,
    /// Both sides know HTTP/1.1, so that a body can be chunked.
    pub(in crate::http) is_1_1: bool,
    /// The client asked for the head alone.
    pub(in crate::http) head_only: bool,
    /// The client is of HTTP/1.0, and expects a field that says that the connection stays.
    pub(in crate::http) tells_stay: bool,
    /// The other protocol that a 101, or a 2xx to this CONNECT, changes to has no end.
    pub(in crate::http) is_connect: bool,
}

/// How far a reply is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Stage {
    /// Nothing of it is there.
    #[default]
    Nothing,
    /// Its head is being written.
    Head,
    /// Its head has ended, and can still get the fields that say where the body ends.
    Open,
    /// Its head has left, or is in the buffer as it will leave.
    Framed(Frame),
    /// It is whole, and nothing may follow it.
    Ended,
}

/// How the client finds the end of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Frame {
    /// This many bytes are still to come.
    Length(u64),
    Chunked,
    /// The end of the stream, or whatever the handler's own fields say.
    Stream,
    /// There is none, whatever the handler writes.
    NoBody,
}
