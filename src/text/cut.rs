//! Parts of a text. No cut divides a character; an offset is one that a search of the same text gave.

use std::ops::Range;

use crate::budget;

/// Returns the first character and the text after it. `None` if the text is empty.
pub(crate) fn first(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.as_str()))
}

/// Divides a text before the first character that ends its first part. Without one, the second part is empty.
pub(crate) fn where_ends(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    split(text, text.find(ends).unwrap_or(text.len()))
}

/// Divides a text behind the ASCII digits that it starts with.
pub(crate) fn digits(text: &str) -> (&str, &str) {
    where_ends(text, |c| !c.is_ascii_digit())
}

/// Divides a text at an offset. One that is wrong is a defect, which ends the work on the file; outside of such work, the
/// text is cut before the character that holds it.
pub(crate) fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or_else(|| {
        budget::defect(&format!("{at} is not a position in a text of {} bytes", text.len()));
        text.split_at(text.floor_char_boundary(at))
    })
}

/// Returns the text before an offset.
pub(crate) fn before(text: &str, at: usize) -> &str {
    split(text, at).0
}

/// Returns the text from an offset on.
pub(crate) fn from(text: &str, at: usize) -> &str {
    split(text, at).1
}

/// Returns the text between two offsets.
pub(crate) fn between(text: &str, range: Range<usize>) -> &str {
    from(before(text, range.end), range.start)
}

/// Returns a text with each `from` replaced. `None` if the result has more than `most` bytes.
pub(crate) fn replaced(text: &str, from: &str, to: &str, most: usize) -> Option<String> {
    let added = to.len().saturating_sub(from.len()).saturating_mul(text.matches(from).count());
    (text.len().saturating_add(added) <= most).then(|| text.replace(from, to))
}

/// Returns the text before each slash: `a` and `a/b` for `a/b/c`.
pub(crate) fn parents(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| before(path, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_divided_between_characters() {
        assert_eq!(first("äb"), Some(('ä', "b")));
        assert_eq!(first(""), None);
        assert_eq!(where_ends("aä=b", |c| c == '='), ("aä", "=b"));
        assert_eq!(where_ends("aä", |c| c == '='), ("aä", ""));
        assert_eq!(digits("12ä"), ("12", "ä"));
        assert_eq!(between("aäb", 1..3), "ä");
        assert_eq!(parents("a/ä/c").collect::<Vec<_>>(), ["a", "a/ä"]);
        assert_eq!(parents("c").count(), 0);
    }

    #[test]
    fn a_wrong_offset_is_a_defect_of_the_work_on_a_file() {
        for at in [2, 5] {
            let ended = budget::contained(|| split("aäb", at)).unwrap_err();
            assert!(ended.to_string().contains(&format!("{at} is not a position")), "{ended}");
        }
        assert_eq!(budget::contained(|| split("aäb", 3)), Ok(("aä", "b")));
    }
}
