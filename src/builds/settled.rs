//! Texts with unknown parts as plain strings, so that what works on strings works on them too. It never says what an
//! unknown part stands for.

use crate::text::pattern::{Part, Pattern};

/// The characters around the name of an unknown part. Both are for private use, and no file of builds has them.
pub(super) const OPEN: char = '\u{e000}';
pub(super) const CLOSE: char = '\u{e001}';

/// Returns an unknown part.
pub(super) fn unknown(name: &str) -> String {
    format!("{OPEN}{}{CLOSE}", name.replace([OPEN, CLOSE], ""))
}

/// Returns a pattern as a string.
pub(super) fn encoded(pattern: &Pattern) -> String {
    pattern.parts().iter().fold(String::new(), |mut text, part| {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Hole(name) => text.push_str(&unknown(name)),
        }
        text
    })
}

/// Returns the pattern of a string.
pub(super) fn pattern(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        pattern.push_text(before);
        let (name, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        pattern.push_hole(name);
        rest = after;
    }
    pattern.push_text(rest);
    pattern
}

/// Returns a text of a template, with an unknown part for each expression between `open` and `close`.
pub(super) fn with_holes(text: &str, open: &str, close: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once(open).and_then(|(before, after)| Some((before, after.split_once(close)?)))
    {
        pattern.push_text(before);
        pattern.push_hole(inside.trim());
        rest = after;
    }
    pattern.push_text(rest);
    pattern
}

/// Returns true if the string has an unknown part.
pub(super) fn is_open(text: &str) -> bool {
    text.contains(OPEN)
}

/// Returns true if the string may be empty or not.
pub(super) fn may_be_empty(text: &str) -> bool {
    is_open(text) && pattern(text).parts().iter().all(|part| matches!(part, Part::Hole(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_same_as_a_string_and_back() {
        let mut path = Pattern::text("a/");
        path.push_hole("X");
        path.push_text("/b");
        assert_eq!(pattern(&encoded(&path)), path);
        assert!(is_open(&encoded(&path)) && !may_be_empty(&encoded(&path)));
        assert!(may_be_empty(&unknown("X")) && !may_be_empty("") && !is_open("a"));
    }
}
