//! Sends each line to an upper-case server and shows the answer: with a prompt on a terminal, as a
//! filter in a pipe.
//!
//! ```sh
//! cargo run --bin upper
//! cargo run --bin upper-client                                        # in a second terminal
//! printf 'hello\nworld\n' | cargo run --bin upper-client
//! cargo run --bin upper-client -- --tls=cert.pem localhost:9999       # if the server has TLS
//! ```
//!
//! Over a stream, the answer to a line ends where the line ends, in whatever pieces it arrives. An
//! empty line is not sent, because the answer to nothing would never come. A datagram has a header
//! even when it is empty, so over datagrams every line is sent. But an answer may get lost, so the
//! client waits a few seconds only.

use std::io::{self, BufRead, IsTerminal, Write};
use std::net::Shutdown;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Parser;
use demos::endpoint::{Endpoint, Role};
use demos::program::{self, Failure};
use demos::text::printable;
use demos::tls::ClientTls;
use socketserver::{Address, AddressFamily, Socket, SocketKind, SocketReader, create_connection};

const PROMPT: &str = ">>>: ";

/// How long to wait for the answer to a datagram.
const PATIENCE: Duration = Duration::from_secs(3);

/// Maximum length of an answer, as a multiple of its line, so that no server can fill the memory.
/// In upper case no letter takes more than three times its bytes.
const MOST_TIMES: usize = 3;

/// Sends each line to an upper-case server and shows the answer
#[derive(Parser)]
#[command(name = "upper-client", version)]
struct Options {
    #[command(flatten)]
    endpoint: Endpoint,

    #[command(flatten)]
    tls: ClientTls,
}

/// The other side, which answers lines.
trait Server {
    /// Sends a line and returns the answer. `None` if there is none; a missing one is reported.
    fn ask(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    /// How many answers are missing.
    fn lost(&self) -> usize {
        0
    }
}

/// A server of streams.
struct Stream {
    connection: Socket,
    rfile: SocketReader,
}

impl Stream {
    fn connect(address: &Address, options: &Options) -> Result<Box<dyn Server>, Failure> {
        let connection = create_connection(address, None).map_err(Failure::new)?;
        options.tls.wrap(&connection, options.endpoint.host())?;
        let (rfile, _) = connection.makefile(-1, 0);
        Ok(Box::new(Stream { connection, rfile }))
    }
}

impl Server for Stream {
    fn ask(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        if line.is_empty() {
            return Ok(None);
        }
        let (connection, rfile) = (&self.connection, &mut self.rfile);
        let line = [line, b"\n"].concat();
        let most = MOST_TIMES * line.len();
        // A server answers the start of a long line before it has read the end, so the client must
        // read while it sends.
        let (sent, answer) = thread::scope(|scope| {
            let sending = scope.spawn(|| connection.sendall(&line));
            let answer = rfile.readline(most + 1);
            if answer.as_ref().is_ok_and(|answer| answer.len() > most) {
                // The server may never read the rest of the line. This fails if the server has
                // gone.
                let _ = connection.shutdown(Shutdown::Both);
            }
            (sending.join().expect("sending does not panic"), answer)
        });
        let mut answer = answer?;
        if answer.len() > most {
            return Err(Failure::new(format!(
                "expected an answer of at most {most} bytes, got a longer one"
            )));
        }
        if answer.is_empty() {
            return Err(Failure::new("the server has ended the conversation"));
        }
        sent?;
        if answer.ends_with(b"\n") {
            answer.pop();
        }
        Ok(Some(answer))
    }
}

/// A server of datagrams.
struct Datagrams {
    address: Address,
    socket: Socket,
    lost: usize,
}

impl Datagrams {
    fn connect(address: &Address) -> io::Result<Box<dyn Server>> {
        Ok(Box::new(Datagrams {
            address: address.clone(),
            socket: Self::socket(address)?,
            lost: 0,
        }))
    }

    fn socket(address: &Address) -> io::Result<Socket> {
        let socket = Socket::new(address.family(), SocketKind::Datagram)?;
        if address.family() == AddressFamily::Unix {
            socket.bind(own_name())?;
        }
        socket.connect(address)?;
        socket.settimeout(Some(PATIENCE))?;
        Ok(socket)
    }
}

/// A new name to which answers can be sent. The system removes it when this program ends.
fn own_name() -> Address {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Relaxed));
    Address::Abstract(format!("upper-client-{process}-{number}").into_bytes())
}

impl Server for Datagrams {
    fn ask(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let answer = self.socket.send(line).and_then(|_| self.socket.recv(65_536));
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                self.lost += 1;
                let line = printable(line);
                let _ = writeln!(io::stderr(), "no answer to {line:?}: {error}");
                // An answer that still comes must not be taken for the next line's answer.
                self.socket = Self::socket(&self.address).map_err(Failure::new)?;
                Ok(None)
            }
        }
    }

    fn lost(&self) -> usize {
        self.lost
    }
}

fn main() -> ExitCode {
    program::run(|options: Options| {
        let (transport, address) = options.endpoint.get(Role::Client)?;
        if transport.has_connections() {
            return converse(Stream::connect(&address, &options)?);
        }
        if options.tls.is_given() {
            return Err(Failure::usage("'--tls' has no effect without connections"));
        }
        converse(Datagrams::connect(&address).map_err(Failure::new)?)
    })
}

fn converse(mut server: Box<dyn Server>) -> Result<(), Failure> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let on_terminal = output.is_terminal();
    let prompts = on_terminal && input.is_terminal();
    let mut line = Vec::new();
    loop {
        if prompts {
            write!(output, "{PROMPT}")?;
        }
        output.flush()?;
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return match server.lost() {
                0 => Ok(()),
                lost => Err(Failure::new(format!("missing answers: {lost}"))),
            };
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        match server.ask(line)? {
            Some(answer) if on_terminal => writeln!(output, "{}", printable(&answer))?,
            Some(answer) => output.write_all(&[&answer, b"\n".as_slice()].concat())?,
            None => {}
        }
    }
}
