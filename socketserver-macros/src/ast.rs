//! A handler as the derives see it: its kind, its fields and what their names mean.

use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Expr, Fields, Ident, Type};

use crate::attr::{self, Setting};
use crate::valid::Errors;

/// Which of the three derives was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Base,
    Stream,
    Datagram,
}

/// What a handler can be given for a request. The fields are found by these names alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Request,
    ClientAddress,
    Server,
    Connection,
    Rfile,
    Wfile,
    Packet,
    Socket,
}

/// A struct one of the derives stands on.
pub(crate) struct Handler<'a> {
    pub(crate) kind: Kind,
    pub(crate) input: &'a DeriveInput,
    pub(crate) settings: Vec<Setting>,
    pub(crate) fields: Vec<Field<'a>>,
}

pub(crate) struct Field<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    /// What the name means to any of the derives; `None` for a name that is the user's own.
    pub(crate) part: Option<Part>,
    pub(crate) settings: Vec<Setting>,
}

impl Kind {
    pub(crate) fn derive(self) -> &'static str {
        match self {
            Kind::Base => "BaseRequestHandler",
            Kind::Stream => "StreamRequestHandler",
            Kind::Datagram => "DatagramRequestHandler",
        }
    }

    pub(crate) fn fills(self, part: Part) -> bool {
        match part {
            Part::Request | Part::ClientAddress | Part::Server => true,
            Part::Rfile | Part::Wfile => self != Kind::Base,
            Part::Connection => self == Kind::Stream,
            Part::Packet | Part::Socket => self == Kind::Datagram,
        }
    }

    /// The options that may stand on the struct.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Kind::Stream => &["rbufsize", "wbufsize", "timeout", "disable_nagle_algorithm"],
            Kind::Base | Kind::Datagram => &[],
        }
    }
}

impl Part {
    pub(crate) const ALL: [Part; 8] = [
        Part::Request,
        Part::ClientAddress,
        Part::Server,
        Part::Connection,
        Part::Rfile,
        Part::Wfile,
        Part::Packet,
        Part::Socket,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Request => "request",
            Part::ClientAddress => "client_address",
            Part::Server => "server",
            Part::Connection => "connection",
            Part::Rfile => "rfile",
            Part::Wfile => "wfile",
            Part::Packet => "packet",
            Part::Socket => "socket",
        }
    }

    /// The types it is declared with, as they are mostly written. A macro knows types by their names
    /// only.
    pub(crate) fn types(self) -> &'static [&'static str] {
        match self {
            Part::Request => &["Socket", "Datagram", "Request"],
            Part::ClientAddress => &["Address"],
            Part::Server => &["ServerRef"],
            Part::Connection | Part::Socket => &["Socket"],
            Part::Rfile => &["SocketReader", "Cursor<Arc<[u8]>>"],
            Part::Wfile => &["SocketWriter", "Vec<u8>"],
            Part::Packet => &["Arc<[u8]>"],
        }
    }

    pub(crate) fn named(name: &Ident) -> Option<Part> {
        let name = name.unraw();
        Part::ALL.into_iter().find(|part| name == part.name())
    }
}

impl<'a> Handler<'a> {
    /// Reads what can be read. Enums, unions and tuple structs come out without fields; `valid` turns them away.
    pub(crate) fn from_syn(kind: Kind, input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => Some(&fields.named),
                Fields::Unnamed(_) | Fields::Unit => None,
            },
            Data::Enum(_) | Data::Union(_) => None,
        };
        Handler {
            kind,
            input,
            settings: attr::settings(&input.attrs, errors),
            fields: fields
                .into_iter()
                .flatten()
                .filter_map(|field| Field::from_syn(field, errors))
                .collect(),
        }
    }

    /// The field that is filled with this part, when the struct declares it.
    pub(crate) fn field(&self, part: Part) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| self.filled(field) == Some(part))
    }

    pub(crate) fn declares(&self, part: Part) -> bool {
        self.field(part).is_some()
    }

    /// What this derive fills the field with; `None` when it starts with its default.
    pub(crate) fn filled(&self, field: &Field<'_>) -> Option<Part> {
        field.part.filter(|part| self.kind.fills(*part))
    }
}

impl<'a> Field<'a> {
    fn from_syn(field: &'a syn::Field, errors: &mut Errors) -> Option<Self> {
        let name = field.ident.as_ref()?;
        Some(Field {
            name,
            ty: &field.ty,
            part: Part::named(name),
            settings: attr::settings(&field.attrs, errors),
        })
    }

    /// The expression of `#[handler(default = …)]`.
    pub(crate) fn default(&self) -> Option<&Expr> {
        self.settings
            .iter()
            .find(|setting| setting.name == "default")?
            .value
            .as_ref()
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn names_mean_something_only_where_the_derive_fills_them() {
        let input: DeriveInput = parse_quote! {
            struct Echo { request: Socket, r#server: ServerRef<()>, connection: Socket, packet: Packet, lines: usize }
        };
        let mut errors = Errors::default();
        let handler = Handler::from_syn(Kind::Stream, &input, &mut errors);
        let filled: Vec<_> = handler
            .fields
            .iter()
            .map(|field| handler.filled(field))
            .collect();
        assert_eq!(
            filled,
            [
                Some(Part::Request),
                Some(Part::Server),
                Some(Part::Connection),
                None,
                None
            ]
        );
        assert_eq!(handler.fields[3].part, Some(Part::Packet));
        assert!(
            handler.declares(Part::Connection)
                && !handler.declares(Part::Packet)
                && !handler.declares(Part::Wfile)
        );
    }

    #[test]
    fn without_named_fields_there_is_nothing_to_fill() {
        let mut errors = Errors::default();
        for input in [
            parse_quote! { struct Unit; },
            parse_quote! { struct Pair(A, B); },
            parse_quote! { enum Either { A { request: B }, } },
        ] {
            assert!(
                Handler::from_syn(Kind::Base, &input, &mut errors)
                    .fields
                    .is_empty()
            );
        }
    }
}
