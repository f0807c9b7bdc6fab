//! What a handler must not say, one sentence each, on the tokens it is about and with what to write instead.

use std::fmt::Display;

use quote::ToTokens;
use syn::{Data, Fields, GenericParam};

use crate::ast::{Field, Handler, Kind, Part};
use crate::attr::{self, Setting};

/// Every mistake is reported at once, so that nobody compiles five times for five of them.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Handler<'_> {
    pub(crate) fn validate(&self, errors: &mut Errors) {
        self.validate_shape(errors);
        self.validate_generics(errors);
        self.validate_options(errors);
        for field in &self.fields {
            self.validate_field(field, errors);
        }
    }

    fn validate_shape(&self, errors: &mut Errors) {
        let name = &self.input.ident;
        let wrapped = |what| {
            format!("a handler is a struct: write `struct …` with this {what} as one of its fields")
        };
        match &self.input.data {
            Data::Enum(data) => errors.at(data.enum_token, wrapped("enum")),
            Data::Union(data) => errors.at(data.union_token, wrapped("union")),
            Data::Struct(data) => {
                if let Fields::Unnamed(fields) = &data.fields {
                    let message = format!(
                        "the fields of a handler are found by their names: write `struct {name} {{ request: … }}`"
                    );
                    errors.push(syn::Error::new(fields.paren_token.span.join(), message));
                }
            }
        }
    }

    fn validate_generics(&self, errors: &mut Errors) {
        for parameter in &self.input.generics.params {
            let attributes = match parameter {
                GenericParam::Type(parameter) => &parameter.attrs,
                GenericParam::Const(parameter) => &parameter.attrs,
                GenericParam::Lifetime(parameter) => {
                    errors.at(
                        &parameter.lifetime,
                        "a handler is `'static` and borrows nothing: let its fields own what they hold",
                    );
                    &parameter.attrs
                }
            };
            for attribute in attributes
                .iter()
                .filter(|attribute| attr::is_ours(attribute))
            {
                errors.at(
                    attribute,
                    "`#[handler(…)]` belongs to the struct or to one of its fields",
                );
            }
        }
    }

    fn validate_options(&self, errors: &mut Errors) {
        let kind = self.kind.derive();
        for setting in new_ones(&self.settings, errors) {
            let name = setting.name.to_string();
            if name == "default" {
                errors.at(
                    &setting.name,
                    "`default` belongs to a field: write `#[handler(default = …)]` above the one it is for",
                );
            } else if !Kind::Stream.options().contains(&name.as_str()) {
                errors.at(&setting.name, self.unknown(&name));
            } else if self.kind != Kind::Stream {
                errors.at(
                    &setting.name,
                    format!("`{name}` is an option of `StreamRequestHandler`; `{kind}` has none"),
                );
            } else {
                self.validate_option(setting, &name, errors);
            }
        }
    }

    fn unknown(&self, name: &str) -> String {
        let kind = self.kind.derive();
        match self.kind.options() {
            [] => format!("`{name}` is no option: `{kind}` has none, and a field has `default`"),
            options => format!(
                "`{name}` is no option: those of `{kind}` are `{}`",
                options.join("`, `")
            ),
        }
    }

    fn validate_option(&self, setting: &Setting, name: &str, errors: &mut Errors) {
        let Some(value) = &setting.value else {
            if name != "disable_nagle_algorithm" {
                errors.at(
                    &setting.name,
                    format!("`{name}` needs a value: `{name} = …`"),
                );
            }
            return;
        };
        match name {
            // What would change nothing is not accepted: it reads as if it did.
            "rbufsize" if !self.declares(Part::Rfile) => {
                errors.at(
                    &setting.name,
                    "`rbufsize` is the buffer of `rfile`, a field this struct does not declare",
                );
            }
            "wbufsize" if !self.declares(Part::Wfile) => {
                errors.at(
                    &setting.name,
                    "`wbufsize` is the buffer of `wfile`, a field this struct does not declare",
                );
            }
            "timeout" => {
                if let Err(message) = attr::timeout(value) {
                    errors.at(value, message);
                }
            }
            _ => {}
        }
    }

    fn validate_field(&self, field: &Field<'_>, errors: &mut Errors) {
        let kind = self.kind.derive();
        let mut has_default = false;
        for setting in new_ones(&field.settings, errors) {
            let name = setting.name.to_string();
            if name == "default" {
                has_default = true;
                if self.filled(field).is_some() {
                    errors.at(
                        &setting.name,
                        format!(
                            "`{}` is filled by `{kind}` and takes no default",
                            field.name
                        ),
                    );
                } else if setting.value.is_none() {
                    errors.at(
                        &setting.name,
                        "`default` needs an expression: `default = …`",
                    );
                }
            } else if Kind::Stream.options().contains(&name.as_str()) {
                let place =
                    "belongs to the struct: write it below `#[derive(StreamRequestHandler)]`";
                errors.at(&setting.name, format!("`{name}` {place}"));
            } else {
                errors.at(
                    &setting.name,
                    format!("`{name}` is no option: that of a field is `default`"),
                );
            }
        }
        if has_default {
            return;
        }
        let own = "for a field of your own write `#[handler(default = …)]` above it";
        if let Some(part) = self.meant_by(field) {
            errors.at(field.name, format!("did you mean `{}`? {own}", part.name()));
        }
        if let Some(part) = field.part.filter(|part| !self.kind.fills(*part)) {
            let others: Vec<_> = [Kind::Stream, Kind::Datagram]
                .into_iter()
                .filter(|kind| kind.fills(part))
                .map(Kind::derive)
                .collect();
            let (name, others) = (field.name, others.join("` and `"));
            errors.at(
                name,
                format!("`{name}` is filled by `{others}`, not by `{kind}`; {own}"),
            );
        }
    }

    /// What a field has nearly the name of, and the type: without a word it would start empty and
    /// stay so.
    fn meant_by(&self, field: &Field<'_>) -> Option<Part> {
        const NEAR: usize = 2;
        if field.part.is_some() {
            return None;
        }
        let name = field.name.to_string();
        let ty = field.ty.to_token_stream().to_string().replace(' ', "");
        let ty = ty.trim_start_matches("socketserver::");
        let is = |like: &&str| ty == *like || ty.starts_with(&format!("{like}<"));
        Part::ALL
            .into_iter()
            .filter(|part| self.kind.fills(*part) && !self.declares(*part))
            .filter(|part| part.types().iter().any(is))
            .map(|part| (distance(&name, part.name()), part))
            .filter(|(distance, _)| *distance <= NEAR)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, part)| part)
    }
}

