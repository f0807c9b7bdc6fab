//! What a fault is.

use crate::column::Column;
use crate::trial::Trial;

/// Something that goes wrong, and how a server must take it.
pub(crate) struct Fault {
    /// What it is called on the command line: its file's name.
    pub(crate) name: &'static str,
    /// What it is, in words.
    pub(crate) words: &'static str,
    /// Where it can happen.
    pub(crate) columns: &'static [Column],
    /// The server, in a process of its own: with the arguments of [`Trial::start`]. Ends with
    /// [`serve`](crate::serve::serve).
    pub(crate) server: fn(Column, &[String]),
    /// The clients, in this process, and the bars.
    pub(crate) clients: fn(&mut Trial),
}
