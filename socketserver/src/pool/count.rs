//! The two numbers that the pool and its workers agree on.

/// How many workers there are, and their balance. Both are in one word, so that a decision is taken
/// by both numbers as they were at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Count {
    /// Workers, each counted before it is started.
    pub(super) threads: u32,
    /// Free workers, each counted after it was started, minus waiting jobs, each counted before it
    /// is sent. So for a moment it may be too low, and a worker stays that could leave. It is never
    /// too high, which would leave a job behind.
    pub(super) balance: i32,
}

impl Count {
    pub(super) fn of(word: u64) -> Self {
        Count {
            threads: word as u32,
            balance: (word >> 32) as i32,
        }
    }

    pub(super) fn word(self) -> u64 {
        u64::from(self.balance.cast_unsigned()) << 32 | u64::from(self.threads)
    }

    pub(super) fn changed(self, threads: i32, balance: i32) -> Self {
        Count {
            threads: self.threads.wrapping_add_signed(threads),
            balance: self.balance.wrapping_add(balance),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_fit_into_the_word() {
        for threads in [0, 1, u32::MAX] {
            for balance in [0, 1, -1, i32::MAX, i32::MIN] {
                let count = Count { threads, balance };
                assert_eq!(Count::of(count.word()), count);
            }
        }
    }
}
