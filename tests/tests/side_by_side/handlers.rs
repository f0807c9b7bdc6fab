//! Our handlers, which take the steps that the words list. Python's are in `python/handlers.py`.

use tests::prelude::*;

use crate::hooks::{Hooks, io_name};
use crate::server::beside;
use crate::trace::{trace, trace_at, wait};
use crate::words;
use crate::words::{fault, panic_if};

/// `setup` and `finish` are the same in all handlers.
macro_rules! hooks {
    () => {
        fn setup(&mut self) -> io::Result<()> {
            trace("setup");
            fault("setup")
        }

        fn finish(&mut self) -> io::Result<()> {
            trace("finish");
            fault("finish")
        }
    };
}

/// A handler with files, over streams or datagrams.
macro_rules! handler {
    ($(#[$option:meta])* $name:ident, $kind:ident, $request:ty, $rfile:ty, $wfile:ty) => {
        $(#[$option])*
        pub(super) struct $name {
            request: $request,
            client_address: Address,
            server: ServerRef<Hooks>,
            rfile: $rfile,
            wfile: $wfile,
        }

        impl $name {
            hooks!();

            fn handle(&mut self) -> io::Result<()> {
                Steps {
                    request: Request::$kind(self.request.clone()),
                    client_address: &self.client_address,
                    server: &self.server,
                    rfile: Reader::$kind(&mut self.rfile),
                    wfile: &mut self.wfile,
                }
                .handle()
            }
        }
    };
}

handler! {
    #[derive(StreamRequestHandler)]
    #[handler(rbufsize = words::number("rbufsize", -1), wbufsize = words::number("wbufsize", 0))]
    #[handler(disable_nagle_algorithm = words::get("disable_nagle_algorithm").is_some())]
    Stream, Stream, Socket, SocketReader, SocketWriter
}

handler! {
    #[derive(StreamRequestHandler)]
    #[handler(rbufsize = words::number("rbufsize", -1), wbufsize = words::number("wbufsize", 0))]
    #[handler(timeout = words::seconds("timeout").unwrap_or(Duration::MAX))]
    StreamWithTimeout, Stream, Socket, SocketReader, SocketWriter
}

handler! {
    #[derive(DatagramRequestHandler)]
    Datagram, Datagram, socketserver::Datagram, PacketReader, Vec<u8>
}

/// Uses the socket directly.
#[derive(BaseRequestHandler)]
pub(super) struct Bare {
    request: Request,
    client_address: Address,
}

impl Bare {
    hooks!();

    fn handle(&mut self) -> io::Result<()> {
        trace("handle");
        match &self.request {
            Request::Stream(socket) => socket.sendall(&socket.recv(1024)?.to_ascii_uppercase())?,
            Request::Datagram(datagram) => {
                let data = datagram.data.to_ascii_uppercase();
                datagram.socket.sendto(&data, &self.client_address)?;
            }
        }
        fault("handle")
    }
}

enum Reader<'a> {
    Stream(&'a mut SocketReader),
    Datagram(&'a mut PacketReader),
}

impl Reader<'_> {
    fn readline(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        match self {
            Reader::Stream(file) => file.readline(limit),
            Reader::Datagram(file) => {
                let mut line = Vec::new();
                file.by_ref().take(limit as u64).read_until(b'\n', &mut line)?;
                Ok(line)
            }
        }
    }

    fn file(&mut self) -> &mut dyn BufRead {
        match self {
            Reader::Stream(file) => *file,
            Reader::Datagram(file) => *file,
        }
    }
}

struct Steps<'a> {
    request: Request,
    client_address: &'a Address,
    server: &'a ServerRef<Hooks>,
    rfile: Reader<'a>,
    wfile: &'a mut dyn Write,
}

impl Steps<'_> {
    fn handle(&mut self) -> io::Result<()> {
        trace("handle");
        for step in words::get("handle").unwrap_or("upper").split(',') {
            match step.strip_prefix('?') {
                None => self.take(step)?,
                Some(step) => {
                    if let Err(error) = self.take(step) {
                        trace(format_args!("caught({})", io_name(&error)));
                    }
                }
            }
        }
        panic_if("handle_panic");
        fault("handle_error")?;
        fault("handle")
    }

    fn take(&mut self, step: &str) -> io::Result<()> {
        let (name, argument) = step.split_once(':').unwrap_or((step, ""));
        let size = argument.parse().unwrap_or(usize::MAX);
        match name {
            "upper" => {
                let line = self.rfile.readline(usize::MAX)?;
                self.wfile.write_all(&line.to_ascii_uppercase())
            }
            "readline" => {
                let line = self.rfile.readline(size)?;
                self.say(&line)
            }
            "read" => {
                let mut data = Vec::new();
                let mut file = self.rfile.file().take(size as u64);
                file.read_to_end(&mut data)?;
                self.say(&data)
            }
            "lines" => {
                let mut line = Vec::new();
                while self.rfile.file().read_until(b'\n', &mut line)? > 0 {
                    self.say(&line)?;
                    line.clear();
                }
                Ok(())
            }
            "recv" => {
                let data = self.socket().recv(size)?;
                self.say(&data)
            }
            "send" => self.socket().sendall(&data(argument)),
            "write" => self.wfile.write_all(&data(argument)),
            "flush" => self.wfile.flush(),
            "size" => match &self.request {
                Request::Datagram(datagram) => write!(self.wfile, "{}", datagram.data.len()),
                Request::Stream(_) => unreachable!("a stream has no size"),
            },
            "nodelay" => {
                let on = socket2::SockRef::from(self.socket()).tcp_nodelay()?;
                self.wfile.write_all(if on { b"on" } else { b"off" })
            }
            "keep" => self.keep(argument),
            _ => {
                self.take_without_data(name, argument);
                Ok(())
            }
        }
    }

    fn take_without_data(&self, name: &str, argument: &str) {
        match name {
            "wait" => wait(argument),
            "trace" => trace(argument),
            "address" => self.address(),
            "shutdown" => {
                self.server.shutdown();
                trace("shutdown.returned");
            }
            "close" => self.socket().close(),
            // `closed` is a step of Python's side: our socket lives as long as its last handle.
            "closed" | "nothing" => {}
            _ => unreachable!("no step is called {name}"),
        }
    }

    fn socket(&self) -> &Socket {
        match &self.request {
            Request::Stream(socket) => socket,
            Request::Datagram(_) => unreachable!("a datagram's socket is only answered with"),
        }
    }

    fn say(&mut self, data: &[u8]) -> io::Result<()> {
        let text = [format!("{}:", data.len()).as_bytes(), data, b";"].concat();
        self.wfile.write_all(&text)
    }

    fn address(&self) {
        let (server, client) = (self.server.server_address(), self.client_address);
        trace_at("address", format_args!("server={server}"));
        trace_at("address", format_args!("client={client}"));
        if let (Some(ip), Some(port)) = (client.ip(), client.port()) {
            trace_at("address", format_args!("host={ip} port={port}"));
        }
    }

    /// Detaches the connection, and writes to it after the request has ended.
    fn keep(&self, word: &str) -> io::Result<()> {
        let mut connection = File::from(self.socket().detach()?);
        let word = word.to_owned();
        beside(move || {
            wait(&word);
            connection.write_all(b"later").expect("send");
        });
        Ok(())
    }
}

fn data(text: &str) -> Vec<u8> {
    match text.strip_prefix('*') {
        Some(count) => vec![b'x'; count.parse().expect("a number")],
        None => text.as_bytes().to_vec(),
    }
}
