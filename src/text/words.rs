//! Counts with their nouns, lists, and shortened text. It never decides what is shown.

use super::cut;
use super::figures::number;

/// Returns a number and its noun: `1 file`, `1,204 files`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{} {}", number(n), plural(n, noun))
}

/// Returns a regular noun in the form that fits a number: `file`, `files`.
pub(crate) fn plural(n: usize, noun: &str) -> String {
    format!("{noun}{}", form(n, "", "s"))
}

/// Returns the form that fits a number: `is`, `are`.
pub(crate) fn form<'w>(n: usize, one: &'w str, more: &'w str) -> &'w str {
    if n == 1 { one } else { more }
}

/// Returns a list for a sentence: `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        out.push_str(match at {
            0 => "",
            _ if at + 1 == items.len() => " and ",
            _ => ", ",
        });
        out.push_str(item.as_ref());
    }
    out
}

/// The least likeness, from 0 to 1, at which a name is meant by another one.
const ALIKE: f64 = 0.6;

/// Returns the name that is meant by an unknown one: the most similar of `names`, if it is similar enough. Of names that
/// are equally similar, it is the last.
pub(crate) fn meant<'n>(unknown: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let alike = names.map(|name| (strsim::normalized_damerau_levenshtein(unknown, name), name));
    let (likeness, best) = alike.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= ALIKE).then_some(best)
}

/// Returns at most `most` characters of a text; the last is `…` if some are missing.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Returns the first line that is not blank, trimmed. Empty if every line is blank.
pub(crate) fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// Returns the first line of an instruction, without the `\` that continues it, and true if more lines follow.
pub(crate) fn instruction_head(instruction: &str) -> (&str, bool) {
    let (first, rest) = instruction.split_once('\n').unwrap_or((instruction, ""));
    (first.trim_end().trim_end_matches('\\').trim_end(), !rest.is_empty())
}

/// Returns the abbreviated id of a commit or blob.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// The hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// Returns a text with its digests abbreviated: `debian:12@sha256:3f2a9c81d4…`.
pub(crate) fn short_digests(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split("sha256:");
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (digits, rest) = cut::where_ends(part, |c| !c.is_ascii_hexdigit());
        let digits =
            if digits.len() == DIGITS { format!("{}…", short_id(digits)) } else { digits.to_owned() };
        out.extend(["sha256:", &digits, rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_plural() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(count(1_395, "Dockerfile"), "1,395 Dockerfiles");
    }

    #[test]
    fn the_last_item_of_a_list_follows_and() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
        assert_eq!(shortened("ünïcode", 3), "ün…");
    }

    #[test]
    fn digests_keep_their_heads() {
        let digest = "0123456789".repeat(6) + "abcd";
        let text = format!("`a/b:1@sha256:{digest}` and sha256:{digest}.");
        assert_eq!(short_digests(&text), "`a/b:1@sha256:0123456789…` and sha256:0123456789….");
        assert_eq!(short_digests("a/b:1"), "a/b:1");
        assert_eq!(short_digests("a@sha256:$D sha256:"), "a@sha256:$D sha256:");
    }

    #[test]
    fn blank_lines_are_not_the_first() {
        assert_eq!(first_line("\n \r\n a b \nc"), "a b");
        assert_eq!(first_line(" \n"), "");
    }

    #[test]
    fn an_instruction_loses_what_continues_it() {
        assert_eq!(instruction_head("COPY a \\\r\n b /"), ("COPY a", true));
        assert_eq!(instruction_head("COPY a /"), ("COPY a /", false));
        assert_eq!(instruction_head("COPY a /\n"), ("COPY a /", false));
    }
}
