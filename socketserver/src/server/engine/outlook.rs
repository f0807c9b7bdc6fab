//! Whether the loop looks for a second request in the same turn.

/// Whether a turn looks for another request after its first one. While requests come one at a time,
/// such a look is a system call in vain, because the wait that follows finds the next request too.
/// Then only every eighth turn looks.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Number of turns since a look was in vain; 0 when it is time to look.
    turns: u8,
}

impl Outlook {
    const REST: u8 = 8;

    pub(super) fn looks(&self) -> bool {
        self.turns == 0
    }

    /// After a turn that has accepted this many requests.
    pub(super) fn note(&mut self, taken: usize) {
        self.turns = match taken {
            0 => self.turns,
            1 => (self.turns + 1) % Self::REST,
            _ => 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which of 16 turns the loop looks, if each turn accepts that many requests.
    fn looks(outlook: &mut Outlook, taken: usize) -> Vec<usize> {
        let turn = |turn| {
            let looks = outlook.looks();
            outlook.note(taken);
            looks.then_some(turn)
        };
        (0..16).filter_map(turn).collect()
    }

    #[test]
    fn every_eighth_turn_looks_while_requests_come_one_at_a_time() {
        let mut outlook = Outlook::default();
        assert_eq!(looks(&mut outlook, 1), [0, 8]);
        assert_eq!(looks(&mut outlook, 2), (0..16).collect::<Vec<_>>());
        assert_eq!(looks(&mut outlook, 0), (0..16).collect::<Vec<_>>());
    }
}
