//! `DatagramRequestHandler`: a file to read the packet, and one that becomes the reply.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use crate::ast::{CLIENT_ADDRESS, Field, Handler, Kind, Part, REQUEST, RequestType};

static PACKET: Part = Part { name: "packet", types: &["Arc<[u8]>"] };
static SOCKET: Part = Part { name: "socket", types: &["ReplySocket"] };
static RFILE: Part = Part { name: "rfile", types: &["PacketReader"] };
static WFILE: Part = Part { name: "wfile", types: &["Vec<u8>"] };

pub(crate) static KIND: Kind = Kind {
    derive: "DatagramRequestHandler",
    request: RequestType::Library("Datagram"),
    parts: &[&PACKET, &SOCKET, &RFILE, &WFILE],
    options: &[],
    prepare,
    required: None,
    handle: None,
    further: None,
    stand_in: None,
    base: reply,
};

fn prepare(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let request = REQUEST.local();
    let values = [
        (&PACKET, quote!(::core::clone::Clone::clone(&#request.data))),
        (&SOCKET, quote!(::core::clone::Clone::clone(&#request.socket))),
        (&RFILE, quote!(#library::__private::packet_reader(&#request.data))),
        (&WFILE, quote!(::std::vec::Vec::new())),
    ];
    let parts = values.map(|(part, value)| handler.local(part, value));
    let recipient = recipient(handler);
    quote!(#(#parts)* #recipient)
}

/// Where the reply goes. Kept outside the struct, because the struct need not declare it.
fn recipient(handler: &Handler<'_>) -> TokenStream {
    if !handler.declares(&WFILE) {
        return TokenStream::new();
    }
    let (request, client_address) = (REQUEST.local(), CLIENT_ADDRESS.local());
    let (socket, address) = recipient_locals();
    quote! {
        let #socket = ::core::clone::Clone::clone(&#request.socket);
        let #address = ::core::clone::Clone::clone(&#client_address);
    }
}

fn recipient_locals() -> (Ident, Ident) {
    let local = |name| Ident::new(name, Span::mixed_site());
    (local("reply_socket"), local("reply_address"))
}

fn reply(handler: &Handler<'_>) -> Option<TokenStream> {
    let Field { name: wfile, .. } = handler.field(&WFILE)?;
    let it = Ident::new("it", Span::mixed_site());
    let succeeded = Ident::new("succeeded", Span::mixed_site());
    let (socket, address) = recipient_locals();
    // Located at the field, where a wrong type is reported already.
    let span = Span::call_site().located_at(wfile.span());
    let library = handler.library(span);
    let reply = quote_spanned!(span=> #library::__private::reply(&#socket, &#address, &#it.#wfile));
    Some(quote! {
        |#it: &mut Self, #succeeded| {
            if #succeeded {
                #reply
            } else {
                ::core::result::Result::Ok(())
            }
        }
    })
}
