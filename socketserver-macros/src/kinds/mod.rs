//! The kinds of handlers, one file each.
//!
//! A new kind is a new file, its two lines here, and its derive with its docs in `lib.rs`. What
//! its code calls at run time belongs to the library, in `handler`, and is exported for the
//! derives in `__private`.

pub(crate) mod base;
pub(crate) mod datagram;
pub(crate) mod http;
pub(crate) mod stream;

use crate::ast::Kind;

/// Every kind, in the order in which messages name them.
pub(crate) static ALL: &[&Kind] = &[&base::KIND, &stream::KIND, &datagram::KIND, &http::KIND];

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;
    use crate::ast::{Handler, SERVER};
    use crate::errors::Errors;

    fn filled(kind: &'static Kind, input: &DeriveInput) -> Vec<Option<&'static str>> {
        let handler = Handler::from_syn(kind, input, &mut Errors::default());
        let parts = handler.fields.iter().map(|field| field.part);
        parts.map(|part| part.map(|part| part.name)).collect()
    }

    #[test]
    fn each_kind_fills_its_own_parts() {
        let input = parse_quote! {
            struct Echo {
                request: R, r#server: S, connection: C, rfile: F, wfile: F, packet: P, lines: usize
            }
        };
        let (request, server) = (Some("request"), Some("server"));
        let files = [Some("rfile"), Some("wfile")];
        assert_eq!(filled(&base::KIND, &input), [request, server, None, None, None, None, None]);
        assert_eq!(
            filled(&stream::KIND, &input),
            [request, server, Some("connection"), files[0], files[1], None, None]
        );
        assert_eq!(
            filled(&datagram::KIND, &input),
            [request, server, None, files[0], files[1], Some("packet"), None]
        );
    }

    #[test]
    fn declares_looks_at_filled_fields_only() {
        let input = parse_quote! { struct Echo { server: S, rfile: F } };
        let declares = |kind, part| {
            let handler = Handler::from_syn(kind, &input, &mut Errors::default());
            handler.declares(part)
        };
        assert!(declares(&base::KIND, &SERVER));
        assert!(declares(&stream::KIND, &stream::RFILE));
        assert!(!declares(&stream::KIND, &stream::WFILE));
        assert!(!declares(&base::KIND, &stream::RFILE));
    }

    #[test]
    fn structs_without_named_fields_fill_nothing() {
        for input in [
            parse_quote! { struct Unit; },
            parse_quote! { struct Pair(A, B); },
            parse_quote! { enum Either { A { request: B }, } },
        ] {
            assert!(filled(&base::KIND, &input).is_empty());
        }
    }
}
