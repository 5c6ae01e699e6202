//! Scripts of `sed`. They can run commands and write files; this reads those that surely do neither.

use crate::text::cut;

/// Returns true if a script does nothing but edit the text that goes through it. Anything that is not read counts as no.
pub(super) fn only_edits(script: &str) -> bool {
    let mut rest = script;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', ';', '}']);
        if rest.is_empty() {
            return true;
        }
        match command(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// Reads one command with its addresses and returns what follows.
fn command(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(after) = address(rest)? {
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(second) => rest = second.trim_start(),
            None => break,
        }
    }
    let rest = rest.trim_start_matches([' ', '!']);
    let (command, after) = cut::first(rest)?;
    match command {
        '{' => Some(after),
        'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'x' | '=' | 'q' => ended(after),
        'b' | 't' | ':' => Some(cut::where_ends(after, |c| matches!(c, ';' | '\n' | '}')).1),
        's' => {
            let (delimiter, pattern) = delimiter(after)?;
            let flags = delimited(delimited(pattern, delimiter)?, delimiter)?;
            // `e` runs the result and `w` writes it.
            ended(flags.trim_start_matches(|c: char| "gpiI".contains(c) || c.is_ascii_digit()))
        }
        'y' => {
            let (delimiter, set) = delimiter(after)?;
            ended(delimited(delimited(set, delimiter)?, delimiter)?)
        }
        // Text up to a line that does not end in a backslash.
        'a' | 'i' | 'c' => {
            let mut at = 0;
            while let Some(end) = cut::from(after, at).find('\n') {
                let (text, rest) = cut::split(after, at + end);
                if !text.ends_with('\\') {
                    return Some(rest);
                }
                at += end + 1;
            }
            Some("")
        }
        _ => None,
    }
}

/// Returns the text after a command that ends here.
fn ended(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches([' ', '\t']);
    (rest.is_empty() || rest.starts_with([';', '\n', '}'])).then_some(rest)
}

/// Returns the text after an address; `Some(None)` if the text starts with none.
#[expect(clippy::option_option, reason = "an address that is not read is not one that is missing")]
fn address(text: &str) -> Option<Option<&str>> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || "$~+".contains(c));
    if rest.len() < text.len() {
        return Some(Some(rest));
    }
    let pattern = match (text.strip_prefix('/'), text.strip_prefix('\\')) {
        (Some(pattern), _) => delimited(pattern, '/')?,
        (None, Some(custom)) => {
            let (delimiter, pattern) = delimiter(custom)?;
            delimited(pattern, delimiter)?
        }
        (None, None) => return Some(None),
    };
    Some(Some(pattern.trim_start_matches(['I', 'M'])))
}

/// Returns the delimiter that a text starts with, and the text after it.
fn delimiter(text: &str) -> Option<(char, &str)> {
    cut::first(text).filter(|(c, _)| c.is_ascii() && !c.is_ascii_alphanumeric() && !"\\\n []".contains(*c))
}

/// Returns the text after the delimiter that ends a pattern. A bracket may hide a delimiter from some implementations.
fn delimited(text: &str, delimiter: char) -> Option<&str> {
    let mut chars = text.chars();
    let mut bracket = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            c if c == delimiter => return (!bracket).then_some(chars.as_str()),
            '[' => bracket = true,
            ']' => bracket = false,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::only_edits;

    #[test]
    fn scripts_that_run_or_write_are_told_from_those_that_edit() {
        for script in [
            "s/a/b/",
            "s|/x|/w y|g",
            "s/a/b/;s#c#d#2",
            "/^#/d",
            "1,/x/ {p;d}",
            "$!N",
            "s/e/\\/e/g",
            "a\\\ntext w x",
            "/a/a text",
            ":a;N;ba",
            "s,[0-9],x,",
            "\\,a,d",
        ] {
            assert!(only_edits(script), "{script}");
        }
        for script in [
            "s/a/b/e",
            "s/a/b/ge",
            "s/a/b/w /x",
            "1e mkdir /n",
            "e",
            "w /x",
            "p;w /x",
            "W /x",
            "r /x",
            "s/a/b",
            "/[/]/w /x",
            "F",
        ] {
            assert!(!only_edits(script), "{script}");
        }
    }
}
