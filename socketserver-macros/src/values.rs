//! The values of options: what each type accepts, and how it is written in the derived code.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, ExprUnary, Ident, Lit, UnOp};

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

/// The value of a setting. Writing it as tokens gives an expression.
pub(crate) enum Value {
    Expression(Expr),
    True,
    Seconds(Duration),
    Names(Vec<Ident>),
    /// The value is missing or wrong, which has been reported. No code is generated from it.
    Invalid,
}

impl ValueType {
    /// The value of the option `name`; `None` stands for the name alone.
    pub(crate) fn parse(self, name: &Ident, value: Option<Expr>) -> syn::Result<Value> {
        let Some(value) = value else {
            return match self {
                ValueType::Flag => Ok(Value::True),
                _ => {
                    let message = format!("`{name}` needs a value: write `{name} = …`");
                    Err(syn::Error::new_spanned(name, message))
                }
            };
        };
        match self {
            ValueType::Expression | ValueType::Flag => Ok(Value::Expression(value)),
            ValueType::Seconds => seconds(value),
            ValueType::Path => path(value),
            ValueType::Protocol => protocol(value),
            ValueType::Names => names(&value),
        }
    }
}

impl Value {
    /// Whether the compiler knows the value, so that it can stand in a constant.
    pub(crate) fn is_constant(&self) -> bool {
        match self {
            Value::Expression(expression) => matches!(ungrouped(expression), Expr::Lit(_)),
            Value::True | Value::Seconds(_) => true,
            Value::Names(_) | Value::Invalid => false,
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
    use super::*;

    #[test]
    fn impossible_seconds_are_explained() {
        const ZERO: &str =
            "a timeout of zero leaves no time to wait: leave it out to wait without limit";
        const NO_NUMBER: &str =
            "expected a number of seconds, such as `30` or `0.5`, or a `Duration`";
        for (value, message) in [
            ("0", ZERO),
            ("0.0", ZERO),
            ("1e-12", ZERO),
            ("-1", "a timeout cannot be negative: leave it out to wait without limit"),
            (
                "1e30",
                "more seconds than a `Duration` can hold: \
                 leave the timeout out to wait without limit",
            ),
            ("500ms", NO_NUMBER),
            ("30u64", NO_NUMBER),
            (r#""30""#, NO_NUMBER),
            ("None", "a timeout cannot be `None`: leave it out to wait without limit"),
        ] {
            let error = seconds(syn::parse_str(value).unwrap()).err().expect(value);
            assert_eq!(error.to_string(), message, "{value}");
        }
    }
}
