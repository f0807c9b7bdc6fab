//! Four programs written in Python and then ported. Each port is an example of the library, and
//! clients in Python see no difference between port and original.

use tests::prelude::*;

/// A program of which the original stands beside its port.
macro_rules! program {
    ($name:literal, $($port:literal),+) => {
        Program {
            example: $name,
            original: include_str!(concat!("../../socketserver/examples/", $name, ".py")),
            ports: &[$($port),+],
            rest: Vec::new(),
        }
    };
}

/// A program in both languages.
struct Program {
    example: &'static str,
    original: &'static str,
    /// The names that it prints before its addresses.
    ports: &'static [&'static str],
    /// Its arguments behind the addresses.
    rest: Vec<String>,
}

/// A running port or original.
struct Server {
    process: Process,
    addresses: Vec<String>,
}

impl Program {
    fn port(&self) -> Server {
        let mut command = Command::new(example(self.example));
        self.listening(Process::start(command.args(self.arguments()).env("RUST_LOG", "error")))
    }

    /// Returns `None` if there is no Python.
    fn original(&self) -> Option<Server> {
        python(self.original, &self.arguments()).map(|process| self.listening(process))
    }

    /// Runs a client with the original and with the port, both of which it must see like this.
    /// Returns the two, and `None` if there is no Python.
    #[track_caller]
    fn both(&self, client: &str, expected: &str) -> Option<[Server; 2]> {
        let original = self.original()?;
        assert_eq!(original.seen_by(client), expected, "the original");
        let port = self.port();
        assert_eq!(port.seen_by(client), expected, "the port");
        Some([original, port])
    }

    fn arguments(&self) -> Vec<&str> {
        let rest = self.rest.iter().map(String::as_str);
        self.ports.iter().map(|_| "127.0.0.1:0").chain(rest).collect()
    }

    fn listening(&self, process: Process) -> Server {
        let address = |port: &&str| {
            let line = process.line();
            let address = line.strip_prefix(port).map(|address| address.trim_start().to_owned());
            address.unwrap_or_else(|| panic!("expected the {port} address, got {line:?}"))
        };
        let addresses = self.ports.iter().map(address).collect();
        Server { process, addresses }
    }
}

impl Server {
    /// Starts a client of it.
    #[track_caller]
    fn client(&self, script: &str) -> Process {
        let addresses: Vec<&str> = self.addresses.iter().map(String::as_str).collect();
        python(script, &addresses).expect("Python, which the original needed too")
    }

    /// The output of a client.
    #[track_caller]
    fn seen_by(&self, script: &str) -> String {
        self.client(script).ended().passed()
    }

    /// Drains it. Clients may still be connected.
    #[track_caller]
    fn end(self) {
        self.process.signal(Signal::TERM);
        self.process.ended().passed();
    }
}

/// The output of the DNS client for one transport.
const DNS_REPLIES: &str = "\
known: id 7 flags 8500 questions 1 addresses ['192.0.2.1']
two addresses: id 65535 flags 8500 questions 1 addresses ['192.0.2.2', '192.0.2.3']
no recursion wanted: id 7 flags 8400 questions 1 addresses ['192.0.2.1']
unknown: id 7 flags 8503 questions 1 addresses []
the root: id 7 flags 8503 questions 1 addresses []
another type: id 7 flags 8500 questions 1 addresses []
another network: id 7 flags 8500 questions 1 addresses []
a label cut short: id 7 flags 8501 questions 0 addresses []
no type: id 7 flags 8501 questions 0 addresses []
compressed: id 7 flags 8501 questions 0 addresses []
no question: id 7 flags 8501 questions 0 addresses []
an update: id 7 flags ac04 questions 0 addresses []
an opinion added: id 7 flags 8500 questions 1 addresses ['192.0.2.1']
";

const DNS_REST: &str = "\
after no query: id 2 flags 8500 questions 1 addresses ['192.0.2.1']
the stream ends: b''
the first: id 3 flags 8500 questions 1 addresses ['192.0.2.1']
the second: id 3 flags 8500 questions 1 addresses ['192.0.2.1']
then nothing: b''
";

#[test]
fn a_dns_server() {
    let program = program!("dns_responder", "udp", "tcp");
    let expected = format!("over_udp\n{DNS_REPLIES}over_tcp\n{DNS_REPLIES}{DNS_REST}");
    if let Some([_, port]) = program.both(include_str!("porting/dns_client.py"), &expected) {
        port.end();
    }
}

