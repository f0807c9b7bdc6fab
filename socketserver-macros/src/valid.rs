//! Checks a handler. Each message is located at the tokens that are wrong and says what to write
//! instead.

use quote::ToTokens;
use syn::{Data, Expr, Fields, GenericParam, Ident};

use crate::ast::{Field, Handler, Kind, Part};
use crate::attr::{self, DEFAULT, Setting};
use crate::errors::Errors;
use crate::kinds;
use crate::values::Value;

impl Handler<'_> {
    pub(crate) fn validate(&self, errors: &mut Errors) {
        self.validate_shape(errors);
        self.validate_generics(errors);
        for setting in &self.settings.set {
            self.validate_effect(setting, errors);
            self.validate_scope(setting, errors);
        }
        for name in &self.settings.unknown {
            errors.at(name, self.misplaced_option(name));
        }
        self.validate_required(errors);
        for field in &self.fields {
            for name in &field.settings.unknown {
                errors.at(name, self.misplaced_field_option(field, name));
            }
            for setting in &field.settings.set {
                self.validate_scope(setting, errors);
            }
            self.validate_name(field, errors);
        }
    }

    fn validate_shape(&self, errors: &mut Errors) {
        let name = &self.input.ident;
        let wrapped =
            |what| format!("expected a struct: write one that has this {what} as a field");
        match &self.input.data {
            Data::Enum(data) => errors.at(data.enum_token, wrapped("enum")),
            Data::Union(data) => errors.at(data.union_token, wrapped("union")),
            Data::Struct(data) => {
                if let Fields::Unnamed(fields) = &data.fields {
                    let message =
                        format!("expected named fields: write `struct {name} {{ request: … }}`");
                    errors.push(syn::Error::new(fields.paren_token.span.join(), message));
                }
            }
        }
    }

    fn validate_required(&self, errors: &mut Errors) {
        if let Some((part, purpose)) = self.kind.required
            && !self.declares(part)
        {
            let (name, types) = (part.name, part.types.join("` or `"));
            let kind = self.kind.derive;
            errors.at(
                &self.input.ident,
                format!("`{kind}` needs the field `{name}: {types}`: {purpose}"),
            );
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
                        "a handler cannot borrow, because it is `'static`: \
                         its fields must own their data",
                    );
                    &parameter.attrs
                }
            };
            for attribute in attributes.iter().filter(|attribute| attr::is_ours(attribute)) {
                errors.at(
                    attribute,
                    "expected `#[handler(…)]` above the struct or a field, not at a parameter",
                );
            }
        }
    }

    /// An option without effect is a mistake, because it reads as if it had one.
    fn validate_effect(&self, setting: &Setting, errors: &mut Errors) {
        let Some(field) = setting.option.field else {
            return;
        };
        let mut filled = self.fields.iter().filter_map(|field| field.part);
        if filled.all(|part| part.name != field) {
            let name = &setting.name;
            errors.at(
                name,
                format!("`{name}` has no effect: this struct does not declare `{field}`"),
            );
        }
    }

    /// An expression in an attribute sees neither the handler nor what fills it. The compiler
    /// would say so too, but not where they are available.
    fn validate_scope(&self, setting: &Setting, errors: &mut Errors) {
        let Value::Expression(expression) = &setting.value else {
            return;
        };
        let Some(name) = receiver(expression) else {
            return;
        };
        let available = match self.kind.part(name) {
            Some(part) => format!("`self.{}`", part.name),
            None if name == "self" => "it".to_owned(),
            None => return,
        };
        errors.at(
            name,
            format!("`{name}` is not available in an attribute: use {available} in `setup`"),
        );
    }

    /// What is wrong with an option on the struct that the kind does not have.
    fn misplaced_option(&self, name: &Ident) -> String {
        let kind = self.kind.derive;
        if name == DEFAULT.name {
            return "`default` is an option of fields: \
                    write `#[handler(default = …)]` above the field"
                .to_owned();
        }
        let owners = derives(|kind| kind.has_option(name));
        if !owners.is_empty() {
            let owners = listed(&owners);
            return format!("`{name}` is an option of `{owners}`, not of `{kind}`");
        }
        let options: Vec<_> = self.kind.all_options().map(|option| option.name).collect();
        let options = options.join("`, `");
        format!("unknown option `{name}`: `{kind}` accepts only `{options}`")
    }

    /// What is wrong with an option on a field that the field does not have.
    fn misplaced_field_option(&self, field: &Field<'_>, name: &Ident) -> String {
        if name == DEFAULT.name {
            let (field, kind) = (field.name, self.kind.derive);
            return format!("`{field}` is filled by `{kind}`, so it cannot have a default");
        }
        let own = self.kind.has_option(name).then_some(self.kind.derive);
        match own.or_else(|| derives(|kind| kind.has_option(name)).first().copied()) {
            Some(owner) => {
                format!("`{name}` is an option of the struct: write it below `#[derive({owner})]`")
            }
            None => format!("unknown option `{name}`: a field accepts only `default`"),
        }
    }

    /// A field that has the name of another kind's part, or nearly the name of a part of this kind,
    /// is probably a mistake. A default shows that it is none.
    fn validate_name(&self, field: &Field<'_>, errors: &mut Errors) {
        if field.part.is_some() || field.default().is_some() {
            return;
        }
        let own = "this field is your own, write `#[handler(default = …)]` above it";
        let name = field.name;
        let others = derives(|kind| kind.part(name).is_some());
        if !others.is_empty() {
            let (others, kind) = (listed(&others), self.kind.derive);
            errors.at(name, format!("`{name}` is filled by `{others}`, not by `{kind}`: if {own}"));
        } else if let Some(part) = self.meant_by(field) {
            errors.at(name, format!("did you mean `{}`? If {own}", part.name));
        }
    }

    /// The part whose type a field has, and nearly its name. Without an error, the field would
    /// start empty and stay empty.
    fn meant_by(&self, field: &Field<'_>) -> Option<&'static Part> {
        const NEAR: usize = 2;
        let name = field.name.to_string();
        let ty = field.ty.to_token_stream().to_string().replace(' ', "");
        let ty = ty.trim_start_matches("socketserver::");
        let is = |like: &&str| ty == *like || ty.starts_with(&format!("{like}<"));
        self.kind
            .all_parts()
            .filter(|part| !self.declares(part))
            .filter(|part| part.types.iter().any(is))
            .map(|part| (distance(&name, part.name), part))
            .filter(|(distance, _)| *distance <= NEAR)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, part)| part)
    }
}

