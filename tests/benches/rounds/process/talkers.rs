//! The process of a server's clients.

use tests::prelude::*;

use super::Cores;
use super::pipe::Piped;
use crate::rounds::load::{Answers, Plan};

/// The argument that makes this program the clients of a server.
pub(crate) const TALK: &str = "talk";

/// The clients of a server, which are silent until their turn. Dropping this kills them.
#[derive(Debug)]
pub(crate) struct Talkers(Piped);

impl Talkers {
    /// Connects them. Each has had an answer.
    pub(crate) fn start(plan: &Plan, server: &str, cores: Cores) -> io::Result<Self> {
        let plan = serde_json::to_string(plan)?;
        let mut process = Piped::start(TALK, &[cores.of_load(), plan, server.to_owned()])?;
        process.line()?;
        Ok(Talkers(process))
    }

    /// Lets them talk.
    pub(crate) fn turn(&mut self, time: Duration) -> io::Result<()> {
        self.0.ask(&format!("turn {}", time.as_millis())).map(drop)
    }

    /// Forgets the turns until now.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        self.0.ask("forget").map(drop)
    }

    pub(crate) fn answers(&mut self) -> io::Result<Answers> {
        Ok(serde_json::from_str(&self.0.ask("report")?)?)
    }
}
