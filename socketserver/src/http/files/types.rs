//! The types of files, by their extensions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Per line a type, and its extensions. Where Python's `mimetypes` has a value of its own, it is
/// Python's; what the machine has installed does not matter. An archive has the type of its outer
/// format, since its bytes are sent as they are.
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

/// XML says in its first line how it is encoded, and a charset would have precedence over that.
fn with_charset(of_type: &str) -> String {
    match of_type {
        "text/xml" => of_type.to_owned(),
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

#[derive(Clone, Debug)]
pub(super) struct Types {
    /// What the program has set, which comes first.
    own: HashMap<String, String>,
    /// For files whose extension has no type.
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

    /// The type of a file with this name or path. An extension counts as it is written first, as
    /// `.Z` is another format than `.z`, then in lower case.
    pub(super) fn of(&self, name: &[u8]) -> &str {
        let Some(extension) = extension(name) else { return &self.default };
        let look_up = |extension: &str| match self.own.get(extension) {
            Some(of_type) => Some(of_type),
            None => BUILT_IN.get(extension),
        };
        let found = look_up(extension).or_else(|| look_up(&extension.to_ascii_lowercase()));
        found.map_or(&*self.default, String::as_str)
    }
}

/// What follows the last dot of the last name, unless the name begins with it.
fn extension(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0)?;
    str::from_utf8(&name[dot + 1..]).ok()
}

#[cfg(test)]
#[path = "tests/types.rs"]
mod tests;
