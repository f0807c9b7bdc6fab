//! What stands in `#[handler(…)]`, read but not judged: whether an option makes sense where it stands is for `valid`.

use std::time::Duration;

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Lit, Meta, Token, UnOp};

use crate::valid::Errors;

/// `name = value`, or `name` alone.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        // Anything but a comma must be the `=`, so that `timeout(30)` is told what was expected.
        let value = if input.is_empty() || input.peek(Token![,]) {
            None
        } else {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        };
        Ok(Setting { name, value })
    }
}

/// Whether this is one of ours. Those of other derives stand beside them and are not looked at.
pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("handler")
}

/// Everything the `#[handler(…)]` attributes of one struct or field say, in order: several count as one.
pub(crate) fn settings(attributes: &[Attribute], errors: &mut Errors) -> Vec<Setting> {
    let mut settings = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        if !matches!(attribute.meta, Meta::List(_)) {
            errors.at(
                attribute,
                "the options stand in parentheses: `#[handler(name = value)]`",
            );
            continue;
        }
        match attribute.parse_args_with(Punctuated::<Setting, Token![,]>::parse_terminated) {
            Ok(list) => settings.extend(list),
            Err(error) => errors.push(error),
        }
    }
    settings
}

/// The seconds a literal stands for; `None` when the value is an expression, whose type the compiler sees to.
pub(crate) fn timeout(value: &Expr) -> Result<Option<Duration>, &'static str> {
    let digits = match value {
        // What a `macro_rules!` of the user's passes on comes in a group.
        Expr::Group(group) => return timeout(&group.expr),
        Expr::Paren(paren) => return timeout(&paren.expr),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(literal) if literal.suffix().is_empty() => literal.base10_digits().to_owned(),
            Lit::Float(literal) if literal.suffix().is_empty() => {
                literal.base10_digits().to_owned()
            }
            _ => {
                return Err(
                    "a timeout is a number of seconds, like `30` or `0.5`, or a `Duration`",
                );
            }
        },
        Expr::Unary(negated)
            if matches!(negated.op, UnOp::Neg(_)) && matches!(*negated.expr, Expr::Lit(_)) =>
        {
            return Err("a timeout cannot be negative: leave it out to wait without end");
        }
        Expr::Path(path) if path.path.is_ident("None") => {
            return Err("leave `timeout` out to wait without end");
        }
        _ => return Ok(None),
    };
    let seconds = digits
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds {
        None => {
            Err("more seconds than a `Duration` can hold: leave `timeout` out to wait without end")
        }
        Some(Duration::ZERO) => {
            Err("a timeout of zero leaves no time to wait: leave it out to wait without end")
        }
        Some(duration) => Ok(Some(duration)),
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse_quote;

    use super::*;

    fn read(attributes: &[Attribute]) -> Result<Vec<String>, String> {
        let mut errors = Errors::default();
        let settings = settings(attributes, &mut errors);
        errors.finish().map_err(|error| error.to_string())?;
        let show = |setting: &Setting| match &setting.value {
            Some(value) => format!("{} = {}", setting.name, value.to_token_stream()),
            None => setting.name.to_string(),
        };
        Ok(settings.iter().map(show).collect())
    }

    #[test]
    fn several_attributes_count_as_one() {
        let read = read(&[
            parse_quote!(#[handler(rbufsize = -1, timeout = 2.5,)]),
            parse_quote!(#[doc = "not ours"]),
            parse_quote!(#[handler()]),
            parse_quote!(#[handler(disable_nagle_algorithm)]),
        ]);
        assert_eq!(
            read.unwrap(),
            ["rbufsize = - 1", "timeout = 2.5", "disable_nagle_algorithm"]
        );
    }

    #[test]
    fn a_value_is_any_expression() {
        let read = read(&[
            parse_quote!(#[handler(default = BTreeMap::<u8, u8>::from([(1, 2)]), timeout = { a + b })]),
        ]);
        assert_eq!(read.unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_a_list_of_options() {
        let parentheses = "the options stand in parentheses: `#[handler(name = value)]`";
        assert_eq!(read(&[parse_quote!(#[handler])]), Err(parentheses.into()));
        assert_eq!(
            read(&[parse_quote!(#[handler = 1])]),
            Err(parentheses.into())
        );
        assert_eq!(
            read(&[parse_quote!(#[handler(timeout(30))])]),
            Err("expected `=`".into())
        );
        assert_eq!(
            read(&[parse_quote!(#[handler("timeout")])]),
            Err("expected identifier".into())
        );
        assert!(read(&[parse_quote!(#[handler(timeout = )])]).is_err());
    }

    #[test]
    fn literal_timeouts() {
        let read = |value: Expr| timeout(&value);
        assert_eq!(read(parse_quote!(30)), Ok(Some(Duration::from_secs(30))));
        assert_eq!(
            read(parse_quote!(0.25)),
            Ok(Some(Duration::from_millis(250)))
        );
        assert_eq!(
            read(parse_quote!(1_000)),
            Ok(Some(Duration::from_secs(1000)))
        );
        assert_eq!(read(parse_quote!(Duration::from_millis(5))), Ok(None));
        assert_eq!(read(parse_quote!(LIMIT)), Ok(None));
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
        assert!(wrong.into_iter().map(read).all(|result| result.is_err()));
    }
}
