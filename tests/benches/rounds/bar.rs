//! What the servers of this workspace must reach.

use tests::prelude::*;

use super::results::Figure;

/// The limit of a figure, or of its ratio to that of another contestant in the same rounds, or of
/// its difference.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) scenario: &'static str,
    pub(crate) judged: &'static str,
    pub(crate) figure: Figure,
    pub(crate) limit: Limit,
    pub(crate) against: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
    /// At most this much more than that of the other contestant.
    #[allow(dead_code, reason = "not every benchmark has such a bar")]
    Above(f64),
}

pub(crate) const fn bar(
    judged: &'static str,
    scenario: &'static str,
    figure: Figure,
    limit: Limit,
    against: Option<&'static str>,
) -> Bar {
    Bar { scenario, judged, figure, limit, against }
}

impl Limit {
    pub(crate) fn is_reached(self, number: f64) -> bool {
        match self {
            Limit::AtLeast(limit) => number >= limit,
            Limit::AtMost(limit) | Limit::Above(limit) => number <= limit,
            Limit::Below(limit) => number < limit,
        }
    }
}

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::AtLeast(limit) => write!(f, "at least {limit}"),
            Limit::AtMost(limit) => write!(f, "at most {limit}"),
            Limit::Below(limit) => write!(f, "below {limit}"),
            Limit::Above(limit) => write!(f, "at most {limit} more"),
        }
    }
}
