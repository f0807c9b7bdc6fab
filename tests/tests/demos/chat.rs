//! The chat as its members see it.

use tests::prelude::*;

use crate::Server;

/// A client with a terminal.
pub(crate) struct Member(BufReader<Client>);

impl Member {
    /// Connects, and is asked for a name.
    #[track_caller]
    pub(crate) fn connect(server: &Server) -> Self {
        let mut member = Member(BufReader::new(Client::stream(&server.address)));
        member.hears("-- what is your name?");
        member
    }

    /// Connects and enters the room. The lines after the names of all members are still unread.
    #[track_caller]
    pub(crate) fn join(server: &Server, name: &str) -> Self {
        let mut member = Self::connect(server);
        member.types(name);
        member.hears(&format!("-- welcome, {name}"));
        member.line();
        member
    }

    #[track_caller]
    pub(crate) fn types(&mut self, line: impl AsRef<[u8]>) {
        let line = [line.as_ref(), b"\n"].concat();
        self.0.get_mut().write_all(&line).expect("send");
    }

    /// The next line, or an empty one at the end of the conversation.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end_matches('\n').to_owned()
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Waits until all input of this member has been processed. It must have heard exactly these
    /// lines.
    #[track_caller]
    pub(crate) fn hears_only(&mut self, lines: &[&str]) {
        self.types("/no-such-command");
        for line in lines {
            self.hears(line);
        }
        let line = self.line();
        assert!(line.starts_with("-- /no-such-command is not understood"), "{line}");
    }

    #[track_caller]
    fn quits_after(mut self, lines: &[&str]) {
        self.hears_only(lines);
        self.quits();
    }

    #[track_caller]
    pub(crate) fn quits(mut self) {
        self.types("/quit");
        self.hears("");
    }
}

fn chat() -> Server {
    chats().next().expect("two of them")
}

/// A drain longer than any test: a server that waits for it fails.
const DRAIN: &str = "1000";

/// The same handlers on threads and on green threads.
pub(crate) fn chats() -> impl Iterator<Item = Server> {
    ["threading", "green"].into_iter().map(|concurrency| {
        let options = ["--concurrency", concurrency, "--drain", DRAIN, "127.0.0.1:0"];
        Server::start("chat", &options)
    })
}

#[test]
fn a_name_is_asked_for_until_valid() {
    let server = chat();
    let ann = Member::join(&server, "ann");
    let mut bob = Member::connect(&server);
    for (name, problem) in [
        ("", "a name is not empty"),
        ("ann", "that name is taken"),
        (" ANN ", "that name is taken"),
        ("/who", "a name is Latin letters"),
        ("\x1b[31m", "a name is Latin letters"),
        ("b o b", "a name is Latin letters"),
        ("b".repeat(21).as_str(), "a name is Latin letters"),
        ("b".repeat(5_000).as_str(), "that line was dropped"),
    ] {
        bob.types(name);
        let line = bob.line();
        assert!(line.contains(problem), "{name:?}: {line}");
    }
    bob.types(" bob\r");
    bob.hears("-- welcome, bob");
    bob.hears("-- here are: ann, bob");
    for word in ["over", "/quit"] {
        let mut nameless = Member::connect(&server);
        nameless.types(word);
        nameless.hears("");
    }
    bob.quits();
    ann.quits_after(&["-- bob has joined", "-- bob has left"]);
    assert_eq!(server.drain().summary(), [4, 4, 0, 0, 0]);
}

#[test]
fn each_line_reaches_all_other_members() {
    for server in chats() {
        let mut ann = Member::join(&server, "ann");
        let mut bob = Member::join(&server, "bob");
        let mut cid = Member::join(&server, "cid");
        ann.hears_only(&["-- bob has joined", "-- cid has joined"]);
        bob.hears_only(&["-- cid has joined"]);
        ann.types("hello");
        ann.types("  ");
        ann.types(b"\x1b[31mred\x07\xff");
        ann.types("/me waves");
        ann.types("/name Zoë");
        ann.types("/who");
        ann.types("here I am");
        ann.hears_only(&["-- you are now Zoë", "-- here are: bob, cid, Zoë"]);
        for member in [&mut bob, &mut cid] {
            member.hears_only(&[
                "ann: hello",
                "ann: \u{fffd}[31mred\u{fffd}\u{fffd}",
                "* ann waves",
                "-- ann is now Zoë",
                "Zoë: here I am",
            ]);
        }
        bob.types("/name zoË");
        bob.types("/name b!");
        bob.types("/me");
        bob.types("/\x1b[31m");
        bob.hears("-- that name is taken");
        assert!(bob.line().starts_with("-- a name is Latin letters"));
        assert!(bob.line().starts_with("-- /me is not understood; there are /who, "));
        assert!(bob.line().starts_with("-- /\u{fffd}[31m is not understood"));
        bob.types("over");
        bob.hears("");
        cid.quits_after(&["-- bob has left"]);
        ann.quits_after(&["-- bob has left", "-- cid has left"]);
        assert_eq!(server.drain().summary(), [3, 3, 0, 0, 0]);
    }
}

