//! The figures of a run, and the tables and plots made from them.

mod docs;
mod figure;
mod plots;
mod spread;
mod table;
mod text;

pub(crate) use docs::write_docs;
pub(crate) use figure::{Figure, Sample};
pub(crate) use plots::{Picture, draw};
pub(crate) use table::Table;

use std::fs;

use serde::{Deserialize, Serialize};
use tests::prelude::{Path, io};

use crate::bench::NAME;
use crate::scenario::RATIOS;

/// All that a run has measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: String,
    pub(crate) rounds: usize,
    /// In seconds.
    pub(crate) took: u64,
    /// A sentence about other programs.
    pub(crate) others: String,
    pub(crate) tables: Vec<Table>,
}

/// The name of the file with the figures.
fn file() -> String {
    format!("{NAME}.json")
}

impl Results {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(folder.join(file()))?)?)
    }

    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(file()), serde_json::to_string(self)? + "\n")
    }

    pub(crate) fn table(&self, scenario: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.scenario == scenario)
    }

    /// The tables that follow from two others.
    pub(crate) fn ratios(&self) -> Vec<Table> {
        let tables = RATIOS.iter().filter_map(|ratio| {
            let (above, below) = (self.table(ratio.scenario)?, self.table(ratio.divided_by)?);
            Some(above.divided_by(below, ratio))
        });
        tables.collect()
    }
}
