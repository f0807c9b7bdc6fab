//! The definition of a fault.

use crate::column::Column;
use crate::trial::Trial;

/// Something that goes wrong, and what a server promises then.
pub(crate) struct Fault {
    /// Its name on the command line: that of its file.
    pub(crate) name: &'static str,
    /// A sentence for the table.
    pub(crate) title: &'static str,
    /// The concurrencies that it applies to.
    pub(crate) columns: &'static [Column],
    /// The program of the child process, with the arguments of [`Trial::start`]. It ends with
    /// [`serve`](crate::serve::serve).
    pub(crate) server: fn(Column, &[String]),
    /// The clients in this process, and the bars.
    pub(crate) clients: fn(&mut Trial),
}
