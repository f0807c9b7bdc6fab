//! `BaseHTTPRequestHandler`: methods for the commands, and fields with the request's head and body.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

use crate::ast::{CLIENT_ADDRESS, Field, Handler, Kind, Part, REQUEST, RequestType, SERVER};
use crate::attr::{HandlerOption, Setting};
use crate::values::{Value, ValueType};

static CONNECTION: Part = Part { name: "connection", types: &["Socket"] };
static RFILE: Part = Part { name: "rfile", types: &["BodyReader"] };
static WFILE: Part = Part { name: "wfile", types: &["ReplyWriter"] };
static HEADERS: Part = Part { name: "headers", types: &["Headers"] };
/// Those that hold text of the head.
static TEXTS: [Part; 4] = [
    Part { name: "command", types: &["String"] },
    Part { name: "path", types: &["String"] },
    Part { name: "request_version", types: &["String"] },
    Part { name: "requestline", types: &["String"] },
];

const fn option(name: &'static str, value: ValueType) -> HandlerOption {
    HandlerOption { name, value, field: None }
}

static METHODS: &str = "methods";

pub(crate) static KIND: Kind = Kind {
    derive: "BaseHTTPRequestHandler",
    request: RequestType::Library("Socket"),
    parts: &[&CONNECTION, &RFILE, &WFILE, &HEADERS, &TEXTS[0], &TEXTS[1], &TEXTS[2], &TEXTS[3]],
    // Each but the first is a field of the library's `Settings`.
    options: &[
        option(METHODS, ValueType::Names),
        option("protocol_version", ValueType::Protocol),
        option("server_version", ValueType::Expression),
        option("sys_version", ValueType::Expression),
        option("error_message_format", ValueType::Expression),
        option("error_content_type", ValueType::Expression),
        option("http_0_9", ValueType::Flag),
        option("standard_methods", ValueType::Flag),
        option("timeout", ValueType::Seconds),
        option("limits", ValueType::Expression),
    ],
    prepare,
    required: Some((&WFILE, "it is the reply")),
    handle: Some(handle),
    further: Some(implement),
    stand_in: Some(stand_in),
    base: |_| None,
};

/// Looked for in every handler; others are named in an option.
const COMMANDS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"];

