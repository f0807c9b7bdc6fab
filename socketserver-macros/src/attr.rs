//! Parses `#[handler(…)]`: names become the options they stand for, and values get their type.
//!
//! This file knows options, not handlers: the caller says which options its place has. A name
//! that is none of them is kept for `valid`, which knows where it would belong.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprUnary, Ident, Lit, Meta, Token, UnOp};

use crate::errors::Errors;

/// An option that `#[handler(…)]` can set.
pub(crate) struct HandlerOption {
    pub(crate) name: &'static str,
    pub(crate) value: ValueType,
    /// The field without which the option has no effect.
    pub(crate) field: Option<&'static str>,
}

/// What an option accepts as its value.
#[derive(Clone, Copy)]
pub(crate) enum ValueType {
    /// An expression. The compiler checks its type where it is used.
    Expression,
    /// A `bool`. The name alone means `true`.
    Flag,
    /// A number of seconds, or an expression of the type `Duration`.
    Seconds,
    /// A path to an item.
    Path,
    /// A version of HTTP, or an expression for one.
    Protocol,
    /// A list of identifiers in brackets.
    Names,
}

/// The only option of a field: the expression it starts with.
pub(crate) static DEFAULT: HandlerOption =
    HandlerOption { name: "default", value: ValueType::Expression, field: None };

/// The option that every kind has: where the library is, if not at `::socketserver`.
pub(crate) static LIBRARY: HandlerOption =
    HandlerOption { name: "crate", value: ValueType::Path, field: None };

/// An option that was set.
pub(crate) struct Setting {
    pub(crate) option: &'static HandlerOption,
    /// The name as it was written, with its place in the source.
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// The value of a setting. Writing it as tokens gives an expression.
pub(crate) enum Value {
    Expression(Expr),
    True,
    Seconds(Duration),
    Names(Vec<Ident>),
    /// The value is missing or wrong, which has been reported. No code is generated from it.
    Invalid,
}

/// All that the `#[handler(…)]` attributes of one struct or field say.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) set: Vec<Setting>,
    /// Names that are no options of this place.
    pub(crate) unknown: Vec<Ident>,
}

