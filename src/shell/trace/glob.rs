//! Patterns of `case`, `${x%…}` and `${x#…}`, as far as texts are known.

/// Returns true if the whole of `text` matches; `None` if the pattern has more than `*` and `?`.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    if pattern.contains(['[', '\\', '(', '$', '`', '"', '\'']) {
        return None;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut within) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while within < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, within));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[within] => {
                at += 1;
                within += 1;
            }
            _ => {
                let Some((after, from)) = retry else { return Some(false) };
                retry = Some((after, from + 1));
                (at, within) = (after, from + 1);
            }
        }
    }
    Some(pattern[at..].iter().all(|c| *c == '*'))
}

/// `text` without the end that matches, the longest or the shortest.
pub(super) fn without_end<'t>(text: &'t str, pattern: &str, longest: bool) -> Option<&'t str> {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut found = None;
    for &at in ends.iter().rev() {
        if matches(pattern, &text[at..])? {
            found = Some(at);
            if !longest {
                break;
            }
        }
    }
    Some(found.map_or(text, |at| &text[..at]))
}

/// `text` without the start that matches, the longest or the shortest.
pub(super) fn without_start<'t>(text: &'t str, pattern: &str, longest: bool) -> Option<&'t str> {
    let mut found = None;
    for at in text.char_indices().map(|(at, _)| at).chain([text.len()]) {
        if matches(pattern, &text[..at])? {
            found = Some(at);
            if !longest {
                break;
            }
        }
    }
    Some(found.map_or(text, |at| &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match() {
        for (pattern, text, want) in [
            ("a*c", "abbc", Some(true)),
            ("a*c", "abb", Some(false)),
            ("*", "", Some(true)),
            ("?b", "ab", Some(true)),
            ("[ab]", "a", None),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
        assert_eq!(without_end("a/b/c.x.y", ".*", false), Some("a/b/c.x"));
        assert_eq!(without_end("a/b/c.x.y", ".*", true), Some("a/b/c"));
        assert_eq!(without_start("a/b/c", "*/", true), Some("c"));
        assert_eq!(without_start("a/b/c", "*/", false), Some("b/c"));
    }
}
