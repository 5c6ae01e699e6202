//! Targets merged with those that they inherit from. It never evaluates an expression.

use std::cell::RefCell;
use std::collections::HashMap;

use super::evaluated::Target;
use crate::builds::declared::Said;

/// The longest chain of targets that inherit from each other.
const DEEPEST: usize = 16;

/// Merges targets with those that they inherit from.
pub(super) struct Merging {
    pub(crate) targets: Vec<Target>,
    /// The blocks of each name, in order.
    by_name: HashMap<String, Vec<usize>>,
    /// The results, by name; `None` for a target that is being merged.
    done: RefCell<HashMap<String, Option<Said>>>,
}

impl Merging {
    pub(crate) fn new(targets: Vec<Target>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, target) in targets.iter().enumerate() {
            by_name.entry(target.name.clone()).or_default().push(at);
        }
        Self { targets, by_name, done: RefCell::default() }
    }

    /// Returns the first block of a name.
    pub(crate) fn first(&self, name: &str) -> Option<usize> {
        self.by_name.get(name)?.first().copied()
    }

    /// Returns the first block of each name, in order.
    pub(crate) fn firsts(&self) -> Vec<usize> {
        let all = self.targets.iter().enumerate();
        all.filter(|(at, target)| self.first(&target.name) == Some(*at)).map(|(at, _)| at).collect()
    }

    /// Returns all blocks of a name and those that they inherit from, merged as by `bake.Config.target`. `None` if the
    /// file does not have the name, or if a target inherits from itself.
    pub(crate) fn whole(&self, name: &str, depth: usize) -> Option<Said> {
        if let Some(done) = self.done.borrow().get(name) {
            return done.clone();
        }
        let blocks = self.by_name.get(name).filter(|_| depth < DEEPEST)?;
        self.done.borrow_mut().insert(name.to_owned(), None);
        let mut own = Said::default();
        let mut base = Said::default();
        for at in blocks {
            own = self.targets[*at].said.clone().over(own);
            for name in &self.targets[*at].inherits {
                if let Some(said) = self.whole(name, depth + 1) {
                    base = said.over(base);
                }
            }
        }
        let said = own.over(base);
        self.done.borrow_mut().insert(name.to_owned(), Some(said.clone()));
        Some(said)
    }
}
