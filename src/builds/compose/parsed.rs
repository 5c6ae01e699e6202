//! The compose files of a repository, each parsed once: many projects may have one, and many services may extend those of
//! one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::budget::spend;
use crate::builds::document::Node;
use crate::builds::files::Files;
use crate::builds::{Unreadable, yaml};

/// The bytes of a parsed file that are merged for a unit of work.
const BYTES: usize = 8;

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
        let mut parsed = self.parsed.borrow_mut();
        let parse = |text: String| (text.len(), Rc::new(yaml::documents(&text)));
        let file = parsed.entry(path.to_owned()).or_insert_with(|| self.files.read(path).map(parse));
        let (size, documents) = file.as_ref()?;
        spend(size / BYTES);
        Some(Rc::clone(documents))
    }
}
