//! What the clients of a scenario do.

use serde::{Deserialize, Serialize};
use tests::prelude::*;

use crate::job::Job;

/// The clients of one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Whether each message has a new connection.
    pub(crate) reconnect: bool,
    /// Number of threads.
    pub(crate) threads: usize,
    pub(crate) groups: Vec<Group>,
}

/// Clients that do the same.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) clients: usize,
    pub(crate) job: Job,
    /// The time from one message to the next. Without it, the next message follows the answer.
    pub(crate) pace: Option<Duration>,
    /// Whether these clients' answers are counted.
    pub(crate) measured: bool,
}

impl Group {
    /// Clients that send the next message as soon as they have the answer.
    pub(crate) const fn busy(clients: usize, job: Job) -> Self {
        Group { clients, job, pace: None, measured: true }
    }

    /// The same clients, only as a burden.
    pub(crate) const fn unmeasured(self) -> Self {
        Group { measured: false, ..self }
    }
}

impl Plan {
    /// The same with another number of clients in the first group.
    pub(crate) fn with_clients(mut self, clients: usize) -> Self {
        self.groups[0].clients = clients;
        self
    }

    pub(crate) fn clients(&self) -> usize {
        self.groups.iter().map(|group| group.clients).sum()
    }
}
