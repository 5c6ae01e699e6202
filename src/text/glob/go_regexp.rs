//! Expressions of Go's `regexp` in the syntax of `regex-automata`, as far as moby/patternmatcher writes them.

use super::{push_literal, push_range};
use crate::text::cut;

/// Translates an expression. `None` if Go refuses it, or if it has an escape of several characters (`\x41`, `\pL`,
/// `\Q`), which is not translated.
///
/// The only unescaped operators it may have are `^`, `$`, `(…)?`, `.*`, `[…]` and `[…]*`. A star matches bytes instead
/// of characters; in UTF-8 the same texts match, and the result is smaller.
pub(super) fn translate(go: &str) -> Option<String> {
    let mut out = String::with_capacity(go.len() * 2);
    let mut rest = go;
    while let Some((c, after)) = cut::first(rest) {
        rest = match c {
            '\\' => escape(after, &mut out)?,
            '[' => match rest.strip_prefix(NO_SLASHES) {
                Some(rest) => {
                    out.push_str("(?-u:[^/])*");
                    rest
                }
                None => class(after, &mut out)?,
            },
            _ => {
                match c {
                    '(' => out.push_str("(?:"),
                    '.' => out.push_str("(?-u:.)"),
                    '^' | '$' | ')' | '?' | '*' => out.push(c),
                    c => push_literal(&mut out, c),
                }
                after
            }
        };
    }
    Some(out)
}

/// The expression of a `*`.
const NO_SLASHES: &str = "[^/]*";

/// Adds the escape that follows a `\` outside of a class. Returns the rest.
fn escape<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    let (c, rest) = cut::first(text)?;
    match c {
        'b' => out.push_str("(?-u:\\b)"),
        'B' => out.push_str("(?-u:\\B)"),
        'A' => out.push_str("\\A"),
        'z' => out.push_str("\\z"),
        c => match perl_class(c) {
            Some(class) => out.push_str(class),
            None => push_literal(out, escaped(c)?),
        },
    }
    Some(rest)
}

/// The character that a `\` and `c` stand for.
fn escaped(c: char) -> Option<char> {
    match c {
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    }
}

/// The class that a `\` and `c` stand for: ASCII only, unlike those of `regex-automata`.
fn perl_class(c: char) -> Option<&'static str> {
    Some(match c {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => "[\\t\\n\\x0c\\r\\x20]",
        'S' => "[^\\t\\n\\x0c\\r\\x20]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

/// Adds the class that follows a `[` (`parseClass` of `regexp/syntax`). Returns the rest.
fn class<'t>(text: &'t str, out: &mut String) -> Option<&'t str> {
    out.push('[');
    let mut rest = text;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut is_first = true;
    while is_first || !rest.starts_with(']') {
        is_first = false;
        if let Some((name, after)) = rest.strip_prefix("[:").and_then(|named| named.split_once(":]")) {
            if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return None;
            }
            out.extend(["[:", name, ":]"]);
            rest = after;
            continue;
        }
        let perl = rest.strip_prefix('\\').and_then(cut::first);
        if let Some((class, after)) = perl.and_then(|(c, after)| Some((perl_class(c)?, after))) {
            out.push_str(class);
            rest = after;
            continue;
        }
        let (low, after) = bound(rest)?;
        let (high, after) = match after.strip_prefix('-') {
            Some(end) if !end.starts_with(']') => bound(end)?,
            _ => (low, after),
        };
        if low > high {
            return None;
        }
        push_range(out, (low, high));
        rest = after;
    }
    out.push(']');
    rest.strip_prefix(']')
}

/// The names allowed in `[:…:]`.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// A character of a class, and the rest.
fn bound(text: &str) -> Option<(char, &str)> {
    let (c, rest) = cut::first(text)?;
    if c != '\\' {
        return Some((c, rest));
    }
    let (c, rest) = cut::first(rest)?;
    Some((escaped(c)?, rest))
}

#[cfg(test)]
mod tests {
    use super::super::compile;
    use super::*;

    /// The sample texts that an expression matches.
    fn matched(go: &str) -> Vec<&'static str> {
        let regex = compile(&translate(&format!("^{go}$")).unwrap()).unwrap();
        let texts =
            ["", "a", "b", "z", "]", "[", "-", "^", "/", "5", "_", "\n", " ", "é", "&", "a/b", "ab", "a&&b"];
        texts.into_iter().filter(|text| regex.is_match(*text)).collect()
    }

    #[test]
    fn classes_are_go_s() {
        assert_eq!(matched("[a-b]"), ["a", "b"]);
        assert_eq!(matched("[]a]"), ["a", "]"]);
        assert_eq!(matched("[^a-z/]"), ["]", "[", "-", "^", "5", "_", "\n", " ", "é", "&"]);
        assert_eq!(matched("[a-]"), ["a", "-"]);
        assert_eq!(matched("[[a]"), ["a", "["]);
        // `&&` and `[` are operators in regex-automata.
        assert_eq!(matched("[a&&b]"), ["a", "b", "&"]);
        assert_eq!(matched("[[^/]"), ["[", "^", "/"]);
        assert_eq!(matched("[[:alpha:]_]"), ["a", "b", "z", "_"]);
        assert_eq!(matched("[[:^word:]]"), ["]", "[", "-", "^", "/", "\n", " ", "é", "&"]);
        assert_eq!(matched("[\\]\\d\\s]"), ["]", "5", "\n", " "]);
        assert_eq!(matched("[\\W]"), ["]", "[", "-", "^", "/", "\n", " ", "é", "&"]);
    }

    #[test]
    fn escapes_are_go_s() {
        assert_eq!(matched("\\D"), ["a", "b", "z", "]", "[", "-", "^", "/", "_", "\n", " ", "é", "&"]);
        assert_eq!(matched("\\^"), ["^"]);
        assert_eq!(matched("\\n"), ["\n"]);
        assert_eq!(matched("a\\b/b"), ["a/b"]);
        assert_eq!(matched("a\\Bb"), ["ab"]);
        assert_eq!(matched("(.*/)?b"), ["b", "a/b"]);
        assert_eq!(matched("[^/]"), ["a", "b", "z", "]", "[", "-", "^", "5", "_", "\n", " ", "é", "&"]);
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for refused in
            ["[b-a]", "[a", "[]", "[^]", "[[:none:]]", "\\y", "\\é", "[\\b]", "[a-\\d]", "\\1", "\\"]
        {
            assert_eq!(translate(refused), None, "{refused}");
        }
        for not_translated in ["\\x41", "\\pL", "\\Qa\\E", "\\101", "\\C"] {
            assert_eq!(translate(not_translated), None, "{not_translated}");
        }
    }
}
