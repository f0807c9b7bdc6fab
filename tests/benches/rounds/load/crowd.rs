//! The clients of one thread, around one `epoll`. Each has at most one message in flight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use tests::prelude::*;

use super::latency::Latencies;
use super::plan::{Group, Plan};
use crate::client::{Client, Target};

/// Maximum number of events per call.
const EVENTS: usize = 256;

/// Clients that connect at once: a server must accept these before the next ones come.
const AT_ONCE: usize = 64;

/// If no answer arrives for this long, the server has failed.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Crowd {
    target: Target,
    reconnect: bool,
    epoll: OwnedFd,
    clients: Vec<Member>,
    /// When clients with a pace send their next messages.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    in_flight: usize,
    pub(super) latencies: Latencies,
}

/// A client, or the place for its next connection.
struct Member {
    group: Group,
    client: Option<Client>,
}

impl Crowd {
    /// The clients of one of the plan's threads, connected and answered once.
    pub(super) fn open(plan: &Plan, thread: usize, server: &str) -> io::Result<Self> {
        let all = plan.groups.iter().flat_map(|group| (0..group.clients).map(|_| *group));
        let members = all.skip(thread).step_by(plan.threads);
        let mut crowd = Crowd {
            target: Target::parse(server)?,
            reconnect: plan.reconnect,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            clients: members.map(|group| Member { group, client: None }).collect(),
            due: BinaryHeap::new(),
            in_flight: 0,
            latencies: Latencies::default(),
        };
        // Time is over at once: each client has one answer.
        let end = Instant::now();
        for first in (0..crowd.clients.len()).step_by(AT_ONCE) {
            for number in first..crowd.clients.len().min(first + AT_ONCE) {
                crowd.ask(number)?;
            }
            crowd.finish(end)?;
        }
        Ok(crowd)
    }

    /// Talks until the end, and until every message is answered.
    pub(super) fn talk(&mut self, end: Instant) -> io::Result<()> {
        let now = Instant::now();
        let count = self.clients.len() as u32;
        for number in 0..self.clients.len() {
            let Group { job, pace, .. } = self.clients[number].group;
            if !job.is_answered() {
                continue;
            }
            match pace {
                // Not all at the same moment.
                Some(pace) => self.due.push(Reverse((now + pace * number as u32 / count, number))),
                None => self.ask(number)?,
            }
        }
        self.finish(end)
    }

    fn finish(&mut self, end: Instant) -> io::Result<()> {
        let mut events = Vec::with_capacity(self.clients.len().min(EVENTS));
        loop {
            self.ask_those_due(end)?;
            let next = self.due.peek().map(|Reverse((due, _))| *due);
            if self.in_flight == 0 && next.is_none() {
                return Ok(());
            }
            events.clear();
            let wait = next.map_or(PATIENCE, |due| due.saturating_duration_since(Instant::now()));
            let wait = Timespec::try_from(wait).expect("a short time");
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait))?;
            if events.is_empty() && next.is_none() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for event in &events {
                self.receive(event.data.u64() as usize, end)?;
            }
        }
    }

    fn ask_those_due(&mut self, end: Instant) -> io::Result<()> {
        while let Some(Reverse((due, number))) = self.due.peek().copied() {
            let now = Instant::now();
            if now >= end {
                self.due.clear();
            } else if due <= now {
                self.due.pop();
                self.ask(number)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn ask(&mut self, number: usize) -> io::Result<()> {
        let Member { group, client } = &mut self.clients[number];
        let client = match client {
            Some(client) => {
                client.asked = Instant::now();
                client
            }
            none => none.insert(Client::open(&self.target, &self.epoll, number, group.job)?),
        };
        self.in_flight += usize::from(group.job.is_answered());
        client.send()
    }

    fn receive(&mut self, number: usize, end: Instant) -> io::Result<()> {
        let Member { group, client: place } = &mut self.clients[number];
        let Some(client) = place else {
            return Ok(());
        };
        if !group.job.is_answered() {
            // The server's patience is over.
            *place = None;
            return Ok(());
        }
        if !client.receive()? {
            return Ok(());
        }
        let now = Instant::now();
        self.in_flight -= 1;
        if group.measured {
            self.latencies.add(now - client.asked);
        }
        let asked = client.asked;
        if self.reconnect {
            // The old connection ends before the new one begins.
            *place = None;
        }
        match group.pace {
            _ if now >= end => Ok(()),
            Some(pace) => {
                self.due.push(Reverse((asked + pace, number)));
                Ok(())
            }
            None => self.ask(number),
        }
    }
}
