//! Parses `#[handler(…)]`: names become the options they stand for, and values get their type.
//!
//! This file knows options, not handlers: the caller says which options its place has. A name
//! that is none of them is kept for `valid`, which knows where it would belong.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Meta, Token};

use crate::errors::Errors;
use crate::values::{Value, ValueType};

/// An option that `#[handler(…)]` can set.
pub(crate) struct HandlerOption {
    pub(crate) name: &'static str,
    pub(crate) value: ValueType,
    /// The field without which the option has no effect.
    pub(crate) field: Option<&'static str>,
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
                    let value = option.value.parse(&name, value).unwrap_or_else(|error| {
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

#[cfg(test)]
mod tests {
    use quote::ToTokens;
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
}
