//! Texts with variables, by compose-go's `template` package. It never looks at the machine that it runs on.

use crate::budget::{STORED_BYTES, spend};
use crate::builds::settled;
use crate::dockerfile::expand::LONGEST_WORD;
use crate::text::cut;

/// The deepest nesting of defaults.
const DEEPEST: usize = 16;

/// Returns the value of a variable; `None` if it is not set.
type Lookup<'l> = dyn Fn(&str) -> Option<String> + 'l;

/// A text that compose refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub String);

/// Returns a text with the values of its variables: `$X`, `${X}`, `${X:-default}`, `${X-default}`, `${X:?error}`,
/// `${X?error}`, `${X:+other}`, `${X+other}` and `$$`. A variable that is not set is empty
/// (`template.DefaultReplacementAppliedFunc`). A text to which variables add more than [`LONGEST_WORD`] is unknown.
pub(super) fn interpolated(text: &str, value_of: &Lookup) -> Result<String, Refused> {
    substituted(text, value_of, 0)
}

fn substituted(text: &str, value_of: &Lookup, depth: usize) -> Result<String, Refused> {
    let invalid = || Refused(format!("invalid template `{text}`"));
    if depth > DEEPEST {
        return Err(invalid());
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        if out.len() > text.len() + LONGEST_WORD {
            return Ok(settled::unknown("a long text"));
        }
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some(inner) = after.strip_prefix('{') else {
            let (name, after) = cut::split(after, name_length(after));
            // A `$` before anything else stays.
            out.push_str(&if name.is_empty() { "$".into() } else { value_of(name).unwrap_or_default() });
            rest = after;
            continue;
        };
        let (inside, after) = braced(inner).ok_or_else(invalid)?;
        let (name, operation) = inside.split_at(name_length(inside));
        if name.is_empty() {
            return Err(invalid());
        }
        out.push_str(&variable(name, operation, value_of, depth)?.ok_or_else(invalid)?);
        rest = after;
    }
    out.push_str(rest);
    if out.len() > text.len() + LONGEST_WORD {
        return Ok(settled::unknown("a long text"));
    }
    spend(out.len() / STORED_BYTES);
    Ok(out)
}

/// Returns the value of `${name operation}`; `None` if there is no such operation.
fn variable(name: &str, operation: &str, value_of: &Lookup, depth: usize) -> Result<Option<String>, Refused> {
    let value = value_of(name);
    if operation.is_empty() {
        return Ok(Some(value.unwrap_or_default()));
    }
    let (colon, rest) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
    let Some((operator, word)) = cut::first(rest).filter(|(c, _)| "-?+".contains(*c)) else {
        return Ok(None);
    };
    let word = || substituted(word, value_of, depth + 1);
    if value.as_deref().is_some_and(settled::may_be_empty) {
        return Ok(Some(settled::unknown(name)));
    }
    let has_value = value.as_deref().is_some_and(|value| !(colon && value.is_empty()));
    Ok(Some(match (operator, has_value) {
        ('+', true) | ('-', false) => word()?,
        ('?', false) => {
            return Err(Refused(format!("required variable {name} is missing a value")));
        }
        _ => value.unwrap_or_default(),
    }))
}

/// Returns the text before the closing brace, and the text after it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((cut::before(text, at), cut::from(text, at + 1))),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Environment;
    use super::*;

    #[test]
    fn every_form_of_a_variable_is_known() {
        let environment = Environment::of([("A", "a"), ("E", ""), ("U", &settled::unknown("U"))]);
        let value = |text| interpolated(text, &|name| environment.get(name)).unwrap();
        for (text, expected) in [
            ("$A-${A}", "a-a"),
            ("$$A", "$A"),
            ("${X:-d}${X-d}", "dd"),
            ("${E:-d}${E-d}", "d"),
            ("${X:-${Y:-$A}}", "a"),
            ("${A:+b}${E:+b}${E+c}${X+d}", "bc"),
            ("${A:?no}${E?no}", "a"),
            ("$X", ""),
            ("${X:-}", ""),
            ("x${X:-a?b:-c}", "xa?b:-c"),
            // As `docker compose config` 2.26 and 2.40 print them.
            ("$", "$"),
            ("a$.b", "a$.b"),
            ("test $? -eq 0 $1", "test $? -eq 0 $1"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert_eq!(value("${U:-d}/x"), settled::unknown("U") + "/x");
        for refused in ["${X:?no}", "${E:?no}", "${", "${1}", "${A!x}", "${A:x}"] {
            assert!(interpolated(refused, &|name| environment.get(name)).is_err(), "{refused}");
        }
    }

    #[test]
    fn variables_make_no_text_much_longer() {
        let value = "x".repeat(LONGEST_WORD);
        let filled = |text: &str| interpolated(text, &|_| Some(value.clone())).unwrap();
        assert_eq!(filled("$A"), value);
        assert_eq!(filled("${X:+${Y}}"), value);
        assert_eq!(filled("$A${A}b"), settled::unknown("a long text"));
        assert_eq!(filled(&"$A".repeat(100_000)), settled::unknown("a long text"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}:a-zA-Z?+./-]{0,30}") {
            let _ = interpolated(&text, &|name| (name == "A").then(|| "a".to_owned()));
        }
    }
}
