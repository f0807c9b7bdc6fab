//! The page that tells a client what is wrong.

use super::status::Status;
use super::text::escape_html;

/// The page of this format: `%(code)d`, `%(message)s` and `%(explain)s` are filled in.
pub(super) fn fill(format: &str, status: Status<'_>) -> Vec<u8> {
    let code = status.code.to_string();
    let text = |text: Option<&str>| escape_html(text.unwrap_or_default());
    format
        .replace("%(code)d", &code)
        .replace("%(code)s", &code)
        .replace("%(message)s", &text(status.message))
        .replace("%(explain)s", &text(status.explain))
        .into_bytes()
}
