//! What TLS costs a server: full handshakes and bulk data, beside a server written by hand with
//! `rustls` and threads, and beside `rustls` in memory, all in one run. And how long a client with
//! an open connection waits for an answer while others begin handshakes.
//!
//! ```text
//! cargo bench -p tests --bench tls
//! cargo bench -p tests --bench tls -- rsa:2048     (another key, which openssl makes)
//! ```
//!
//! Each server runs in a separate process, and only the processor time of that process counts. The
//! servers take turns, and the figures are medians.

mod beside;
mod in_memory;
mod servers;

use std::process::ExitCode;

use rcgen::KeyPair;
use rustls::ClientConfig;
use tests::prelude::*;

const ROUNDS: usize = 5;

/// Full handshakes per round, by several clients at a time.
const HANDSHAKES: u32 = 2_000;
const CLIENTS: u32 = 4;

/// Bytes that a server sends per round.
const BULK: u64 = 256 << 20;

/// The figures of a server in one round.
#[derive(Clone, Copy)]
struct Round {
    /// Processor time per handshake, in microseconds.
    handshake: f64,
    /// Processor time per GiB, in milliseconds.
    bulk: f64,
    /// Time in which 99 % of a client's questions are answered beside handshakes, in milliseconds.
    beside: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, kind, cert, key] = &arguments[..]
        && word == servers::SERVE
    {
        servers::serve(kind, cert.as_ref(), key.as_ref());
        return ExitCode::SUCCESS;
    }
    let authority = Authority::new("bench");
    let bits = arguments.iter().find_map(|word| word.strip_prefix("rsa:"));
    let key = match bits {
        None => KeyPair::generate().expect("a key"),
        Some(bits) => rsa_key(bits.parse().expect("a number of bits")),
    };
    let files = authority.issue_with(&["localhost"], key, |_| {});
    let mut config = client_config(&authority, None);
    config.resumption = rustls::client::Resumption::disabled();
    let config = Arc::new(config);
    let servers: Vec<_> = servers::KINDS.iter().map(|kind| servers::start(kind, &files)).collect();
    let mut rounds = vec![Vec::new(); servers.len()];
    let mut in_memory = Vec::new();
    for _ in 0..ROUNDS {
        for ((process, address), rounds) in servers.iter().zip(&mut rounds) {
            rounds.push(round(process.id(), address, &config));
        }
        in_memory.push(in_memory::handshake(&files, &config, HANDSHAKES / CLIENTS));
    }
    let by_hand = [median(&rounds[0], |round| round.handshake), median(&rounds[0], |r| r.bulk)];
    println!("| server | processor time per full handshake | per GiB sent | answer, 99 % |");
    println!("| --- | --- | --- | --- |");
    for (kind, rounds) in servers::KINDS.iter().zip(&rounds) {
        let [handshake, bulk] = [median(rounds, |r| r.handshake), median(rounds, |r| r.bulk)];
        let [times, bulk_times] = [handshake / by_hand[0], bulk / by_hand[1]];
        let beside = median(rounds, |r| r.beside);
        println!(
            "| {kind} | {handshake:.0} us ({times:.2} x) | {bulk:.0} ms ({bulk_times:.2} x) | \
             {beside:.1} ms |"
        );
    }
    let alone = median(&in_memory, |time| *time);
    println!("| `rustls` in memory | {alone:.0} us ({:.2} x) | | |", alone / by_hand[0]);
    ExitCode::SUCCESS
}

fn median<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn round(server: u32, address: &Address, config: &Arc<ClientConfig>) -> Round {
    let before = processor_time(server);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..HANDSHAKES / CLIENTS {
                    receive(address, config, 1);
                }
            });
        }
    });
    let between = processor_time(server);
    receive(address, config, BULK);
    let after = processor_time(server);
    let gibibytes = BULK as f64 / f64::from(1 << 30);
    Round {
        handshake: (between - before).as_secs_f64() * 1e6 / f64::from(HANDSHAKES),
        bulk: (after - between).as_secs_f64() * 1e3 / gibibytes,
        beside: beside::wait(address, config).as_secs_f64() * 1e3,
    }
}

/// Shakes hands and receives that many bytes.
fn receive(address: &Address, config: &Arc<ClientConfig>, count: u64) {
    let mut client = TlsClient::connect(address, config.clone(), "localhost");
    client.0.sock.set_nodelay(true).expect("an option");
    client.0.write_all(&count.to_be_bytes()).expect("sent");
    client.0.flush().expect("sent");
    let received = io::copy(&mut Read::by_ref(&mut client.0).take(count), &mut io::sink());
    assert_eq!(received.expect("received"), count);
    client.close();
}

/// The time that a process has used, of the system too.
fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(") ").expect("its name in brackets");
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<u64>().expect("a number");
    // Fields 14 and 15, of which two are before the bracket; 100 ticks a second.
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}
