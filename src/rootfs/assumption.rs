//! What a fact leans on. It never says whether that is so.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A fact that a verdict leans on and that nothing has proved yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assumption {
    /// Line of the Dockerfile that it is about, 1-based.
    pub line: usize,
    /// The path in the image that it is about; the first of several.
    pub path: String,
    /// The whole sentence: it names the command or image, the line and the path.
    pub message: String,
    /// The Dockerfile that it is about, where that is not the one with the verdict.
    pub dockerfile: Option<Arc<str>>,
    /// Where the path stands in the sentence, if others may stand there as well.
    at: Option<usize>,
}

impl Assumption {
    /// A sentence of its own.
    pub fn new(line: usize, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line, path: path.into(), message: message.into(), dockerfile: None, at: None }
    }

    /// A sentence that says of a path what it may say of others: what stands before the path, and after it.
    pub fn naming(line: usize, before: &str, path: &str, after: &str) -> Self {
        let message = format!("{before}{path}{after}");
        Self { line, path: path.to_owned(), message, dockerfile: None, at: Some(before.len()) }
    }

    /// What stands before the path and after it, and what it is about.
    fn around(&self) -> Option<About<'_>> {
        let (before, rest) = self.message.split_at(self.at?);
        Some((self.line, self.dockerfile.as_deref(), before, &rest[self.path.len()..]))
    }
}

/// Line, Dockerfile, and what stands before a path and after it.
type About<'a> = (usize, Option<&'a str>, &'a str, &'a str);

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.dockerfile.as_ref().map_or(Ok(()), |dockerfile| write!(f, ", in {dockerfile}"))
    }
}

/// The assumptions that a fact leans on, sorted and without repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leans(Vec<Arc<Assumption>>);

impl Leans {
    /// Adds one.
    pub fn add(&mut self, assumption: Arc<Assumption>) {
        if let Err(at) = self.0.binary_search(&assumption) {
            self.0.insert(at, assumption);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Leans) {
        for assumption in &other.0 {
            self.add(Arc::clone(assumption));
        }
    }

    /// Whether nothing is assumed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order of line, path and text.
    pub fn iter(&self) -> impl Iterator<Item = &Assumption> {
        self.0.iter().map(|assumption| &**assumption)
    }

    /// The same, with all paths in one sentence of which the same is said; in order of the first of them.
    pub fn together(&self) -> Vec<Assumption> {
        let mut paths: BTreeMap<About<'_>, Vec<&str>> = BTreeMap::new();
        for assumption in self.iter() {
            if let Some(about) = assumption.around() {
                paths.entry(about).or_default().push(&assumption.path);
            }
        }
        let mut together = Vec::new();
        for assumption in self.iter() {
            let Some(about @ (_, _, before, after)) = assumption.around() else {
                together.push(assumption.clone());
                continue;
            };
            let paths = paths.remove(&about).unwrap_or_default();
            let Some((last, others)) = paths.split_last() else { continue };
            let and = if others.is_empty() { "" } else { " and " };
            let message = format!("{before}{}{and}{last}{after}", others.join(", "));
            together.push(Assumption { message, at: None, ..assumption.clone() });
        }
        together
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_many_paths_is_one_sentence() {
        let mut leans = Leans::default();
        for path in ["/usr/local", "/opt", "/usr"] {
            leans.add(Arc::new(Assumption::naming(3, "`make` (line 3) leaves ", path, " alone")));
        }
        leans.add(Arc::new(Assumption::naming(4, "`make` (line 4) leaves ", "/opt", " alone")));
        leans.add(Arc::new(Assumption::naming(3, "`make` (line 3) leaves ", "/srv", " absent")));
        leans.add(Arc::new(Assumption::new(3, "/q", "it is a Linux image")));
        let said: Vec<(String, String)> =
            leans.together().into_iter().map(|one| (one.path, one.message)).collect();
        let expected = [
            ("/opt", "`make` (line 3) leaves /opt, /usr and /usr/local alone"),
            ("/q", "it is a Linux image"),
            ("/srv", "`make` (line 3) leaves /srv absent"),
            ("/opt", "`make` (line 4) leaves /opt alone"),
        ];
        assert_eq!(said, expected.map(|(path, message)| (path.to_owned(), message.to_owned())));
    }
}
