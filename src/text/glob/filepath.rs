//! Go's `filepath.Match`, by which BuildKit matches the sources of COPY and ADD (`github.com/tonistiigi/fsutil/copy`,
//! `ResolveWildcards`).
//!
//! `Match` divides a pattern at its stars. It puts each part at the first place where the part fits, byte by byte, and
//! never tries another. A part without wildcards is searched for literally, any other as a regular expression.

use std::iter::Peekable;
use std::str::Chars;

use memchr::{memchr, memmem};
use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

use super::{PatternError, compile, push_literal, push_range};

/// A pattern of `filepath.Match`. Slashes are literal.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    parts: Vec<Part>,
}

/// The text between two stars.
#[derive(Clone, Debug)]
struct Part {
    /// True if a star comes before it.
    follows_star: bool,
    finder: Finder,
}

#[derive(Clone, Debug)]
enum Finder {
    /// A part without wildcards.
    Literal(String),
    /// A part with `?` or `[…]`. The last part of a pattern matches at the end of a name only.
    Regex(Regex),
}

/// A part while it is parsed.
#[derive(Default)]
struct Draft {
    follows_star: bool,
    /// Its text; `None` if it has wildcards.
    literal: Option<String>,
    expression: String,
}

/// Returns true if a source of COPY or ADD is a pattern, not the path of one file or directory (`containsWildcards` in
/// fsutil).
pub(crate) fn has_wildcards(source: &str) -> bool {
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' | '?' | '[' => return true,
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    false
}

impl Glob {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if `Match` refuses the pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, PatternError> {
        let mut drafts = drafts(pattern)?;
        if let Some(last) = drafts.last_mut() {
            last.expression.push_str("\\z");
        }
        let parts: Option<Vec<Part>> = drafts.into_iter().map(Draft::part).collect();
        Ok(Self { parts: parts.ok_or(PatternError::TooLarge(pattern.len()))? })
    }

    /// Checks the syntax of a pattern.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(super) fn check(pattern: &str) -> Result<(), PatternError> {
        drafts(pattern).map(drop)
    }

    /// Returns true if the whole of `name` matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut rest = name.as_bytes();
        for (at, part) in self.parts.iter().enumerate() {
            let Some(end) = part.find(rest, at + 1 == self.parts.len()) else { return false };
            rest = &rest[end..];
        }
        rest.is_empty()
    }
}

impl Part {
    /// The end of the first place in `text` where the part fits.
    fn find(&self, text: &[u8], is_last: bool) -> Option<usize> {
        // A star does not match a slash.
        let latest = if self.follows_star { memchr(b'/', text).unwrap_or(text.len()) } else { 0 };
        let found = match &self.finder {
            Finder::Literal(literal) => {
                let start = match (self.follows_star, is_last) {
                    (false, _) => text.starts_with(literal.as_bytes()).then_some(0),
                    (true, false) => memmem::find(text, literal.as_bytes()),
                    (true, true) => text.ends_with(literal.as_bytes()).then(|| text.len() - literal.len()),
                };
                start.map(|start| start..start + literal.len())
            }
            Finder::Regex(regex) => {
                let anchored = if self.follows_star { Anchored::No } else { Anchored::Yes };
                regex.search(&Input::new(text).anchored(anchored)).map(|found| found.range())
            }
        };
        found.filter(|found| found.start <= latest).map(|found| found.end)
    }
}

impl Draft {
    fn new(follows_star: bool) -> Self {
        Self { follows_star, literal: Some(String::new()), expression: String::new() }
    }

    fn push(&mut self, c: char) {
        push_literal(&mut self.expression, c);
        self.literal.iter_mut().for_each(|literal| literal.push(c));
    }

    /// The part, compiled. `None` if it is too large.
    fn part(self) -> Option<Part> {
        let finder = match self.literal {
            Some(literal) => Finder::Literal(literal),
            None => Finder::Regex(compile(&self.expression)?),
        };
        Some(Part { follows_star: self.follows_star, finder })
    }
}

fn drafts(pattern: &str) -> Result<Vec<Draft>, PatternError> {
    parts(pattern).ok_or_else(|| PatternError::Syntax(pattern.to_owned()))
}

/// Returns the parts of a pattern. `None` if `Match` refuses it.
fn parts(pattern: &str) -> Option<Vec<Draft>> {
    let mut parts = vec![Draft::new(false)];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '*' {
            while chars.next_if_eq(&'*').is_some() {}
            parts.push(Draft::new(true));
            continue;
        }
        let part = parts.last_mut()?;
        match c {
            '?' => {
                part.literal = None;
                push_one(&mut part.expression, "[^/]", true);
            }
            '[' => {
                part.literal = None;
                push_class(&mut part.expression, &mut chars)?;
            }
            '\\' => part.push(chars.next()?),
            c => part.push(c),
        }
    }
    Some(parts)
}

/// Adds an expression for one character. A star may leave a part of a character behind; Go reads each of its bytes as
/// U+FFFD.
fn push_one(expression: &mut String, class: &str, takes_part: bool) {
    if takes_part {
        expression.extend(["(?:", class, "|(?-u:[\\x80-\\xbf]))"]);
    } else {
        expression.push_str(class);
    }
}

