//! Heredocs of a line (`heredocsFromLine` and `ParseHeredoc` in BuildKit's `parser.go`).

use super::expand::{ExpandError, Lex, Lookup};
use super::go;

/// A `<<NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The line that ends the body.
    pub(super) name: String,
    /// No part of the name is quoted.
    pub(super) expand: bool,
    /// `<<-`.
    pub(super) chomp: bool,
}

/// BuildKit lexes heredocs with `\` whatever the escape character is, and leaves variables alone.
fn lex() -> Lex {
    Lex { skip_unset_env: true, ..Lex::new('\\') }
}

fn nothing(_: &str) -> Lookup {
    Lookup::Unset
}

/// The heredocs of a logical line, in order. A line that cannot be lexed has none.
pub(super) fn of_line(line: &[u8]) -> Result<Vec<Mark>, ExpandError> {
    let lex = Lex { raw_quotes: true, raw_escapes: true, ..lex() };
    let words = lex.words(&go::lossy(line), &nothing).unwrap_or_default();
    words.iter().filter_map(|word| of_word(word).transpose()).collect()
}

/// The heredoc that a word is.
pub(super) fn of_word(word: &str) -> Result<Option<Mark>, ExpandError> {
    let Some((chomp, rest)) = split(word) else { return Ok(None) };
    let Ok([name]) = one(lex().words(rest, &nothing)?) else { return Ok(None) };
    let Ok([raw]) = one(Lex { raw_quotes: true, ..lex() }.words(rest, &nothing)?) else {
        let message = format!("internal lexing of heredoc produced inconsistent results: {rest}");
        return Err(ExpandError::Invalid { message });
    };
    let quotes = |text: &str| text.bytes().filter(|b| matches!(b, b'\'' | b'"')).count();
    let expand = quotes(&name) == quotes(&raw);
    Ok(Some(Mark { name, expand, chomp }))
}

fn one(words: Vec<String>) -> Result<[String; 1], Vec<String>> {
    words.try_into()
}

/// `^(\d*)<<(-?)\s*([^<]*)$`: whether there is a dash, and what comes last, unless that is empty.
fn split(word: &str) -> Option<(bool, &str)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    // Go's `\s` does not match a vertical tab.
    let rest = rest.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    (!rest.is_empty() && !rest.contains('<')).then_some((chomp, rest))
}
