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
            let mut cells = figures.iter().filter(|figure| {
                (figure.fault, figure.bar.as_str()) == row && figure.column == *column
            });
            let cell = match cells.next() {
                Some(figure) if figure.outcome == Outcome::Passed => figure.measured.clone(),
                Some(figure) => format!("{}: {}", figure.outcome, figure.measured),
                None => "–".to_owned(),
            };
            text += &format!(" {} |", cell.replace('\n', " "));
        }
        text.push('\n');
    }
    text
}
