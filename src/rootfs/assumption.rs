//! What a fact leans on. It never says whether that is so.

use crate::text::words::list;
use std::cmp::Ordering;
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
    /// The Dockerfile that it is about, where that is not the one with the verdict.
    pub dockerfile: Option<Arc<str>>,
    /// The sentence up to where the path stands in it; all of it where no other path may stand there.
    before: Arc<str>,
    /// What stands after the path. `None` if no other path may stand there.
    after: Option<&'static str>,
}

impl Assumption {
    /// A sentence of its own: it names the command or image, the line and the path.
    pub fn new(line: usize, path: impl Into<String>, sentence: impl Into<Arc<str>>) -> Self {
        Self { line, path: path.into(), dockerfile: None, before: sentence.into(), after: None }
    }

    /// A sentence that says of a path what it may say of others: what stands before the path, and after it.
    pub fn naming(line: usize, before: impl Into<Arc<str>>, path: &str, after: &'static str) -> Self {
        Self { line, path: path.to_owned(), dockerfile: None, before: before.into(), after: Some(after) }
    }

    /// What it says of its path and may say of others. None for a sentence of its own.
    fn saying(&self) -> Option<Saying<'_>> {
        Some((self.line, self.dockerfile.as_deref(), &self.before, self.after?))
    }
}

/// Line, Dockerfile, and what stands before a path and after it.
type Saying<'a> = (usize, Option<&'a str>, &'a str, &'static str);

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        if let Some(after) = self.after {
            write!(f, "{}{after}", self.path)?;
        }
        self.dockerfile.as_ref().map_or(Ok(()), |dockerfile| write!(f, ", in {dockerfile}"))
    }
}

/// The assumptions that a fact leans on, sorted and without repetition. Facts of one filesystem lean on the same
/// ones again and again, so they share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leans(Option<Arc<Vec<Arc<Assumption>>>>);

impl Leans {
    /// Adds one.
    pub fn add(&mut self, assumption: Arc<Assumption>) {
        let all = Arc::make_mut(self.0.get_or_insert_default());
        if let Err(at) = all.binary_search_by(|other| compare(other, &assumption)) {
            all.insert(at, assumption);
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Leans) {
        match (&mut self.0, &other.0) {
            (_, None) => {}
            (mine @ None, Some(theirs)) => *mine = Some(Arc::clone(theirs)),
            (Some(mine), Some(theirs)) if Arc::ptr_eq(mine, theirs) => {}
            (Some(mine), Some(theirs)) => *mine = Arc::new(union(mine, theirs)),
        }
    }

    /// Returns true if nothing is assumed.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// In order of line, path and text.
    pub fn iter(&self) -> impl Iterator<Item = &Assumption> {
        self.0.iter().flat_map(|all| all.iter()).map(|assumption| &**assumption)
    }

    /// The same, with all paths in one sentence of which the same is said; in order of the first of them.
    pub fn together(&self) -> Vec<Assumption> {
        let mut paths: BTreeMap<Saying<'_>, Vec<&str>> = BTreeMap::new();
        for assumption in self.iter() {
            if let Some(saying) = assumption.saying() {
                paths.entry(saying).or_default().push(&assumption.path);
            }
        }
        let mut together = Vec::new();
        for assumption in self.iter() {
            let Some(saying @ (_, _, before, after)) = assumption.saying() else {
                together.push(assumption.clone());
                continue;
            };
            let paths = paths.remove(&saying).unwrap_or_default();
            if paths.is_empty() {
                continue;
            }
            let sentence = format!("{before}{}{after}", list(&paths));
            together.push(Assumption { before: sentence.into(), after: None, ..assumption.clone() });
        }
        together
    }
}

/// As [`Assumption`]s are ordered; the same one is mostly met again as itself.
fn compare(one: &Arc<Assumption>, other: &Arc<Assumption>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

/// All of two sorted lists, sorted and without repetition.
fn union(mine: &[Arc<Assumption>], theirs: &[Arc<Assumption>]) -> Vec<Arc<Assumption>> {
    let mut all = Vec::with_capacity(mine.len() + theirs.len());
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    while let (Some(one), Some(other)) = (mine.peek(), theirs.peek()) {
        let order = compare(one, other);
        let taken = if order == Ordering::Greater { theirs.next() } else { mine.next() };
        if order == Ordering::Equal {
            theirs.next();
        }
        all.extend(taken.cloned());
    }
    all.extend(mine.chain(theirs).cloned());
    all
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
            leans.together().into_iter().map(|one| (one.path.clone(), one.to_string())).collect();
        let expected = [
            ("/opt", "`make` (line 3) leaves /opt, /usr and /usr/local alone"),
            ("/q", "it is a Linux image"),
            ("/srv", "`make` (line 3) leaves /srv absent"),
            ("/opt", "`make` (line 4) leaves /opt alone"),
        ];
        assert_eq!(said, expected.map(|(path, message)| (path.to_owned(), message.to_owned())));
    }
}
