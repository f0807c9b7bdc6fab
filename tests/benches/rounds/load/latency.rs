//! Times of answers, counted in buckets that are as wide as a 64th of the time.

use tests::prelude::*;

/// Each doubling has 2 to the power of this many buckets.
const BITS: u32 = 6;

#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<u32>);

impl Latencies {
    pub(super) fn add(&mut self, time: Duration) {
        let index = index(time.as_nanos().try_into().unwrap_or(u64::MAX));
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        self.0[index] += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own += others;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// The time that this share of the answers does not exceed, in microseconds.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut left = (self.count() as f64 * share).ceil() as u64;
        for (index, count) in self.0.iter().enumerate() {
            let count = u64::from(*count);
            if count >= left {
                return middle(index) / 1e3;
            }
            left -= count;
        }
        0.0
    }
}

fn index(nanoseconds: u64) -> usize {
    let shift = (nanoseconds | 1).ilog2().saturating_sub(BITS);
    ((shift as usize) << BITS) + (nanoseconds >> shift) as usize
}

/// The middle of a bucket, in nanoseconds.
fn middle(index: usize) -> f64 {
    let shift = (index >> BITS).saturating_sub(1);
    let low = index - (shift << BITS);
    (low as f64 + 0.5) * (1_u64 << shift) as f64
}
