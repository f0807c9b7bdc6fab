//! The figures of a scenario.

use serde::{Deserialize, Serialize};
use tests::prelude::io;

use super::spread::Spread;
use super::{Figure, Sample};
use crate::rounds::Contestant;
use crate::rounds::{Ratio, Scenario};

/// The contestants of a scenario.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) scenario: String,
    pub(super) title: String,
    /// What was pinned to which cores.
    pub(super) cores: String,
    pub(super) figure: Figure,
    pub(super) reference: String,
    pub(super) rows: Vec<Row>,
}

/// The rounds of one contestant.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) contestant: String,
    /// By round. A round without a sample has failed.
    pub(super) samples: Vec<Option<Sample>>,
    /// The last error.
    pub(super) failure: Option<String>,
}

impl Table {
    pub(crate) fn new(scenario: &Scenario, contestants: &[&Contestant]) -> Self {
        let row = |contestant: &&Contestant| Row {
            contestant: contestant.name.to_owned(),
            samples: Vec::new(),
            failure: None,
        };
        Table {
            scenario: scenario.name.to_owned(),
            title: scenario.title.to_owned(),
            cores: scenario.cores.text().to_owned(),
            figure: scenario.figure,
            reference: scenario.reference.to_owned(),
            rows: contestants.iter().map(row).collect(),
        }
    }

    /// Adds a round.
    pub(crate) fn add(&mut self, samples: Vec<io::Result<Sample>>) {
        for (row, sample) in self.rows.iter_mut().zip(samples) {
            if let Err(error) = &sample {
                row.failure = Some(error.to_string());
            }
            row.samples.push(sample.ok().map(rounded));
        }
    }

    pub(super) fn row(&self, contestant: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.contestant == contestant)
    }

    /// All figures of the table.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let samples = self.rows.iter().flat_map(|row| row.samples.iter().flatten());
        let mut figures: Vec<Figure> = samples.flat_map(|sample| sample.keys().copied()).collect();
        figures.sort();
        figures.dedup();
        figures
    }

    /// The same contestants, each compared with itself in another table.
    pub(super) fn divided_by(&self, other: &Self, ratio: &Ratio) -> Self {
        let rows = self.rows.iter().filter_map(|row| {
            let numbers = row.divided_by(other.row(&row.contestant)?, ratio.figure);
            let samples = numbers.map(|number| Some(Sample::from([(Figure::Times, number)])));
            let samples = samples.collect();
            Some(Row { contestant: row.contestant.clone(), samples, failure: None })
        });
        Table {
            scenario: ratio.name.to_owned(),
            title: ratio.title.to_owned(),
            cores: format!("{} divided by {}", ratio.scenario, ratio.divided_by),
            figure: Figure::Times,
            reference: ratio.reference.to_owned(),
            rows: rows.collect(),
        }
    }
}

impl Row {
    /// The figure in all rounds.
    pub(super) fn spread(&self, figure: Figure) -> Option<Spread> {
        let samples = self.samples.iter().flatten();
        Spread::of(samples.filter_map(|sample| sample.get(&figure).copied()))
    }

    /// The ratios of both rows' figures, within each round.
    pub(super) fn divided_by(&self, other: &Self, figure: Figure) -> impl Iterator<Item = f64> {
        self.pairs(other, figure).map(|(own, others)| own / others)
    }

    /// Their differences.
    pub(super) fn minus(&self, other: &Self, figure: Figure) -> impl Iterator<Item = f64> {
        self.pairs(other, figure).map(|(own, others)| own - others)
    }

    fn pairs(&self, other: &Self, figure: Figure) -> impl Iterator<Item = (f64, f64)> {
        self.samples.iter().zip(&other.samples).filter_map(move |(own, others)| {
            Some((*own.as_ref()?.get(&figure)?, *others.as_ref()?.get(&figure)?))
        })
    }
}

/// No machine measures more than five digits.
fn rounded(sample: Sample) -> Sample {
    let round = |number: f64| format!("{number:.4e}").parse().unwrap_or(number);
    sample.into_iter().map(|(figure, number)| (figure, round(number))).collect()
}
