//! Numbers and nouns.

use crate::plan::file::SaidBy;

/// A number with its thousands set apart: `1,204`.
pub fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun: `1 file`, `2 files`.
pub fn count(many: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(many), if many == 1 { "" } else { "s" })
}

/// The form that goes with a number.
pub fn form<'w>(many: usize, one: &'w str, more: &'w str) -> &'w str {
    if many == 1 { one } else { more }
}

/// A kind of file that says how something is built.
pub fn said_by(kind: SaidBy) -> &'static str {
    match kind {
        SaidBy::Config => "layerwright.toml",
        SaidBy::Compose => "compose file",
        SaidBy::Bake => "bake file",
        SaidBy::Workflow => "workflow",
        SaidBy::Script => "script",
        SaidBy::Makefile => "Makefile",
        SaidBy::Devcontainer => "devcontainer.json",
    }
}

/// A commit as people name it.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// At most `most` characters, the rest as `…`.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(most.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_204), "1,204");
        assert_eq!(number(1_000_000), "1,000,000");
    }

    #[test]
    fn one_has_no_plural() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(count(1_395, "Dockerfile"), "1,395 Dockerfiles");
    }

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
    }
}