const STORE_REPLIES: &str = r"b'COUNT' -> COUNT 0
b'SET colour green' -> OK
b'GET colour' -> VALUE green
b'  SET  colour \t blue  \r' -> OK
b'GET colour' -> VALUE blue
b'SET word \xc3\xa9t\xc3\xa9 1000' -> OK
b'GET word' -> VALUE été
b'COUNT' -> COUNT 2
b'DEL word' -> VALUE été
b'DEL word' -> NONE
b'GET word' -> NONE
b'SET colour green soon' -> ERROR bad number of seconds
b'SET colour green -1' -> ERROR bad number of seconds
b'SET colour green 0' -> ERROR bad number of seconds
b'SET colour green nan' -> ERROR bad number of seconds
b'SET colour green 1e300' -> ERROR bad number of seconds
b'SET colour' -> ERROR unknown command
b'set colour green' -> ERROR unknown command
b'\xff\xfe' -> ERROR unknown command
b'' -> ERROR unknown command
b'GET colour' -> VALUE blue
short: OK
expired: NONE COUNT 1
too long: ERROR line too long or cut short
another client: VALUE blue
stop: OK
";

#[test]
fn a_line_protocol() {
    let program = program!("line_protocol", "listening on");
    // The last thing that the client says is STOP.
    let both = program.both(include_str!("porting/store_client.py"), STORE_REPLIES);
    for server in both.into_iter().flatten() {
        server.process.ended().passed();
    }
}

/// What a receiver prints: the client's own records, its logger's records, and its logger's texts.
/// Each of the three is in order, but they mix.
#[track_caller]
fn printed(server: &Server) -> [Vec<String>; 3] {
    const LINES: usize = 49;
    let mut streams = [const { Vec::new() }; 3];
    let mut stream = 0;
    for _ in 0..LINES {
        let line = server.process.line();
        let begins = ["by.hand", "program.part", " facility "];
        // The further lines of a record belong to the stream before them, and cannot pass for
        // records, whatever is in them.
        if !line.starts_with("    ") {
            let begins = begins.iter().position(|&begin| line.contains(begin));
            stream = begins.unwrap_or_else(|| panic!("expected a record, got {line:?}"));
        }
        streams[stream].push(line);
    }
    streams
}

#[test]
fn a_receiver_of_logs() {
    let program = program!("log_receiver", "records", "syslog");
    let Some(original) = program.original() else { return };
    let client = include_str!("porting/log_client.py");
    let mut clients = vec![original.client(client)];
    let expected = printed(&original);
    assert_eq!(expected.each_ref().map(Vec::len), [12, 27, 10]);

    let port = program.port();
    clients.push(port.client(client));
    for (line, expected) in printed(&port).iter().flatten().zip(expected.iter().flatten()) {
        assert_eq!(line, expected);
    }
    port.process.error_with("a record is too long or cut short");
    port.process.error_with("not a record: ");
    port.process.error_with("not syslog");
    // The clients are still connected.
    port.end();
}

/// The output of the TFTP client.
const FILES_READ: &str = r"odd: 1000 bytes, 4e4c294b
even: 1024 bytes, 2bce1ba6
empty: 0 bytes, e3b0c442
long: 66560 bytes, aff86236
inner/file: 3 bytes, ae4b3280
/odd: 1000 bytes, 4e4c294b
inner/../odd: 1000 bytes, 4e4c294b
any case: 1000 bytes, 4e4c294b
with options: 1000 bytes, 4e4c294b
no file: 1 b'no such file\x00'
a folder: 1 b'no such file\x00'
the folder: 1 b'no such file\x00'
outside: 1 b'no such file\x00'
by a link: 1 b'no such file\x00'
text mode: 4 b'expected the mode octet\x00'
no mode: 4 b'expected the mode octet\x00'
to write: 4 b'files can only be read\x00'
no request: 4 b'files can only be read\x00'
an empty datagram: 4 b'files can only be read\x00'
long beside another: 66560 bytes, aff86236
even beside another: 1024 bytes, 2bce1ba6
a block is sent again: 1 1 2
the last one is empty: (3, b'')
at the end: nothing more
after an error: nothing more
after all: 1000 bytes, 4e4c294b
";

#[test]
fn a_server_of_files() {
    let place = Folder::new();
    let folder = place.join("served");
    fs::create_dir_all(folder.join("inner")).unwrap();
    for (name, length) in [("odd", 1_000), ("even", 1_024), ("empty", 0), ("long", 66_560)] {
        let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::write(folder.join("inner/file"), [0, 1, 2]).unwrap();
    fs::write(place.join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
    let mut program = program!("tftp", "listening on");
    program.rest.push(folder.to_str().unwrap().to_owned());
    if let Some([_, port]) = program.both(include_str!("porting/tftp_client.py"), FILES_READ) {
        port.end();
    }
}
