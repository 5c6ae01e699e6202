//! Texts with unknown parts: `registry/app:${VERSION}`. It never says what a part stands for; it finds that out by
//! comparing.

use std::collections::BTreeMap;
use std::fmt;

use crate::text::cut;

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    /// Known text.
    Text(String),
    /// The value of a variable of this name. The same name has the same value everywhere.
    Hole(String),
}

/// The values of variables, by name.
pub(crate) type Bindings = BTreeMap<String, String>;

/// A text with unknown parts. Two texts are never adjacent, and none is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Returns a text that is fully known.
    pub(crate) fn text(text: &str) -> Self {
        let mut pattern = Self::default();
        pattern.push_text(text);
        pattern
    }

    /// Returns the value of the variable `name`.
    pub(crate) fn hole(name: &str) -> Self {
        Self { parts: vec![Part::Hole(name.to_owned())] }
    }

    /// Adds a text at the end.
    pub(crate) fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Adds the value of the variable `name` at the end.
    pub(crate) fn push_hole(&mut self, name: &str) {
        self.parts.push(Part::Hole(name.to_owned()));
    }

    /// Adds another pattern at the end.
    pub(crate) fn push(&mut self, other: &Pattern) {
        self.extend(&other.parts);
    }

    /// Returns its parts in order.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns true if the text is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the number of bytes of its texts and names.
    pub(crate) fn len(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Text(text) | Part::Hole(text) => text.len(),
        };
        self.parts.iter().map(length).sum()
    }

    /// Returns the text if all of it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the name of the variable whose value alone is the text.
    pub(crate) fn as_hole(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Hole(name)] => Some(name),
            _ => None,
        }
    }

    /// Returns the pattern without a known start; `None` if it does not start with it.
    pub(crate) fn strip_prefix(&self, start: &str) -> Option<Self> {
        let (Part::Text(first), rest) = self.parts.split_first()? else { return None };
        let mut stripped = Self::text(first.strip_prefix(start)?);
        stripped.extend(rest);
        Some(stripped)
    }

    /// Returns the pattern without a known end; `None` if it does not end with it.
    pub(crate) fn strip_suffix(&self, end: &str) -> Option<Self> {
        let (Part::Text(last), rest) = self.parts.split_last()? else { return None };
        let mut stripped: Self = rest.iter().collect();
        stripped.push_text(last.strip_suffix(end)?);
        Some(stripped)
    }

    /// Returns the parts between the known characters that `is_separator` accepts.
    pub(crate) fn split(&self, is_separator: impl Fn(char) -> bool) -> Vec<Self> {
        let mut found = vec![Self::default()];
        for part in &self.parts {
            match part {
                Part::Hole(name) => found.last_mut().into_iter().for_each(|last| last.push_hole(name)),
                Part::Text(text) => {
                    for (at, piece) in text.split(&is_separator).enumerate() {
                        if at > 0 {
                            found.push(Self::default());
                        }
                        found.last_mut().into_iter().for_each(|last| last.push_text(piece));
                    }
                }
            }
        }
        found
    }

    /// Returns the parts before and after the first known `separator`.
    pub(crate) fn split_once(&self, separator: char) -> Option<(Self, Self)> {
        let has = |part: &Part| matches!(part, Part::Text(text) if text.contains(separator));
        let at = self.parts.iter().position(has)?;
        let Part::Text(text) = &self.parts[at] else { return None };
        let (before, after) = text.split_once(separator)?;
        let mut first: Self = self.parts[..at].iter().collect();
        first.push_text(before);
        let mut rest = Self::text(after);
        rest.extend(&self.parts[at + 1..]);
        Some((first, rest))
    }

    /// Returns the pattern without known whitespace at its start and its end.
    #[must_use]
    pub(crate) fn trim(&self) -> Self {
        let last = self.parts.len().saturating_sub(1);
        let mut trimmed = Self::default();
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Hole(name) => trimmed.push_hole(name),
                Part::Text(text) => {
                    let text = if at == 0 { text.trim_start() } else { text };
                    trimmed.push_text(if at == last { text.trim_end() } else { text });
                }
            }
        }
        trimmed
    }

    /// Returns the parts before and after the last known slash.
    pub(crate) fn rsplit_slash(&self) -> Option<(Self, Self)> {
        let slash = |part: &Part| matches!(part, Part::Text(text) if text.contains('/'));
        let at = self.parts.iter().rposition(slash)?;
        let Part::Text(text) = &self.parts[at] else { return None };
        let (before, after) = text.rsplit_once('/')?;
        let mut folder: Self = self.parts[..at].iter().collect();
        folder.push_text(before);
        let mut name = Self::text(after);
        name.extend(&self.parts[at + 1..]);
        Some((folder, name))
    }

    /// Returns the pattern with the known variables replaced by their values.
    #[must_use]
    pub(crate) fn bind(&self, bindings: &Bindings) -> Self {
        let mut bound = Self::default();
        for part in &self.parts {
            match part {
                Part::Text(text) => bound.push_text(text),
                Part::Hole(name) => match bindings.get(name) {
                    Some(value) => bound.push_text(value),
                    None => bound.push_hole(name),
                },
            }
        }
        bound
    }

    /// Returns the values of the variables for which the pattern is `text`. If several answers fit, the one with the
    /// shortest first variables. `None` if none fits. If that takes too long to find out, it may fit: no variable has a value
    /// then.
    pub(crate) fn matches(&self, text: &str) -> Option<Bindings> {
        let mut search = Search { parts: &self.parts, values: Vec::new(), steps: STEPS };
        match search.fits(0, text) {
            true => {
                let values = search.values.into_iter();
                Some(values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
            }
            false if search.steps == 0 => Some(Bindings::new()),
            false => None,
        }
    }
}

