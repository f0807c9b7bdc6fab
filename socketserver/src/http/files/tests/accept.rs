use super::*;

#[test]
fn codings_are_ordered_by_weight_then_size() {
    let expected = [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br zstd gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip br"),
        ("br;q=0, gzip", "gzip"),
        ("br ; q=0.8 , gzip ; q=0.9", "gzip br"),
        ("*", "br zstd gzip"),
        ("*;q=0", ""),
        ("*;q=0.5, zstd;q=0", "br gzip"),
        ("gzip;q=0, *", "br zstd"),
        ("x-gzip;q=0.1, *;q=0", "gzip"),
        ("gzip;q=0.000", ""),
        ("gzip;q=2", ""),
        ("gzip;q=x", ""),
        ("gzip;q=0.5, identity;q=0.9", ""),
        ("gzip;q=0.5, identity;q=0", "gzip"),
        ("deflate", ""),
        (";;,,q=1,", ""),
    ];
    for (field, names) in expected {
        let codings: Vec<_> = codings(field).map(|coding| coding.name).collect();
        assert_eq!(codings.join(" "), names, "{field}");
    }
}

#[test]
fn json_is_for_clients_that_prefer_it() {
    let expected = [
        ("application/json", true),
        ("application/json, text/html;q=0.9", true),
        ("application/*;q=0.5", true),
        ("text/html, application/json;q=0.9", false),
        ("text/html,application/xhtml+xml,*/*;q=0.8", false),
        ("*/*", false),
        ("application/json;q=0, */*", false),
        ("", false),
    ];
    for (accept, json) in expected {
        assert_eq!(prefers_json(accept), json, "{accept}");
    }
    assert!(names_html("text/html,application/xhtml+xml,*/*;q=0.8"));
    assert!(!names_html("text/html;q=0"));
    assert!(!names_html("*/*"));
}
