//! Measured figures, and the tables of them.

use tests::prelude::*;

use crate::column::Column;
use crate::trial::Fault;

pub(crate) struct Figure {
    pub(crate) fault: &'static Fault,
    pub(crate) column: Column,
    pub(crate) bar: String,
    pub(crate) measured: String,
    /// `None` if this machine cannot show the fault.
    pub(crate) holds: Option<bool>,
}

impl Figure {
    fn outcome(&self) -> &'static str {
        match self.holds {
            Some(true) => "passed",
            Some(false) => "FAILED",
            None => "skipped",
        }
    }

    /// Its cell in the table.
    fn cell(&self) -> String {
        let measured = self.measured.replace('\n', " ");
        match self.holds {
            Some(true) => measured,
            _ => format!("{}: {measured}", self.outcome()),
        }
    }
}

impl Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (title, column, outcome) = (self.fault.title, self.column, self.outcome());
        write!(f, "{title} | {column} | {} | {} | {outcome}", self.bar, self.measured)
    }
}

/// The figures in Markdown: a section per fault, with a table of its bars.
pub(crate) fn tables(figures: &[Figure]) -> String {
    let mut text = String::new();
    for of_one in figures.chunk_by(|one, next| std::ptr::eq(one.fault, next.fault)) {
        let Fault { name, title, .. } = of_one[0].fault;
        let measured = |column: &&Column| of_one.iter().any(|figure| figure.column == **column);
        let columns: Vec<&Column> = Column::ALL.iter().filter(measured).collect();
        text += &format!("## {title}\n\n`.ci/stress.sh {name}`\n\n| promise |");
        text.extend(columns.iter().map(|column| format!(" {column} |")));
        text += &format!("\n| --- |{}\n", " --- |".repeat(columns.len()));
        let mut bars: Vec<&str> = Vec::new();
        for Figure { bar, .. } in of_one {
            if bars.contains(&&**bar) {
                continue;
            }
            bars.push(bar);
            text += &format!("| {bar} |");
            for column in &columns {
                let same = |other: &&Figure| other.bar == *bar && other.column == **column;
                let cells: Vec<String> = of_one.iter().filter(same).map(Figure::cell).collect();
                text += &format!(" {} |", cells.join("; "));
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}
