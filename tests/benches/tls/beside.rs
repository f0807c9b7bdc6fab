//! How long a client waits for answers while others begin handshakes. They send their hello, and
//! leave when its answer begins, so that nearly all the work is the server's.

use rustls::ClientConfig;
use tests::prelude::*;

/// Clients that begin handshakes.
const CROWD: usize = 16;

/// Questions of the client that has an open connection, and the pause between two.
const QUESTIONS: usize = 300;
const PAUSE: Duration = Duration::from_millis(2);

/// The time in which 99 % of the answers come.
pub(crate) fn wait(address: &Address, config: &Arc<ClientConfig>) -> Duration {
    let hello = client_hello();
    let over = AtomicBool::new(false);
    let mut times = thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    begin(address, &hello);
                }
            });
        }
        let times = ask(address, config);
        over.store(true, SeqCst);
        times
    });
    times.sort();
    times[QUESTIONS * 99 / 100]
}

/// Sends a hello, receives the first bytes of its answer, and resets the connection.
fn begin(address: &Address, hello: &[u8]) {
    let mut client = TcpStream::connect(inet(address)).expect("connect");
    client.write_all(hello).expect("sent");
    let received = client.read(&mut [0; 64]).expect("an answer");
    assert!(received > 0);
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("an option");
}

fn ask(address: &Address, config: &Arc<ClientConfig>) -> Vec<Duration> {
    let mut client = TlsClient::connect(address, config.clone(), "localhost");
    client.0.sock.set_nodelay(true).expect("an option");
    let mut ask = || {
        let began = Instant::now();
        client.0.write_all(&1_u64.to_be_bytes()).expect("sent");
        client.0.flush().expect("sent");
        client.0.read_exact(&mut [0]).expect("an answer");
        began.elapsed()
    };
    ask();
    (0..QUESTIONS)
        .map(|_| {
            thread::sleep(PAUSE);
            ask()
        })
        .collect()
}
