//! From a handler to its `impl RequestHandler`.
//!
//! The generated code only calls the library, where the work is done and can be read and tested.
//! Its paths are absolute, so no name of the user's can change what it means. Its local variables
//! have the macro's own hygiene (`mixed_site`), so no expression of the user's can see them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Ident};

use crate::ast::{ARGUMENTS, Field, Handler, Kind, Part, REQUEST};
use crate::errors::Errors;
use crate::fallback;
use crate::signature::{self, Signature};

/// The handler's impl; or its mistakes, with an impl that stands in for it.
pub(crate) fn derive(kind: &'static Kind, input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let handler = Handler::from_syn(kind, input, &mut errors);
    handler.validate(&mut errors);
    match errors.finish() {
        Ok(()) => impl_handler(&handler),
        Err(error) => fallback::expand(&handler, &error),
    }
}

fn impl_handler(handler: &Handler<'_>) -> TokenStream {
    let name = &handler.input.ident;
    let library = handler.library(Span::call_site());
    let Signature { generics, implemented, request, server } = signature::of(handler);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = handler.input.generics.split_for_impl();

    let [request_argument, client_address_argument, server_argument] = ARGUMENTS.map(Part::local);
    // The parts are made from clones, so that the arguments can be moved into the struct
    // afterwards, in whatever order its fields stand.
    let parts = (handler.kind.prepare)(handler);
    let fields = handler.fields.iter().map(|field| initial_value(handler, field));
    let setup = hook(handler, "setup");
    let handle = match handler.kind.handle {
        Some(handle) => handle(handler),
        None => hook(handler, "handle"),
    };
    let finish = hook(handler, "finish");
    let further = handler.kind.further.map(|further| further(handler));
    let base = (handler.kind.base)(handler).unwrap_or_else(|| quote!(|_: &mut Self, _| {}));

    // The impl repeats the types of the fields, without the `#[allow]`s that stand above them.
    quote! {
        #[allow(deprecated, unused_qualifications)]
        #[automatically_derived]
        impl #impl_generics #implemented for #name #ty_generics #where_clause {
            fn handle_request(
                #request_argument: #request,
                #client_address_argument: #library::Address,
                #server_argument: #server,
            ) -> ::core::result::Result<(), #library::HandlerError> {
                #parts
                #library::__private::run(
                    Self { #(#fields,)* }, #setup, #handle, #finish, #base
                )
            }
        }
        #further
    }
}

/// One field of the struct expression.
fn initial_value(handler: &Handler<'_>, field: &Field<'_>) -> TokenStream {
    let Field { name, ty, .. } = field;
    match (field.part, field.default()) {
        (Some(part), _) => {
            // Located at the field, where a type that does not fit is to be reported.
            let mut value = part.local();
            value.set_span(value.span().located_at(name.span()));
            if std::ptr::eq(part, &REQUEST) && signature::converts_request(handler) {
                quote!(#name: ::core::convert::Into::into(#value))
            } else {
                quote!(#name: #value)
            }
        }
        (None, Some(default)) => quote!(#name: #default),
        (None, None) => {
            // The span of the type, to which an error about a type without a default points.
            let library = handler.library(ty.span());
            quote_spanned!(ty.span()=> #name: <#ty as #library::__private::DefaultField>::value())
        }
    }
}

/// A closure that calls a method of the user's, whatever it returns and however it takes `self`.
fn hook(handler: &Handler<'_>, method: &str) -> TokenStream {
    // Located at the struct's name, where a missing `handle` and a wrong return type are reported.
    let name = handler.input.ident.span();
    let span = Span::call_site().located_at(name);
    let library = handler.library(Span::call_site());
    let it = Ident::new("it", Span::mixed_site().located_at(name));
    let method = Ident::new(method, span);
    // `handle` has no default. The trait with the defaults of the others is imported here and not
    // further out. There its methods could hide those that an expression of the user's calls.
    let optional =
        (method != "handle").then(|| quote! { use #library::__private::OptionalHooks as _; });
    // The parentheses matter. On the place `*it`, method lookup tries `H`, `&H`, `&mut H`, and
    // finds an inherent `&self` or `&mut self` before the default. On `it`, it would find the
    // default before an inherent `&self`.
    let library = handler.library(span);
    let call = quote_spanned!(span=> #library::__private::Outcome::into_result((*#it).#method()));
    quote! {
        |#it: &mut Self| {
            #optional
            #call
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;
    use crate::kinds;

    fn compile_errors(input: &DeriveInput) -> Vec<usize> {
        let derived = kinds::ALL.iter().map(|kind| derive(kind, input).to_string());
        derived
            .inspect(|code| assert_eq!(code.matches("RequestHandler <").count(), 1, "{code}"))
            .map(|code| code.matches("compile_error").count())
            .collect()
    }

    #[test]
    fn generated_code_uses_the_given_library_path() {
        let handlers: [DeriveInput; 5] = [
            parse_quote! { #[handler(crate = lib)] struct H; },
            parse_quote! { #[handler(crate = lib)] struct H { server: ServerRef<S>, own: u8 } },
            parse_quote! { #[handler(crate = lib, timeout = 3)] struct H { request: Socket } },
            parse_quote! {
                #[handler(crate = lib, timeout = 3)]
                struct H {
                    request: Request, connection: Socket, rfile: R, wfile: W, packet: P, socket: S
                }
            },
            parse_quote! { #[handler(crate = lib, unknown)] struct H<'a>(&'a str); },
        ];
        for input in &handlers {
            for kind in kinds::ALL {
                let code = derive(kind, input).to_string();
                assert!(code.contains("lib :: RequestHandler <"), "{code}");
                assert!(!code.contains(":: socketserver"), "{code}");
            }
        }
    }

    #[test]
    fn mistakes_come_with_an_impl() {
        // A kind that needs a field misses it too.
        let missing = kinds::ALL.iter().map(|kind| usize::from(kind.required.is_some()));
        let (missing, of_tuple): (Vec<_>, Vec<_>) = missing.map(|count| (count, count + 1)).unzip();
        assert_eq!(compile_errors(&parse_quote! { struct H<T>(T); }), of_tuple);
        assert_eq!(compile_errors(&parse_quote! { struct H<T> { own: T } }), missing);
    }
}
