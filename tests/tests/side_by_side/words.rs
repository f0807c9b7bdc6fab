//! What a server of either side is told: words, `name=value`.
//!
//! | word | |
//! | --- | --- |
//! | `trace` | the file for the trace |
//! | `transport`, `concurrency`, `address` | which server, and where |
//! | `main` | what the program around the server does, step by step: `gate` waits for a line on standard input, `soon` tells whether a word is in the trace within a second, and with `&` a step gets a thread of its own |
//! | `handle` | what the handler does, step by step; with `?` it goes on when a step fails |
//! | `handler=bare` | the handler has no files |
//! | `fault` | the hook that fails |
//! | `requests` | after so many, and when nothing is live, a loop is told to end; never with 0 |
//! | `shutdown_on_loop` | that is done on the loop's own thread |
//! | the rest | options, under their names: `server_timeout` is the server's, `timeout` the handler's |

use std::collections::HashMap;
use std::io;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

static WORDS: OnceLock<HashMap<String, String>> = OnceLock::new();

pub(super) fn set(words: impl Iterator<Item = String>) {
    let pair = |word: String| {
        let (name, value) = word.split_once('=').expect("name=value");
        (name.to_owned(), value.to_owned())
    };
    WORDS.set(words.map(pair).collect()).expect("words once");
}

pub(super) fn get(name: &str) -> Option<&'static str> {
    let words = WORDS.get().expect("words");
    words.get(name).map(String::as_str)
}

pub(super) fn number<N: FromStr>(name: &str, default: N) -> N {
    get(name).map_or(default, |value| value.parse().ok().expect("a number"))
}

pub(super) fn seconds(name: &str) -> Option<Duration> {
    get(name).map(|value| Duration::from_secs_f64(value.parse().expect("seconds")))
}

/// The failure of a hook that is told to fail.
pub(super) fn fault(hook: &str) -> io::Result<()> {
    match get("fault") {
        Some(told) if told == hook => Err(io::Error::other("Fault")),
        _ => Ok(()),
    }
}

/// The same for a hook that can only fail by panicking.
pub(super) fn panic_if(hook: &str) {
    if get("fault") == Some(hook) {
        panic!("Fault");
    }
}
