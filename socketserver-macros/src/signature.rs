//! Which requests and which servers a handler is for: `impl<…> RequestHandler<…> for …`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Generics, Type, WherePredicate, parse_quote};

use crate::ast::{Field, Handler, REQUEST, RequestType, SERVER};

/// All that stands around the body. The types of `request` and `server` decide it.
pub(crate) struct Signature {
    pub(crate) generics: Generics,
    /// `RequestHandler<request, state>`
    pub(crate) implemented: TokenStream,
    pub(crate) request: TokenStream,
    pub(crate) server: TokenStream,
}

pub(crate) fn of(handler: &Handler<'_>) -> Signature {
    let mut added = Vec::new();
    let request = request(handler, &mut added);
    let (implemented, server) = match handler.field(&SERVER) {
        Some(Field { ty, .. }) => {
            // Located at the type, where one that is no `ServerRef` is to be reported.
            let span = Span::call_site().located_at(ty.span());
            let library = handler.library(span);
            let state = quote_spanned!(span=> <#ty as #library::__private::ServerField>::State);
            (
                quote_spanned!(span=> #library::RequestHandler<#request, #state>),
                ty.to_token_stream(),
            )
        }
        None => {
            added.push(quote!(__S));
            let library = handler.library(Span::call_site());
            (quote!(#library::RequestHandler<#request, __S>), quote!(#library::ServerRef<__S>))
        }
    };
    Signature { generics: generics(handler.input, &added), implemented, request, server }
}

/// The type of the argument `request`. A type parameter that it needs is added.
fn request(handler: &Handler<'_>, added: &mut Vec<TokenStream>) -> TokenStream {
    if let RequestType::Library(name) = handler.kind.request {
        let library = handler.library(Span::call_site());
        let name = format_ident!("{name}");
        return quote!(#library::#name);
    }
    match handler.field(&REQUEST) {
        Some(Field { ty, .. }) if takes_either(ty) => {
            added.push(quote!(__R: ::core::convert::Into<#ty>));
            quote!(__R)
        }
        Some(Field { ty, .. }) => ty.to_token_stream(),
        None => {
            added.push(quote!(__R));
            quote!(__R)
        }
    }
}

/// Whether the argument `request` must be converted to the type of its field.
pub(crate) fn converts_request(handler: &Handler<'_>) -> bool {
    matches!(handler.kind.request, RequestType::OfField)
        && handler.field(&REQUEST).is_some_and(|field| takes_either(field.ty))
}

/// Whether the type is `Request`, the enum of a socket and a datagram. A macro sees names, not
/// types.
fn takes_either(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => takes_either(&group.elem),
        Type::Paren(paren) => takes_either(&paren.elem),
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|segment| segment.ident == "Request")
        }
        _ => false,
    }
}

/// The struct's own generics, with ours behind them. Handlers are `'static`, so the struct need
/// not say that its parameters are.
pub(crate) fn generics(input: &DeriveInput, added: &[TokenStream]) -> Generics {
    let mut generics = input.generics.clone();
    let mut own = Vec::new();
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(parameter) => {
                parameter.attrs.clear();
                own.push(parameter.ident.to_token_stream());
            }
            GenericParam::Const(parameter) => parameter.attrs.clear(),
            GenericParam::Lifetime(parameter) => {
                parameter.attrs.clear();
                own.push(parameter.lifetime.to_token_stream());
            }
        }
    }
    generics
        .params
        .extend(added.iter().map(|parameter| -> GenericParam { parse_quote!(#parameter) }));
    if !own.is_empty() {
        generics
            .make_where_clause()
            .predicates
            .extend(own.into_iter().map(|own| -> WherePredicate { parse_quote!(#own: 'static) }));
    }
    generics
}
