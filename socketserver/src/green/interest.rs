//! The two things that can be waited for at a descriptor.

/// What is waited for at a descriptor: that it can be read, or that it can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}
