//! The options of a Unix socket's file.

/// The options of transports whose address is a path: [`UnixStream`](crate::UnixStream) and
/// [`UnixDatagram`](crate::UnixDatagram).
#[derive(Clone, Debug, Default)]
pub struct File {
    pub(crate) mode: Option<u32>,
    pub(crate) restore_file: bool,
}

macro_rules! file_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`File`](crate::options::File).
    $($header)* {
        /// The mode of the socket's file: `0o600` lets only this user connect, `0o660` its group
        /// too. The file never has a wider mode on the way. Unless set, what the umask leaves. An
        /// abstract name has no permissions, so with a mode `bind` rejects it.
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

        /// Whether the server makes the socket's file again, if another program removes it while
        /// the server serves, as cleaners of temporary folders do. `serve_forever` checks every
        /// second, and logs a loss in any case. Off unless set, because a program that replaces
        /// this one may remove the file before it makes its own.
        ///
        /// The server first serves the backlog of the old socket. Then it binds a new socket at the
        /// same place, even if the process has changed its working directory. If the folder has
        /// gone too, the server waits until there is one at its absolute path again. Connections go
        /// on. Datagram clients that have called `connect` must call it again. If the file of
        /// another server is there by now, it is left alone.
        pub fn restore_file(mut self, restore: bool) -> Self
        where
            $owner: $crate::axis::Has<$crate::transport::options::File>,
        {
            let options: &mut $crate::transport::options::File = $options(&mut self);
            options.restore_file = restore;
            self
        }
    }
} }
pub(crate) use file_setters;
