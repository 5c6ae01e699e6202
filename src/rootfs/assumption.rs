//! A fact that is assumed. It never checks whether it holds.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::text::words::list;

/// A fact that a verdict depends on and that nothing has proved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Assumption {
    /// The 1-based line of the Dockerfile that it is about.
    pub(crate) line: usize,
    /// The path in the image that it is about; the first of several.
    pub(crate) path: Arc<str>,
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
    pub(crate) fn new(line: usize, path: impl Into<Arc<str>>, sentence: impl Into<Arc<str>>) -> Self {
        let (dockerfile, of_context, after) = (None, false, None);
        Self { line, path: path.into(), dockerfile, of_context, before: sentence.into(), after }
    }

    /// Returns the assumption that a folder is the build context of a line.
    pub(crate) fn of_context(line: usize, sentence: impl Into<Arc<str>>) -> Self {
        Self { of_context: true, ..Self::new(line, "/", sentence) }
    }

    /// Returns an assumption with the text before and after its path, so that sentences that differ only in the path
    /// can be merged.
    pub(crate) fn naming(
        line: usize,
        before: impl Into<Arc<str>>,
        path: impl Into<Arc<str>>,
        after: &'static str,
    ) -> Self {
        Self { after: Some(after), ..Self::new(line, path, before) }
    }

    /// Returns the same assumption for a reader of another Dockerfile than `dockerfile`, which it is about.
    #[must_use]
    pub(crate) fn elsewhere(&self, dockerfile: &Arc<str>) -> Self {
        let own = self.dockerfile.as_ref().unwrap_or(dockerfile);
        Self { dockerfile: Some(Arc::clone(own)), ..self.clone() }
    }

    /// Returns the key by which sentences are merged. `None` if the sentence is about one path only.
    pub(super) fn saying(&self) -> Option<Saying<'_>> {
        Some((self.line, self.dockerfile.as_deref(), &self.before, self.after?))
    }

    /// Returns the sentence about all of `paths`; about its own path if there are none.
    pub(super) fn sentence(&self, paths: &[&str]) -> Sentence {
        let message = match (self.after, paths) {
            (Some(after), [_, _, ..]) => {
                let of_dockerfile = Self { after: None, before: Arc::default(), ..self.clone() };
                format!("{}{}{after}{of_dockerfile}", self.before, list(paths))
            }
            _ => self.to_string(),
        };
        let Self { line, path, dockerfile, of_context, .. } = self.clone();
        Sentence { line, path, dockerfile, of_context, message }
    }
}

/// By line, path, Dockerfile and text.
impl Ord for Assumption {
    fn cmp(&self, other: &Self) -> Ordering {
        let dockerfile = || match (&self.dockerfile, &other.dockerfile) {
            (Some(one), Some(other)) => compare_texts(one, other),
            (one, other) => one.is_some().cmp(&other.is_some()),
        };
        (self
            .line
            .cmp(&other.line)
            .then_with(|| compare_texts(&self.path, &other.path))
            .then_with(dockerfile))
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

/// An assumption as a person reads it.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    /// The 1-based line of the Dockerfile that it is about.
    pub(crate) line: usize,
    /// The path in the image that it is about; the first of several.
    pub(crate) path: Arc<str>,
    /// The Dockerfile that it is about, if that is not the one with the verdict.
    pub(crate) dockerfile: Option<Arc<str>>,
    /// True if it is that a folder is the build context.
    pub(crate) of_context: bool,
    /// Its text.
    pub(crate) message: String,
}

/// The line, the Dockerfile, and the text before and after the path.
pub(super) type Saying<'a> = (usize, Option<&'a str>, &'a str, &'static str);

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        if let Some(after) = self.after {
            write!(f, "{}{after}", self.path)?;
        }
        self.dockerfile.as_ref().map_or(Ok(()), |dockerfile| write!(f, ", in {dockerfile}"))
    }
}

/// Compares two texts. Equal ones are mostly the same allocation.
fn compare_texts(one: &Arc<str>, other: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(one, other) { Ordering::Equal } else { one.cmp(other) }
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
                            (Arc::from(path), before.clone(), dockerfile.clone());
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
}
