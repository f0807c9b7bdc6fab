//! The options of a handler, which hold for all its requests.

use std::ops::Deref;
use std::time::Duration;

use super::limits::Limits;
use crate::http::message::status::{Status, response};
use crate::http::message::text::escape_html;

/// The options of a handler: class attributes in Python. The derive sets them from
/// `#[handler(…)]`.
///
/// Python: `BaseHTTPRequestHandler.protocol_version` and so on
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Version in the status line. From `HTTP/1.1` on, connections stay for further requests.
    pub protocol_version: &'static str,
    /// First part of the field `Server`, for the program.
    pub server_version: &'static str,
    /// Second part of the field `Server`, for the system. May be empty.
    pub sys_version: &'static str,
    /// Text of error pages, with `%(code)d`, `%(message)s` and `%(explain)s`.
    pub error_message_format: &'static str,
    /// `Content-Type` of error pages.
    pub error_content_type: &'static str,
    /// Whether requests without a version, as in HTTP/0.9, are answered.
    pub http_0_9: bool,
    /// Whether `HEAD` and `OPTIONS` are answered even if the handler has no method for them, and
    /// other known commands without a method with 405.
    pub standard_methods: bool,
    /// Maximum time of each wait for the client, where `limits` does not set a shorter one.
    pub timeout: Option<Duration>,
    /// Limits of bytes, fields and times.
    pub limits: Limits,
}

impl Settings {
    /// The settings of a handler without options.
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

    /// The same settings, with the timeout in each limit.
    pub const fn with_timeout(self) -> Self {
        Settings { limits: self.limits.within(self.timeout), ..self }
    }

    /// The error page of a status.
    pub(in crate::http) fn error_page(&self, status: Status<'_>) -> String {
        let (phrase, text) = response(status.code).unwrap_or(("???", "???"));
        self.error_message_format
            .replace("%(code)d", &status.code.to_string())
            .replace("%(code)s", &status.code.to_string())
            .replace("%(message)s", &escape_html(status.message.unwrap_or(phrase)))
            .replace("%(explain)s", &escape_html(status.explain.unwrap_or(text)))
    }

    /// Whether replies are of HTTP/1.1 or later. Compares the texts, as Python does.
    pub(in crate::http) fn speaks_1_1(&self) -> bool {
        self.protocol_version >= "HTTP/1.1"
    }
}

/// The settings of a connection. If all are constants, as usual, connections share them.
#[derive(Debug)]
pub enum ChosenSettings {
    /// Constants.
    Shared(&'static Settings),
    /// Values that the program has computed for this connection.
    Own(Box<Settings>),
}

impl Deref for ChosenSettings {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        match self {
            ChosenSettings::Shared(settings) => settings,
            ChosenSettings::Own(settings) => settings,
        }
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
