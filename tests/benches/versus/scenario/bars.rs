//! What the servers of this workspace must reach.

use tests::prelude::*;

use crate::results::Figure;

/// The limit of a figure, or of its ratio to that of another contestant in the same rounds.
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
}

use Figure::{Cpu, Memory, P99, Rate, Stop, Times, Wakes};
use Limit::{AtLeast, AtMost, Below};

const fn bar(
    judged: &'static str,
    scenario: &'static str,
    figure: Figure,
    limit: Limit,
    against: Option<&'static str>,
) -> Bar {
    Bar { scenario, judged, figure, limit, against }
}

pub(crate) const BARS: &[Bar] = &[
    bar("threads", "keep-alive-50", Cpu, AtMost(1.0), Some("std-threads")),
    bar("threads", "keep-alive-1000", Cpu, AtMost(1.0), Some("std-threads")),
    bar("green", "keep-alive-50", Cpu, AtMost(1.05), Some("epoll")),
    bar("green", "keep-alive-50", Cpu, AtMost(1.0), Some("tokio")),
    bar("green", "keep-alive-50", Cpu, Below(1.0), Some("may")),
    bar("green", "keep-alive-1000", Cpu, AtMost(1.05), Some("epoll")),
    bar("green", "keep-alive-1000", Cpu, AtMost(1.0), Some("tokio")),
    bar("green", "keep-alive-1000", Cpu, Below(1.0), Some("may")),
    bar("green", "keep-alive-1000", P99, Below(1.0), Some("epoll")),
    bar("green", "keep-alive-1000", P99, Below(1.0), Some("tokio")),
    bar("green", "keep-alive-1000", P99, Below(1.0), Some("may")),
    bar("green", "keep-alive-10000", Cpu, AtMost(1.05), Some("epoll")),
    bar("green", "keep-alive-10000", Cpu, AtMost(1.0), Some("tokio")),
    bar("green", "keep-alive-10000", Cpu, Below(1.0), Some("may")),
    bar("green", "growth", Times, AtMost(1.05), Some("epoll")),
    bar("green", "connect-64", Rate, AtLeast(1.0), Some("tokio")),
    bar("green", "connect-64", Cpu, AtMost(1.1), Some("epoll")),
    bar("threads", "connect-64", Rate, AtLeast(1.0), Some("tokio")),
    bar("threads", "connect-64", Rate, AtLeast(2.5), Some("std-threads")),
    bar("threads", "connect-64", Rate, AtLeast(20.0), Some("cpython-threads")),
    bar("forking", "connect-64", Rate, AtLeast(2.0), Some("cpython-forking")),
    bar("inline", "udp-64", Rate, AtLeast(0.97), Some("datagram-loop")),
    bar("green", "udp-64", Rate, AtLeast(0.95), Some("datagram-loop")),
    bar("threads", "udp-64", Rate, AtLeast(0.9), Some("datagram-loop")),
    bar("threads", "udp-64", Rate, AtLeast(1.2), Some("tokio")),
    // A datagram that waits for another one takes 20 ms.
    bar("threads", "udp-sleep-64", P99, Below(20_000.0), None),
    bar("green", "udp-sleep-64", P99, Below(20_000.0), None),
    bar("green", "idle-10000", Memory, AtMost(5_120.0), None),
    bar("threads", "idle-10000", Memory, AtMost(1.0), Some("std-threads")),
    bar("inline", "still", Wakes, AtMost(0.0), None),
    bar("threads", "still", Wakes, AtMost(0.0), None),
    bar("forking", "still", Wakes, AtMost(0.0), None),
    bar("green", "still", Wakes, AtMost(0.0), None),
    bar("inline", "stop", Stop, AtMost(5.0), None),
    bar("threads", "stop", Stop, AtMost(5.0), None),
    bar("forking", "stop", Stop, AtMost(5.0), None),
    bar("green", "stop", Stop, AtMost(5.0), None),
    bar("threads", "second-core", Times, AtLeast(1.9), None),
    bar("green", "second-core", Times, AtLeast(1.9), None),
];

impl Limit {
    pub(crate) fn is_reached(self, number: f64) -> bool {
        match self {
            AtLeast(limit) => number >= limit,
            AtMost(limit) => number <= limit,
            Below(limit) => number < limit,
        }
    }
}

impl Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtLeast(limit) => write!(f, "at least {limit}"),
            AtMost(limit) => write!(f, "at most {limit}"),
            Below(limit) => write!(f, "below {limit}"),
        }
    }
}
