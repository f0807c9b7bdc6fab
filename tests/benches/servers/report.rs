//! Medians, ratios, and how they are shown.

use std::fmt;

use crate::contender::Contender;

/// What one server did in one round.
pub(crate) struct Sample {
    pub(crate) value: f64,
    /// In seconds, for one exchange.
    pub(crate) cpu_time: Option<f64>,
}

/// What a ratio should come to.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    fn is_reached(self, ratio: f64) -> bool {
        match self {
            Bar::AtLeast(bar) => ratio >= bar,
            Bar::AtMost(bar) => ratio <= bar,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bar::AtLeast(bar) => write!(f, "at least {bar:.2}"),
            Bar::AtMost(bar) => write!(f, "at most {bar:.2}"),
        }
    }
}

/// A server beside others. Displayed, it is a table.
pub(crate) struct Comparison {
    title: &'static str,
    unit: &'static str,
    /// The first is the one that is judged. Each has one sample for every round.
    columns: Vec<(Contender, Vec<Sample>)>,
    bars: &'static [(Contender, Bar)],
}

impl Comparison {
    pub(crate) fn new(
        title: &'static str,
        unit: &'static str,
        servers: &[Contender],
        bars: &'static [(Contender, Bar)],
    ) -> Self {
        Comparison {
            title,
            unit,
            columns: servers.iter().map(|server| (*server, Vec::new())).collect(),
            bars,
        }
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
            let (name, unit) = (server.name(), self.unit);
            let value = Spread::of(samples.iter().map(|sample| sample.value)).median;
            write!(f, "  {name:21}{value:>9.0} {unit}")?;
            if samples.iter().all(|sample| sample.cpu_time.is_some()) {
                let cpu_times = samples.iter().filter_map(|sample| sample.cpu_time);
                let microseconds = Spread::of(cpu_times).median * 1e6;
                write!(f, ", {microseconds:.1} us of CPU each")?;
            }
            writeln!(f)?;
        }
        for (server, samples) in others {
            let rounds = judged.iter().zip(samples);
            let ratio = Spread::of(rounds.map(|(judged, other)| judged.value / other.value));
            write!(f, "  to {:18}{ratio}", server.name())?;
            match self.bar(*server) {
                Some(bar) if bar.is_reached(ratio.median) => writeln!(f, ", {bar}: reached")?,
                Some(bar) => writeln!(f, ", {bar}: MISSED")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// Where some numbers lie.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    /// There is always one in the middle, since the number of rounds is odd.
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
        let Spread {
            least,
            median,
            most,
        } = self;
        write!(f, "{median:>9.2} ({least:.2} to {most:.2})")
    }
}
