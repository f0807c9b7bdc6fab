//! The servers: each reads a number, sends as many bytes, and begins again.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tests::prelude::*;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// The first is what the others are compared with.
pub(crate) const KINDS: [&str; 3] = ["by hand", "threading", "green"];

const PART: usize = 1 << 16;

pub(crate) fn start(kind: &str, files: &Files) -> (Process, Address) {
    let mut command = Command::new("/proc/self/exe");
    command.args([SERVE, kind]).arg(&files.cert).arg(&files.key);
    let process = Process::start(&mut command);
    let address = process.line().to_address().expect("an address");
    (process, address)
}

pub(crate) fn serve(kind: &str, cert: &Path, key: &Path) {
    let context = || ssl::SSLContext::new().load_cert_chain(cert, key).expect("good files");
    match kind {
        "threading" => {
            let server = ThreadingTCPServer::handling(send).tls(context()).bind(LOCAL);
            go(&server.expect("bind"));
        }
        "green" => {
            let server = GreenTCPServer::handling(send).tls(context()).bind(LOCAL);
            go(&server.expect("bind"));
        }
        _ => by_hand(&Arc::new(config(cert, key))),
    }
}

fn go<T, C, H, S>(server: &Server<T, C, H, S>)
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    println!("{}", server.server_address());
    server.serve_forever().expect("it serves");
}

fn send(request: Socket, _: Address) -> io::Result<()> {
    let part = vec![7; PART];
    loop {
        let number = match request.recv_exact(8) {
            Ok(number) => number,
            Err(_) => return Ok(()),
        };
        let mut left = u64::from_be_bytes(number.try_into().expect("8 bytes"));
        while left > 0 {
            let count = left.min(PART as u64);
            request.sendall(&part[..usize::try_from(count).expect("a part")])?;
            left -= count;
        }
    }
}

/// What both servers by hand and in memory use.
pub(crate) fn config(cert: &Path, key: &Path) -> ServerConfig {
    let mut config = server_config(cert, key);
    config.ticketer = rustls::crypto::ring::Ticketer::new().expect("random bytes");
    config
}

/// A thread per connection, and `rustls` over its stream.
fn by_hand(config: &Arc<ServerConfig>) {
    let listener = TcpListener::bind(LOCAL).expect("bind");
    println!("{}", listener.local_addr().expect("an address"));
    for stream in listener.incoming() {
        let (config, stream) = (config.clone(), stream.expect("a connection"));
        thread::spawn(move || {
            stream.set_nodelay(true).expect("an option");
            let session = ServerConnection::new(config).expect("a session");
            let mut stream = StreamOwned::new(session, stream);
            let part = vec![7; PART];
            let mut number = [0; 8];
            while stream.read_exact(&mut number).is_ok() {
                let mut left = u64::from_be_bytes(number);
                while left > 0 {
                    let count = left.min(PART as u64);
                    let part = &part[..usize::try_from(count).expect("a part")];
                    stream.write_all(part).and_then(|()| stream.flush()).expect("sent");
                    left -= count;
                }
            }
        });
    }
}
