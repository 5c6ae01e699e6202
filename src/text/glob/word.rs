//! Patterns of `*` and `?` in shell words: `${name#pattern}`, `${name%pattern}`, `case`.

use std::ops::Range;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

use super::{compile, push_literal};

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// `*`: any characters except line feeds.
    Star,
    /// `?`: a character that is not a line feed.
    Any,
    /// A literal character.
    Literal(char),
}

/// A pattern. Of the matches that start first, it finds the one that its stars prefer, as Go's `regexp` does.
#[derive(Clone, Debug)]
pub(crate) struct WordPattern {
    regex: Regex,
}

impl WordPattern {
    /// Compiles a pattern. Its stars match as much as possible if it is greedy, as little as possible otherwise.
    /// `None` if it is too large.
    pub(crate) fn new(pieces: &[Piece], is_greedy: bool) -> Option<Self> {
        let mut expression = String::new();
        let mut previous = None;
        for &piece in pieces {
            match piece {
                // A second star adds nothing to the first.
                Piece::Star if previous == Some(Piece::Star) => {}
                Piece::Star => expression.push_str(if is_greedy { "(?-u:.)*" } else { "(?-u:.)*?" }),
                Piece::Any => expression.push('.'),
                Piece::Literal(c) => push_literal(&mut expression, c),
            }
            previous = Some(piece);
        }
        Some(Self { regex: compile(&expression)? })
    }

    /// Returns the first match.
    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        self.regex.find(text).map(|found| found.range())
    }

    /// Returns the end of the match at the start of `text`.
    pub(crate) fn end_at_start(&self, text: &str) -> Option<usize> {
        self.regex.search(&Input::new(text).anchored(Anchored::Yes)).map(|found| found.end())
    }

    /// Returns all matches that do not overlap, without an empty one directly after another.
    pub(crate) fn find_all<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        self.regex.find_iter(text).map(|found| found.range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, is_greedy: bool) -> WordPattern {
        let piece = |c| match c {
            '*' => Piece::Star,
            '?' => Piece::Any,
            c => Piece::Literal(c),
        };
        WordPattern::new(&text.chars().map(piece).collect::<Vec<_>>(), is_greedy).unwrap()
    }

    #[test]
    fn the_leftmost_match_is_found() {
        let find = |text: &str, value: &str, is_greedy: bool| pattern(text, is_greedy).find(value);
        assert_eq!(find("b", "abcb", true), Some(1..2));
        assert_eq!(find("a*b", "xabab", true), Some(1..5));
        assert_eq!(find("a*b", "xabab", false), Some(1..3));
        assert_eq!(find("**b?", "abbb", true), Some(0..4));
        assert_eq!(find("*", "", true), Some(0..0));
        assert_eq!(find("", "a", true), Some(0..0));
        assert_eq!(find("a", "", true), None);
        // A star and a question mark do not match a line feed.
        assert_eq!(find("a*b", "a\nb", true), None);
        assert_eq!(find("a?b", "a\nbaxb", true), Some(3..6));
        assert_eq!(find("a*", "a\nb", true), Some(0..1));
        assert_eq!(find("[a].+$<&", "x[a].+$<&", true), Some(1..9));
    }

    #[test]
    fn characters_stay_whole() {
        let find = |text: &str, value: &str, is_greedy: bool| pattern(text, is_greedy).find(value);
        assert_eq!(find("?", "é\n", true), Some(0..2));
        assert_eq!(find("*?", "éé\n", false), Some(0..2));
        assert_eq!(find("*?", "éé\n", true), Some(0..4));
        assert_eq!(find("*b", "é\nb", true), Some(3..4));
        assert_eq!(pattern("", true).find_all("éa").collect::<Vec<_>>(), [0..0, 2..2, 3..3]);
    }

    #[test]
    fn a_pattern_with_many_stars_takes_no_time() {
        let text = "a".repeat(20_000);
        assert_eq!(pattern(&("*a".repeat(100) + "*b"), true).find(&text), None);
        assert_eq!(pattern(&("a*".repeat(100) + "b"), false).end_at_start(&text), None);
    }
}
