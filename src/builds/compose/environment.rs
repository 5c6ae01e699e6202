//! The variables of a compose or bake run: those that the call sets, then those of `.env`. A variable that neither sets
//! is not set. It never looks at the machine that it runs on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::interpolate::interpolated;
use crate::budget::{BYTES, STORED, STORED_BYTES, spend};
use crate::builds::{names, settled};
use crate::text::cut;

/// Variables with their values. Values may have unknown parts.
#[derive(Clone, Debug, Default)]
pub(in crate::builds) struct Environment {
    values: Arc<BTreeMap<String, String>>,
    /// The names that were looked up.
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Environment {
    /// Returns these variables.
    pub(crate) fn of<'n, V: AsRef<str>>(values: impl IntoIterator<Item = (&'n str, V)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.as_ref().to_owned()));
        Self { values: Arc::new(values.collect()), asked: Arc::default() }
    }

    /// Returns the value of a variable, `None` if it is not set. A variable that the runner of a workflow sets is unknown:
    /// the file may be read there and elsewhere.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.get_or(name, &BTreeMap::new())
    }

    /// Like [`get`](Self::get); variables of `others` are set too.
    fn get_or(&self, name: &str, others: &BTreeMap<String, String>) -> Option<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        let value = self.values.get(name).or_else(|| others.get(name));
        spend(1 + value.map_or(0, String::len) / BYTES);
        value.cloned().or_else(|| names::is_of_runner(name).then(|| settled::unknown(name)))
    }

    /// Returns the names that were looked up.
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that names were looked up.
    pub(crate) fn ask(&self, names: &BTreeSet<String>) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).extend(names.iter().cloned());
    }

    /// Returns the same variables, none of them looked up.
    pub(crate) fn apart(&self) -> Self {
        Self { values: Arc::clone(&self.values), asked: Arc::default() }
    }

    /// Returns the variables that are set, with their values.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Sets a variable, unless it is set.
    pub(crate) fn set_default(&mut self, name: &str, value: String) {
        Arc::make_mut(&mut self.values).entry(name.to_owned()).or_insert(value);
    }

    /// Sets the variables of another environment that are not set.
    pub(crate) fn inherit(&mut self, other: &Self) {
        for (name, value) in &*other.values {
            self.set_default(name, value.clone());
        }
    }

    /// Sets the variables of an env file that are not set yet. False if compose cannot read it (`dotenv.parser`).
    pub(crate) fn add_file(&mut self, text: &str) -> bool {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_valid = self.parse(text, &mut own).is_some();
        own.retain(|name, _| {
            !name.starts_with(|c: char| c.is_ascii_digit()) && !self.values.contains_key(name)
        });
        if !own.is_empty() {
            // The variables are copied if another place has them too.
            spend(STORED * self.values.len());
            Arc::make_mut(&mut self.values).append(&mut own);
        }
        is_valid
    }

    fn parse(&self, text: &str, own: &mut BTreeMap<String, String>) -> Option<()> {
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                return Some(());
            }
            if rest.starts_with('#') {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
                continue;
            }
            if let Some(after) = rest.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
                rest = after.trim_start_matches([' ', '\t']);
            }
            let (key, after) = cut::where_ends(rest, |c| matches!(c, '=' | ':' | '\n'));
            let key = key.trim_end();
            let is_name = |c: char| c.is_alphanumeric() || "_.-[]".contains(c);
            if key.is_empty() || !key.chars().all(is_name) {
                return None;
            }
            let (separator, after) = cut::first(after)?;
            let inherits = separator == '\n';
            rest = after.trim_start_matches([' ', '\t', '\r', '\u{b}', '\u{c}']);
            if inherits {
                own.extend(self.get(key).map(|value| (key.to_owned(), value)));
                continue;
            }
            let (value, after) = self.value(rest, own)?;
            spend(STORED + value.len() / STORED_BYTES);
            own.insert(key.to_owned(), value);
            rest = after;
        }
    }

    fn value<'t>(&self, text: &'t str, own: &BTreeMap<String, String>) -> Option<(String, &'t str)> {
        let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
            let value = line.split_once(" #").map_or(line, |(value, _)| value).trim_end();
            return Some((self.expanded(value, own)?, rest));
        };
        let mut value = String::new();
        let mut escaped = false;
        let mut rest = text.strip_prefix(quote)?;
        while let Some((c, after)) = cut::first(rest) {
            rest = after;
            match (c, escaped) {
                ('\\', false) => escaped = true,
                (c, true) => {
                    if c != quote {
                        value.push('\\');
                    }
                    value.push(c);
                    escaped = false;
                }
                (c, false) if c == quote => {
                    let value = if quote == '"' { self.expanded(&unescaped(&value)?, own)? } else { value };
                    return Some((value, rest));
                }
                (c, false) => value.push(c),
            }
        }
        None
    }

    fn expanded(&self, value: &str, own: &BTreeMap<String, String>) -> Option<String> {
        interpolated(value, &|name| self.get_or(name, own)).ok()
    }
}

/// Returns a text with its escape sequences replaced (`dotenv.expandEscapes`); `None` for those that are written as
/// numbers.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('$') => out.push_str("$$"),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('"') => out.push('"'),
            Some('0' | 'a' | 'b' | 'c' | 'f' | 'v') => return None,
            Some('\\') | None => out.push('\\'),
            Some(c) => out.extend(['\\', c]),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{self, Ended};

    #[test]
    fn an_env_file_sets_what_is_not_set() {
        let mut environment = Environment::of([("A", "own")]);
        let text = "\u{feff}# x\nA=file\nexport B = b # c\nC=\"x\\n${B}\"\nD='$B'\nE: yaml\nF=${NO:-d}\n\nG\nH=a#b\nI=\n1X=y";
        assert!(environment.add_file(text));
        let value = |name| environment.get(name);
        for (name, expected) in [
            ("A", "own"),
            ("B", "b"),
            ("C", "x\nb"),
            ("D", "$B"),
            ("E", "yaml"),
            ("F", "d"),
            ("H", "a#b"),
            ("I", ""),
        ] {
            assert_eq!(value(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!((value("G"), value("1X")), (None, None));
        assert_eq!(value("GITHUB_SHA"), Some(settled::unknown("GITHUB_SHA")));
        for refused in ["a b=c\n", "A=\"x\n", "x!=y\n", "=x\n"] {
            assert!(!Environment::default().add_file(refused), "{refused}");
        }
    }

    #[test]
    fn an_env_file_costs_no_more_than_its_size() {
        let line = |at: usize| format!("A{at}=${{A0}}\n");
        let lines = |count: usize| (0..count).map(line).collect::<String>();
        let read =
            |text: &str| budget::contained_within(budget::WORK, || Environment::default().add_file(text));
        let ((few, units), (many, most)) = (read(&lines(1_000)), read(&lines(10_000)));
        assert_eq!((few, many), (Ok(true), Ok(true)));
        assert!(most < 11 * units, "{most} for {units}");
        let long = format!("A=\"{}\"\n", "x".repeat(60_000));
        assert_eq!(read(&format!("{long}{}", "B=$A\n".repeat(2_000))).0, Err(Ended::TooMuch));
    }
}
