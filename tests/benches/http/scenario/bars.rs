//! What the servers of this workspace must reach.

use crate::rounds::results::Figure::{Cpu, Memory, P99, Rate, Stop, Wakes};
use crate::rounds::{
    Bar,
    Limit::{Above, AtLeast, AtMost, Below},
    bar,
};

pub(crate) const BARS: &[Bar] = &[
    bar("green", "hello-50", Cpu, AtMost(1.0), Some("hyper")),
    bar("green", "hello-1000", Cpu, AtMost(1.0), Some("hyper")),
    bar("threads", "hello-50", Cpu, AtMost(1.25), Some("hyper")),
    bar("threads", "hello-1000", Cpu, AtMost(1.25), Some("hyper")),
    bar("green", "hello-50", Cpu, Above(1.5), Some("echo-green")),
    bar("threads", "hello-50", Cpu, Above(1.5), Some("echo-threads")),
    bar("green", "hello-50", P99, Below(1_000.0), None),
    bar("threads", "hello-50", P99, Below(1_000.0), None),
    bar("green", "hello-new-64", Rate, AtLeast(0.95), Some("echo-green")),
    bar("threads", "hello-new-64", Rate, AtLeast(0.95), Some("echo-threads")),
    bar("green", "file-1k", Cpu, AtMost(1.11), Some("nginx")),
    bar("threads", "file-1k", Cpu, AtMost(1.11), Some("nginx")),
    bar("green", "file-1k", Rate, AtLeast(1.2), Some("static-web-server")),
    bar("threads", "file-1k", Rate, AtLeast(1.2), Some("static-web-server")),
    bar("green", "file-1k", Rate, AtLeast(20.0), Some("cpython")),
    bar("threads", "file-1k", Rate, AtLeast(20.0), Some("cpython")),
    bar("green", "file-1g", Rate, AtLeast(0.95), Some("nginx")),
    bar("threads", "file-1g", Rate, AtLeast(0.95), Some("nginx")),
    bar("green", "file-1g", Cpu, AtMost(1.1), Some("nginx")),
    bar("threads", "file-1g", Cpu, AtMost(1.1), Some("nginx")),
    bar("green", "listing", Rate, AtLeast(20.0), Some("cpython")),
    bar("threads", "listing", Rate, AtLeast(20.0), Some("cpython")),
    bar("green", "idle-10000", Memory, Above(1_024.0), Some("echo-green")),
    bar("threads", "idle-10000", Memory, Above(1_024.0), Some("echo-threads")),
    bar("green", "slow-heads", P99, AtMost(10_000.0), None),
    bar("threads", "slow-heads", P99, AtMost(10_000.0), None),
    bar("green", "still", Wakes, AtMost(0.0), None),
    bar("threads", "still", Wakes, AtMost(0.0), None),
    bar("green", "stop", Stop, AtMost(100.0), None),
    bar("threads", "stop", Stop, AtMost(100.0), None),
];
