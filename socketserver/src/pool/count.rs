//! What the pool and its workers agree on: two numbers, and whether the system refuses threads.

/// How many workers there are, their balance, and whether the system has refused another one. All
/// are in one word, so that a decision is taken by all as they were at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Count {
    /// Workers, each counted before it is started.
    pub(super) threads: u32,
    /// Free workers, each counted after it was started, minus waiting jobs, each counted before it
    /// is sent. So for a moment it may be too low, and a worker stays that could leave. It is never
    /// too high, which would leave a job behind.
    pub(super) balance: i32,
    /// The last worker that was to be started got no thread.
    pub(super) refused: bool,
}

/// The bit of the word that says so: the highest of the half that counts the workers.
const REFUSED: u32 = 1 << 31;

/// The most workers that can be counted.
pub(super) const MOST: u32 = REFUSED - 1;

impl Count {
    pub(super) fn of(word: u64) -> Self {
        Count {
            threads: word as u32 & MOST,
            balance: (word >> 32) as i32,
            refused: word as u32 & REFUSED != 0,
        }
    }

    pub(super) fn word(self) -> u64 {
        let refused = if self.refused { REFUSED } else { 0 };
        u64::from(self.balance.cast_unsigned()) << 32 | u64::from(self.threads | refused)
    }

    pub(super) fn changed(self, threads: i32, balance: i32) -> Self {
        Count {
            threads: self.threads.wrapping_add_signed(threads),
            balance: self.balance.wrapping_add(balance),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fits_into_the_word() {
        for threads in [0, 1, MOST] {
            for balance in [0, 1, -1, i32::MAX, i32::MIN] {
                for refused in [false, true] {
                    let count = Count { threads, balance, refused };
                    assert_eq!(Count::of(count.word()), count);
                }
            }
        }
    }
}
