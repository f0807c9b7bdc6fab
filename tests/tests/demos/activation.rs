//! Sockets from the programs that pass them: systemd's, inetd and xinetd, where they are installed.
//! CI installs them.

use tests::prelude::*;

use crate::supervision::activated;
use crate::{Server, needs};

/// A client of `upper`. Every byte that it receives is an answer, and none is a log line.
#[track_caller]
fn ask(address: SocketAddr) {
    let mut client = Client::stream(&address.into());
    assert_eq!(client.ask("hello"), b"HELLO");
    assert_eq!(client.finish(), b"");
}

#[track_caller]
fn listens(address: SocketAddr) {
    until("it listens", || Client::impatient(&address.into()).is_ok());
}

/// `systemd-socket-activate` with these arguments, and then `upper` with its arguments. `None` where
/// it is not installed.
#[track_caller]
fn activate(arguments: &[&str], own: &[&str]) -> Option<Process> {
    needs("systemd-socket-activate", "--version")?;
    let mut command = Command::new("systemd-socket-activate");
    Some(Process::start(command.args(arguments).arg(demo("upper")).args(own)))
}

/// It becomes the server at the first client, and keeps its number.
#[test]
fn systemd_passes_a_listener_by_name() {
    let [other, own] = [(); 2].map(|()| free_port(&apart()));
    let listen = [format!("--listen={other}"), format!("--listen={own}")];
    let passing = [&listen[0], &listen[1], "--fdname=other:web"];
    let upper = ["--inherit", "web", "127.0.0.1:1"];
    let Some(server) = activate(&passing, &upper) else { return };
    listens(own);
    ask(own);
    ask(own);
    let server = Server::of(server);
    assert_eq!(server.address, Address::from(own));
    assert_eq!(server.drain().summary()[3..], [0, 0]);
}

#[test]
fn systemd_passes_a_socket_of_datagrams() {
    let address = UdpSocket::bind(inet(&apart())).expect("bind").local_addr().expect("a name");
    let listen = format!("--listen={address}");
    let upper = ["--transport", "udp", "--inherit", "web", "127.0.0.1:1"];
    let passing = ["--datagram", &listen, "--fdname=web"];
    let Some(server) = activate(&passing, &upper) else { return };
    server.error_with("Listening on ");
    let mut client = Client::datagram(&address.into());
    assert_eq!(client.ask("hello"), b"HELLO");
    assert_eq!(Server::of(server).drain().summary(), [1, 1, 0, 0, 0]);
}

#[test]
fn systemd_passes_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.join("server");
    let listen = format!("--listen={}", path.display());
    let upper = ["--inherit", "web", "./elsewhere"];
    let Some(server) = activate(&[&listen, "--fdname=web"], &upper) else { return };
    server.error_with("Listening on ");
    let mut client = Client::stream(&Address::Unix(path.clone()));
    assert_eq!(client.ask("hello"), b"HELLO");
    drop(client);
    assert_eq!(Server::of(server).drain().summary(), [1, 1, 0, 0, 0]);
    assert!(path.exists(), "the file is the manager's");
}

/// A process per connection, as for `Accept=yes`.
#[test]
fn systemd_passes_a_connection() {
    for style in [&[][..], &["--inetd"]] {
        let address = free_port(&apart());
        let listen = format!("--listen={address}");
        let passing = [&["--accept", &listen, "--setenv=RUST_LOG=debug"], style].concat();
        let upper = ["--inherit", "-", "127.0.0.1:1"];
        let Some(_server) = activate(&passing, &upper) else { return };
        listens(address);
        (0..3).for_each(|_| ask(address));
    }
}

/// A running inetd or xinetd with one service, `upper`.
struct Super {
    process: Process,
    folder: Folder,
    address: SocketAddr,
}

/// The service is standard input, and `-` says so.
const ONE: &str = "--inherit - 127.0.0.1:1";

/// It ends soon after its last client.
const ALL: &str = "--inherit - --exit-when-idle 1 127.0.0.1:1";

/// This user's name.
fn user() -> String {
    let ended = Process::start(Command::new("id").arg("-un")).ended();
    ended.passed().trim().to_owned()
}

impl Super {
    /// Waits until it listens.
    #[track_caller]
    fn start(folder: Folder, address: SocketAddr, command: &mut Command) -> Self {
        let process = Process::start(command);
        listens(address);
        Super { process, folder, address }
    }

