//! Too much: row 30.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let long = "a".repeat(65_537);
    let shown: &str = format!("200 GET / x={}", "a".repeat(80)).leak();
    let field = format!("X: {}\r\n", "a".repeat(60 * 1024));
    vec![
        case(30, format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), "414!", "414!", ""),
        case(30, format!("{{G}}X: {long}\r\n\r\n"), "431!", "431!", ""),
        case(30, format!("{{G}}{}\r\n", "X: a\r\n".repeat(100)), "431!", "431!", ""),
        case(
            30,
            format!("{{G}}{}\r\n", field.repeat(98)),
            "431!",
            shown,
            "six megabytes are no head",
        ),
    ]
}
