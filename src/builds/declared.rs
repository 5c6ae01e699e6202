//! The build settings of a service or a target, before they are merged with those that it inherits. It never reads a
//! file.

use std::collections::HashSet;

use super::{Declared, Place, is_remote};
use crate::text::pattern::{Part, Pattern};

/// The settings of a build in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(crate) context: Option<Pattern>,
    /// Relative to the context.
    pub(crate) dockerfile: Option<Pattern>,
    /// True if the Dockerfile is inline, in the file itself.
    pub(crate) is_inline: bool,
    pub(crate) target: Option<Pattern>,
    pub(crate) args: Vec<(String, Option<Pattern>)>,
    pub(crate) contexts: Vec<(String, Pattern)>,
    pub(crate) tags: Option<Vec<Pattern>>,
    pub(crate) platforms: Option<Vec<Pattern>>,
    /// The label of the matrix that the target comes from.
    pub(crate) label: Option<String>,
    /// The things that are not settled.
    pub(crate) unsettled: Vec<String>,
}

impl Said {
    /// Returns these settings merged over `base`; arguments and named contexts are merged by name.
    pub(crate) fn over(self, base: Self) -> Self {
        Self {
            // A Dockerfile path overrides an inline Dockerfile of the base too.
            is_inline: self.is_inline || (base.is_inline && self.dockerfile.is_none()),
            context: self.context.or(base.context),
            dockerfile: self.dockerfile.or(base.dockerfile),
            target: self.target.or(base.target),
            args: laid_over(self.args, base.args),
            contexts: laid_over(self.contexts, base.contexts),
            tags: self.tags.or(base.tags),
            platforms: self.platforms.or(base.platforms),
            label: self.label.or(base.label),
            unsettled: [self.unsettled, base.unsettled].concat(),
        }
    }

    /// Returns the build from its own context, or from `context` by default. `None` if its Dockerfile is inline or in a
    /// remote context.
    pub(crate) fn declared(
        self,
        place: Place,
        folders: Vec<Pattern>,
        context: Option<Pattern>,
    ) -> Option<Declared> {
        let context = self.context.or(context);
        if self.is_inline || context.as_ref().is_some_and(is_remote) {
            return None;
        }
        // Old versions of bake take an empty name as it is, and then build nothing.
        let is_empty = self.dockerfile.as_ref().is_some_and(Pattern::is_empty);
        let name = self.dockerfile.filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| Pattern::text("Dockerfile"));
        let mut declared = Declared::new(
            place,
            folders,
            context.as_ref().map_or(name.clone(), |folder| joined(folder, &name)),
        );
        declared.context = context;
        declared.unsettled.extend(is_empty.then(|| "the name of the Dockerfile is empty".to_owned()));
        declared.unsettled.extend(self.unsettled);
        declared.target = self.target;
        declared.args = self.args;
        declared.contexts = self.contexts;
        declared.tags = self.tags.unwrap_or_default();
        declared.platforms = self.platforms.unwrap_or_default();
        Some(declared)
    }
}

fn laid_over<T>(own: Vec<(String, T)>, base: Vec<(String, T)>) -> Vec<(String, T)> {
    if own.is_empty() {
        return base;
    }
    let names: HashSet<String> = own.iter().map(|(name, _)| name.clone()).collect();
    let mut both: Vec<(String, T)> = base.into_iter().filter(|(name, _)| !names.contains(name)).collect();
    both.extend(own);
    both
}

/// Returns `path`, which is relative to `folder`, relative to the base of `folder`.
pub(super) fn joined(folder: &Pattern, path: &Pattern) -> Pattern {
    let is_absolute = matches!(path.parts().first(), Some(Part::Text(text)) if text.starts_with('/'));
    if is_absolute || folder.is_empty() || folder.known() == Some(".") {
        return path.clone();
    }
    let mut whole = folder.clone();
    whole.push_text("/");
    whole.push(path);
    whole
}
