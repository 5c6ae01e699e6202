//! Patterns of `case`, `${x%…}` and `${x#…}` in scripts, as far as shells agree on them: `*` and `?`.

use super::word::{Piece, WordPattern};
use crate::text::cut;

/// Characters that mean something else in a pattern, to some shell or in some place.
const OTHER: [char; 7] = ['[', '\\', '(', '$', '`', '"', '\''];

fn pieces(pattern: &str, text: &str) -> Option<Vec<Piece>> {
    // A star matches a line feed here, and not for the pattern that is compiled.
    if pattern.contains(OTHER) || text.contains('\n') {
        return None;
    }
    let piece = |c| match c {
        '*' => Piece::Star,
        '?' => Piece::Any,
        c => Piece::Literal(c),
    };
    Some(pattern.chars().map(piece).collect())
}

/// Returns true if the whole of `text` matches; `None` if the pattern has more than `*` and `?`.
pub(crate) fn matches(pattern: &str, text: &str) -> Option<bool> {
    // The last star of a greedy match takes as much as the rest of the pattern leaves.
    let pattern = WordPattern::new(&pieces(pattern, text)?, true)?;
    Some(pattern.end_at_start(text) == Some(text.len()))
}

/// Returns `text` without the start that matches, the longest or the shortest.
pub(crate) fn without_start<'t>(text: &'t str, pattern: &str, longest: bool) -> Option<&'t str> {
    let pattern = WordPattern::new(&pieces(pattern, text)?, longest)?;
    Some(pattern.end_at_start(text).map_or(text, |end| cut::from(text, end)))
}

/// Returns `text` without the end that matches, the longest or the shortest.
pub(crate) fn without_end<'t>(text: &'t str, pattern: &str, longest: bool) -> Option<&'t str> {
    let mut pieces = pieces(pattern, text)?;
    pieces.reverse();
    let reversed: String = text.chars().rev().collect();
    let end = WordPattern::new(&pieces, longest)?.end_at_start(&reversed);
    Some(end.map_or(text, |end| cut::before(text, text.len() - end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text, want) in [
            ("a*c", "abbc", Some(true)),
            ("a*c", "abb", Some(false)),
            ("a*b*c", "abcbcc", Some(true)),
            ("*", "", Some(true)),
            ("", "a", Some(false)),
            ("?b", "ab", Some(true)),
            ("?b", "éb", Some(true)),
            ("[ab]", "a", None),
            ("a*", "a\nb", None),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
        assert_eq!(without_end("a/b/c.x.y", ".*", false), Some("a/b/c.x"));
        assert_eq!(without_end("a/b/c.x.y", ".*", true), Some("a/b/c"));
        assert_eq!(without_end("a/b", "x*", true), Some("a/b"));
        assert_eq!(without_start("a/b/c", "*/", true), Some("c"));
        assert_eq!(without_start("a/b/c", "*/", false), Some("b/c"));
    }
}