#[test]
fn a_new_member_hears_the_last_lines() {
    let server = chat();
    let mut ann = Member::join(&server, "ann");
    for number in 0..25 {
        ann.types(number.to_string());
    }
    ann.types("/me leans back");
    ann.hears_only(&[]);
    let mut bob = Member::join(&server, "bob");
    let mut last: Vec<_> = (6..25).map(|number| format!("ann: {number}")).collect();
    last.push("* ann leans back".to_owned());
    bob.hears_only(&last.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn only_lines_that_are_too_long_are_dropped() {
    let server = chat();
    let mut ann = Member::join(&server, "ann");
    let mut bob = Member::join(&server, "bob");
    ann.hears("-- bob has joined");
    let longest = "x".repeat(4_096);
    for (end, letters) in [("", 0), ("\r", 0), ("x", 0), ("xx", 0), ("", 3_000_000)] {
        ann.types(longest.clone() + &"x".repeat(letters) + end);
    }
    ann.types("short");
    let dropped = "-- that line was dropped: it has more than 4096 bytes";
    ann.hears_only(&[dropped; 3]);
    let longest = format!("ann: {longest}");
    bob.hears_only(&[&longest, &longest, "ann: short"]);
}

#[test]
fn the_last_line_needs_no_end() {
    let server = chat();
    let mut ann = Member::join(&server, "ann");
    let mut client = Client::stream(&server.address);
    client.send("bob\nhello\n/who\nlast words");
    let heard = String::from_utf8(client.finish()).expect("text");
    assert!(heard.ends_with("-- here are: ann, bob\n"), "{heard}");
    ann.hears_only(&["-- bob has joined", "bob: hello", "bob: last words", "-- bob has left"]);
}

#[test]
fn a_closing_room_waits_for_its_members() {
    for server in chats() {
        let mut ann = Member::join(&server, "ann");
        let mut bob = Member::join(&server, "bob");
        ann.hears("-- bob has joined");
        server.process.signal(Signal::TERM);
        for member in [&mut ann, &mut bob] {
            member.hears("-- the room closes in 1000s; good-bye");
        }
        ann.types("good-bye, bob");
        bob.hears("ann: good-bye, bob");
        bob.quits();
        ann.hears("-- bob has left");
        ann.quits();
        assert_eq!(server.end().summary(), [2, 2, 0, 0, 0]);
    }
}

#[test]
fn members_of_a_closed_room_are_aborted() {
    let server = Server::start("chat", &["127.0.0.1:0", "--drain", "0.2"]);
    let mut ann = Member::join(&server, "ann");
    let mut nameless = Member::connect(&server);
    server.process.signal(Signal::TERM);
    ann.hears("-- the room closes in 200ms; good-bye");
    ann.hears("");
    nameless.hears("");
    assert_eq!(server.end().summary(), [2, 0, 0, 0, 2]);
}

/// One at a time, so that the next is served only when the one before is gone.
#[test]
fn a_client_without_a_name_is_disconnected() {
    for concurrency in ["threading", "green", "inline"] {
        let options = ["--concurrency", concurrency, "--max-connections", "1"];
        let options = [&options[..], &["--name-timeout", "0.5", "127.0.0.1:0"]].concat();
        let server = Server::start("chat", &options);
        let heard = "-- what is your name?\n-- you have given no name; good-bye\n";
        let mut silent = Client::stream(&server.address);
        assert_eq!(String::from_utf8(silent.rest()).expect("text"), heard);
        // Each byte comes in time, and the name never.
        let mut dripping = Client::stream(&server.address);
        until("the server has closed the connection", || {
            thread::sleep(Duration::from_millis(20));
            dripping.write_all(b"x").is_err()
        });
        let ann = Member::join(&server, "ann");
        // A member with a name may be silent for longer.
        thread::sleep(Duration::from_millis(700));
        ann.quits();
        assert_eq!(server.drain().summary(), [3, 3, 0, 0, 0]);
    }
}
