//! Measured figures, and the tables of them.

use tests::prelude::*;

use crate::column::Column;
use crate::fault::Fault;

/// One figure and its bar.
#[derive(Clone)]
pub(crate) struct Figure {
    pub(crate) fault: &'static Fault,
    pub(crate) column: Column,
    pub(crate) bar: String,
    pub(crate) measured: String,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure {
            fault,
            column,
            bar,
            measured,
            outcome,
        } = self;
        let title = fault.title;
        write!(f, "{title} | {column} | {bar} | {measured} | {outcome}")
    }
}

impl Figure {
    /// Its cell in the table.
    fn cell(&self) -> String {
        let measured = self.measured.replace('\n', " ");
        match self.outcome {
            Outcome::Passed => measured,
            Outcome::Failed | Outcome::Skipped => format!("{}: {measured}", self.outcome),
        }
    }
}

/// The figures in Markdown: a section per fault, with a table of its bars.
pub(crate) fn tables(figures: &[Figure]) -> String {
    let mut text = String::new();
    for of_one in figures.chunk_by(|one, next| std::ptr::eq(one.fault, next.fault)) {
        let Fault { name, title, .. } = of_one[0].fault;
        let columns = Column::ALL.iter().filter(|column| {
            let mut measured = of_one.iter().map(|figure| figure.column);
            measured.any(|other| other == **column)
        });
        let columns: Vec<Column> = columns.copied().collect();
        text += &format!("## {title}\n\n`.ci/stress.sh {name}`\n\n| promise |");
        columns
            .iter()
            .for_each(|column| text += &format!(" {column} |"));
        text += &format!("\n| --- |{}\n", " --- |".repeat(columns.len()));
        let mut bars: Vec<&str> = Vec::new();
        for figure in of_one {
            if bars.contains(&figure.bar.as_str()) {
                continue;
            }
            bars.push(&figure.bar);
            text += &format!("| {} |", figure.bar);
            for column in &columns {
                let same = of_one.iter();
                let same = same.filter(|other| other.bar == figure.bar && other.column == *column);
                let cells: Vec<String> = same.map(Figure::cell).collect();
                text += &format!(" {} |", cells.join("; "));
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