fn prepare(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let exchange = Ident::new("exchange", Span::mixed_site());
    let [request, client_address, server] =
        [&REQUEST, &CLIENT_ADDRESS, &SERVER].map(|part| part.local());
    let settings = settings(handler);
    let connection = handler.local(&CONNECTION, quote!(::core::clone::Clone::clone(&#request)));
    let rfile = handler.local(&RFILE, quote!(#library::__private::http::rfile(&#exchange)));
    let wfile = handler.local(&WFILE, quote!(#library::__private::http::wfile(&#exchange)));
    let heads = TEXTS
        .iter()
        .chain([&HEADERS])
        .map(|part| handler.local(part, quote!(::core::default::Default::default())));
    quote! {
        let #exchange = #library::__private::http::open(
            &#request, &#client_address, &#server, #settings
        );
        #connection #rfile #wfile #(#heads)*
    }
}

/// The settings of a connection. Those of a handler whose options are all constants take no memory
/// of each connection.
fn settings(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let set = handler.settings.set.iter().filter(|setting| setting.option.name != METHODS);
    let are_constant = set.clone().all(|setting| setting.value.is_constant());
    let set = set.map(|Setting { name, value, option }| match option.value {
        ValueType::Seconds => quote!(#name: ::core::option::Option::Some(#value)),
        _ => quote!(#name: #value),
    });
    let private = quote!(#library::__private::http);
    let settings = quote! {
        #private::Settings { #(#set,)* ..#private::Settings::DEFAULT }.with_timeout()
    };
    if are_constant {
        quote!(#private::ChosenSettings::Shared(const { &#settings }))
    } else {
        quote!(#private::ChosenSettings::Own(::std::boxed::Box::new(#settings)))
    }
}

fn handle(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let it = Ident::new("it", Span::mixed_site());
    quote!(|#it: &mut Self| #library::__private::http::serve(#it))
}

/// The commands that the handler may answer, each with its method and where that is named.
fn commands(handler: &Handler<'_>) -> Vec<(String, Ident)> {
    let span = Span::call_site().located_at(handler.input.ident.span());
    let method = |command: &str, span: Span| {
        (
            command.to_owned(),
            Ident::new(&format!("do_{command}"), Span::call_site().located_at(span)),
        )
    };
    let mut commands: Vec<_> = COMMANDS.iter().map(|command| method(command, span)).collect();
    for setting in &handler.settings.set {
        let Value::Names(names) = &setting.value else {
            continue;
        };
        for name in names {
            let name = (name.to_string(), name.span());
            if !commands.iter().any(|(command, _)| *command == name.0) {
                commands.push(method(&name.0, name.1));
            }
        }
    }
    commands
}

/// `impl BaseHTTPRequestHandler for …`.
fn implement(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let Some(Field { name: wfile, .. }) = handler.field(&WFILE) else {
        return TokenStream::new();
    };
    let (assign, calls) = (assign(handler), calls(handler));
    let methods = quote! {
        fn exchange(&self) -> &#library::http::Exchange {
            #library::__private::http::exchange(&self.#wfile)
        }

        #assign
        #calls
    };
    implement_with(handler, &methods)
}

/// The same impl for a handler with mistakes, so that its calls of the trait's methods are no further
/// errors.
fn stand_in(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let methods = quote! {
        fn exchange(&self) -> &#library::http::Exchange {
            ::core::unreachable!()
        }

        fn __assign(&mut self, _: &#library::http::Headers) {}

        fn __commands(&self) -> &'static [&'static str] {
            &[]
        }

        fn __knows(&self, _: &str) -> bool {
            false
        }

        fn __call(
            &mut self,
            _: &str,
        ) -> ::core::option::Option<::core::result::Result<(), #library::HandlerError>> {
            ::core::option::Option::None
        }
    };
    implement_with(handler, &methods)
}

/// The impl with these methods, and with those that the struct may override.
fn implement_with(handler: &Handler<'_>, methods: &TokenStream) -> TokenStream {
    let library = handler.library(Span::call_site());
    let generics = crate::signature::generics(handler.input, &[]);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, ty_generics, _) = handler.input.generics.split_for_impl();
    let (struct_name, hooks) = (&handler.input.ident, hooks(handler));
    quote! {
        #[allow(deprecated, unused_qualifications)]
        #[automatically_derived]
        impl #impl_generics #library::http::BaseHTTPRequestHandler
            for #struct_name #ty_generics #where_clause
        {
            #methods
            #hooks
        }
    }
}

/// What fills the fields with the head of the next request.
fn assign(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let texts = TEXTS.iter().filter_map(|part| {
        let (field, text) = (handler.field(part)?.name, part.name);
        Some(quote!(self.#field = #library::__private::http::text(headers, #text);))
    });
    let headers = handler.field(&HEADERS).map(|field| {
        let field = field.name;
        quote!(self.#field = ::core::clone::Clone::clone(headers);)
    });
    quote! {
        fn __assign(&mut self, headers: &#library::http::Headers) {
            #(#texts)*
            #headers
        }
    }
}

/// What finds the method of a command, and what calls it.
fn calls(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let private = quote!(#library::__private::http);
    let commands = commands(handler);
    let knows = knows(handler, &private, &commands);
    let (names, methods): (Vec<_>, Vec<_>) = commands.into_iter().unzip();
    quote! {
        fn __commands(&self) -> &'static [&'static str] {
            &[#(#names,)*]
        }

        fn __knows(&self, command: &str) -> bool {
            use #private::OptionalMethods as _;
            #knows
        }

        fn __call(
            &mut self,
            command: &str,
        ) -> ::core::option::Option<::core::result::Result<(), #library::HandlerError>> {
            use #private::OptionalMethods as _;
            match command {
                #(#names => #private::MethodOutcome::into_option((*self).#methods()),)*
                _ => ::core::option::Option::None,
            }
        }
    }
}

/// Whether the struct has the method for a `command`.
fn knows(
    handler: &Handler<'_>,
    private: &TokenStream,
    commands: &[(String, Ident)],
) -> TokenStream {
    let struct_name = &handler.input.ident;
    let (names, methods): (Vec<_>, Vec<_>) =
        commands.iter().map(|(name, method)| (name, method)).unzip();
    if handler.input.generics.params.is_empty() {
        // The compiler evaluates a constant in every build, `cargo check` included.
        return quote! {
            const COMMANDS: &[(&str, bool)] = &#private::at_least_one([
                #((#names, #private::exists(&|it: &mut #struct_name| (*it).#methods())),)*
            ]);
            COMMANDS.contains(&(command, true))
        };
    }
    quote! {
        match command {
            #(#names => #private::exists(&|it: &mut Self| (*it).#methods()),)*
            _ => false,
        }
    }
}

/// The methods that a struct can override. A method of the struct's own comes first in method
/// look-up; without one the trait's is found.
fn hooks(handler: &Handler<'_>) -> TokenStream {
    let library = handler.library(Span::call_site());
    let span = Span::call_site().located_at(handler.input.ident.span());
    let io = quote!(::std::io::Result);
    let hooks = [
        ("end_headers", quote!(), quote!(), quote!(#io<()>)),
        ("send_error", quote!(status: #library::http::Status<'_>), quote!(status), quote!(#io<()>)),
        ("log_request", quote!(code: u16, size: u64), quote!(code, size), quote!(())),
        ("log_error", quote!(text: &str), quote!(text), quote!(())),
        ("log_message", quote!(text: &str), quote!(text), quote!(())),
        ("handle_expect_100", quote!(), quote!(), quote!(#io<bool>)),
        ("method_not_allowed", quote!(allowed: &str), quote!(allowed), quote!(#io<()>)),
    ];
    let hooks = hooks.into_iter().map(|(name, parameters, arguments, result)| {
        let (hook, method) = (format_ident!("__{name}"), Ident::new(name, span));
        let comma = (!parameters.is_empty()).then(|| quote!(,));
        let call = quote_spanned!(span=> (*self).#method(#arguments));
        quote! {
            fn #hook(&mut self #comma #parameters) -> #result {
                #[allow(unused_imports)]
                use #library::http::BaseHTTPRequestHandler as _;
                #call
            }
        }
    });
    quote!(#(#hooks)*)
}
