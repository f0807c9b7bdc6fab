//! The chat's page: browsers and a terminal in one room.

use serde_json::json;
use tests::prelude::*;

use super::{Browser, Driver};
use crate::chat::Member;
use crate::chat_page::Chat;

/// Chats on threads and on green threads.
fn chats() -> impl Iterator<Item = Chat> {
    let options = ["threading", "green"].map(|name| ["--concurrency", name, "--drain", "0.2"]);
    options.into_iter().map(|options| Chat::start(&options))
}

/// What a member with a browser does.
impl Browser<'_> {
    /// Enters the room, with the keyboard alone.
    #[track_caller]
    pub(super) fn joins(&self, chat: &Chat, name: &str) {
        self.open(&chat.url);
        self.until("the form is there", "document.activeElement.id === 'name'");
        self.types(&format!("{name}\u{e007}"));
        self.until("the room is there", "document.activeElement.id === 'text'");
        self.sees(&format!("welcome, {name}"));
    }

    #[track_caller]
    pub(super) fn says(&self, line: &str) {
        self.types(&format!("{line}\u{e007}"));
    }

    /// The lines that the page shows.
    #[track_caller]
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = "return [...document.querySelectorAll('#lines p')].map((p) => p.textContent)";
        serde_json::from_value(self.run(lines)).expect("lines")
    }

    /// Waits until the page shows a line.
    #[track_caller]
    pub(super) fn sees(&self, line: &str) {
        let end = Instant::now() + DEADLINE;
        while !self.lines().iter().any(|seen| seen == line) {
            assert!(Instant::now() < end, "{line:?} is not among {:#?}", self.lines());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until an expression of the page is true.
    #[track_caller]
    pub(super) fn until(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        until(what, || {
            let holds = self.run(&script) == json!(true);
            thread::sleep(Duration::from_millis(if holds { 0 } else { 20 }));
            holds
        });
    }

    /// Waits until the page says that, in the line beside its heading or in its alert.
    #[track_caller]
    pub(super) fn shows_status(&self, text: &str) {
        let said = "document.getElementById('status').textContent + \
                    document.getElementById('problem').textContent";
        self.until(text, &format!("({said}).includes({})", json!(text)));
    }
}

#[test]
fn browsers_and_a_terminal_talk() {
    let Some(driver) = Driver::start() else { return };
    for chat in chats() {
        let (ann, bob) = (driver.browser(), driver.browser());
        let mut cid = Member::join(&chat.server, "cid");
        ann.joins(&chat, "ann");
        bob.joins(&chat, "Zoë");
        ann.says("hello from a page");
        bob.says("/me waves");
        bob.sees("* Zoë waves");
        cid.types("hello from a terminal");
        cid.hears_only(&[
            "-- ann has joined",
            "-- Zoë has joined",
            "ann: hello from a page",
            "* Zoë waves",
        ]);
        for browser in [&ann, &bob] {
            browser.sees("cid: hello from a terminal");
        }
        // All see one order, and each its own lines.
        let said = |browser: &Browser<'_>| -> Vec<String> {
            let lines = browser.lines().into_iter();
            lines.filter(|line| line.contains(": ") || line.starts_with('*')).collect()
        };
        let all = ["ann: hello from a page", "* Zoë waves", "cid: hello from a terminal"];
        assert_eq!(said(&ann)[1..], all, "after the names");
        assert_eq!(said(&bob)[2..], all[1..], "after the names and the last line");
        ann.says("/who");
        ann.sees("here are: ann, cid, Zoë");
        ann.says("/name anna");
        ann.sees("you are now anna");
        ann.shows_status("You are in the room as anna.");
        bob.clicks("#leave");
        bob.shows_status("You have left the room.");
        ann.says("/quit");
        ann.shows_status("You have left the room.");
        cid.hears_only(&["-- ann is now anna", "-- Zoë has left", "-- anna has left"]);
        bob.joins(&chat, "bob");
        cid.hears_only(&["-- bob has joined"]);
        cid.quits();
    }
}

#[test]
fn names_are_checked_as_ever() {
    let Some(driver) = Driver::start() else { return };
    let chat = Chat::start(&["--max-connections-per-address", "8"]);
    let mut ann = Member::join(&chat.server, "ann");
    let browser = driver.browser();
    browser.open(&chat.url);
    browser.until("the form is there", "document.activeElement.id === 'name'");
    for (name, problem) in [
        ("ANN", "that name is taken"),
        ("<b>bob</b>", "a name is Latin letters"),
        ("/who", "a name is Latin letters"),
    ] {
        browser.run("document.getElementById('name').value = ''");
        browser.says(name);
        browser.shows_status(problem);
    }
    // The browser needs milliseconds for each key.
    browser.run("document.getElementById('name').value = 'x'.repeat(5_000)");
    browser.says("x");
    browser.shows_status("that name is too long");
    ann.hears_only(&[]);
    ann.quits();
}

