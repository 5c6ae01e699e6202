//! Patterns with wildcards, each matched as by the program that reads it.
//!
//! | pattern | read by | here |
//! |---|---|---|
//! | a source of COPY or ADD | Go's `filepath.Match` | `Glob` |
//! | a line of `.dockerignore` | moby/patternmatcher | `IgnorePattern` |
//! | the word in `${name#word}` | BuildKit's `shell` package | `WordPattern` |
//! | the same and `case` in scripts | shells | `shell` |
//!
//! All are compiled to regular expressions of `regex-automata`, as BuildKit and moby do with Go's `regexp`: the time of
//! a match is linear in the length of the text, for any pattern.

mod filepath;
mod go_regexp;
mod ignore;
pub(crate) mod shell;
mod word;

pub(crate) use filepath::{Glob, has_wildcards};
pub(crate) use ignore::IgnorePattern;
pub(crate) use word::{Piece, WordPattern};

use regex_automata::meta::{BuildError, Builder, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;

/// The reason why builders reject a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Go's `filepath.Match` refuses it.
    #[error("`{0}` is not a valid pattern: close its `[` and put a character behind its `\\`")]
    Syntax(String),
    /// It cannot be translated into an expression of Go's `regexp`, which moby/patternmatcher does.
    #[error("`{0}` is not a valid pattern: write a range in `[…]` upwards, and `\\` before a sign only")]
    Regexp(String),
    /// A `!` without a pattern.
    #[error("`!` is not a valid pattern: write the pattern to include again after it")]
    Nothing,
    /// A line longer than any builder reads, with its length in bytes.
    #[error("a line of {0} bytes is too long for a pattern")]
    Long(usize),
    /// It would need too much memory.
    #[error("a pattern of {0} bytes is not supported: use fewer `?` and `[…]`")]
    TooLarge(usize),
}

/// The longest expression that is compiled if no other limit applies, in bytes.
const LONGEST: usize = 64 << 10;
/// The most memory that such an expression may use.
const MOST_BYTES: usize = 10 << 20;

/// Compiles an expression of moderate size. `None` if it is larger.
fn compile(expression: &str) -> Option<Regex> {
    if expression.len() > LONGEST {
        return None;
    }
    compile_within(expression, Some(MOST_BYTES)).ok()
}

/// Compiles an expression that may match any bytes.
fn compile_within(expression: &str, most_bytes: Option<usize>) -> Result<Regex, Box<BuildError>> {
    let config =
        Config::new().which_captures(WhichCaptures::Implicit).onepass(false).nfa_size_limit(most_bytes);
    let syntax = syntax::Config::new().utf8(false);
    Builder::new().configure(config).syntax(syntax).build(expression).map_err(Box::new)
}

/// Adds a literal character to an expression, outside or inside of `[…]`.
fn push_literal(expression: &mut String, c: char) {
    if c.is_ascii() && !c.is_ascii_alphanumeric() {
        expression.extend([format!("\\x{{{:x}}}", u32::from(c))]);
    } else {
        expression.push(c);
    }
}

/// Adds a range of characters to a class of an expression.
fn push_range(expression: &mut String, (low, high): (char, char)) {
    push_literal(expression, low);
    if low != high {
        expression.push('-');
        push_literal(expression, high);
    }
}
