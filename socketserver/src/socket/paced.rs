//! Transfers at the pace of the peer.

use std::io::{self, ErrorKind};

use super::handle::{Shared, Socket};
use super::layer::{Wire, send_through};
use super::pace::Pace;
use super::sendfile::{Piece, read_some};

impl Socket {
    /// Sends all of `data` at this pace, which a layer keeps for its own bytes.
    ///
    /// # Errors
    /// As [`sendall`](Self::sendall).
    pub(crate) fn send_paced(&self, data: &[u8], pace: &Pace) -> io::Result<()> {
        if data.is_empty() {
            // The connection may have been handed over.
            return Ok(());
        }
        let shared = self.open()?;
        let mut left = data;
        while !left.is_empty() {
            let wire = || shared.wire_at(pace);
            let sent = match shared.layer() {
                Some(layer) => send_through(layer, &wire()?, left)?,
                // Most need no clock.
                None => match shared.descriptor.send_once(left) {
                    Some(sent) => {
                        let sent = sent?;
                        if sent < left.len() {
                            pace.pass(sent);
                        }
                        sent
                    }
                    None => wire()?.send(left)?,
                },
            };
            left = &left[sent..];
        }
        Ok(())
    }

    /// Receives into the caller's buffer at this pace, as [`recv_into`](Self::recv_into): a layer
    /// may have to wait several times.
    ///
    /// # Errors
    /// As `recv_into`.
    pub(crate) fn recv_paced(&self, buffer: &mut [u8], pace: &Pace) -> io::Result<usize> {
        let shared = self.open()?;
        match shared.layer() {
            None => shared.wire_for_layer(pace.patience()?).recv(buffer),
            Some(layer) => layer.recv(&shared.wire_at(pace)?, buffer),
        }
    }

    /// Sends a piece at this pace.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has ended before; as [`sendfile`](Self::sendfile).
    pub(crate) fn sendfile_paced(&self, (file, piece): Piece<'_>, pace: &Pace) -> io::Result<()> {
        let shared = self.open()?;
        let mut left = piece;
        while !left.is_empty() {
            let sent = match shared.send_pages_if_possible((file, left.clone()), pace.patience()?) {
                Some(sent) => {
                    let sent = sent?;
                    pace.pass(sent);
                    sent
                }
                None => {
                    let read = read_some((file, left.clone()))?;
                    self.send_paced(&read, pace)?;
                    read.len()
                }
            };
            if sent == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            left.start += sent as u64;
        }
        Ok(())
    }
}

impl Shared {
    /// The wire of a layer at this pace.
    fn wire_at<'a>(&'a self, pace: &'a Pace) -> io::Result<Wire<'a>> {
        Ok(self.wire_for_layer(pace.patience()?).at(pace))
    }
}
