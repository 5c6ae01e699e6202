//! The assumptions of a fact. It never checks whether they hold.

use crate::budget::spend;
use crate::text::words::list;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A fact that a verdict depends on and that nothing has proved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Assumption {
    /// The 1-based line of the Dockerfile that it is about.
    pub(crate) line: usize,
    /// The path in the image that it is about; the first of several.
    pub(crate) path: String,
    /// The Dockerfile that it is about, if that is not the one with the verdict.
    pub(crate) dockerfile: Option<Arc<str>>,
    /// True if it is that a folder is the build context.
    pub(crate) of_context: bool,
    /// The sentence up to its path; all of it if it is about one path only.
    before: Arc<str>,
    /// The sentence after its path. `None` if it is about one path only.
    after: Option<&'static str>,
}

impl Assumption {
    /// Returns an assumption with a whole sentence: it names the command or image, the line and the path.
    pub(crate) fn new(line: usize, path: impl Into<String>, sentence: impl Into<Arc<str>>) -> Self {
        let (dockerfile, of_context, after) = (None, false, None);
        Self { line, path: path.into(), dockerfile, of_context, before: sentence.into(), after }
    }

    /// Returns the assumption that a folder is the build context of a line.
    pub(crate) fn of_context(line: usize, sentence: impl Into<Arc<str>>) -> Self {
        Self { of_context: true, ..Self::new(line, "/", sentence) }
    }

    /// Returns an assumption with the text before and after its path, so that sentences that differ only in the path
    /// can be merged.
    pub(crate) fn naming(line: usize, before: impl Into<Arc<str>>, path: &str, after: &'static str) -> Self {
        Self { after: Some(after), ..Self::new(line, path, before) }
    }

    /// Returns the key by which sentences are merged. `None` if the sentence is about one path only.
    fn saying(&self) -> Option<Saying<'_>> {
        Some((self.line, self.dockerfile.as_deref(), &self.before, self.after?))
    }
}

/// By line, path, Dockerfile and text.
impl Ord for Assumption {
    fn cmp(&self, other: &Self) -> Ordering {
        let dockerfile = || match (&self.dockerfile, &other.dockerfile) {
            (Some(one), Some(other)) => compare_texts(one, other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        };
        (self.line.cmp(&other.line).then_with(|| self.path.cmp(&other.path)).then_with(dockerfile))
            .then_with(|| self.of_context.cmp(&other.of_context))
            .then_with(|| compare_texts(&self.before, &other.before))
            .then_with(|| self.after.cmp(&other.after))
    }
}

impl PartialOrd for Assumption {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The number of assumptions that are moved for a unit of work.
const MOVED: usize = 4;

/// The line, the Dockerfile, and the text before and after the path.
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

/// The assumptions of a fact, sorted and without duplicates. The facts of one filesystem have many of them in common,
/// so they share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leans(Option<Arc<Vec<Arc<Assumption>>>>);

impl Leans {
    /// Adds an assumption.
    pub(crate) fn add(&mut self, assumption: Arc<Assumption>) {
        let shared = self.0.get_or_insert_default();
        let copied = if Arc::get_mut(shared).is_none() { shared.len() } else { 0 };
        let all = Arc::make_mut(shared);
        let found = all.binary_search_by(|other| compare(other, &assumption));
        spend(1 + (copied + found.map_or_else(|at| all.len() - at, |_| 0)) / MOVED);
        if let Err(at) = found {
            all.insert(at, assumption);
        }
    }

    /// Adds all of `other`.
    pub(crate) fn merge(&mut self, other: &Leans) {
        match (&mut self.0, &other.0) {
            (_, None) => {}
            (mine @ None, Some(theirs)) => *mine = Some(Arc::clone(theirs)),
            (Some(mine), Some(theirs)) if Arc::ptr_eq(mine, theirs) => {}
            (Some(mine), Some(theirs)) => {
                spend((mine.len() + theirs.len()) / MOVED);
                *mine = Arc::new(union(mine, theirs));
            }
        }
    }

    /// Returns true if nothing is assumed.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the assumptions in order of line, path and text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Assumption> {
        self.0.iter().flat_map(|all| all.iter()).map(|assumption| &**assumption)
    }

    /// Returns the assumptions with all paths of the same statement in one sentence, in order of the first path.
    pub(crate) fn together(&self) -> Vec<Assumption> {
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

/// Compares two assumptions. Equal ones are mostly the same allocation.
fn compare(one: &Arc<Assumption>, other: &Arc<Assumption>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

/// Compares two texts. Equal ones are mostly the same allocation.
fn compare_texts(one: &Arc<str>, other: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

/// Merges two sorted lists, without duplicates.
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
    fn assumptions_are_ordered_by_line_path_dockerfile_and_text() {
        let shared: Arc<str> = "the same".into();
        let mut all = Vec::new();
        for (line, path, text) in [(1, "/a", "x"), (1, "/a", "the same"), (1, "/b", "x"), (2, "/a", "x")] {
            for dockerfile in [None, Some(Arc::clone(&shared)), Some("the same".into()), Some("other".into())]
            {
                for before in [Arc::clone(&shared), text.into()] {
                    for after in [None, Some(" alone"), Some(" absent")] {
                        let (path, before, dockerfile) =
                            (path.to_owned(), before.clone(), dockerfile.clone());
                        let one = Assumption { line, path, dockerfile, of_context: false, before, after };
                        all.push(Assumption { of_context: true, ..one.clone() });
                        all.push(one);
                    }
                }
            }
        }
        let key = |one: &Assumption| {
            let dockerfile = one.dockerfile.as_deref().map(str::to_owned);
            (one.line, one.path.clone(), dockerfile, one.of_context, one.before.to_string(), one.after)
        };
        for one in &all {
            for other in &all {
                assert_eq!(one.cmp(other), key(one).cmp(&key(other)), "{one:?} {other:?}");
            }
        }
    }

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
