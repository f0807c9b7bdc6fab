//! `StreamRequestHandler`: files to read and write a connection, with options.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use crate::ast::{Field, Handler, Kind, Part, REQUEST, RequestType};
use crate::attr::{HandlerOption, Setting};
use crate::values::ValueType;

static CONNECTION: Part = Part { name: "connection", types: &["Socket"] };
pub(crate) static RFILE: Part = Part { name: "rfile", types: &["SocketReader"] };
pub(crate) static WFILE: Part = Part { name: "wfile", types: &["SocketWriter"] };

pub(crate) static KIND: Kind = Kind {
    derive: "StreamRequestHandler",
    request: RequestType::Library("Socket"),
    parts: &[&CONNECTION, &RFILE, &WFILE],
    // Each is a field of the library's `StreamOptions`.
    options: &[
        HandlerOption { name: "rbufsize", value: ValueType::Expression, field: Some(RFILE.name) },
        HandlerOption { name: "wbufsize", value: ValueType::Expression, field: Some(WFILE.name) },
        HandlerOption { name: "timeout", value: ValueType::Seconds, field: None },
        HandlerOption { name: "disable_nagle_algorithm", value: ValueType::Flag, field: None },
    ],
    prepare,
    required: None,
    handle: None,
    further: None,
    stand_in: None,
    base: flush,
};

fn prepare(handler: &Handler<'_>) -> TokenStream {
    let request = REQUEST.local();
    let connection = handler.local(&CONNECTION, quote!(::core::clone::Clone::clone(&#request)));
    let files = files(handler);
    quote!(#connection #files)
}

/// Opens the files if one is declared. Sets the socket's options if there are any.
fn files(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let request = REQUEST.local();
    let options = options(handler);
    let files: Vec<_> = [&RFILE, &WFILE]
        .into_iter()
        .filter(|part| handler.declares(part))
        .map(|part| {
            let (file, local) = (Ident::new(part.name, Span::call_site()), part.local());
            quote!(#file: #local)
        })
        .collect();
    if !files.is_empty() {
        quote! {
            let #library::__private::StreamFiles { #(#files,)* .. } =
                #library::__private::StreamFiles::open(&#request, &#options)?;
        }
    } else if !handler.settings.set.is_empty() {
        quote!(#library::__private::configure(&#request, &#options)?;)
    } else {
        TokenStream::new()
    }
}

/// The struct `StreamOptions`.
fn options(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let default = quote!(#library::__private::StreamOptions::DEFAULT);
    let set: Vec<_> = handler.settings.set.iter().map(option).collect();
    if set.is_empty() {
        return default;
    }
    let others = (set.len() < KIND.options.len()).then(|| quote!(..#default));
    quote!(#library::__private::StreamOptions { #(#set,)* #others })
}

/// One field of `StreamOptions`.
fn option(setting: &Setting) -> TokenStream {
    let Setting { name, value, .. } = setting;
    match setting.option.value {
        // Without the `let`, the error for a value of another type would explain `Some`.
        ValueType::Seconds => {
            let duration = Ident::new("duration", Span::mixed_site());
            quote! {
                #name: {
                    let #duration: ::core::time::Duration = #value;
                    ::core::option::Option::Some(#duration)
                }
            }
        }
        _ => quote!(#name: #value),
    }
}

fn flush(handler: &Handler<'_>) -> Option<TokenStream> {
    let Field { name: wfile, .. } = handler.field(&WFILE)?;
    let it = Ident::new("it", Span::mixed_site());
    // Located at the field, where a wrong type is reported already.
    let span = Span::call_site().located_at(wfile.span());
    let library = handler.library(span);
    let flush = quote_spanned!(span=> #library::__private::flush(&mut #it.#wfile));
    Some(quote!(|#it: &mut Self, _| #flush))
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;
    use crate::errors::Errors;

    fn calls(input: DeriveInput) -> [bool; 3] {
        let handler = Handler::from_syn(&KIND, &input, &mut Errors::default());
        let (before, after) = (prepare(&handler), flush(&handler));
        let code = quote!(#before #after).to_string();
        ["StreamFiles :: open", ":: configure", ":: flush"].map(|call| code.contains(call))
    }

    #[test]
    fn files_are_opened_only_if_declared() {
        let plain = calls(parse_quote! { struct H { request: Socket } });
        assert_eq!(plain, [false, false, false]);
        let options = calls(parse_quote! { #[handler(timeout = 3)] struct H; });
        assert_eq!(options, [false, true, false]);
        let reader = calls(parse_quote! { struct H { rfile: SocketReader } });
        assert_eq!(reader, [true, false, false]);
        let writer = calls(parse_quote! { struct H { wfile: SocketWriter } });
        assert_eq!(writer, [true, false, true]);
    }
}
