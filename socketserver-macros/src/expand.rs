//! From a handler to its `impl RequestHandler`.
//!
//! Only names are emitted; what they do is written in the library, where it can be read and tested. Paths are absolute
//! and locals have the macro's own hygiene (`mixed_site`), so nothing of the user's can be mistaken for ours and no
//! expression of the user's can see our locals.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{DeriveInput, Ident};

use crate::ast::{Field, Handler, Kind, Part};
use crate::attr;
use crate::fallback;
use crate::signature::{self, Signature};
use crate::valid::Errors;

/// Reads, judges and writes; or says what is wrong.
pub(crate) fn derive(kind: Kind, input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let handler = Handler::from_syn(kind, input, &mut errors);
    handler.validate(&mut errors);
    match errors.finish() {
        Ok(()) => impl_handler(&handler),
        Err(error) => fallback::expand(input, &error),
    }
}

fn impl_handler(handler: &Handler<'_>) -> TokenStream {
    let name = &handler.input.ident;
    let Signature {
        generics,
        implemented,
        request,
        server,
    } = signature::of(handler);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = handler.input.generics.split_for_impl();

    let arguments = [Part::Request, Part::ClientAddress, Part::Server].map(local);
    let [request_argument, client_address_argument, server_argument] = &arguments;
    let parts = parts(handler);
    let fields = handler
        .fields
        .iter()
        .map(|field| initial_value(handler, field));
    let setup = hook(name, "setup");
    let handle = hook(name, "handle");
    let finish = hook(name, "finish");
    let base = base_part(handler);

    // The fields' types are written a second time in here, out of reach of what is allowed above the fields.
    quote! {
        #[allow(deprecated, unused_qualifications)]
        #[automatically_derived]
        impl #impl_generics #implemented for #name #ty_generics #where_clause {
            fn handle_request(
                #request_argument: #request,
                #client_address_argument: ::socketserver::Address,
                #server_argument: #server,
            ) -> ::core::result::Result<(), ::socketserver::HandlerError> {
                #parts
                ::socketserver::__private::run(Self { #(#fields,)* }, #setup, #handle, #finish, #base)
            }
        }
    }
}

/// A local variable of `handle_request`, named after what it holds.
fn local(part: Part) -> Ident {
    Ident::new(part.name(), Span::mixed_site())
}

/// Makes a local for every declared field that is not an argument already, from clones: so the arguments can be moved
/// into the struct afterwards, in whatever order its fields stand.
fn parts(handler: &Handler<'_>) -> TokenStream {
    let request = local(Part::Request);
    let (values, others) = match handler.kind {
        Kind::Base => (vec![], TokenStream::new()),
        Kind::Stream => (
            vec![(
                Part::Connection,
                quote!(::core::clone::Clone::clone(&#request)),
            )],
            files(handler),
        ),
        Kind::Datagram => (
            vec![
                (
                    Part::Packet,
                    quote!(::core::clone::Clone::clone(&#request.data)),
                ),
                (
                    Part::Socket,
                    quote!(::core::clone::Clone::clone(&#request.socket)),
                ),
                (
                    Part::Rfile,
                    quote!(::socketserver::__private::packet_reader(&#request.data)),
                ),
                (Part::Wfile, quote!(::std::vec::Vec::new())),
            ],
            recipient(handler),
        ),
    };
    let values = values
        .into_iter()
        .filter(|(part, _)| handler.declares(*part))
        .map(|(part, value)| {
            let part = local(part);
            quote!(let #part = #value;)
        });
    quote!(#(#values)* #others)
}

/// The files of a stream handler, only when it has one; the options of its socket, only when it has some.
fn files(handler: &Handler<'_>) -> TokenStream {
    let request = local(Part::Request);
    let options = options(handler);
    let declared = [Part::Rfile, Part::Wfile]
        .into_iter()
        .filter(|part| handler.declares(*part));
    let files: Vec<_> = declared
        .map(|part| {
            let (file, local) = (format_ident!("{}", part.name()), local(part));
            quote!(#file: #local)
        })
        .collect();
    if !files.is_empty() {
        quote! {
            let ::socketserver::__private::StreamFiles { #(#files,)* .. } =
                ::socketserver::__private::StreamFiles::open(&#request, &#options)?;
        }
    } else if !handler.settings.is_empty() {
        quote!(::socketserver::__private::configure(&#request, &#options)?;)
    } else {
        TokenStream::new()
    }
}

fn options(handler: &Handler<'_>) -> TokenStream {
    let given: Vec<_> = handler
        .settings
        .iter()
        .map(|setting| {
            let (name, value) = (&setting.name, setting.value.as_ref());
            let literal = value
                .filter(|_| name == "timeout")
                .and_then(|value| attr::timeout(value).ok().flatten());
            let value = match (value, literal) {
                (_, Some(duration)) => {
                    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
                    quote!(::core::time::Duration::new(#seconds, #nanoseconds))
                }
                (Some(value), None) => value.to_token_stream(),
                // Only `disable_nagle_algorithm` can stand alone.
                (None, None) => quote!(true),
            };
            if name != "timeout" {
                return quote!(#name: #value);
            }
            // A `let`, so that a value of another type is told what was expected and nothing about `Some`.
            let timeout = Ident::new("timeout", Span::mixed_site());
            quote! {
                #name: {
                    let #timeout: ::core::time::Duration = #value;
                    ::core::option::Option::Some(#timeout)
                }
            }
        })
        .collect();
    let default = quote!(::socketserver::__private::StreamOptions::DEFAULT);
    if given.is_empty() {
        return default;
    }
    let others = (given.len() < handler.kind.options().len()).then(|| quote!(..#default));
    quote!(::socketserver::__private::StreamOptions { #(#given,)* #others })
}

/// One field of the struct expression.
fn initial_value(handler: &Handler<'_>, field: &Field<'_>) -> TokenStream {
    let Field { name, ty, .. } = field;
    match (handler.filled(field), field.default()) {
        (Some(part), _) => {
            // Located at the field, where a type that does not fit is to be reported.
            let mut value = local(part);
            value.set_span(value.span().located_at(name.span()));
            if part == Part::Request && handler.kind == Kind::Base && signature::takes_either(ty) {
                quote!(#name: ::core::convert::Into::into(#value))
            } else {
                quote!(#name: #value)
            }
        }
        (None, Some(default)) => quote!(#name: #default),
        (None, None) => quote!(#name: <#ty as ::core::default::Default>::default()),
    }
}

/// A closure that calls one of the user's methods, whatever it returns and however it takes `self`.
fn hook(handler: &Ident, method: &str) -> TokenStream {
    // Located at the struct's name: there a forgotten `handle` or a wrong return type is reported.
    let span = Span::call_site().located_at(handler.span());
    let it = Ident::new("it", Span::mixed_site().located_at(handler.span()));
    let method = Ident::new(method, span);
    // There is no default `handle`. The trait of the others is imported here and not above, where expressions of the
    // user's stand, whose methods it could hide.
    let optional =
        (method != "handle").then(|| quote! { use ::socketserver::__private::OptionalHooks as _; });
    // The parentheses matter. On the place `*it` method lookup tries `H`, `&H`, `&mut H`, and finds an inherent
    // `&self` or `&mut self` before the default; on `it`, the default would come before an inherent `&self`.
    let call =
        quote_spanned!(span=> ::socketserver::__private::Outcome::into_result((*#it).#method()));
    quote! {
        |#it: &mut Self| {
            #optional
            #call
        }
    }
}

/// Where the reply to a datagram goes, kept outside the struct, which need not declare it.
fn recipient(handler: &Handler<'_>) -> TokenStream {
    if !handler.declares(Part::Wfile) {
        return TokenStream::new();
    }
    let (request, client_address) = (local(Part::Request), local(Part::ClientAddress));
    let (reply_socket, reply_address) = reply();
    quote! {
        let #reply_socket = ::core::clone::Clone::clone(&#request.socket);
        let #reply_address = ::core::clone::Clone::clone(&#client_address);
    }
}

fn reply() -> (Ident, Ident) {
    (
        Ident::new("reply_socket", Span::mixed_site()),
        Ident::new("reply_address", Span::mixed_site()),
    )
}

/// What Python's classes do in their own `finish`. It follows the user's, so there is no `super()` to forget.
fn base_part(handler: &Handler<'_>) -> TokenStream {
    let Some(Field { name: wfile, .. }) = handler.field(Part::Wfile) else {
        return quote!(|_: &mut Self, _| {});
    };
    let (it, succeeded) = (
        Ident::new("it", Span::mixed_site()),
        Ident::new("succeeded", Span::mixed_site()),
    );
    // Located at the field, where a type that does not fit is reported already.
    let span = Span::call_site().located_at(wfile.span());
    if handler.kind == Kind::Stream {
        let flush = quote_spanned!(span=> ::socketserver::__private::flush(&mut #it.#wfile));
        return quote!(|#it: &mut Self, _| #flush);
    }
    let (socket, address) = reply();
    let reply =
        quote_spanned!(span=> ::socketserver::__private::reply(&#socket, &#address, &#it.#wfile));
    quote!(|#it: &mut Self, #succeeded| if #succeeded { #reply })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn files_are_opened_for_those_who_declare_them() {
        let calls = |input: DeriveInput| {
            let tokens = derive(Kind::Stream, &input).to_string();
            ["StreamFiles :: open", ":: configure", ":: flush"].map(|call| tokens.contains(call))
        };
        assert_eq!(
            calls(parse_quote! { struct H { request: Socket } }),
            [false, false, false]
        );
        assert_eq!(
            calls(parse_quote! { #[handler(timeout = 3)] struct H; }),
            [false, true, false]
        );
        assert_eq!(
            calls(parse_quote! { struct H { rfile: SocketReader } }),
            [true, false, false]
        );
        assert_eq!(
            calls(parse_quote! { struct H { wfile: SocketWriter } }),
            [true, false, true]
        );
    }
}
