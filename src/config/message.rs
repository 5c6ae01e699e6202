//! The template of a commit message, and the parts that all templates share.

use crate::text::cut;
use crate::text::words::list;

/// A variable of a template.
pub(crate) trait Named: Copy + 'static {
    /// Every variable.
    const ALL: &'static [Self];

    /// The name between braces.
    fn name(self) -> &'static str;
}

/// A variable of a commit message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variable {
    /// The path of the file.
    Path,
    /// The number of linked lines, as in `2 lines`.
    Count,
    /// Each line with its reasons.
    Lines,
    /// The number of the file's wave, or `none`.
    Wave,
}

impl Named for Variable {
    const ALL: &'static [Self] = &[Self::Path, Self::Count, Self::Lines, Self::Wave];

    fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Count => "count",
            Self::Lines => "lines",
            Self::Wave => "wave",
        }
    }
}

/// An error in a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// An unknown variable.
    #[error("unknown variable `{{{name}}}`; write one of {known}")]
    Unknown {
        /// The unknown name.
        name: String,
        /// The known variables.
        known: String,
    },
    /// A brace without its counterpart.
    #[error("unmatched `{0}`; write `{0}{0}` for the character itself")]
    Brace(char),
    /// An empty first line.
    #[error("the first line is empty; it is the subject of the commit")]
    NoSubject,
    /// A control character.
    #[error("the template has a control character; remove it")]
    Control,
}

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template<V = Variable>(Vec<Part<V>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part<V> {
    Text(String),
    Variable(V),
}

impl<V: Named> Template<V> {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// [`MessageError`] for unknown variables, lone braces, control characters, and without a subject.
    pub(crate) fn read(text: &str) -> Result<Self, MessageError> {
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(MessageError::Control);
        }
        if text.lines().next().is_none_or(|subject| subject.trim().is_empty()) {
            return Err(MessageError::NoSubject);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let (before, found) = cut::where_ends(rest, |c| matches!(c, '{' | '}'))
            && let Some((brace, after)) = cut::first(found)
        {
            parts.push(Part::Text(before.to_owned()));
            if let Some(after) = after.strip_prefix(brace) {
                parts.push(Part::Text(brace.to_string()));
                rest = after;
                continue;
            }
            let (name, after) = after
                .split_once('}')
                .filter(|(name, _)| brace == '{' && !name.contains(['{', '\n']))
                .ok_or(MessageError::Brace(brace))?;
            let variable = V::ALL.iter().copied().find(|variable| variable.name() == name);
            let unknown = || MessageError::Unknown { name: name.to_owned(), known: known::<V>() };
            parts.push(Part::Variable(variable.ok_or_else(unknown)?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// Returns the text with a value in place of each variable.
    pub(crate) fn fill(&self, value: impl Fn(V) -> String) -> String {
        let part = |part: &Part<V>| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(variable) => value(*variable),
        };
        self.0.iter().map(part).collect()
    }
}

/// Returns the list of all variables, as in `{path}, {count} and {wave}`.
fn known<V: Named>() -> String {
    let names: Vec<String> = V::ALL.iter().map(|variable| format!("{{{}}}", variable.name())).collect();
    list(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_doubled_braces_are_braces() {
        let template = Template::<Variable>::read("{{x}} {path}: {count}{wave}\n").unwrap();
        assert_eq!(template.fill(|variable| format!("<{}>", variable.name())), "{x} <path>: <count><wave>\n");
    }

    #[test]
    fn what_can_not_be_filled_in_is_told() {
        let told = |text: &str| Template::<Variable>::read(text).unwrap_err();
        let unknown = "unknown variable `{pth}`; write one of {path}, {count}, {lines} and {wave}";
        assert_eq!(told("a {pth}").to_string(), unknown);
        assert_eq!(told("a {path"), MessageError::Brace('{'));
        assert_eq!(told("a }"), MessageError::Brace('}'));
        assert_eq!(told(""), MessageError::NoSubject);
        assert_eq!(told(" \nbody"), MessageError::NoSubject);
        assert_eq!(told("a\0b"), MessageError::Control);
    }
}
