//! A handler as the derives see it: the kind that was derived, the fields, and what fills them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident, Type};

use crate::attr::{DEFAULT, HandlerOption, LIBRARY, Setting, Settings};
use crate::errors::Errors;
use crate::values::Value;

/// A kind of handler: what one derive does, as a value. Each has a file in `kinds`.
pub(crate) struct Kind {
    /// The name of the derive.
    pub(crate) derive: &'static str,
    pub(crate) request: RequestType,
    /// What it fills, besides the arguments.
    pub(crate) parts: &'static [&'static Part],
    /// The options of the struct, besides `LIBRARY`.
    pub(crate) options: &'static [HandlerOption],
    /// Statements that run before the struct is built: they put each declared part into its local
    /// variable.
    pub(crate) prepare: fn(&Handler<'_>) -> TokenStream,
    /// The field that a struct cannot do without, and what it is for.
    pub(crate) required: Option<(&'static Part, &'static str)>,
    /// The base class's own `handle`: a closure that gets the handler. `None` if the struct has
    /// one.
    pub(crate) handle: Option<fn(&Handler<'_>) -> TokenStream>,
    /// What the derive writes besides the `impl RequestHandler`.
    pub(crate) further: Option<fn(&Handler<'_>) -> TokenStream>,
    /// The same for a handler with mistakes.
    pub(crate) stand_in: Option<fn(&Handler<'_>) -> TokenStream>,
    /// The base class's work after `finish`: a closure that gets the handler, and whether all its
    /// methods succeeded. `None` if there is nothing to do.
    pub(crate) base: fn(&Handler<'_>) -> Option<TokenStream>,
}

/// Which requests a kind of handler is for.
pub(crate) enum RequestType {
    /// Those of the type of the `request` field. Without that field, all.
    OfField,
    /// Those of the library's type of this name.
    Library(&'static str),
}

/// A value that the derive puts into the field of this name, if the struct declares it.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The usual spellings of its type. A macro sees names, not types.
    pub(crate) types: &'static [&'static str],
}

pub(crate) static REQUEST: Part =
    Part { name: "request", types: &["Socket", "Datagram", "Request"] };
pub(crate) static CLIENT_ADDRESS: Part = Part { name: "client_address", types: &["Address"] };
pub(crate) static SERVER: Part = Part { name: "server", types: &["ServerRef"] };
/// The arguments of `handle_request`, in order. Every kind of handler can have them as fields.
pub(crate) static ARGUMENTS: [&Part; 3] = [&REQUEST, &CLIENT_ADDRESS, &SERVER];

/// A struct on which one of the derives stands.
pub(crate) struct Handler<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) input: &'a DeriveInput,
    /// The options of the kind that were set.
    pub(crate) settings: Settings,
    pub(crate) fields: Vec<Field<'a>>,
    /// Where the library is, if not at `::socketserver`.
    library: Option<Setting>,
}

pub(crate) struct Field<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    /// What the derive fills it with. `None` if it starts with its default.
    pub(crate) part: Option<&'static Part>,
    pub(crate) settings: Settings,
}

impl Kind {
    pub(crate) fn all_parts(&self) -> impl Iterator<Item = &'static Part> {
        ARGUMENTS.into_iter().chain(self.parts.iter().copied())
    }

    /// The part that a field of this name is filled with.
    pub(crate) fn part(&self, name: &Ident) -> Option<&'static Part> {
        let name = name.unraw();
        self.all_parts().find(|part| name == part.name)
    }

    pub(crate) fn all_options(&self) -> impl Iterator<Item = &'static HandlerOption> {
        self.options.iter().chain([&LIBRARY])
    }

    pub(crate) fn has_option(&self, name: &Ident) -> bool {
        self.all_options().any(|option| name == option.name)
    }
}

impl Part {
    /// The local variable that holds it in the generated function.
    pub(crate) fn local(&self) -> Ident {
        Ident::new(self.name, Span::mixed_site())
    }
}

impl<'a> Handler<'a> {
    /// Reads what can be read. Enums, unions and tuple structs come out without fields; `valid`
    /// reports them.
    pub(crate) fn from_syn(
        kind: &'static Kind,
        input: &'a DeriveInput,
        errors: &mut Errors,
    ) -> Self {
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => Some(&fields.named),
                Fields::Unnamed(_) | Fields::Unit => None,
            },
            Data::Enum(_) | Data::Union(_) => None,
        };
        let options: Vec<_> = kind.all_options().collect();
        let mut settings = Settings::parse(&input.attrs, &options, errors);
        Handler {
            kind,
            input,
            library: settings.take(&LIBRARY),
            settings,
            fields: fields
                .into_iter()
                .flatten()
                .filter_map(|field| Field::from_syn(kind, field, errors))
                .collect(),
        }
    }

    /// The path of the library, located at the span.
    pub(crate) fn library(&self, span: Span) -> TokenStream {
        let Some(Setting { value, .. }) = &self.library else {
            return quote_spanned!(span=> ::socketserver);
        };
        let path = value.to_token_stream().into_iter();
        path.map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
    }

    /// The field that this part fills.
    pub(crate) fn field(&self, part: &Part) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is_filled_with(part))
    }

    pub(crate) fn declares(&self, part: &Part) -> bool {
        self.field(part).is_some()
    }

    /// The statement that makes the local variable of a part; nothing if no field needs it.
    pub(crate) fn local(&self, part: &Part, value: TokenStream) -> TokenStream {
        let local = part.local();
        match self.field(part) {
            Some(_) => quote!(let #local = #value;),
            None => TokenStream::new(),
        }
    }
}

impl<'a> Field<'a> {
    fn from_syn(kind: &Kind, field: &'a syn::Field, errors: &mut Errors) -> Option<Self> {
        let name = field.ident.as_ref()?;
        let part = kind.part(name);
        let options = match part {
            Some(_) => [].as_slice(),
            None => &[&DEFAULT],
        };
        Some(Field {
            name,
            ty: &field.ty,
            part,
            settings: Settings::parse(&field.attrs, options, errors),
        })
    }

    /// The expression of `#[handler(default = …)]`.
    pub(crate) fn default(&self) -> Option<&Value> {
        let Setting { value, .. } = self.settings.set.first()?;
        Some(value)
    }

    /// Parts are statics, each with one address.
    fn is_filled_with(&self, part: &Part) -> bool {
        self.part.is_some_and(|filled| std::ptr::eq(filled, part))
    }
}