/// The most values of variables that are tried for one text.
const STEPS: usize = 1024;

/// The search for the values of variables. Where a variable and the next one are both in the pattern once, only the shortest
/// value is tried: if it does not lead to an answer, no longer one does, since the next variable could take the difference.
struct Search<'p, 't> {
    parts: &'p [Part],
    values: Vec<(&'p str, &'t str)>,
    /// The number of values that may still be tried.
    steps: usize,
}

impl<'p, 't> Search<'p, 't> {
    /// Returns true if the parts from `at` on are `text`.
    fn fits(&mut self, mut at: usize, mut text: &'t str) -> bool {
        let parts = self.parts;
        let name = loop {
            let Some(part) = parts.get(at) else { return text.is_empty() };
            let known = match part {
                Part::Text(part) => part.as_str(),
                Part::Hole(name) => match self.values.iter().find(|(other, _)| other == name) {
                    Some((_, value)) => *value,
                    None => break name.as_str(),
                },
            };
            let Some(after) = text.strip_prefix(known) else { return false };
            (at, text) = (at + 1, after);
        };
        let next = match parts.get(at + 1) {
            // The end of the pattern is the end of the text.
            None => return self.with(at, name, text, text.len()),
            Some(Part::Text(next)) if parts.len() == at + 2 => {
                return text.ends_with(next.as_str()) && self.with(at, name, text, text.len() - next.len());
            }
            Some(Part::Text(next)) => next.as_str(),
            Some(Part::Hole(_)) => "",
        };
        let following = if next.is_empty() { at + 1 } else { at + 2 };
        let is_shortest = self.is_once(at) && self.is_once(following);
        let ends = text.match_indices(next).map(|(end, _)| end);
        for end in ends.take(if is_shortest { 1 } else { usize::MAX }) {
            if self.with(at, name, text, end) {
                return true;
            }
            if self.steps == 0 {
                return false;
            }
        }
        false
    }

    /// Returns true if a part is a variable that the pattern has once.
    fn is_once(&self, at: usize) -> bool {
        let Some(Part::Hole(name)) = self.parts.get(at) else { return false };
        self.parts.iter().filter(|part| matches!(part, Part::Hole(other) if other == name)).count() == 1
    }

    /// Returns true if the parts after `at` fit where the variable there has the value before `end`.
    fn with(&mut self, at: usize, name: &'p str, text: &'t str, end: usize) -> bool {
        self.steps = self.steps.saturating_sub(1);
        let (value, after) = cut::split(text, end);
        self.values.push((name, value));
        let tried = self.values.len();
        let fits = self.steps > 0 && self.fits(at + 1, after);
        if !fits {
            self.values.truncate(tried - 1);
        }
        fits
    }
}

