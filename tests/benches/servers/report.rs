//! Medians and ratios, and the tables of them.

use std::fmt;

use crate::contender::Contender;

/// The measurement of one server in one round.
#[derive(Clone, Copy)]
pub(crate) enum Sample {
    Busy {
        /// Exchanges per second.
        rate: f64,
        /// Seconds per exchange.
        cpu_time: f64,
    },
    Idle {
        /// Bytes per connection.
        memory: f64,
    },
}

/// The figure by which servers are judged.
#[derive(Clone, Copy)]
pub(crate) enum Figure {
    /// Exchanges per second. The text is the unit.
    Rate(&'static str),
    /// Processor time per exchange. The text is the unit of the rate, which is shown beside it.
    CpuTime(&'static str),
    /// Bytes of memory per connection.
    Memory,
}

impl Figure {
    fn of(self, sample: &Sample) -> f64 {
        match (self, sample) {
            (Figure::Rate(_), Sample::Busy { rate, .. }) => *rate,
            (Figure::CpuTime(_), Sample::Busy { cpu_time, .. }) => *cpu_time,
            (Figure::Memory, Sample::Idle { memory }) => *memory,
            _ => unreachable!("each kind of measurement has its own figures"),
        }
    }

    /// The medians of a server, with their units.
    fn text(self, samples: &[Sample]) -> String {
        let median =
            |figure: Figure| Spread::of(samples.iter().map(|sample| figure.of(sample))).median;
        match self {
            Figure::Rate(unit) | Figure::CpuTime(unit) => format!(
                "{:>9.0} {unit}, {:.2} us of CPU each",
                median(Figure::Rate(unit)),
                median(Figure::CpuTime(unit)) * 1e6
            ),
            Figure::Memory => format!("{:>9.0} bytes each", median(self)),
        }
    }
}

/// The limit of a ratio.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

impl Bar {
    fn is_reached(self, ratio: f64) -> bool {
        match self {
            Bar::AtLeast(bar) => ratio >= bar,
            Bar::AtMost(bar) => ratio <= bar,
            Bar::Below(bar) => ratio < bar,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bar::AtLeast(bar) => write!(f, "at least {bar:.2}"),
            Bar::AtMost(bar) => write!(f, "at most {bar:.2}"),
            Bar::Below(bar) => write!(f, "below {bar:.2}"),
        }
    }
}

/// A server beside others. Its display is a table.
pub(crate) struct Comparison {
    title: &'static str,
    figure: Figure,
    /// One sample per round of each server. The first server is judged.
    columns: Vec<(Contender, Vec<Sample>)>,
    bars: &'static [(Contender, Bar)],
    /// The limit of the figure itself.
    most: Option<f64>,
}

impl Comparison {
    pub(crate) fn new(
        title: &'static str,
        figure: Figure,
        servers: &[Contender],
        bars: &'static [(Contender, Bar)],
    ) -> Self {
        Comparison {
            title,
            figure,
            columns: servers.iter().map(|server| (*server, Vec::new())).collect(),
            bars,
            most: None,
        }
    }

    /// Sets a limit for the figure of the judged server, whatever the others do.
    pub(crate) fn at_most(self, most: f64) -> Self {
        Comparison { most: Some(most), ..self }
    }

    pub(crate) fn title(&self) -> &'static str {
        self.title
    }

    pub(crate) fn servers(&self) -> Vec<Contender> {
        self.columns.iter().map(|(server, _)| *server).collect()
    }

    pub(crate) fn add(&mut self, server: Contender, sample: Sample) {
        let column = self.columns.iter_mut().find(|(other, _)| *other == server);
        column.expect("one of the servers").1.push(sample);
    }

    fn bar(&self, against: Contender) -> Option<Bar> {
        let bar = self.bars.iter().find(|(server, _)| *server == against);
        bar.map(|(_, bar)| *bar)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(((_, judged), others)) = self.columns.split_first() else {
            return Ok(());
        };
        writeln!(f, "{}", self.title)?;
        for (server, samples) in &self.columns {
            writeln!(f, "  {:21}{}", server.name(), self.figure.text(samples))?;
        }
        let figures = |samples: &[Sample]| -> Vec<f64> {
            samples.iter().map(|sample| self.figure.of(sample)).collect()
        };
        let judged = figures(judged);
        if let Some(most) = self.most {
            let reached = verdict(Spread::of(judged.iter().copied()).median <= most);
            writeln!(f, "  at most {most:.0}: {reached}")?;
        }
        for (server, samples) in others {
            let rounds = judged.iter().zip(figures(samples));
            let ratio = Spread::of(rounds.map(|(judged, other)| judged / other));
            write!(f, "  to {:18}{ratio}", server.name())?;
            match self.bar(*server) {
                Some(bar) => writeln!(f, ", {bar}: {}", verdict(bar.is_reached(ratio.median)))?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

/// Minimum, median and maximum.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    /// The number of rounds is odd, so the median is one of the numbers.
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_by(f64::total_cmp);
        Spread {
            least: numbers[0],
            median: numbers[numbers.len() / 2],
            most: numbers[numbers.len() - 1],
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { least, median, most } = self;
        write!(f, "{median:>9.2} ({least:.2} to {most:.2})")
    }
}
