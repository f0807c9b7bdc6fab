//! The options of a Unix socket's file.

/// The options of transports whose address is a path: [`UnixStream`](crate::UnixStream) and
/// [`UnixDatagram`](crate::UnixDatagram).
#[derive(Clone, Debug, Default)]
pub struct File {
    pub(crate) mode: Option<u32>,
}

macro_rules! file_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`File`](crate::options::File).
    $($header)* {
        /// The mode of the socket's file: `0o600` lets only this user connect, `0o660` its group
        /// too. The file never has a wider mode on the way. Unless set, what the umask leaves. An
        /// abstract name has no permissions, so `bind` refuses it with a mode.
        ///
        /// Python: `os.chmod` after `bind`
        pub fn mode(mut self, mode: u32) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::File>,
        {
            let options: &mut $crate::transport::options::File = $options(&mut self);
            options.mode = Some(mode);
            self
        }
    }
} }
pub(crate) use file_setters;
