//! The patterns of `${name#pattern}`, `${name%pattern}` and `${name/pattern/word}`.
//!
//! BuildKit makes a regular expression of them (`convertShellPatternToRegex`). Only `.`, `.*`, `.*?` and
//! characters come out of that, so a small machine with an ordered list of states (Pike's) finds what Go's
//! `regexp` finds: the leftmost match, and of those the one that its stars prefer. It takes time in proportion
//! to pattern times text, and memory in proportion to the pattern.

use std::ops::Range;

use super::{runes, shown};

/// One piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// `*`: any characters but line feeds.
    Star,
    /// `?`: a character that is no line feed.
    Any,
    /// This character.
    Literal(char),
}

/// A pattern.
pub(super) struct Pattern {
    tokens: Vec<Token>,
    greedy: bool,
}

/// A state of the machine: where in the pattern, and where its match started.
#[derive(Clone, Copy)]
struct State {
    token: usize,
    start: usize,
}

/// States in order of preference, each place in the pattern at most once.
struct States {
    list: Vec<State>,
    /// For each place in the pattern, one more than the last position in the text that had it in the list.
    seen: Vec<usize>,
}

impl Pattern {
    pub(super) fn new(pattern: &str, greedy: bool) -> Result<Self, String> {
        let mut input = runes(pattern);
        let mut tokens = Vec::new();
        while let Some(c) = input.next() {
            tokens.push(match c {
                '*' => Token::Star,
                '?' => Token::Any,
                // They end the pattern unless they are escaped; the escape is no part of it.
                '\\' if matches!(input.peek(), Some('}' | '/')) => continue,
                '\\' => match input.next() {
                    Some(c @ ('*' | '?' | '\\')) => Token::Literal(c),
                    other => {
                        return Err(format!(
                            "invalid pattern ({pattern}) in substitution: invalid escape '\\{}'",
                            shown(other)
                        ));
                    }
                },
                c => Token::Literal(c),
            });
        }
        Ok(Self { tokens, greedy })
    }

    /// Adds a place and those that a star there lets through.
    fn add(&self, states: &mut States, token: usize, start: usize, position: usize) {
        let run = self.tokens[token..].iter().take_while(|part| **part == Token::Star).count();
        let mut push = |token: usize| {
            if states.seen[token] != position + 1 {
                states.seen[token] = position + 1;
                states.list.push(State { token, start });
            }
        };
        if self.greedy {
            (token..=token + run).for_each(&mut push);
        } else {
            (token..=token + run).rev().for_each(&mut push);
        }
    }

