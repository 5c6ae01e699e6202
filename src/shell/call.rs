//! A command with its arguments, and what its words name.

use super::Operand;
use super::field::Field;
use super::path::{PathPattern, join};
use super::path_set::PathSet;
use super::state::State;
use crate::text::cut;

/// A command with its arguments, where it runs.
pub(super) struct Call<'c> {
    pub(crate) name: &'c str,
    pub(crate) args: &'c [Field],
    pub(crate) state: &'c State,
}

impl Call<'_> {
    /// Returns the path that a word certainly is.
    pub(crate) fn path(&self, field: &Field) -> Option<String> {
        self.absolute(field.literal()?)
    }

    /// Returns the path that `text` certainly is in the directory of the call.
    pub(crate) fn absolute(&self, text: &str) -> Option<String> {
        let directory = if text.starts_with('/') { "/" } else { self.state.directory()? };
        let (path, exact) = join(directory, text);
        (exact && !text.is_empty()).then_some(path)
    }

    /// Returns the operand that a word certainly names.
    pub(crate) fn operand(&self, field: &Field) -> Option<Operand> {
        match field {
            Field::Literal(text) => Some(Operand::Path(self.absolute(text)?)),
            Field::Glob(text) => Some(Operand::Glob(self.absolute(text)?)),
            Field::Prefix(_) => None,
        }
    }

    /// Returns the source of a copy that a word certainly names.
    pub(crate) fn source(&self, field: &Field) -> Option<Operand> {
        match field {
            Field::Literal(text) if text == "." || text.ends_with("/.") => {
                Some(Operand::Contents(self.absolute(text)?))
            }
            // A pattern may match several sources, or none.
            Field::Literal(_) => self.operand(field),
            Field::Glob(_) | Field::Prefix(_) => None,
        }
    }

    /// Returns the paths that the words may name, and true if some of the words are unknown.
    pub(crate) fn names(&self) -> (PathSet, bool) {
        let mut names = Names { state: self.state, paths: Vec::new(), unread: false };
        self.args.iter().for_each(|field| names.field(field));
        names.finish()
    }
}

/// Collects the paths that words may name.
pub(super) struct Names<'c> {
    pub(crate) state: &'c State,
    pub(crate) paths: Vec<PathPattern>,
    pub(crate) unread: bool,
}

impl Names<'_> {
    /// An argument: a path, `--option=path`, `-Lpath`, `@path` or a list with colons.
    pub(crate) fn field(&mut self, field: &Field) {
        let exact = field.literal().is_some();
        let known = field.known();
        if known.contains("://") {
            return;
        }
        let value = known.split_once('=').map(|(_, value)| value);
        if let Some(value) = value {
            self.text(value, exact, field);
        }
        if known.starts_with('-') {
            match known.find('/') {
                Some(at) if value.is_none() => self.text(cut::from(known, at), exact, field),
                _ => {}
            }
            return;
        }
        self.text(known.strip_prefix('@').unwrap_or(known), exact, field);
        for part in known.split(':').skip(1).filter(|part| part.starts_with('/')) {
            self.text(part, exact, field);
        }
    }

    fn text(&mut self, text: &str, exact: bool, field: &Field) {
        if text.is_empty() {
            self.unread |= !exact;
            return;
        }
        let text = text.split(':').next().unwrap_or(text);
        let directories = match &self.state.directories {
            _ if text.starts_with('/') => &["/".to_owned()][..],
            Some(directories) => directories,
            None => {
                self.unread = true;
                return;
            }
        };
        for directory in directories {
            self.paths.push(match field {
                Field::Literal(_) => PathPattern::At(join(directory, text).0),
                Field::Glob(_) => PathPattern::of_glob(directory, text),
                Field::Prefix(_) => PathPattern::of_start(directory, text),
            });
        }
    }

    pub(crate) fn finish(self) -> (PathSet, bool) {
        (self.paths.into_iter().collect(), self.unread)
    }
}
