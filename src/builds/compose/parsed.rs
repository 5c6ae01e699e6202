//! The compose files of a repository, each parsed once: many projects may have one, and many services may extend those of
//! one. Only so many are kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::budget::spend;
use crate::builds::document::Node;
use crate::builds::files::Files;
use crate::builds::{Unreadable, yaml};

/// The bytes of a parsed file that are merged for a unit of work.
const BYTES: usize = 8;

/// The most bytes of files whose documents are kept. Beyond that, those that were read before are dropped.
const MOST_KEPT: usize = if cfg!(test) { 64 } else { 2 << 20 };

/// The documents of a file, or the reason why it has none.
pub(super) type Documents = Result<Vec<Node>, Unreadable>;

/// The size of a file in bytes, and its documents. `None` if there is no such file.
type ParsedFile = Option<(usize, Rc<Documents>)>;

/// The files that were parsed, by path.
pub(in crate::builds) struct ParsedFiles<'f> {
    pub(in crate::builds) files: Files<'f>,
    parsed: RefCell<HashMap<String, ParsedFile>>,
}

impl<'f> ParsedFiles<'f> {
    pub(crate) fn new(files: Files<'f>) -> Self {
        Self { files, parsed: RefCell::default() }
    }

    /// Returns the documents of a file. `None` if there is no such file.
    pub(super) fn documents(&self, path: &str) -> Option<Rc<Documents>> {
        let known = self.parsed.borrow().get(path).cloned();
        let (size, documents) = known.unwrap_or_else(|| self.parse(path))?;
        spend(size / BYTES);
        Some(documents)
    }

    fn parse(&self, path: &str) -> ParsedFile {
        let file = self.files.read(path).map(|text| (text.len(), Rc::new(yaml::documents(&text))));
        let mut parsed = self.parsed.borrow_mut();
        let kept: usize = parsed.values().flatten().map(|(size, _)| size).sum();
        let size = file.as_ref().map_or(0, |(size, _)| *size);
        if kept + size > MOST_KEPT {
            parsed.clear();
        }
        parsed.insert(path.to_owned(), file.clone());
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::files::tests::with;

    #[test]
    fn few_documents_are_kept() {
        let text = "services: {a: {build: .}}\n";
        with(&[("a.yml", text), ("b.yml", text), ("c.yml", text)], |files| {
            let parsed = ParsedFiles::new(files);
            let kept = |path: &str| {
                assert!(parsed.documents(path).is_some_and(|documents| documents.is_ok()));
                parsed.parsed.borrow().len()
            };
            assert_eq!(["a.yml", "b.yml", "a.yml", "c.yml", "a.yml"].map(kept), [1, 2, 2, 1, 2]);
            assert!(parsed.documents("d.yml").is_none());
        });
    }
}
