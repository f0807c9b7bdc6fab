//! The code that goes with the errors.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::ast::Handler;
use crate::signature;

/// The errors, and an impl for every request and every server. Without the impl, each use of the
/// struct would be another error and bury those that matter.
pub(crate) fn expand(handler: &Handler<'_>, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    let library = handler.library(Span::call_site());
    let input = handler.input;
    let generics = signature::generics(input, &[quote!(__R), quote!(__S)]);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let name = &input.ident;
    let further = handler.kind.stand_in.map(|stand_in| stand_in(handler));

    quote! {
        #errors

        #[automatically_derived]
        impl #impl_generics #library::RequestHandler<__R, __S>
            for #name #ty_generics #where_clause
        {
            fn handle_request(
                _: __R,
                _: #library::Address,
                _: #library::ServerRef<__S>,
            ) -> ::core::result::Result<(), #library::HandlerError> {
                ::core::unreachable!()
            }
        }

        #further
    }
}
