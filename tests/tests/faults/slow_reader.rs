//! The chat: one member does not read while another one floods the room.

use crate::prelude::*;

pub(crate) fn server(column: Column, program: &[String]) {
    let mut chat = Command::new(&program[0]);
    chat.args(["--concurrency", &column.to_string(), LOCAL]);
    panic!("the chat cannot be started: {}", chat.exec());
}

/// How many lines the speaker may be ahead of the slowest reader, so that no reader is aborted only
/// because this machine is busy.
const AHEAD: u64 = 64;

/// A member is aborted if more bytes than these wait for it.
const CAP: u64 = 1 << 20;

const LINE: u64 = 1_000;

type Member = BufReader<Client>;

pub(crate) fn clients(trial: &mut Trial) {
    let (readers, count) = trial.size((9, 0), (99, 100_000));
    let enough = CAP + system_holds();
    let count = count.max(enough * 5 / 4 / LINE);
    let (child, before) = trial.begin(&[&demo_path("chat")], come_and_go);
    let address = child.address();

    let names = (0..readers).map(|number| format!("reader-{number}"));
    let mut members: Vec<Member> = names.map(|name| join(address, &name)).collect();
    let stalled = Client::narrow_stream(4_096, address).expect("connect");
    let stalled = enter(stalled, "stalled");
    let mut speaker = join(address, "speaker");
    let at_first = child.resident();
    let room = Room {
        count,
        enough,
        heard: members.iter().map(|_| AtomicU64::new(0)).collect(),
        aborted: OnceLock::new(),
    };
    let over = AtomicBool::new(false);
    let (full_at, times, grown) = thread::scope(|scope| {
        for (place, member) in members.iter_mut().enumerate() {
            let room = &room;
            scope.spawn(move || room.listen(place, member));
        }
        let most = scope.spawn(|| {
            let mut most = at_first;
            while !over.load(SeqCst) {
                most = most.max(child.resident());
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let (full_at, times) = room.say_all(&mut speaker);
        until("all readers have heard everything", || room.heard() == count);
        over.store(true, SeqCst);
        let most = most.join().expect("no panic");
        (full_at, times, most.saturating_sub(at_first))
    });

    trial.check(
        "every member that reads receives every line, in order",
        format!("{readers} × {} of {count}", room.heard()),
        room.heard() == count,
    );
    // On a busy machine the last line may be sent before the slow member leaves.
    let mut hears_more = || room.hear(&mut members[0]).is_ok_and(|line| !line.is_empty());
    while room.aborted.get().is_none() && hears_more() {}
    let aborted = room.aborted.get().copied();
    trial.check(
        "the member that does not read is aborted, at most 5 s after 1 MiB waits beyond what the \
         system holds",
        match aborted {
            Some(aborted) if aborted <= full_at => "before".to_owned(),
            Some(aborted) => brief(aborted - full_at),
            None => "not aborted".to_owned(),
        },
        aborted.is_some_and(|aborted| aborted <= full_at + Duration::from_secs(5)),
    );
    let bar = "p99 until the sender may send the next line";
    trial.within(bar, Duration::from_millis(1), times.p99());
    let all = readers as u64 + 2;
    let allowed = (all * CAP + 2 * CAP) / 1024;
    trial.check(
        "memory grows by at most 1 MiB per member and 2 MiB",
        format!("{:.1} MiB, {all} members", grown as f64 / 1024.0),
        grown <= allowed,
    );
    drop((members, stalled, speaker));
    let deaf = short_lines(trial, &child);
    let ended = trial.end(child, before, come_and_go);
    let aborted = ended.lines_with("aborted because the member does not read its lines");
    trial.check(
        "no other member is aborted",
        format!("{aborted} aborted, {} that did not read", 1 + deaf),
        aborted == 1 + deaf,
    );
}

/// Many members that do not read, and lines of one letter: kept one by one, each would take ten
/// times its length. Returns how many members were aborted.
fn short_lines(trial: &mut Trial, child: &Child) -> usize {
    let count = trial.size(4, 50);
    let deaf = (0..count).map(|number| {
        let client = Client::narrow_stream(4_096, child.address()).expect("connect");
        enter(client, &format!("deaf-{number}"))
    });
    let deaf: Vec<Member> = deaf.collect();
    let mut speaker = join(child.address(), "speaker");
    let hearing = speaker.get_ref().tcp().try_clone().expect("a descriptor");
    let at_first = child.resident();
    let mut most = at_first;
    thread::scope(|scope| {
        let all_left = scope.spawn(|| {
            let lines = BufReader::new(hearing).lines().map(|line| line.expect("a line"));
            lines.filter(|line| line.ends_with(" has left")).take(count).count()
        });
        while !all_left.is_finished() {
            let lines = "x\n".repeat(10_000);
            speaker.get_mut().write_all(lines.as_bytes()).expect("send");
            most = most.max(child.resident());
        }
        assert_eq!(all_left.join().expect("no panic"), count);
    });
    drop(deaf);
    let grown = most - at_first;
    trial.check(
        "with lines of 1 letter and members that do not read, memory grows by at most 1 MiB per \
         member and 2 MiB",
        format!("{:.1} MiB, {count} members", grown as f64 / 1024.0),
        grown <= (count as u64 + 2) * CAP / 1024,
    );
    count
}

/// The lines of the speaker, and how many each reader has heard.
struct Room {
    count: u64,
    /// How many bytes it takes until the slow member must be aborted.
    enough: u64,
    heard: Vec<AtomicU64>,
    /// When a reader saw the slow member leave.
    aborted: OnceLock<Instant>,
}

impl Room {
    /// How many lines the slowest reader has heard.
    fn heard(&self) -> u64 {
        self.heard.iter().map(|heard| heard.load(SeqCst)).min().expect("readers")
    }

    fn listen(&self, place: usize, member: &mut Member) {
        let mut next = 0;
        while next < self.count {
            let line = self.hear(member).expect("a line");
            assert!(!line.is_empty(), "reader {place} was aborted after {next} lines");
            let Some(said) = line.strip_prefix("speaker: ") else {
                continue;
            };
            assert_eq!(said.split(' ').next().expect("a word").parse(), Ok(next));
            next += 1;
            self.heard[place].store(next, SeqCst);
        }
    }

    fn hear(&self, member: &mut Member) -> io::Result<String> {
        let mut line = String::new();
        member.read_line(&mut line)?;
        if line == "-- stalled has left\n" {
            self.aborted.get_or_init(Instant::now);
        }
        Ok(line)
    }

    /// Returns when enough bytes were sent, and the time of each send.
    fn say_all(&self, speaker: &mut Member) -> (Instant, Times) {
        let text = "x".repeat(LINE as usize);
        let mut full_at = Instant::now();
        let mut times = Vec::new();
        for number in 0..self.count {
            while number >= self.heard() + AHEAD {
                thread::sleep(Duration::from_micros(100));
            }
            let line = format!("{number:>10} {text}\n");
            let line = line.trim_start();
            let began = Instant::now();
            speaker.get_mut().write_all(line.as_bytes()).expect("send");
            times.push(began.elapsed());
            if number * LINE < self.enough {
                full_at = Instant::now();
            }
        }
        (full_at, Times::new(times))
    }
}

/// How much the system may hold for a member that does not read: its longest send buffer.
fn system_holds() -> u64 {
    let text = fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").expect("Linux");
    let most = text.split_whitespace().last();
    most.and_then(|most| most.parse().ok()).expect("a number")
}

fn join(address: &Address, name: &str) -> Member {
    enter(Client::stream(address), name)
}

/// Sends the name, and waits until the member is in the room.
fn enter(mut client: Client, name: &str) -> Member {
    // Sends each line at once.
    client.tcp().set_nodelay(true).expect("an option");
    writeln!(client, "{name}").expect("send");
    let mut member = BufReader::new(client);
    let mut line = String::new();
    while !line.starts_with("-- here are: ") {
        line.clear();
        assert!(member.read_line(&mut line).expect("a line") > 0, "{name}");
    }
    member
}

fn come_and_go(address: &Address) {
    let mut member = join(address, "visitor");
    writeln!(member.get_mut(), "/quit").expect("send");
    let mut line = String::new();
    while member.read_line(&mut line).expect("a line") > 0 {}
}