/// The variable whose field or method an expression uses.
fn receiver(expression: &Expr) -> Option<&Ident> {
    let used = match expression {
        Expr::Field(field) => &field.base,
        Expr::MethodCall(call) => &call.receiver,
        Expr::Reference(reference) => return receiver(&reference.expr),
        Expr::Group(group) => return receiver(&group.expr),
        _ => return None,
    };
    match &**used {
        Expr::Path(path) => path.path.get_ident(),
        used => receiver(used),
    }
}

/// The derives of the kinds for which the condition holds.
fn derives(condition: impl Fn(&Kind) -> bool) -> Vec<&'static str> {
    let kinds = kinds::ALL.iter().filter(|kind| condition(kind));
    kinds.map(|kind| kind.derive).collect()
}

/// How many letters must be added, removed or changed to turn one word into the other.
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

/// "a`, `b` and `c", to stand in backticks.
fn listed(names: &[&str]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => {
            format!("{}` and `{last}", others.join("`, `"))
        }
        names => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{base, datagram, stream};

    /// Where each message stands is shown by `tests/ui`.
    #[track_caller]
    fn check(kind: &'static Kind, handler: &str, expected: &[&str]) {
        let input = syn::parse_str(handler).expect("an item");
        let mut errors = Errors::default();
        Handler::from_syn(kind, &input, &mut errors).validate(&mut errors);
        assert_eq!(errors.messages(), expected, "{handler}");
    }

    const OWN: &str = "this field is your own, write `#[handler(default = …)]` above it";

    #[test]
    fn valid_handlers_have_no_errors() {
        check(&base::KIND, "struct Unit;", &[]);
        check(&base::KIND, "struct Empty {}", &[]);
        let own = "struct Own { #[handler(default = None)] rfile: Option<File> }";
        check(&base::KIND, own, &[]);
        let all = "struct All { packet: P, socket: S, rfile: R, wfile: W, x: u8 }";
        check(&datagram::KIND, all, &[]);
        let options = "
            #[handler(rbufsize = -1, wbufsize = SIZE, timeout = 30)]
            #[handler(disable_nagle_algorithm)]
            struct Options<T: Clone, const N: usize> {
                rfile: SocketReader, wfile: SocketWriter, more: [T; N]
            }";
        check(&stream::KIND, options, &[]);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let handler = "
            #[handler(timeout = 1, timeout = 2, timeot = 3)]
            struct Wrong<'a> {
                #[handler(rbufsize = 1, default = 1)] request: Socket, packet: &'a [u8]
            }";
        let expected = [
            "`timeout` is given twice",
            "a handler cannot borrow, because it is `'static`: its fields must own their data",
            "unknown option `timeot`: `StreamRequestHandler` accepts only \
             `rbufsize`, `wbufsize`, `timeout`, `disable_nagle_algorithm`, `crate`",
            "`rbufsize` is an option of the struct: \
             write it below `#[derive(StreamRequestHandler)]`",
            "`request` is filled by `StreamRequestHandler`, so it cannot have a default",
            &format!(
                "`packet` is filled by `DatagramRequestHandler`, not by `StreamRequestHandler`: \
                 if {OWN}"
            ),
        ];
        check(&stream::KIND, handler, &expected);
    }

    #[test]
    fn near_misses_get_a_suggestion() {
        let meant = |name: &str| format!("did you mean `{name}`? If {OWN}");
        let misspelt = "
            struct Misspelt {
                packt: Arc<[u8]>, file: Vec<u8>, client_adress: Address, sevrer: ServerRef<Chat>
            }";
        let expected = ["packet", "wfile", "client_address", "server"].map(meant);
        check(&datagram::KIND, misspelt, &expected.each_ref().map(String::as_str));
        // Of another type, too far from any name, with a default, of another kind, or declared.
        let own = "
            struct Own {
                requests: usize, ticket: Arc<Ticket>, lines: Vec<u8>,
                #[handler(default = Vec::new())] file: Vec<u8>,
                connections: Socket, packet: Arc<[u8]>, packets: Arc<[u8]>
            }";
        check(&datagram::KIND, own, &[]);
    }

    #[test]
    fn misplaced_names_have_their_place_explained() {
        let of_three = format!(
            "`rfile` is filled by `StreamRequestHandler`, `DatagramRequestHandler` and \
             `BaseHTTPRequestHandler`, not by `BaseRequestHandler`: if {OWN}"
        );
        for (handler, expected) in [
            (
                "#[handler(timeout = 30)] struct H;",
                "`timeout` is an option of `StreamRequestHandler` and `BaseHTTPRequestHandler`, \
                 not of `BaseRequestHandler`",
            ),
            (
                "#[handler(wbufsize = 0)] struct H { request: Socket }",
                "`wbufsize` is an option of `StreamRequestHandler`, not of `BaseRequestHandler`",
            ),
            (
                "#[handler(daemon_threads = true)] struct H;",
                "unknown option `daemon_threads`: `BaseRequestHandler` accepts only `crate`",
            ),
            (
                "#[handler(default = 1024)] struct H { most: usize }",
                "`default` is an option of fields: \
                 write `#[handler(default = …)]` above the field",
            ),
            (
                "struct H { #[handler(defualt = 1024)] most: usize }",
                "unknown option `defualt`: a field accepts only `default`",
            ),
            ("struct H { rfile: SocketReader }", &of_three),
        ] {
            check(&base::KIND, handler, &[expected]);
        }
    }

    #[test]
    fn options_without_effect_are_reported() {
        let no_files = [
            "`rbufsize` has no effect: this struct does not declare `rfile`",
            "`wbufsize` has no effect: this struct does not declare `wfile`",
        ];
        let handler = "#[handler(rbufsize = 0, wbufsize = 0)] struct H { request: Socket }";
        check(&stream::KIND, handler, &no_files);
    }

    #[test]
    fn expressions_see_neither_the_handler_nor_its_parts() {
        let handler = "
            #[handler(timeout = server.idle)]
            struct Idle {
                #[handler(default = &client_address.ip().octets)] octets: [u8; 4],
                #[handler(default = self.limit)] copy: usize,
                #[handler(default = { let request = [0]; request.len() })] own: usize,
                #[handler(default = connection())] called: usize,
                #[handler(default = server::DEFAULT.limit)] path: usize,
                #[handler(default = packet.len())] of_another_kind: usize
            }";
        let expected = [
            "`server` is not available in an attribute: use `self.server` in `setup`",
            "`client_address` is not available in an attribute: \
             use `self.client_address` in `setup`",
            "`self` is not available in an attribute: use it in `setup`",
        ];
        check(&stream::KIND, handler, &expected);
    }
}
