//! The truth of `test`, `[ … ]` and `[[ … ]]`, where their words alone decide it. It asks for no file.

use brush_parser::ast::{ExtendedTestExpr as Test, Word};

use super::wrapped::Argument;
use crate::text::glob::shell as glob;

/// Returns true if one of two holds, where that is known.
pub(super) fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        (None, _) | (_, None) => None,
    }
}

/// Returns true if `test` or `[` succeeds with these arguments, where that is known.
pub(super) fn test<A: Argument>(name: &str, args: &[A]) -> Option<bool> {
    match args.split_last() {
        _ if name != "[" => words(args),
        Some((last, args)) if last.literal() == Some("]") => words(args),
        _ => None,
    }
}

fn words<A: Argument>(args: &[A]) -> Option<bool> {
    match args {
        [] => Some(false),
        [word] => unary("-n", word.literal()),
        [one, operator, other] if matches!(operator.literal(), Some("=" | "==" | "!=")) => {
            binary(one.literal()?, operator.literal()?, other.literal()?, false)
        }
        [not, rest @ ..] if not.literal() == Some("!") => words(rest).map(|holds| !holds),
        [operator, word] => unary(operator.literal()?, word.literal()),
        _ => None,
    }
}

/// Returns true if `[[ … ]]` succeeds, where that is known.
pub(super) fn extended(test: &Test, value: &mut dyn FnMut(&Word) -> Option<String>) -> Option<bool> {
    match test {
        Test::Not(inner) => extended(inner, value).map(|holds| !holds),
        Test::Parenthesized(inner) => extended(inner, value),
        Test::Or(one, other) => either(extended(one, value), extended(other, value)),
        Test::And(one, other) => {
            let fails = |holds: Option<bool>| holds.map(|holds| !holds);
            fails(either(fails(extended(one, value)), fails(extended(other, value))))
        }
        Test::UnaryTest(operator, word) => unary(&operator.to_string(), value(word).as_deref()),
        Test::BinaryTest(operator, one, other) => {
            let pattern = value(other)?;
            // A wildcard within quotes stands for itself.
            let is_clear = !pattern.contains(['*', '?']) || !other.value.contains(['"', '\'', '\\']);
            binary(&value(one)?, &operator.to_string(), &pattern, true).filter(|_| is_clear)
        }
    }
}

fn unary(operator: &str, word: Option<&str>) -> Option<bool> {
    match operator {
        "-n" => word.map(|word| !word.is_empty()),
        "-z" => word.map(str::is_empty),
        _ => None,
    }
}

fn binary(text: &str, operator: &str, other: &str, is_pattern: bool) -> Option<bool> {
    let holds = if is_pattern { glob::matches(other, text) } else { Some(text == other) };
    match operator {
        "=" | "==" => holds,
        "!=" => holds.map(|holds| !holds),
        _ => None,
    }
}
