//! Accessibility of the pages: axe-core finds no fault, in both colour schemes.

use serde_json::json;
use tests::prelude::*;

use super::{Browser, Driver};
use crate::chat_page::Chat;
use crate::http_server::{Site, site};

/// The checker's source, which the gate's setup has put there if it could fetch it.
fn checker() -> Option<String> {
    // target/axe-core stands beside target/debug/deps/TEST's folder.
    let test = std::env::current_exe().expect("the test's path");
    let target = test.ancestors().nth(3).expect("target");
    let source = fs::read_to_string(target.join("axe-core/axe.min.js")).ok();
    if source.is_none() {
        eprintln!("skipped: axe-core is not installed");
    }
    source
}

impl Browser<'_> {
    /// Asserts that the checker finds nothing, in light and dark.
    #[track_caller]
    fn is_accessible(&self, checker: &str) {
        for scheme in ["light", "dark"] {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
            self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
            self.run(checker);
            let found = self.run_async("axe.run(document, { resultTypes: ['violations'] })");
            assert_eq!(found["violations"], json!([]), "{scheme}: {:#}", found["violations"]);
            let passed = found["passes"].as_array().map_or(0, Vec::len);
            assert!(passed >= 10, "{scheme}: only {passed} rules were checked: {found:#}");
        }
    }
}

#[test]
fn the_chat_has_no_barrier() {
    let (Some(driver), Some(checker)) = (Driver::start(), checker()) else { return };
    let chat = Chat::start(&[]);
    let (ann, bob) = (driver.browser(), driver.browser());
    ann.open(&chat.url);
    ann.until("the form is there", "document.activeElement.id === 'name'");
    ann.is_accessible(&checker);
    ann.says("-");
    ann.shows_status("a name is Latin letters");
    ann.is_accessible(&checker);
    ann.joins(&chat, "ann");
    bob.joins(&chat, "bob");
    ann.says("hello");
    bob.says("/me waves");
    ann.sees("* bob waves");
    ann.is_accessible(&checker);
}

#[test]
fn the_listing_has_no_barrier() {
    let (Some(driver), Some(checker)) = (Driver::start(), checker()) else { return };
    let folder = site();
    let (server, browser) = (Site::start(&folder, &[]), driver.browser());
    for path in ["/", "/sub/"] {
        browser.open(&format!("{}{path}", server.url));
        browser.is_accessible(&checker);
    }
}
