//! What was measured, and how it is told.

use std::fmt;

use crate::column::Column;

/// One figure and its bar.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) fault: &'static str,
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
        write!(f, "{fault} | {column} | {bar} | {measured} | {outcome}")
    }
}

impl Figure {
    /// What the table says.
    fn cell(&self) -> String {
        let measured = self.measured.replace('\n', " ");
        match self.outcome {
            Outcome::Passed => measured,
            Outcome::Failed | Outcome::Skipped => format!("{}: {measured}", self.outcome),
        }
    }
}

/// The figures as a table in Markdown: a row for every bar.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| fault | bar |");
    for column in Column::ALL {
        text += &format!(" {column} |");
    }
    text += "\n| --- | --- | --- | --- | --- | --- |\n";
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for figure in figures {
        let row = (figure.fault, figure.bar.as_str());
        if rows.contains(&row) {
            continue;
        }
        rows.push(row);
        text += &format!("| {} | {} |", row.0, row.1);
        for column in Column::ALL {
            let cells = figures.iter().filter(|figure| {
                (figure.fault, figure.bar.as_str()) == row && figure.column == *column
            });
            let cells: Vec<String> = cells.map(Figure::cell).collect();
            let cell = if cells.is_empty() {
                "–".to_owned()
            } else {
                cells.join("; ")
            };
            text += &format!(" {cell} |");
        }
        text.push('\n');
    }
    text
}