/// Adds the class that follows a `[`.
fn push_class(expression: &mut String, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    let is_negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = String::new();
    let (mut is_first, mut has_replacement) = (true, false);
    while is_first || chars.peek() != Some(&']') {
        is_first = false;
        let low = bound(chars)?;
        let high = if chars.next_if_eq(&'-').is_some() { bound(chars)? } else { low };
        // A descending range is empty.
        if low <= high {
            push_range(&mut ranges, (low, high));
            has_replacement |= (low..=high).contains(&char::REPLACEMENT_CHARACTER);
        }
    }
    chars.next();
    // A regular expression cannot have an empty class, but it can have the complement of everything.
    let is_empty = ranges.is_empty();
    let all = if is_empty { "\\x{0}-\\x{10ffff}" } else { &ranges };
    let class = format!("[{}{all}]", if is_negated == is_empty { "" } else { "^" });
    push_one(expression, &class, is_negated != has_replacement);
    Some(())
}

fn bound(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '\\' => chars.next(),
        '-' | ']' => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rows of Go's own table (`path/filepath/match_test.go`) that are valid patterns.
    #[test]
    fn patterns_match_as_in_go() {
        let rows = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^b-d]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("a[^a][^a][^a]b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "x", true),
            ("[x\\-]", "-", true),
            ("[x\\-]", "z", false),
            ("[\\-x]", "-", true),
            ("[\\-x]", "a", false),
            ("*x", "xxx", true),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(Glob::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
        for wrong in [
            "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "\\", "[\\", "[a-\\", "[a",
            "a*[",
        ] {
            let error = PatternError::Syntax(wrong.to_owned());
            assert_eq!(Glob::new(wrong).unwrap_err(), error, "{wrong}");
            assert_eq!(Glob::check(wrong), Err(error), "{wrong}");
        }
    }

    #[test]
    fn a_star_may_take_a_part_of_a_character_as_in_go() {
        let matches = |pattern: &str, name: &str| Glob::new(pattern).unwrap().matches(name);
        assert!(matches("*??", "☺") && matches("*[^☺]", "☺") && matches("*[\u{fffd}]", "☺"));
        assert!(!matches("*[a-z]", "☺") && !matches("*[^☺\u{fffd}]", "☺") && !matches("??", "☺"));
        // The first `?` matches the whole character, since it fits there.
        assert!(!matches("*?*?", "☺"));
        // The second part fits at `b/`, and no star matches the slash behind it.
        assert!(!matches("*[/]*[^a][^a]*", "/b//"));
    }

    #[test]
    fn a_range_downwards_holds_nothing() {
        let matches = |pattern: &str, name: &str| Glob::new(pattern).unwrap().matches(name);
        assert!(!matches("[z-a]", "b") && matches("[^z-a]", "b") && matches("[^z-a]", "/"));
        assert!(matches("[z-ax]", "x") && !matches("[z-ax]", "z"));
    }

    #[test]
    fn a_pattern_with_many_stars_takes_no_time() {
        let pattern = Glob::new(&("*a".repeat(500) + "b")).unwrap();
        assert!(!pattern.matches(&"a".repeat(100_000)));
        let pattern = Glob::new(&("*[ab]?".repeat(100) + "c")).unwrap();
        assert!(!pattern.matches(&"ab".repeat(10_000)));
    }

    #[test]
    fn a_pattern_of_any_length_takes_little_memory() {
        assert_eq!(Glob::new(&"?".repeat(1 << 20)).unwrap_err(), PatternError::TooLarge(1 << 20));
        assert!(Glob::new(&"a".repeat(1 << 20)).unwrap().matches(&"a".repeat(1 << 20)));
    }

    #[test]
    fn wildcards_are_seen_unless_escaped() {
        assert!(has_wildcards("a*") && has_wildcards("a/?") && has_wildcards("[ab]"));
        assert!(!has_wildcards("a\\*") && !has_wildcards("a/b"));
    }

    /// `Match` as documented, for names with one byte per character: every length of a star is tried. It agrees with Go
    /// where no class matches a slash: then the first place of a part is as good as any later one.
    fn documented(pattern: &[u8], name: &[u8]) -> bool {
        let Some((&first, rest)) = pattern.split_first() else { return name.is_empty() };
        let one = |taken: bool, rest: &[u8]| taken && documented(rest, &name[1..]);
        match (first, name.first()) {
            (b'*', None) => documented(rest, name),
            (b'*', Some(&c)) => documented(rest, name) || c != b'/' && documented(pattern, &name[1..]),
            (_, None) => false,
            (b'?', Some(&c)) => one(c != b'/', rest),
            (b'[', Some(&c)) => {
                let close = rest.iter().position(|&c| c == b']').expect("a class is closed");
                let negated = rest[0] == b'^';
                one(rest[usize::from(negated)..close].contains(&c) != negated, &rest[close + 1..])
            }
            (own, Some(&c)) => one(own == c, rest),
        }
    }

    proptest! {
        #[test]
        fn any_pattern_matches_as_documented(pattern in "([ab/*?]|\\[[ab]{1,2}\\]|\\[\\^/[ab]?\\]){0,8}", name in "[abc/]{0,8}") {
            let expected = documented(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(Glob::new(&pattern).unwrap().matches(&name), expected);
        }
    }
}
