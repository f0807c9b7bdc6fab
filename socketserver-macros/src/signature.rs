//! Which requests and which servers a handler is for: `impl<…> RequestHandler<…> for …`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Generics, Type, WherePredicate, parse_quote};

use crate::ast::{Field, Handler, Kind, Part};

/// What stands around the body, all of it decided by the types of `request` and `server`.
pub(crate) struct Signature {
    pub(crate) generics: Generics,
    /// `RequestHandler<request, state>`
    pub(crate) implemented: TokenStream,
    pub(crate) request: TokenStream,
    pub(crate) server: TokenStream,
}

pub(crate) fn of(handler: &Handler<'_>) -> Signature {
    let mut added = Vec::new();
    let request = match (handler.kind, handler.field(Part::Request)) {
        (Kind::Stream, _) => quote!(::socketserver::Socket),
        (Kind::Datagram, _) => quote!(::socketserver::Datagram),
        (Kind::Base, Some(field)) if !takes_either(field.ty) => field.ty.to_token_stream(),
        (Kind::Base, field) => {
            let either = field.map(|Field { ty, .. }| quote!(: ::core::convert::Into<#ty>));
            added.push(quote!(__R #either));
            quote!(__R)
        }
    };
    let (implemented, server) = match handler.field(Part::Server) {
        Some(Field { ty, .. }) => {
            // Located at the type, where one that is no `ServerRef` is to be reported.
            let span = Span::call_site().located_at(ty.span());
            let state =
                quote_spanned!(span=> <#ty as ::socketserver::__private::ServerField>::State);
            (
                quote_spanned!(span=> ::socketserver::RequestHandler<#request, #state>),
                ty.to_token_stream(),
            )
        }
        None => {
            added.push(quote!(__S));
            (
                quote!(::socketserver::RequestHandler<#request, __S>),
                quote!(::socketserver::ServerRef<__S>),
            )
        }
    };
    Signature {
        generics: generics(handler.input, &added),
        implemented,
        request,
        server,
    }
}

/// Whether the type is `Request`, the enum of a socket and a datagram. A macro knows types by their names only.
pub(crate) fn takes_either(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => takes_either(&group.elem),
        Type::Paren(paren) => takes_either(&paren.elem),
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "Request"),
        _ => false,
    }
}

/// The struct's own generics and ours behind them. Every handler is `'static`, so the struct need not say it.
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
    generics.params.extend(
        added
            .iter()
            .map(|parameter| -> GenericParam { parse_quote!(#parameter) }),
    );
    if !own.is_empty() {
        generics.make_where_clause().predicates.extend(
            own.into_iter()
                .map(|own| -> WherePredicate { parse_quote!(#own: 'static) }),
        );
    }
    generics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::derive;

    /// What `impl … for` says, up to the body.
    fn header(kind: Kind, input: DeriveInput) -> String {
        let tokens = derive(kind, &input).to_string();
        let header = tokens
            .split_once("impl ")
            .unwrap()
            .1
            .split_once(" {")
            .unwrap()
            .0;
        header.replace(' ', "").replace("::socketserver::", "")
    }

    #[test]
    fn the_fields_decide_what_is_served() {
        let anything = header(Kind::Base, parse_quote! { struct H; });
        assert_eq!(anything, "<__R,__S>RequestHandler<__R,__S>forH");
        let streams = header(Kind::Base, parse_quote! { struct H { request: Socket } });
        assert_eq!(streams, "<__S>RequestHandler<Socket,__S>forH");
        let both = header(
            Kind::Base,
            parse_quote! { struct H { request: socketserver::Request } },
        );
        assert_eq!(
            both,
            "<__R:::core::convert::Into<socketserver::Request>,__S>RequestHandler<__R,__S>forH"
        );
        let server = header(
            Kind::Datagram,
            parse_quote! { struct H { server: ServerRef<Chat> } },
        );
        assert_eq!(
            server,
            "RequestHandler<Datagram,<ServerRef<Chat>as__private::ServerField>::State>forH"
        );
    }

    #[test]
    fn generics_are_carried_over() {
        let input = parse_quote! { struct H<#[cfg(all())] T: Clone, const N: usize = 3> where T: Default { own: [T; N] } };
        let expected =
            "<T:Clone,constN:usize,__S>RequestHandler<Socket,__S>forH<T,N>whereT:Default,T:'static";
        assert_eq!(header(Kind::Stream, input), expected);
    }

    #[test]
    fn a_mistake_comes_with_an_impl() {
        let tokens = derive(Kind::Stream, &parse_quote! { struct H<T>(T); }).to_string();
        assert_eq!(tokens.matches("compile_error").count(), 1);
        assert_eq!(
            header(Kind::Stream, parse_quote! { struct H<T>(T); }),
            "<T,__R,__S>RequestHandler<__R,__S>forH<T>whereT:'static"
        );
    }
}
