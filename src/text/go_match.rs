//! Matching of one path component: Go's `filepath.Match`, by which BuildKit matches the sources of COPY and ADD
//! (`github.com/tonistiigi/fsutil/copy`, `ResolveWildcards`).

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This character.
    Just(char),
    /// `?`: any character but a slash.
    One,
    /// `*`: any number of characters but slashes.
    Many,
    /// `[…]`: a character in one of the ranges, or in none of them.
    Class {
        /// `[^…]`.
        negated: bool,
        /// The ranges, both ends included.
        ranges: Vec<(char, char)>,
    },
    /// Where the next piece, [`Folders`](Self::Folders), may be left out.
    Maybe,
    /// `**` and a slash: any characters up to a slash.
    Folders,
    /// `**` at the end: anything.
    Rest,
}

impl Piece {
    /// The character that it is, if it is one.
    pub(crate) fn literal(&self) -> Option<char> {
        match self {
            Self::Just(own) => Some(*own),
            _ => None,
        }
    }

    /// Whether its ranges, if it has any, go up, as a regular expression wants them.
    pub(crate) fn is_in_order(&self) -> bool {
        match self {
            Self::Class { ranges, .. } => ranges.iter().all(|(low, high)| low <= high),
            _ => true,
        }
    }
}

/// A pattern that Go's `filepath.Match` would refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pattern: close its `[` and put a character behind its `\\`")]
pub struct PatternError(pub String);

/// Whether a source of COPY or ADD is a pattern, as `containsWildcards` in fsutil tells.
pub fn has_wildcards(source: &str) -> bool {
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

/// Reads a pattern of `filepath.Match`. Its slashes stand for themselves.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars().peekable();
    let wrong = || PatternError(pattern.to_owned());
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '*' => Piece::Many,
            '?' => Piece::One,
            '[' => class(&mut chars).ok_or_else(wrong)?,
            '\\' => Piece::Just(chars.next().ok_or_else(wrong)?),
            _ => Piece::Just(c),
        });
    }
    Ok(pieces)
}

/// Whether a name matches one component of a pattern; a pattern that Go refuses matches nothing.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    parse(pattern).is_ok_and(|pieces| matches(&pieces, name))
}

/// Reads what follows a `[`.
pub(crate) fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Piece> {
    let negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || chars.peek() != Some(&']') {
        let low = bound(chars)?;
        let high = if chars.next_if_eq(&'-').is_some() { bound(chars)? } else { low };
        ranges.push((low, high));
    }
    chars.next();
    Some(Piece::Class { negated, ranges })
}

fn bound(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '\\' => chars.next(),
        '-' | ']' => None,
        c => Some(c),
    }
}

/// Whether `pieces` match all of `text`. All ways are tried at once, so no pattern takes long.
pub(crate) fn matches(pieces: &[Piece], text: &str) -> bool {
    // `at[i]`: the text so far may have been matched by the pieces before the one at `i`.
    let mut at = vec![false; pieces.len() + 2];
    let mut next = at.clone();
    at[0] = true;
    pass_by(pieces, &mut at);
    for c in text.chars() {
        next.fill(false);
        for (i, piece) in pieces.iter().enumerate().filter(|&(i, _)| at[i]) {
            match piece {
                Piece::Just(own) => next[i + 1] |= *own == c,
                Piece::One => next[i + 1] |= c != '/',
                Piece::Many => next[i] |= c != '/',
                Piece::Class { negated, ranges } => {
                    let within = ranges.iter().any(|&(low, high)| (low..=high).contains(&c));
                    next[i + 1] |= within != *negated;
                }
                Piece::Maybe => {}
                Piece::Folders => {
                    next[i] = true;
                    next[i + 1] |= c == '/';
                }
                Piece::Rest => next[i] = true,
            }
        }
        pass_by(pieces, &mut next);
        std::mem::swap(&mut at, &mut next);
    }
    at[pieces.len()]
}

/// Marks what is reached without taking a character.
fn pass_by(pieces: &[Piece], at: &mut [bool]) {
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Many | Piece::Rest if at[i] => at[i + 1] = true,
            Piece::Maybe if at[i] => {
                at[i + 1] = true;
                at[i + 2] = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of Go's own table (`path/filepath/match_test.go`), those that are a pattern.
    #[test]
    fn patterns_match_as_in_go() {
        let rows = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a][^a][^a]b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "x", true),
            ("[x\\-]", "z", false),
            ("*x", "xxx", true),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(matches(&parse(pattern).unwrap(), text), expected, "{pattern} {text}");
        }
        for wrong in ["[]a]", "[-]", "[x-]", "[a-b-c]", "[", "[^", "[^bc", "a[", "\\"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wildcards_are_seen_unless_escaped() {
        assert!(has_wildcards("a*") && has_wildcards("a/?") && has_wildcards("[ab]"));
        assert!(!has_wildcards("a\\*") && !has_wildcards("a/b"));
    }
}
