//! What the compiler says about mistakes beside a derive.

use std::process::Command;

/// Each file of `ui` is a mistake, and what a certain version of the compiler says about it.
#[test]
fn mistakes_are_explained() {
    let version = Command::new("rustc").arg("--version").output();
    let version = version.expect("a compiler").stdout;
    if String::from_utf8_lossy(&version).starts_with("rustc 1.95.") {
        trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
    }
}
