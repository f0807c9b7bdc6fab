//! The clients: a program that is the same for every server. What one client sends and receives is
//! the benchmark's own.

mod connection;
mod crowd;
mod latency;
mod plan;

pub(crate) use connection::{connect, send_whole};
pub(crate) use plan::{Group, Plan};

use serde::{Deserialize, Serialize};
use tests::prelude::*;

use crate::rounds::process::begin;
use crowd::Crowd;
use latency::Latencies;

/// What the measured clients have seen in all turns.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answers {
    pub(crate) count: u64,
    /// How long the turns took, in seconds.
    pub(crate) took: f64,
    /// In microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// The clients of one server, on one or more threads.
struct Load {
    crowds: Vec<Crowd>,
    took: Duration,
}

impl Load {
    /// Clients with nothing in flight, each of which has had one answer.
    fn open(plan: &Plan, server: &str) -> io::Result<Self> {
        let crowds = (0..plan.threads).map(|thread| Crowd::open(plan, thread, server));
        Ok(Load { crowds: crowds.collect::<io::Result<_>>()?, took: Duration::ZERO })
    }

    /// Lets them talk for that time, and waits for the last answers.
    ///
    /// # Errors
    /// If an answer is wrong or missing.
    fn turn(&mut self, time: Duration) -> io::Result<()> {
        let began = Instant::now();
        thread::scope(|scope| {
            let talks: Vec<_> = self
                .crowds
                .iter_mut()
                .map(|crowd| scope.spawn(move || crowd.talk(began + time)))
                .collect();
            talks.into_iter().try_for_each(|talk| talk.join().expect("a crowd does not panic"))
        })?;
        self.took += began.elapsed();
        Ok(())
    }

    fn forget(&mut self) {
        self.took = Duration::ZERO;
        for crowd in &mut self.crowds {
            crowd.latencies = Latencies::default();
        }
    }

    fn answers(&self) -> Answers {
        let mut all = Latencies::default();
        for crowd in &self.crowds {
            all.merge(&crowd.latencies);
        }
        Answers {
            count: all.count(),
            took: self.took.as_secs_f64(),
            p50: all.quantile(0.5),
            p99: all.quantile(0.99),
            p999: all.quantile(0.999),
        }
    }
}

/// The program of the clients. Arguments: the cores, the plan, the server's address. On standard
/// input, `turn` with milliseconds lets them talk, `forget` begins anew, `report` prints a line of
/// JSON. Each is answered with a line.
pub(crate) fn talk(arguments: &[String]) -> io::Result<()> {
    let [cores, plan, server] = arguments else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    begin(cores)?;
    let mut load = Load::open(&serde_json::from_str(plan)?, server)?;
    println!("ready");
    for line in io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("turn", time)) => {
                let time = time.parse().map_err(io::Error::other)?;
                load.turn(Duration::from_millis(time))?;
                println!("done");
            }
            _ if line == "forget" => {
                load.forget();
                println!("done");
            }
            _ => println!("{}", serde_json::to_string(&load.answers())?),
        }
    }
    Ok(())
}