/// How many letters must be added, left out or changed to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, from) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (left, to) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[left + 1];
            row[left + 1] = changed.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row[to.len()]
}

/// Each setting the first time its name is met; the others are told that they come too late.
fn new_ones<'a>(settings: &'a [Setting], errors: &mut Errors) -> Vec<&'a Setting> {
    let mut new: Vec<&Setting> = Vec::new();
    for setting in settings {
        if new.iter().any(|earlier| earlier.name == setting.name) {
            errors.at(&setting.name, format!("`{}` is given twice", setting.name));
        } else {
            new.push(setting);
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::*;

    #[track_caller]
    fn check(kind: Kind, input: DeriveInput, expected: &[&str]) {
        let mut errors = Errors::default();
        Handler::from_syn(kind, &input, &mut errors).validate(&mut errors);
        let messages: Vec<_> = errors
            .0
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect();
        assert_eq!(messages, expected);
    }

    #[test]
    fn what_is_right_is_let_through() {
        check(Kind::Base, parse_quote! { struct Unit; }, &[]);
        check(Kind::Base, parse_quote! { struct Empty {} }, &[]);
        check(
            Kind::Base,
            parse_quote! { struct Own { #[handler(default = None)] rfile: Option<File> } },
            &[],
        );
        check(
            Kind::Datagram,
            parse_quote! { struct All { packet: P, socket: S, rfile: R, wfile: W, x: u8 } },
            &[],
        );
        let options = parse_quote! {
            #[handler(rbufsize = -1, wbufsize = SIZE, timeout = 30)]
            #[handler(disable_nagle_algorithm)]
            struct Options<T: Clone, const N: usize> { rfile: SocketReader, wfile: SocketWriter, more: [T; N] }
        };
        check(Kind::Stream, options, &[]);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let input = parse_quote! {
            #[handler(timeout = 1, timeout = 2, timeot = 3)]
            struct Wrong<'a> { #[handler(rbufsize = 1, default = 1)] request: Socket, packet: &'a [u8] }
        };
        let expected = [
            "a handler is `'static` and borrows nothing: let its fields own what they hold",
            "`timeout` is given twice",
            "`timeot` is no option: those of `StreamRequestHandler` are \
             `rbufsize`, `wbufsize`, `timeout`, `disable_nagle_algorithm`",
            "`rbufsize` belongs to the struct: write it below `#[derive(StreamRequestHandler)]`",
            "`request` is filled by `StreamRequestHandler` and takes no default",
            "`packet` is filled by `DatagramRequestHandler`, not by `StreamRequestHandler`; \
             for a field of your own write `#[handler(default = …)]` above it",
        ];
        check(Kind::Stream, input, &expected);
    }

    #[test]
    fn a_name_that_is_nearly_one_of_ours() {
        let own = "for a field of your own write `#[handler(default = …)]` above it";
        let meant = ["packet", "wfile", "client_address", "server"]
            .map(|name| format!("did you mean `{name}`? {own}"));
        let misspelt = parse_quote! {
            struct Misspelt {
                packt: Arc<[u8]>, file: Vec<u8>, client_adress: Address, sevrer: ServerRef<Chat>
            }
        };
        check(
            Kind::Datagram,
            misspelt,
            &meant.each_ref().map(String::as_str),
        );
        // Another type, too far away, said to be one's own, not of this derive, or there already.
        let own = parse_quote! {
            struct Own {
                requests: usize, ticket: Arc<Ticket>, lines: Vec<u8>,
                #[handler(default = Vec::new())] file: Vec<u8>,
                connections: Socket, packet: Arc<[u8]>, packets: Arc<[u8]>
            }
        };
        check(Kind::Datagram, own, &[]);
    }

    #[test]
    fn options_without_effect() {
        let options: DeriveInput = parse_quote! {
            #[handler(rbufsize = 0, wbufsize = 0)]
            struct NoFiles { request: Socket }
        };
        let no_files = [
            "`rbufsize` is the buffer of `rfile`, a field this struct does not declare",
            "`wbufsize` is the buffer of `wfile`, a field this struct does not declare",
        ];
        check(Kind::Stream, options.clone(), &no_files);
        let none = ["rbufsize", "wbufsize"].map(|name| {
            format!(
                "`{name}` is an option of `StreamRequestHandler`; `BaseRequestHandler` has none"
            )
        });
        check(Kind::Base, options, &none.each_ref().map(String::as_str));
    }
}