impl Settings {
    /// Parses the attributes, which count as one, for a place that has these options.
    pub(crate) fn parse(
        attributes: &[Attribute],
        options: &[&'static HandlerOption],
        errors: &mut Errors,
    ) -> Self {
        let mut settings = Settings::default();
        let mut seen = Vec::new();
        for Assignment { name, value } in assignments(attributes, errors) {
            if seen.contains(&name) {
                errors.at(&name, format!("`{name}` is given twice"));
                continue;
            }
            seen.push(name.clone());
            match options.iter().find(|option| name == option.name).copied() {
                Some(option) => {
                    let value = option.value_of(&name, value).unwrap_or_else(|error| {
                        errors.push(error);
                        Value::Invalid
                    });
                    settings.set.push(Setting { option, name, value });
                }
                None => settings.unknown.push(name),
            }
        }
        settings
    }

    /// Removes the setting of this option, and returns it if it is valid.
    pub(crate) fn take(&mut self, option: &HandlerOption) -> Option<Setting> {
        let is_it = |setting: &Setting| std::ptr::eq(setting.option, option);
        let position = self.set.iter().position(is_it)?;
        let setting = self.set.remove(position);
        (!matches!(setting.value, Value::Invalid)).then_some(setting)
    }
}

impl HandlerOption {
    fn value_of(&self, name: &Ident, value: Option<Expr>) -> syn::Result<Value> {
        let Some(value) = value else {
            return match self.value {
                ValueType::Flag => Ok(Value::True),
                _ => {
                    let message = format!("`{name}` needs a value: write `{name} = …`");
                    Err(syn::Error::new_spanned(name, message))
                }
            };
        };
        match self.value {
            ValueType::Expression | ValueType::Flag => Ok(Value::Expression(value)),
            ValueType::Seconds => seconds(value),
            ValueType::Path => path(value),
            ValueType::Protocol => protocol(value),
            ValueType::Names => names(&value),
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Value::Expression(expression) => expression.to_tokens(tokens),
            Value::True => tokens.extend(quote!(true)),
            Value::Seconds(duration) => {
                let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
                tokens.extend(quote!(::core::time::Duration::new(#seconds, #nanoseconds)));
            }
            Value::Names(_) | Value::Invalid => {}
        }
    }
}

/// `name = value`, or `name` alone.
struct Assignment {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Assignment {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = if input.peek(Token![crate]) {
            input.call(Ident::parse_any)?
        } else {
            input.parse()?
        };
        // Anything but a comma must be the `=`, so that the error for `timeout(30)` is
        // "expected `=`".
        let value = if input.is_empty() || input.peek(Token![,]) {
            None
        } else {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        };
        Ok(Assignment { name, value })
    }
}

/// Whether this is a `#[handler(…)]`. Attributes of other derives are left alone.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("handler")
}

fn assignments(attributes: &[Attribute], errors: &mut Errors) -> Vec<Assignment> {
    let mut assignments = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        if !matches!(attribute.meta, Meta::List(_)) {
            errors.at(attribute, "expected options in parentheses: `#[handler(name = value)]`");
            continue;
        }
        match attribute.parse_args_with(Punctuated::<Assignment, Token![,]>::parse_terminated) {
            Ok(list) => assignments.extend(list),
            Err(error) => errors.push(error),
        }
    }
    assignments
}

/// A literal becomes the duration that it stands for. An expression stays, and the compiler checks
/// its type.
fn seconds(value: Expr) -> syn::Result<Value> {
    let wrong = |message| Err(syn::Error::new_spanned(&value, message));
    match ungrouped(&value) {
        Expr::Lit(literal) => match duration(&literal.lit) {
            Ok(duration) => Ok(Value::Seconds(duration)),
            Err(message) => wrong(message),
        },
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if matches!(**expr, Expr::Lit(_)) => {
            wrong("a timeout cannot be negative: leave it out to wait without limit")
        }
        Expr::Path(path) if path.path.is_ident("None") => {
            wrong("a timeout cannot be `None`: leave it out to wait without limit")
        }
        _ => Ok(Value::Expression(value)),
    }
}

fn duration(seconds: &Lit) -> Result<Duration, &'static str> {
    let digits = match seconds {
        Lit::Int(literal) if literal.suffix().is_empty() => literal.base10_digits(),
        Lit::Float(literal) if literal.suffix().is_empty() => literal.base10_digits(),
        _ => return Err("expected a number of seconds, such as `30` or `0.5`, or a `Duration`"),
    };
    let seconds = digits.parse().unwrap_or(f64::INFINITY);
    match Duration::try_from_secs_f64(seconds) {
        Ok(Duration::ZERO) => {
            Err("a timeout of zero leaves no time to wait: leave it out to wait without limit")
        }
        Ok(duration) => Ok(duration),
        Err(_) => Err(
            "more seconds than a `Duration` can hold: leave the timeout out to wait without limit",
        ),
    }
}

fn path(value: Expr) -> syn::Result<Value> {
    match ungrouped(&value) {
        path @ Expr::Path(_) => Ok(Value::Expression(path.clone())),
        _ => {
            let message = "expected a path, such as `my_framework::socketserver`";
            Err(syn::Error::new_spanned(value, message))
        }
    }
}

/// A literal must be a version in which the library writes replies.
fn protocol(value: Expr) -> syn::Result<Value> {
    let literal = ungrouped(&value);
    match &*literal.to_token_stream().to_string() {
        r#""HTTP/1.0""# | r#""HTTP/1.1""# => Ok(Value::Expression(value)),
        _ if !matches!(literal, Expr::Lit(_)) => Ok(Value::Expression(value)),
        _ => Err(syn::Error::new_spanned(value, r#"expected "HTTP/1.0" or "HTTP/1.1""#)),
    }
}

fn names(value: &Expr) -> syn::Result<Value> {
    let wrong = |tokens: &dyn ToTokens| {
        let message = "expected a list of commands, such as `[PROPFIND, REPORT]`";
        syn::Error::new_spanned(tokens.to_token_stream(), message)
    };
    let Expr::Array(array) = ungrouped(value) else {
        return Err(wrong(value));
    };
    let names = array.elems.iter().map(|element| match element {
        Expr::Path(path) => path.path.get_ident().cloned().ok_or_else(|| wrong(path)),
        other => Err(wrong(other)),
    });
    Ok(Value::Names(names.collect::<syn::Result<_>>()?))
}

/// The expression without its parentheses, and out of the groups in which a `macro_rules!` passes
/// expressions on.
fn ungrouped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => ungrouped(&group.expr),
        Expr::Paren(paren) => ungrouped(&paren.expr),
        _ => expression,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    const fn option(name: &'static str, value: ValueType) -> HandlerOption {
        HandlerOption { name, value, field: None }
    }

    static SIZE: HandlerOption = option("size", ValueType::Expression);
    static TIMEOUT: HandlerOption = option("timeout", ValueType::Seconds);
    static QUICK: HandlerOption = option("quick", ValueType::Flag);

    /// The settings as text, with a `?` behind a name that is no option; or the mistakes.
    fn parse(attributes: &[Attribute]) -> Result<Vec<String>, Vec<String>> {
        let mut errors = Errors::default();
        let settings =
            Settings::parse(attributes, &[&SIZE, &TIMEOUT, &QUICK, &LIBRARY], &mut errors);
        let messages = errors.messages();
        if !messages.is_empty() {
            return Err(messages);
        }
        let set = settings.set.iter().map(|setting| {
            format!("{} = {}", setting.name, setting.value.to_token_stream()).replace(' ', "")
        });
        let unknown = settings.unknown.iter().map(|name| format!("{name}?"));
        Ok(set.chain(unknown).collect())
    }

    #[test]
    fn several_attributes_count_as_one() {
        let settings = parse(&[
            parse_quote!(#[handler(size = -1, other = 2.5,)]),
            parse_quote!(#[doc = "not ours"]),
            parse_quote!(#[handler()]),
            parse_quote!(#[handler(quick)]),
        ]);
        assert_eq!(settings.unwrap(), ["size=-1", "quick=true", "other?"]);
    }

    #[test]
    fn a_value_is_any_expression() {
        let settings = parse(&[
            parse_quote!(#[handler(size = Map::<u8, u8>::from([(1, 2)]), timeout = { a + b })]),
        ]);
        assert_eq!(settings.unwrap(), ["size=Map::<u8,u8>::from([(1,2)])", "timeout={a+b}"]);
    }

    #[test]
    fn the_library_is_a_path() {
        let settings = parse(&[parse_quote!(#[handler(crate = ::other::socketserver)])]);
        assert_eq!(settings.unwrap(), ["crate=::other::socketserver"]);
        let messages = parse(&[parse_quote!(#[handler(crate = "socketserver")])]);
        assert_eq!(
            messages.unwrap_err(),
            ["expected a path, such as `my_framework::socketserver`"]
        );
    }

    #[test]
    fn malformed_attributes_are_reported() {
        #[track_caller]
        fn check(attribute: Attribute, message: &str) {
            assert_eq!(parse(&[attribute]), Err(vec![message.to_owned()]));
        }
        let parentheses = "expected options in parentheses: `#[handler(name = value)]`";
        check(parse_quote!(#[handler]), parentheses);
        check(parse_quote!(#[handler = 1]), parentheses);
        check(parse_quote!(#[handler(timeout(30))]), "expected `=`");
        check(parse_quote!(#[handler("timeout")]), "expected identifier");
        assert!(parse(&[parse_quote!(#[handler(timeout = )])]).is_err());
    }

    #[test]
    fn names_given_twice_or_without_value_are_reported() {
        let messages = parse(&[parse_quote!(#[handler(size, quick, other, quick, other)])]);
        assert_eq!(
            messages.unwrap_err(),
            [
                "`size` needs a value: write `size = …`",
                "`quick` is given twice",
                "`other` is given twice"
            ]
        );
    }

    #[test]
    fn seconds_are_read_from_literals() {
        #[track_caller]
        fn check(value: Expr, expected: Option<Duration>) {
            match seconds(value) {
                Ok(Value::Seconds(duration)) => assert_eq!(Some(duration), expected),
                Ok(Value::Expression(_)) => assert_eq!(None, expected),
                _ => panic!("neither a number nor an expression"),
            }
        }
        check(parse_quote!(30), Some(Duration::from_secs(30)));
        check(parse_quote!((30)), Some(Duration::from_secs(30)));
        check(parse_quote!(0.25), Some(Duration::from_millis(250)));
        check(parse_quote!(1_000), Some(Duration::from_secs(1000)));
        check(parse_quote!(Duration::from_millis(5)), None);
        check(parse_quote!(LIMIT), None);
    }

    #[test]
    fn impossible_seconds_are_reported() {
        let wrong: [Expr; 9] = [
            parse_quote!(0),
            parse_quote!(0.0),
            parse_quote!(1e-12),
            parse_quote!(-1),
            parse_quote!(1e30),
            parse_quote!(500ms),
            parse_quote!(30u64),
            parse_quote!("30"),
            parse_quote!(None),
        ];
        for value in wrong {
            assert!(seconds(value).is_err());
        }
    }
}
