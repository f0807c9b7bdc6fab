//! The programs of the demos in a real browser.

mod accessible;
mod chat;
mod driver;

pub(crate) use driver::{Browser, Driver};
