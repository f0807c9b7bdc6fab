//! The types of files, by their extensions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Extensions and their types, from lines of a type and its extensions. If Python's `mimetypes` has
/// a built-in type, this is the same one. Tables of the machine, such as `/etc/mime.types`, do not
/// count. A compressed archive has the type of the compression, because its bytes are sent as they
/// are.
static BUILT_IN: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
    let lines = include_str!("types.txt").lines();
    lines
        .flat_map(|line| {
            let mut words = line.split(' ');
            let of_type = with_charset(words.next().unwrap_or_default());
            words.map(move |extension| (extension, of_type.clone()))
        })
        .collect()
});

/// Adds the charset to a text type, but not to XML: its first line says how it is encoded, and a
/// charset would override that.
fn with_charset(of_type: &str) -> String {
    match of_type {
        "text/xml" => of_type.to_owned(),
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

#[derive(Clone, Debug)]
pub(super) struct Types {
    /// Types that the program has set. They come first.
    own: HashMap<String, String>,
    /// The type of files whose extension has none.
    pub(super) default: Cow<'static, str>,
}

impl Default for Types {
    fn default() -> Self {
        Types { own: HashMap::new(), default: "application/octet-stream".into() }
    }
}

impl Types {
    /// Sets a type, for an extension with or without its dot.
    pub(super) fn set(&mut self, extension: &str, of_type: String) {
        let extension = extension.strip_prefix('.').unwrap_or(extension);
        self.own.insert(extension.to_owned(), of_type);
    }

    /// The type of a file with this name or path. The extension is looked up as it is written, and
    /// then in lower case, because `.Z` and `.z` are different formats.
    pub(super) fn of(&self, name: &[u8]) -> Cow<'static, str> {
        let look_up = |extension: &str| match self.own.get(extension) {
            Some(of_type) => Some(Cow::Owned(of_type.clone())),
            None => BUILT_IN.get(extension).map(|of_type| Cow::Borrowed(&**of_type)),
        };
        let found = extension(name).and_then(|extension| {
            look_up(extension).or_else(|| look_up(&extension.to_ascii_lowercase()))
        });
        found.unwrap_or_else(|| self.default.clone())
    }
}

/// The extension: the part of the last name behind its last dot, unless the name begins with that
/// dot.
fn extension(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
    str::from_utf8(&name[dot + 1..]).ok()
}

#[cfg(test)]
#[path = "tests/types.rs"]
mod tests;
