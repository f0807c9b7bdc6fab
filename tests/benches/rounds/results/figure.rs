//! The figures that are measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one server has shown in one round.
pub(crate) type Sample = BTreeMap<Figure, f64>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// Answers per second.
    Rate,
    /// The server's processor time per answer, in microseconds.
    Cpu,
    /// The time of an answer that half of them do not exceed, in microseconds.
    P50,
    P99,
    P999,
    /// Bytes per connection.
    Memory,
    /// How often a thread has run, in a server with nothing to do.
    Wakes,
    /// Milliseconds from SIGTERM to the end.
    Stop,
    /// The ratio of two figures of one contestant.
    Times,
}

impl Figure {
    /// The head of a column.
    pub(super) fn label(self) -> &'static str {
        match self {
            Figure::Rate => "answers/s",
            Figure::Cpu => "CPU us",
            Figure::P50 => "p50 us",
            Figure::P99 => "p99 us",
            Figure::P999 => "p99.9 us",
            Figure::Memory => "bytes each",
            Figure::Wakes => "wakes",
            Figure::Stop => "stop ms",
            Figure::Times => "times",
        }
    }

    pub(super) fn text(self, number: f64) -> String {
        match self {
            Figure::Rate if number < 100.0 => format!("{number:.2}"),
            Figure::Rate | Figure::Memory | Figure::Wakes => thousands(number.round() as u64),
            Figure::P50 | Figure::P99 | Figure::P999 if number >= 100.0 => {
                thousands(number.round() as u64)
            }
            Figure::P50 | Figure::P99 | Figure::P999 => format!("{number:.1}"),
            Figure::Cpu | Figure::Stop | Figure::Times => format!("{number:.2}"),
        }
    }
}

/// Digits in groups of three.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
