//! Targets merged with those that they inherit from. It never evaluates an expression.

use std::collections::HashMap;

use super::Target;
use crate::builds::declared::Said;

/// The longest chain of targets that inherit from each other.
const DEEPEST: usize = 16;

/// Merges targets with those that they inherit from.
pub(super) struct Merging<'t> {
    targets: &'t [Target],
    /// The blocks of each name, in order.
    by_name: HashMap<&'t str, Vec<usize>>,
    /// The results; `None` for a target that is being merged.
    done: HashMap<&'t str, Option<Said>>,
}

impl<'t> Merging<'t> {
    pub(crate) fn new(targets: &'t [Target]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, target) in targets.iter().enumerate() {
            by_name.entry(&target.name).or_default().push(at);
        }
        Self { targets, by_name, done: HashMap::new() }
    }

    /// Returns all blocks of a name and those that they inherit from, merged as by `bake.Config.target`. `None` if the
    /// file does not have the name, or if a target inherits from itself.
    pub(crate) fn whole(&mut self, name: &str, depth: usize) -> Option<Said> {
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        let (&name, blocks) = self.by_name.get_key_value(name).filter(|_| depth < DEEPEST)?;
        let blocks = blocks.clone();
        self.done.insert(name, None);
        let targets = self.targets;
        let mut own = Said::default();
        let mut base = Said::default();
        for at in blocks {
            own = targets[at].said.clone().over(own);
            for name in &targets[at].inherits {
                if let Some(said) = self.whole(name, depth + 1) {
                    base = said.over(base);
                }
            }
        }
        let said = own.over(base);
        self.done.insert(name, Some(said.clone()));
        Some(said)
    }
}