#[test]
fn a_reloaded_page_is_still_in_the_room() {
    let Some(driver) = Driver::start() else { return };
    for chat in chats() {
        let (ann, mut cid) = (driver.browser(), Member::join(&chat.server, "cid"));
        ann.joins(&chat, "ann");
        ann.says("before");
        ann.sees("ann: before");
        let before = ann.lines();
        ann.reload();
        ann.shows_status("You are in the room as ann.");
        cid.types("after");
        ann.sees("cid: after");
        assert_eq!(ann.lines(), [&before[..], &["cid: after".to_owned()]].concat());
        ann.says("still here");
        ann.sees("ann: still here");
        cid.hears_only(&["-- ann has joined", "ann: before", "ann: still here"]);
        // A second tab takes the conversation over, and the first one takes it back.
        let first = ann.tabs().remove(0);
        ann.opens_tab();
        ann.open(&chat.url);
        ann.sees("ann: still here");
        ann.turns_to(&first);
        ann.shows_status("The conversation continues in another tab.");
        cid.types("to the second tab");
        cid.hears_only(&[]);
        ann.clicks("#here");
        ann.sees("cid: to the second tab");
        let twice: HashSet<_> = ann.lines().into_iter().collect();
        assert_eq!(twice.len(), ann.lines().len(), "{:#?}", ann.lines());
        cid.quits();
    }
}

#[test]
fn a_member_whose_page_is_closed_leaves() {
    let Some(driver) = Driver::start() else { return };
    for concurrency in ["threading", "green"] {
        let options = ["--concurrency", concurrency, "--away-timeout", "2"];
        let chat = Chat::start(&options);
        let mut cid = Member::join(&chat.server, "cid");
        let ann = driver.browser();
        ann.joins(&chat, "ann");
        cid.hears("-- ann has joined");
        ann.open("about:blank");
        cid.hears("-- ann has left");
        cid.quits();
    }
}

/// A frozen browser reads nothing, so its lines wait in the server.
#[test]
fn a_browser_that_does_not_read_leaves() {
    let Some(driver) = Driver::start() else { return };
    for chat in chats() {
        let stalled = driver.browser();
        let mut cid = Member::join(&chat.server, "cid");
        let mut flood = Member::join(&chat.server, "flood");
        stalled.joins(&chat, "stalled");
        for other in [&mut cid, &mut flood] {
            while other.line() != "-- stalled has joined" {}
        }
        stalled.signal(Signal::STOP);
        // More than the kernel and the server keep together, for a member that does not read each
        // line before the next one is said.
        let line = "x".repeat(4_000);
        loop {
            flood.types(&line);
            if cid.line() == "-- stalled has left" {
                break;
            }
        }
        flood.hears("-- stalled has left");
        flood.quits();
        chat.server.process.error_with("aborted because the member does not read its lines");
        stalled.signal(Signal::CONT);
        stalled.shows_status("You are no longer in the room.");
        cid.types("/who");
        while cid.line() != "-- here are: cid" {}
    }
}

#[test]
fn no_line_becomes_markup_or_script() {
    let Some(driver) = Driver::start() else { return };
    let chat = Chat::start(&[]);
    let (ann, bob) = (driver.browser(), driver.browser());
    let mut cid = Member::join(&chat.server, "cid");
    ann.joins(&chat, "ann");
    bob.joins(&chat, "bob");
    let attempts = [
        "<script>window.owned = 1</script>",
        "<img src=x onerror='window.owned = 2'>",
        "</p></div><iframe srcdoc='<script>parent.owned = 3</script>'></iframe>",
        "<svg onload=window.owned=4>",
        "<a href='javascript:window.owned = 5'>click</a>",
        "data: x\r\revent: end\r\rdata: y",
        "{{constructor.constructor('window.owned = 6')()}}",
        "\u{202e}nna: \u{2066}turned",
        "-- bob has left",
    ];
    for attempt in attempts {
        let post = format!("fetch('say', {{ method: 'POST', body: {} }})", json!(attempt));
        assert_eq!(ann.run_async(&format!("{post}.then((answer) => answer.status)")), json!(200));
        cid.types(attempt);
    }
    ann.says("done");
    cid.types("done");
    for browser in [&ann, &bob] {
        browser.sees("ann: done");
        browser.sees("cid: done");
        let lines = browser.lines();
        for attempt in &attempts[..5] {
            for name in ["ann", "cid"] {
                let line = format!("{name}: {attempt}");
                assert!(lines.contains(&line), "{line} is not among {lines:#?}");
            }
        }
        assert_eq!(browser.run("return String(window.owned)"), json!("undefined"));
        let others = "return document.querySelectorAll('#lines :not(p, b, bdi)').length";
        assert_eq!(browser.run(others), json!(0));
        assert_eq!(browser.run("return document.title"), json!("Chat"));
        // The page could not even run one if it tried to.
        for attempt in [
            "const script = document.createElement('script');
             script.textContent = 'window.owned = 7';
             document.body.append(script);",
            "document.body.setAttribute('onclick', 'window.owned = 8'); document.body.click();",
            "document.body.innerHTML = '<img src=x onerror=\"window.owned = 9\">';",
        ] {
            let script = format!("try {{ {attempt} }} catch (error) {{ return error.name }}");
            let error = browser.run(&script);
            assert_eq!(error, json!("TypeError"), "{attempt}");
        }
        assert_eq!(browser.run("return String(window.owned)"), json!("undefined"));
    }
}
