//! The server's process, as seen from outside.

use std::collections::HashMap;
use std::process::ExitStatus;

use rustix::process::prlimit;
use tests::prelude::*;

use crate::column::Column;
use crate::serve::{SERVE, now};
use crate::trial::Fault;

/// A running server. Dropping this kills it.
pub(crate) struct Child {
    process: Process,
    address: Address,
}

impl Child {
    /// Starts the server of a fault.
    pub(crate) fn launch(
        fault: &Fault,
        column: Column,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Process {
        // Works even for another user without access to the program's folder.
        let mut command = Command::new("/proc/self/exe");
        command.args([SERVE, fault.name, &column.to_string()]).args(arguments);
        change(&mut command);
        Process::start(&mut command)
    }

    /// Waits until a server listens. If it cannot, returns the reason.
    pub(crate) fn listening(process: Process) -> Result<Self, String> {
        let line = process.line();
        let Some(address) = line.strip_prefix("listening on ") else {
            return Err(line);
        };
        let address = address.to_address().expect("an address");
        Ok(Child { process, address })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.process.line()
    }

    pub(crate) fn id(&self) -> Pid {
        i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).expect("a process")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    pub(crate) fn descriptors(&self) -> Vec<u64> {
        let folder = fs::read_dir(self.proc("fd")).expect("its descriptors");
        let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).collect()
    }

    /// Lets it open at most `spare` more descriptors.
    pub(crate) fn limit_descriptors(&self, spare: u64) {
        let open = self.descriptors();
        let mut free = (0..).filter(|number| !open.contains(number));
        let place = usize::try_from(spare).expect("a small number");
        self.limit(Resource::Nofile, free.nth(place));
    }

    pub(crate) fn unlimit_descriptors(&self) {
        self.limit(Resource::Nofile, getrlimit(Resource::Nofile).maximum);
    }

    fn limit(&self, resource: Resource, current: Option<u64>) {
        let maximum = getrlimit(resource).maximum;
        prlimit(Some(self.id()), resource, Rlimit { current, maximum }).expect("prlimit");
    }

    pub(crate) fn threads(&self) -> usize {
        fs::read_dir(self.proc("task")).expect("its threads").count()
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        memory_of(self.process.id(), "VmRSS").expect("its memory") / 1024
    }

    /// The processor time of its threads.
    pub(crate) fn processor_time(&self) -> Duration {
        let text = fs::read_to_string(self.proc("stat")).expect("its numbers");
        let (_, numbers) = text.rsplit_once(") ").expect("a name");
        let hundredths = numbers.split(' ').skip(11).take(2);
        let hundredths = hundredths.map(|number| number.parse::<u64>().expect("a number"));
        Duration::from_millis(10 * hundredths.sum::<u64>())
    }

    /// Its child processes, also those that have ended and were not waited for.
    pub(crate) fn children(&self) -> usize {
        let path = self.proc(&format!("task/{}/children", self.process.id()));
        fs::read_to_string(path).expect("its children").split_whitespace().count()
    }

    fn proc(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.process.id())
    }

    /// Everything of which it must hold no more after a fault than before.
    pub(crate) fn holdings(&self) -> Holdings {
        Holdings {
            counts: [self.threads(), self.descriptors().len(), self.children()],
            resident: self.resident(),
        }
    }

    #[track_caller]
    pub(crate) fn wait(self) -> Ended {
        let (status, output, errors) = self.process.wait();
        let numbers = output.lines().filter_map(|line| {
            let (name, number) = line.split_once('=')?;
            Some((name.to_owned(), number.parse().ok()?))
        });
        Ended { status, numbers: numbers.chain(summary(&errors)).collect(), errors, signalled: 0 }
    }

    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        let signalled = now();
        self.signal(Signal::TERM);
        Ended { signalled, ..self.wait() }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    /// Numbers of threads, descriptors and child processes.
    pub(crate) counts: [usize; 3],
    /// Memory, in KiB.
    pub(crate) resident: u64,
}

impl Holdings {
    /// Memory aside.
    pub(crate) fn no_more_than(&self, other: &Holdings) -> bool {
        self.counts.iter().zip(other.counts).all(|(mine, theirs)| *mine <= theirs)
    }
}

pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    numbers: HashMap<String, u64>,
    /// Its standard error: the log, and panics.
    errors: String,
    /// The time of SIGTERM, in microseconds.
    signalled: u64,
}

impl Ended {
    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> u64 {
        let number = self.numbers.get(name).copied();
        number.unwrap_or_else(|| panic!("no {name} was reported; {}\n{}", self.status, self.errors))
    }

    /// The time from SIGTERM to the end of `serve_forever`.
    #[track_caller]
    pub(crate) fn took(&self) -> Duration {
        Duration::from_micros(self.number("ended_at").saturating_sub(self.signalled))
    }

    pub(crate) fn lines_with(&self, text: &str) -> usize {
        self.errors.lines().filter(|line| line.contains(text)).count()
    }
}

/// The counters in the log of a server of the demos.
fn summary(log: &str) -> impl Iterator<Item = (String, u64)> {
    let line = log.lines().rfind(|line| line.contains("] accepted "));
    let counts = line.and_then(|line| Some(line.split_once("] ")?.1));
    let counts = counts.into_iter().flat_map(|counts| counts.split(", "));
    counts.filter_map(|count| {
        let (name, number) = count.split_once(' ')?;
        Some((name.to_owned(), number.parse().ok()?))
    })
}
