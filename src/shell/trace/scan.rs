//! Nested parts of a word: quotes, substitutions, braces.

/// Returns the place where the double quote that was opened before `text` closes.
pub(super) fn end_of_quoted(text: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        at = match c {
            '"' => return at,
            '\\' => next + text[next..].chars().next().map_or(0, char::len_utf8),
            '$' if text[next..].starts_with('(') => {
                text.len() - rest_after(&text[next + 1..], '(', ')').len()
            }
            '$' if text[next..].starts_with('{') => {
                text.len() - rest_after(&text[next + 1..], '{', '}').len()
            }
            '`' => text.len() - split_backquoted(&text[next..]).1.len(),
            _ => next,
        };
    }
    text.len()
}

fn rest_after(text: &str, open: char, close: char) -> &str {
    split_nested(text, open, close, 1).map_or("", |(_, rest)| rest)
}

/// Returns the text before and after the bracket that closes `depth` open ones. Quotes hide brackets.
pub(super) fn split_nested(text: &str, open: char, close: char, mut depth: usize) -> Option<(&str, &str)> {
    let mut chars = text.char_indices();
    let mut double = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '\'' if !double => {
                chars.by_ref().find(|(_, c)| *c == '\'');
            }
            '"' => double = !double,
            c if c == open && !double => depth += 1,
            c if c == close && !double => {
                depth -= 1;
                if depth == 0 {
                    return Some((&text[..at], &text[at + c.len_utf8()..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the script within backquotes, and the text after them.
pub(super) fn split_backquoted(text: &str) -> (String, &str) {
    let mut script = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '`' => return (script, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, c @ ('$' | '`' | '\\'))) => script.push(c),
                Some((_, c)) => script.extend(['\\', c]),
                None => {}
            },
            c => script.push(c),
        }
    }
    (script, "")
}