impl<'p> Extend<&'p Part> for Pattern {
    fn extend<T: IntoIterator<Item = &'p Part>>(&mut self, parts: T) {
        for part in parts {
            match part {
                Part::Text(text) => self.push_text(text),
                Part::Hole(name) => self.push_hole(name),
            }
        }
    }
}

impl<'p> FromIterator<&'p Part> for Pattern {
    fn from_iter<T: IntoIterator<Item = &'p Part>>(parts: T) -> Self {
        let mut pattern = Self::default();
        pattern.extend(parts);
        pattern
    }
}

impl From<Part> for Pattern {
    fn from(part: Part) -> Self {
        match part {
            Part::Text(text) => Self::text(&text),
            Part::Hole(name) => Self::hole(&name),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Hole(name) => write!(f, "${{{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        for (at, part) in text.split('$').enumerate() {
            let hole = part.len().min(usize::from(at > 0));
            if hole > 0 {
                pattern.push_hole(&part[..hole]);
            }
            pattern.push_text(&part[hole..]);
        }
        pattern
    }

    #[test]
    fn a_text_is_split_at_what_is_known() {
        let mut text = Pattern::text(" a=1, b");
        text.push_hole("x,y");
        text.push_text("=2\n\n c=,");
        let items = text.split(|c| c == ',' || c == '\n');
        let shown: Vec<String> = items.iter().map(|item| item.trim().to_string()).collect();
        assert_eq!(shown, ["a=1", "b${x,y}=2", "", "c=", ""]);
        let (name, value) = items[1].trim().split_once('=').unwrap();
        assert_eq!((name.to_string().as_str(), value.known()), ("b${x,y}", Some("2")));
        assert_eq!(Pattern::hole("x=y").split_once('='), None);
    }

    #[test]
    fn a_variable_holds_the_same_everywhere() {
        let path = pattern("images/$a/$a.Dockerfile");
        assert_eq!(path.matches("images/go/go.Dockerfile").unwrap()["a"], "go");
        assert_eq!(path.matches("images/go/rust.Dockerfile"), None);
        assert_eq!(pattern("$a").matches(""), Some(Bindings::from([("a".into(), String::new())])));
    }

    /// All answers by trying every value, in order.
    fn first_answer(parts: &[Part], text: &str, bindings: &mut Bindings) -> bool {
        let Some((first, rest)) = parts.split_first() else { return text.is_empty() };
        match first {
            Part::Text(part) => {
                text.strip_prefix(part.as_str()).is_some_and(|text| first_answer(rest, text, bindings))
            }
            Part::Hole(name) if bindings.contains_key(name) => {
                let after = text.strip_prefix(bindings[name].as_str());
                after.is_some_and(|text| first_answer(rest, text, bindings))
            }
            Part::Hole(name) => (0..=text.len()).any(|end| {
                let mut tried = bindings.clone();
                tried.insert(name.clone(), text[..end].to_owned());
                let fits = first_answer(rest, &text[end..], &mut tried);
                if fits {
                    *bindings = tried;
                }
                fits
            }),
        }
    }

    proptest! {
        #[test]
        fn the_answer_is_the_first_of_all(text in "[ab/$xyz]{0,14}", other in "[ab/]{0,9}") {
            let pattern = pattern(&text);
            let mut bindings = Bindings::new();
            let expected = first_answer(&pattern.parts, &other, &mut bindings).then_some(bindings);
            prop_assert_eq!(pattern.matches(&other), expected);
        }
    }

    #[test]
    fn a_pattern_of_many_variables_is_soon_decided() {
        let once: String = ('a'..='t').flat_map(|name| ['$', name]).collect();
        assert_eq!(pattern(&format!("{once}!")).matches(&"a".repeat(4000)), None);
        let again = pattern(&format!("{}!", "$a".repeat(100_000)));
        assert_eq!(again.matches("aaaa"), None);
        let twice = format!("{once}/{once}!");
        assert_eq!(pattern(&twice).matches(&"a".repeat(4000)), Some(Bindings::new()), "it may fit");
    }

    #[test]
    fn what_one_text_tells_another_is_filled_in() {
        let bindings = pattern("$d/$n/Dockerfile").matches("images/go/Dockerfile").unwrap();
        assert_eq!(pattern("registry/$n:$v").bind(&bindings).to_string(), "registry/go:${v}");
        assert_eq!(pattern("registry/$n").bind(&bindings).known(), Some("registry/go"));
    }
}
