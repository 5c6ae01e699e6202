//! Text of others and numbers, as people read them: control characters, marks of the reading direction and what takes
//! no room are shown as escapes.

use std::borrow::Cow;

/// Whether a character would act on a terminal or a page, or hide, instead of being seen.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Adds a hidden character as it is shown.
pub fn push_hidden(out: &mut String, c: char) {
    match c {
        '\t' | '\n' | '\r' => out.extend(c.escape_default()),
        c if c.is_ascii() => out.extend([format!("\\x{:02x}", u32::from(c))]),
        c => out.extend(c.escape_unicode()),
    }
}

/// One line of text that others wrote.
pub fn shown(text: &str) -> Cow<'_, str> {
    shown_but(text, &[])
}

/// Text of several lines that others may have had a hand in.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    shown_but(text, &['\n'])
}

fn shown_but<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    let hides = |c: char| is_hidden(c) && !kept.contains(&c);
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { push_hidden(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

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

/// A commit as people name it.
pub fn short_commit(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_an_escape() {
        assert_eq!(shown("plain ünïcode"), "plain ünïcode");
        assert_eq!(shown("a\u{1b}[2Jb\u{7f}"), "a\\x1b[2Jb\\x7f");
        assert_eq!(shown("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(shown("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
        assert_eq!(shown_lines("a\nb\u{7}"), "a\nb\\x07");
    }

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
}
