//! The patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/word}`, as BuildKit reads them
//! (`convertShellPatternToRegex`).

use super::{LONGEST_WORD, runes, shown};
use crate::text::cut;
use crate::text::glob::{Piece, WordPattern};

/// A pattern.
pub(super) struct Pattern(WordPattern);

impl Pattern {
    pub(super) fn new(pattern: &str, is_greedy: bool) -> Result<Self, String> {
        let compiled = WordPattern::new(&pieces(pattern)?, is_greedy);
        compiled.map(Self).ok_or_else(|| "a pattern in a substitution is too large".to_owned())
    }

    /// Returns the text with the first match replaced by the literal `replacement`.
    pub(super) fn replace(&self, text: &str, replacement: &str) -> String {
        let mut out = text.to_owned();
        if let Some(found) = self.0.find(text) {
            out.replace_range(found, replacement);
        }
        out
    }

    /// Returns the text with all matches replaced, as Go's `Regexp.ReplaceAllString` does: with `$` in the
    /// replacement expanded.
    pub(super) fn replace_all(&self, text: &str, replacement: &str) -> String {
        let mut out = String::new();
        let mut end = 0;
        for found in self.0.find_all(text) {
            // The caller drops a longer result.
            if out.len() > LONGEST_WORD {
                return out;
            }
            out.push_str(cut::between(text, end..found.start));
            expand(&mut out, replacement, cut::between(text, found.clone()));
            end = found.end;
        }
        out.push_str(cut::from(text, end));
        out
    }
}

/// Returns the parts of a pattern.
fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut input = runes(pattern);
    let mut pieces = Vec::new();
    while let Some(c) = input.next() {
        pieces.push(match c {
            '*' => Piece::Star,
            '?' => Piece::Any,
            // They end the pattern unless they are escaped; the escape is not a part of it.
            '\\' if matches!(input.peek(), Some('}' | '/')) => continue,
            '\\' => match input.next() {
                Some(c @ ('*' | '?' | '\\')) => Piece::Literal(c),
                other => {
                    return Err(format!(
                        "invalid pattern ({pattern}) in substitution: invalid escape '\\{}'",
                        shown(other)
                    ));
                }
            },
            c => Piece::Literal(c),
        });
    }
    Ok(pieces)
}

/// Appends a replacement template (`Regexp.Expand`). There are no groups: `$0` is the match, any other name is
/// empty, `$$` is `$`, and a `$` that no name follows stays.
fn expand(out: &mut String, mut template: &str, found: &str) {
    while let Some((before, after)) = template.split_once('$') {
        out.push_str(before);
        if let Some(rest) = after.strip_prefix('$') {
            out.push('$');
            template = rest;
            continue;
        }
        let (brace, behind) = after.strip_prefix('{').map_or((false, after), |behind| (true, behind));
        let part = |c: char| c.is_ascii_digit() || c.is_alphabetic() || c == '_';
        let (name, rest) = cut::where_ends(behind, |c| !part(c));
        let rest = if brace { rest.strip_prefix('}') } else { Some(rest) };
        match rest {
            Some(rest) if !name.is_empty() => {
                if name == "0" {
                    out.push_str(found);
                }
                template = rest;
            }
            _ => {
                out.push('$');
                template = after;
            }
        }
    }
    out.push_str(template);
}

/// `${value#pattern}`.
pub(super) fn trim_prefix(pattern: &str, value: &str, is_greedy: bool) -> Result<String, String> {
    let end = Pattern::new(pattern, is_greedy)?.0.end_at_start(value);
    Ok(cut::from(value, end.unwrap_or_default()).to_owned())
}

/// `${value%pattern}`: the prefix of both, reversed, as BuildKit does it.
pub(super) fn trim_suffix(pattern: &str, value: &str, is_greedy: bool) -> Result<String, String> {
    let value = value.chars().rev().collect::<String>();
    let trimmed = trim_prefix(&reversed(pattern), &value, is_greedy)?;
    Ok(trimmed.chars().rev().collect())
}

/// Returns a reversed pattern, with escapes kept in order: `a\*c` becomes `c\*a` (`reversePattern`).
fn reversed(pattern: &str) -> String {
    let mut input = pattern.chars().peekable();
    let mut units = Vec::new();
    while let Some(c) = input.next() {
        units.push((c, if c == '\\' { input.next() } else { None }));
    }
    let mut out = String::with_capacity(pattern.len());
    for (first, second) in units.into_iter().rev() {
        out.push(first);
        out.extend(second);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, true).expect("it is valid")
    }

    #[test]
    fn escapes_are_few() {
        let literals = |text: &str| Ok(text.chars().map(Piece::Literal).collect());
        assert_eq!(pieces(r"\*\?\\\}\/"), literals(r"*?\}/"));
        assert_eq!(pieces("[a].+$"), literals("[a].+$"));
        assert_eq!(
            Pattern::new(r"a\", true).err(),
            Some("invalid pattern (a\\) in substitution: invalid escape '\\\u{fffd}'".to_owned())
        );
    }

    #[test]
    fn all_matches_are_replaced() {
        assert_eq!(pattern("a").replace_all("banana", "x"), "bxnxnx");
        assert_eq!(pattern("a*n").replace_all("banana", "x"), "bxa");
        // An empty match directly after another match does not count.
        assert_eq!(pattern("").replace_all("ab", "-"), "-a-b-");
        assert_eq!(pattern("*").replace_all("ab", "-"), "-");
        assert_eq!(pattern("*").replace_all("a\nb", "-"), "-\n-");
        assert_eq!(pattern("x").replace_all("", "-"), "");
    }

    #[test]
    fn the_replacement_of_all_is_a_template() {
        let template = |replacement: &str| pattern("b").replace_all("abc", replacement);
        assert_eq!(template("[$0]"), "a[b]c");
        assert_eq!(template("[${0}x]"), "a[bx]c");
        assert_eq!(template("[$0x]"), "a[]c");
        assert_eq!(template("[$1${name}$00]"), "a[]c");
        assert_eq!(template("$$1"), "a$1c");
        assert_eq!(template("$"), "a$c");
        assert_eq!(template("$-${-}${x"), "a$-${-}${xc");
        assert_eq!(pattern("b").replace("abcb", "$0"), "a$0cb");
    }

    #[test]
    fn ends_are_trimmed() {
        assert_eq!(trim_prefix("a*", "aab", false), Ok("ab".to_owned()));
        assert_eq!(trim_prefix("a*", "aab", true), Ok(String::new()));
        assert_eq!(trim_suffix("*b", "abb", false), Ok("ab".to_owned()));
        assert_eq!(trim_suffix("*b", "abb", true), Ok(String::new()));
        assert_eq!(trim_suffix(r"\*b", "a*b", false), Ok("a".to_owned()));
        assert_eq!(reversed(r"a\*c"), r"c\*a");
        assert_eq!(reversed(r"a\"), r"\a");
    }
}