    /// inetd in the foreground. `None` where it is not installed.
    #[track_caller]
    fn inetd(wait: &str, arguments: &str) -> Option<Self> {
        // It has no option that only prints.
        needs("inetd", "--help")?;
        let (folder, address) = (Folder::new(), free_port(&apart()));
        let config = folder.join("inetd.conf");
        let (upper, user) = (demo_path("upper"), user());
        let line = format!("{address} stream tcp {wait} {user} {upper} upper {arguments}\n");
        fs::write(&config, line).expect("write");
        let mut command = Command::new("inetd");
        Some(Self::start(folder, address, command.env("RUST_LOG", "debug").arg("-d").arg(config)))
    }

    /// xinetd in the foreground. `None` where it is not installed.
    #[track_caller]
    fn xinetd(wait: &str, arguments: &str) -> Option<Self> {
        needs("xinetd", "-version")?;
        let (folder, address) = (Folder::new(), free_port(&apart()));
        let [config, log, main, pid] =
            ["xinetd.conf", "log", "xinetd.log", "pid"].map(|name| folder.join(name));
        let (ip, port, user, upper) = (address.ip(), address.port(), user(), demo_path("upper"));
        let text = format!(
            "service upper\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n \
             bind = {ip}\n port = {port}\n wait = {wait}\n user = {user}\n \
             env = RUST_LOG=debug\n server = {upper}\n server_args = {arguments}\n \
             log_type = FILE {}\n log_on_success = EXIT\n}}\n",
            log.display()
        );
        fs::write(&config, text).expect("write");
        let mut command = Command::new("xinetd");
        command.args(["-dontfork", "-f"]).arg(config).arg("-filelog").arg(main);
        Some(Self::start(folder, address, command.arg("-pidfile").arg(pid)))
    }

    #[track_caller]
    fn ask_three_times(&self) {
        (0..3).for_each(|_| ask(self.address));
    }

    /// Waits until as many servers of xinetd have ended, each with success.
    #[track_caller]
    fn have_ended(&self, count: usize) {
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        until("they have ended", || log().matches("EXIT: upper ").count() >= count);
        assert_eq!(log().matches("EXIT: upper status=0").count(), count, "{}", log());
    }
}

#[test]
fn inetd_passes_a_connection() {
    let Some(inetd) = Super::inetd("nowait", ONE) else { return };
    for _ in 0..3 {
        ask(inetd.address);
        inetd.process.error_with("reaped, status 0");
    }
}

/// It listens again when the server has ended.
#[test]
fn inetd_passes_a_listener_and_takes_it_back() {
    let Some(inetd) = Super::inetd("wait", ALL) else { return };
    for _ in 0..2 {
        inetd.ask_three_times();
        inetd.process.error_with("reaped, status 0");
    }
}

#[test]
fn xinetd_passes_a_connection() {
    let Some(xinetd) = Super::xinetd("no", ONE) else { return };
    xinetd.ask_three_times();
    // One more has found that it listens.
    xinetd.have_ended(4);
}

#[test]
fn xinetd_passes_a_listener_and_takes_it_back() {
    let Some(xinetd) = Super::xinetd("yes", ALL) else { return };
    for ended in 1..=2 {
        xinetd.ask_three_times();
        xinetd.have_ended(ended);
    }
}

/// The units of the examples, with the program where it is.
#[test]
fn the_units_are_valid_and_hardened() {
    let Some(()) = needs("systemd-analyze", "--version") else { return };
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../socketserver/examples");
    let (folder, upper) = (Folder::new(), demo_path("upper"));
    let units = ["upper.service", "upper.socket"].map(|name| {
        let text = fs::read_to_string(Path::new(examples).join(name)).expect("a unit");
        let unit = folder.join(name);
        fs::write(&unit, text.replace("/usr/local/bin/upper", &upper)).expect("write");
        unit
    });
    let analyze = |arguments: &[&str], units: &[PathBuf]| {
        let mut command = Command::new("systemd-analyze");
        Process::start(command.args(arguments).args(units)).wait()
    };
    let (status, _, errors) = analyze(&["verify"], &units);
    assert!(status.success() && errors.is_empty(), "{errors}");
    // From 0 to 100: an ordinary service has 96.
    let (status, output, errors) =
        analyze(&["security", "--offline=yes", "--threshold=15"], &units[..1]);
    assert!(status.success(), "{output}{errors}");
}

/// The command line of the unit, and what its times say.
#[test]
fn the_service_of_the_units_serves() {
    let unit = include_str!("../../../socketserver/examples/upper.service").replace("\\\n", "");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let words: Vec<_> = line.expect("a command").split_whitespace().skip(1).collect();
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut command = activated("LISTEN_FDS=1 LISTEN_FDNAMES=upper", &words);
    let server = Server::of(Process::start_on(OwnedFd::from(listener), &mut command));
    ask(address);
    server.process.signal(Signal::TERM);
    // It is a lame duck for some seconds.
    ask(address);
    assert_eq!(server.end().summary(), [2, 2, 0, 0, 0]);
}
