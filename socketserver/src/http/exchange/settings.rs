//! What a handler's class says about all its requests.

use std::time::Duration;

use super::limits::Limits;
use crate::http::message::status::{Status, response};
use crate::http::message::text::escape_html;

/// Python's class attributes of a handler. The derive sets them from its options.
///
/// Python: `BaseHTTPRequestHandler.protocol_version` and the like
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of the reply; from `HTTP/1.1` on connections are kept for further requests.
    pub protocol_version: &'static str,
    /// The handler's part of the field `Server`.
    pub server_version: &'static str,
    /// The system's part of the field `Server`.
    pub sys_version: &'static str,
    /// An error page, with `%(code)d`, `%(message)s` and `%(explain)s`.
    pub error_message_format: &'static str,
    /// Its type.
    pub error_content_type: &'static str,
    /// Whether requests without a version are answered.
    pub http_0_9: bool,
    /// Whether `HEAD` and `OPTIONS` are answered without methods of their own, and other commands
    /// that have none with 405.
    pub standard_methods: bool,
    /// Of each wait for the client, where the limits do not ask for less.
    pub timeout: Option<Duration>,
    /// How much a client may send, and how long it may take.
    pub limits: Limits,
}

impl Settings {
    /// What a handler without options has.
    pub const DEFAULT: Settings = Settings {
        protocol_version: "HTTP/1.0",
        server_version: concat!("socketserver/", env!("CARGO_PKG_VERSION")),
        sys_version: "",
        error_message_format: ERROR_PAGE,
        error_content_type: "text/html;charset=utf-8",
        http_0_9: false,
        standard_methods: false,
        timeout: None,
        limits: Limits::DEFAULT,
    };

    /// The error page of a status.
    pub(in crate::http) fn error_page(&self, status: Status<'_>) -> String {
        let (phrase, text) = response(status.code).unwrap_or(("???", "???"));
        self.error_message_format
            .replace("%(code)d", &status.code.to_string())
            .replace("%(code)s", &status.code.to_string())
            .replace("%(message)s", &escape_html(status.message.unwrap_or(phrase)))
            .replace("%(explain)s", &escape_html(status.explain.unwrap_or(text)))
    }

    /// Python compares the texts, too.
    pub(in crate::http) fn speaks_1_1(&self) -> bool {
        self.protocol_version >= "HTTP/1.1"
    }
}

const ERROR_PAGE: &str = r#"<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <style type="text/css">
            :root {
                color-scheme: light dark;
            }
        </style>
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %(code)d</p>
        <p>Message: %(message)s.</p>
        <p>Error code explanation: %(code)d - %(explain)s.</p>
    </body>
</html>
"#;
