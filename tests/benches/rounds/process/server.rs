//! The process of a server.

use tests::prelude::*;

use super::pipe::Piped;
use super::usage::Usage;
use super::{Cores, begin};
use crate::contestant::{Place, Service};
use crate::rounds::Contestant;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// A server that runs, or has begun to start. Dropping this kills it.
#[derive(Debug)]
pub(crate) struct Server {
    process: Piped,
    service: Service,
    /// Known when it listens.
    address: Option<String>,
    _folder: Folder,
}

impl Server {
    pub(crate) fn start(server: &Contestant, service: Service, cores: Cores) -> io::Result<Self> {
        let folder = Folder::new();
        let place = service.place(folder.path());
        let mut arguments = vec![cores.of_server(), server.name.to_owned()];
        arguments.extend(place.words());
        let process = Piped::start(SERVE, &arguments)?;
        Ok(Server { process, service, address: None, _folder: folder })
    }

    /// Where its clients connect, once it listens.
    pub(crate) fn address(&mut self) -> io::Result<String> {
        if let Some(address) = &self.address {
            return Ok(address.clone());
        }
        let line = self.process.line()?;
        Ok(self.address.insert(self.service.target(line)).clone())
    }

    /// What it and its children have used.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        Usage::of(self.process.id())
    }

    /// Sends SIGTERM, and waits for the end. Returns how long that took.
    pub(crate) fn stop(mut self) -> io::Result<Duration> {
        let id = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let began = Instant::now();
        kill_process(id.expect("a process"), Signal::TERM)?;
        self.process.wait()?;
        Ok(began.elapsed())
    }
}

/// The program of a server. Arguments: the cores, the contestant, the words of its place.
pub(crate) fn serve(arguments: &[String]) -> io::Result<()> {
    let [cores, name, place @ ..] = arguments else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    begin(cores)?;
    let contestant = Contestant::named(name).ok_or(io::ErrorKind::InvalidInput)?;
    contestant.serve(&Place::parse(place).ok_or(io::ErrorKind::InvalidInput)?)
}
