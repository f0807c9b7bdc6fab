//! Tables for a terminal and for a page.

use tests::prelude::*;

use super::spread::Spread;
use super::{Figure, Results, Table};
use crate::rounds::{Bar, Limit};
use crate::scenario::BARS;

/// The cells of a table; the first line is its head.
pub(super) fn cells(table: &Table) -> Vec<Vec<String>> {
    let figures = table.figures();
    let mut head = vec![String::new()];
    head.extend(figures.iter().map(|figure| figure.label().to_owned()));
    head.push(format!("{} to {}", table.figure.label(), table.reference));
    let mut lines = vec![head];
    let reference = table.row(&table.reference);
    for row in &table.rows {
        let mut line = vec![row.contestant.clone()];
        line.extend(figures.iter().map(|figure| match row.spread(*figure) {
            Some(spread) if *figure == table.figure => spread.text(|number| figure.text(number)),
            Some(spread) => figure.text(spread.median),
            None => String::new(),
        }));
        let ratio = reference.map(|other| Spread::of(row.divided_by(other, table.figure)));
        line.push(match (ratio.flatten(), &row.failure) {
            (_, Some(failure)) => format!("failed: {failure}"),
            (Some(ratio), None) if ratio.median.is_finite() => {
                ratio.text(|number| Figure::Times.text(number))
            }
            _ => String::new(),
        });
        lines.push(line);
    }
    lines
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} ({})", self.scenario, self.title, self.cores)?;
        let cells = cells(self);
        let width = |column: usize| cells.iter().map(|line| line[column].len()).max().unwrap_or(0);
        for line in &cells {
            write!(f, "  {:1$}", line[0], width(0))?;
            for (column, cell) in line.iter().enumerate().skip(1) {
                write!(f, "  {cell:>0$}", width(column))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// What a reader of the tables must know.
pub(super) fn circumstances(results: &Results) -> String {
    let Results { rounds, took, others, .. } = results;
    let [minutes, seconds] = [took / 60, took % 60];
    format!("Medians of {rounds} rounds (with quartiles), in {minutes} min {seconds} s. {others}")
}

impl Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        writeln!(f, "{}", circumstances(self))?;
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        writeln!(f, "\nbars:")?;
        BARS.iter()
            .filter_map(|bar| verdict(self, bar))
            .try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Whether a bar is reached, if it has been measured.
fn verdict(results: &Results, bar: &Bar) -> Option<String> {
    let table = results.table(bar.scenario)?;
    let judged = table.row(bar.judged)?;
    let is_difference = matches!(bar.limit, Limit::Above(_));
    let spread = match bar.against {
        Some(other) if is_difference => Spread::of(judged.minus(table.row(other)?, bar.figure))?,
        Some(other) => Spread::of(judged.divided_by(table.row(other)?, bar.figure))?,
        None => judged.spread(bar.figure)?,
    };
    let against = bar.against.map(|other| format!(" to {other}")).unwrap_or_default();
    let what = format!("{} {} {}{against}", bar.judged, bar.scenario, bar.figure.label());
    let reached = if bar.limit.is_reached(spread.median) { "reached" } else { "MISSED" };
    let is_ratio = bar.against.is_some() && !is_difference;
    let figure = if is_ratio { Figure::Times } else { bar.figure };
    let spread = spread.text(|number| figure.text(number));
    Some(format!("{what:56}{spread:28}{}: {reached}", bar.limit))
}
