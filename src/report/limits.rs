//! GitHub's limits on texts. They are known before a text is sent: one that is too long is refused for ever.

/// The most characters of the text of an issue, a pull request or a comment (422, "body is too long (maximum is 65536
/// characters)").
pub(crate) const BODY: usize = 65_536;

/// The most characters of a title (422, "title is too long (maximum is 256 characters)").
pub(crate) const TITLE: usize = 256;

/// The part of a text that is left free, so that people can still write in it.
pub(super) const FREE: usize = 2_000;

/// Returns the length of a text as GitHub may count it: in UTF-16 code units, which are at least its characters.
pub(crate) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Returns the end of a text that fits `most`, with `…` before it if something is missing: the end of a path says most.
pub(super) fn end_of(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let (mut used, mut end) = (1, Vec::new());
    for c in text.chars().rev() {
        used += c.len_utf16();
        if used > most {
            break;
        }
        end.push(c);
    }
    ['…'].into_iter().chain(end.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_fits() {
        assert_eq!(end_of("a/b", 3), "a/b");
        assert_eq!(end_of("long/b", 3), "…/b");
        assert_eq!(end_of("\u{1f600}\u{1f600}", 3), "…\u{1f600}");
        assert_eq!(length("\u{1f600}\u{e4}"), 3);
    }
}
