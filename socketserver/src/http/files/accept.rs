//! The forms that a client accepts: the weights of RFC 9110, section 12.

/// A coding in which a file may lie beside the original, compressed beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) name: &'static str,
    /// The suffix of the compressed file's name.
    pub(super) suffix: &'static str,
}

/// Codings, the better ones first.
const CODINGS: [Coding; 3] = [
    Coding { name: "br", suffix: ".br" },
    Coding { name: "zstd", suffix: ".zst" },
    Coding { name: "gzip", suffix: ".gz" },
];

/// The codings that a client prefers to the file itself, the best first.
pub(super) fn codings(accept_encoding: &str) -> impl Iterator<Item = Coding> {
    let weight = |name: &str| {
        let is_it = |value: &str| {
            value.eq_ignore_ascii_case(name)
                || (name == "gzip" && value.eq_ignore_ascii_case("x-gzip"))
        };
        let named = weight_of(accept_encoding, is_it);
        named.or_else(|| weight_of(accept_encoding, |value| value == "*")).unwrap_or(0)
    };
    let mut codings = CODINGS.map(|coding| (weight(coding.name), coding));
    // Clients accept the file itself unless they refuse it by name, and prefer what they name.
    let identity = weight_of(accept_encoding, |value| value.eq_ignore_ascii_case("identity"));
    codings.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    codings
        .into_iter()
        .filter(move |(weight, _)| *weight > 0 && *weight >= identity.unwrap_or(0))
        .map(|(_, coding)| coding)
}

/// Whether a client prefers JSON to HTML.
pub(super) fn prefers_json(accept: &str) -> bool {
    let weight = |name: &str, group: &str| {
        let named = weight_of(accept, |value| value.eq_ignore_ascii_case(name));
        let named = named.or_else(|| weight_of(accept, |value| value.eq_ignore_ascii_case(group)));
        named.or_else(|| weight_of(accept, |value| value == "*/*")).unwrap_or(0)
    };
    weight("application/json", "application/*") > weight("text/html", "text/*")
}

/// Whether a client asks for HTML by name, as browsers do when they open a page.
pub(super) fn names_html(accept: &str) -> bool {
    weight_of(accept, |value| value.eq_ignore_ascii_case("text/html"))
        .is_some_and(|weight| weight > 0)
}

/// The weight, from 0 to 1,000, of the first value in a list for which `is_it` is true.
fn weight_of(list: &str, is_it: impl Fn(&str) -> bool) -> Option<u16> {
    list.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        is_it(parts.next()?).then(|| {
            let q = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
            q.map_or(1_000, thousandths)
        })
    })
}

/// A weight such as `0.5`, in thousandths. Other text has the weight 0.
fn thousandths(text: &str) -> u16 {
    let weight = text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.map_or(0, |weight| (weight * 1_000.0) as u16)
}

#[cfg(test)]
#[path = "tests/accept.rs"]
mod tests;