    /// The match that starts first at `from` or later, or at `from` exactly.
    fn find(&self, text: &[char], from: usize, anchored: bool) -> Option<Range<usize>> {
        let places = self.tokens.len() + 1;
        let mut now = States { list: Vec::new(), seen: vec![0; places] };
        let mut next = States { list: Vec::new(), seen: vec![0; places] };
        let mut found: Option<Range<usize>> = None;
        for position in from..=text.len() {
            if found.is_none() && (position == from || !anchored) {
                self.add(&mut now, 0, position, position);
            }
            if now.list.is_empty() {
                break;
            }
            let c = text.get(position).copied();
            for state in now.list.drain(..) {
                match (self.tokens.get(state.token), c) {
                    (None, _) => {
                        // What follows in the list is worth less.
                        found = Some(state.start..position);
                        break;
                    }
                    (Some(Token::Star), Some(c)) if c != '\n' => {
                        self.add(&mut next, state.token, state.start, position + 1);
                    }
                    (Some(Token::Any), Some(c)) if c != '\n' => {
                        self.add(&mut next, state.token + 1, state.start, position + 1);
                    }
                    (Some(Token::Literal(wanted)), Some(c)) if c == *wanted => {
                        self.add(&mut next, state.token + 1, state.start, position + 1);
                    }
                    _ => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        found
    }

    /// The text with the first match replaced by `replacement` as it is.
    pub(super) fn replace(&self, text: &str, replacement: &str) -> String {
        let text = text.chars().collect::<Vec<_>>();
        let Some(found) = self.find(&text, 0, false) else { return text.into_iter().collect() };
        let (before, after) = (&text[..found.start], &text[found.end..]);
        before.iter().copied().chain(replacement.chars()).chain(after.iter().copied()).collect()
    }

    /// The text with all matches replaced, as Go's `Regexp.ReplaceAllString` does: with `$` in the replacement
    /// expanded, and no empty match right behind another.
    pub(super) fn replace_all(&self, text: &str, replacement: &str) -> String {
        let text = text.chars().collect::<Vec<_>>();
        let mut out = String::new();
        let mut last_end = 0;
        let mut from = 0;
        while from <= text.len() {
            let Some(found) = self.find(&text, from, false) else { break };
            out.extend(&text[last_end..found.start]);
            if found.end > last_end || found.start == 0 {
                expand(&mut out, replacement, &text[found.clone()]);
            }
            last_end = found.end;
            from = found.end.max(from + 1);
        }
        out.extend(&text[last_end.min(text.len())..]);
        out
    }
}

/// Appends a replacement template (`Regexp.Expand`). There are no groups: `$0` is the match, any other name is
/// empty, `$$` is `$`, and a `$` that no name follows stays.
fn expand(out: &mut String, mut template: &str, found: &[char]) {
    while let Some((before, after)) = template.split_once('$') {
        out.push_str(before);
        if let Some(rest) = after.strip_prefix('$') {
            out.push('$');
            template = rest;
            continue;
        }
        let (brace, behind) = after.strip_prefix('{').map_or((false, after), |behind| (true, behind));
        let part = |c: char| c.is_ascii_digit() || c.is_alphabetic() || c == '_';
        let name = behind.find(|c| !part(c)).map_or(behind, |end| &behind[..end]);
        let rest = &behind[name.len()..];
        let rest = if brace { rest.strip_prefix('}') } else { Some(rest) };
        match rest {
            Some(rest) if !name.is_empty() => {
                if name == "0" {
                    out.extend(found);
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
pub(super) fn trim_prefix(pattern: &str, value: &str, greedy: bool) -> Result<String, String> {
    let compiled = Pattern::new(pattern, greedy)?;
    let value = value.chars().collect::<Vec<_>>();
    let end = compiled.find(&value, 0, true).map_or(0, |found| found.end);
    Ok(value[end..].iter().collect())
}

/// `${value%pattern}`: the prefix of both turned around, as BuildKit does it.
pub(super) fn trim_suffix(pattern: &str, value: &str, greedy: bool) -> Result<String, String> {
    let value = value.chars().rev().collect::<String>();
    let trimmed = trim_prefix(&reversed(pattern), &value, greedy)?;
    Ok(trimmed.chars().rev().collect())
}

/// A pattern turned around, escapes kept in order: `a\*c` becomes `c\*a` (`reversePattern`).
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
    fn the_leftmost_match_is_found() {
        let find = |text: &str, value: &str, greedy: bool| {
            let value = value.chars().collect::<Vec<_>>();
            Pattern::new(text, greedy).expect("it is valid").find(&value, 0, false)
        };
        assert_eq!(find("b", "abcb", true), Some(1..2));
        assert_eq!(find("a*b", "xabab", true), Some(1..5));
        assert_eq!(find("a*b", "xabab", false), Some(1..3));
        assert_eq!(find("**b?", "abbb", true), Some(0..4));
        assert_eq!(find("*", "", true), Some(0..0));
        assert_eq!(find("", "a", true), Some(0..0));
        assert_eq!(find("a", "", true), None);
        // No star and no question mark matches a line feed.
        assert_eq!(find("a*b", "a\nb", true), None);
        assert_eq!(find("a?b", "a\nbaxb", true), Some(3..6));
        assert_eq!(find("a*", "a\nb", true), Some(0..1));
    }

    #[test]
    fn escapes_are_few() {
        assert_eq!(pattern(r"\*\?\\\}\/").tokens, r"*?\}/".chars().map(Token::Literal).collect::<Vec<_>>());
        assert_eq!(pattern("[a].+$").tokens, "[a].+$".chars().map(Token::Literal).collect::<Vec<_>>());
        assert_eq!(
            Pattern::new(r"a\", true).err(),
            Some("invalid pattern (a\\) in substitution: invalid escape '\\\u{fffd}'".to_owned())
        );
    }

    #[test]
    fn all_matches_are_replaced() {
        assert_eq!(pattern("a").replace_all("banana", "x"), "bxnxnx");
        assert_eq!(pattern("a*n").replace_all("banana", "x"), "bxa");
        // An empty match right behind another does not count.
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
