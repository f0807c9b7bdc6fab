//! The words `name=value` that describe a server to either side.
//!
//! | word | |
//! | --- | --- |
//! | `trace` | the file for the trace |
//! | `transport`, `concurrency`, `address` | which server, and where |
//! | `main` | the steps of the program around the server, see below |
//! | `handle` | the steps of the handler; after one with `?` it continues even if that fails |
//! | `handler=bare` | the handler has no files |
//! | `fault` | the hook that fails |
//! | `requests` | a loop ends after that many, once none is live; with 0 it does not |
//! | `shutdown_on_loop` | the loop's own thread ends it |
//! | others | options, by their names: `server_timeout` is the server's, `timeout` the handler's |
//!
//! Among the steps of `main`, `gate` waits for a line on standard input, and `soon` traces whether
//! a word is in the trace within a second. A step with `&` runs on a new thread.

use std::collections::HashMap;
use std::str::FromStr;

use tests::prelude::*;

static WORDS: OnceLock<HashMap<String, String>> = OnceLock::new();

pub(super) fn set(words: impl Iterator<Item = String>) {
    let pair = |word: String| {
        let (name, value) = word.split_once('=').expect("name=value");
        (name.to_owned(), value.to_owned())
    };
    WORDS.set(words.map(pair).collect()).expect("words once");
}

pub(super) fn get(name: &str) -> Option<&'static str> {
    WORDS.get().expect("words").get(name).map(String::as_str)
}

pub(super) fn number<N: FromStr>(name: &str, default: N) -> N {
    get(name).map_or(default, |value| value.parse().ok().expect("a number"))
}

pub(super) fn seconds(name: &str) -> Option<Duration> {
    get(name).map(|value| Duration::from_secs_f64(value.parse().expect("seconds")))
}

/// The failure of a hook that the words let fail.
pub(super) fn fault(hook: &str) -> io::Result<()> {
    match get("fault") {
        Some(fault) if fault == hook => Err(io::Error::other("Fault")),
        _ => Ok(()),
    }
}

/// The same for a hook that can only fail by panicking.
pub(super) fn panic_if(hook: &str) {
    if get("fault") == Some(hook) {
        panic!("Fault");
    }
}
