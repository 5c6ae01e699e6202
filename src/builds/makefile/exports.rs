//! The variables that the commands of a Makefile's recipes get in their environment. It never expands a recipe.

use std::collections::{BTreeMap, BTreeSet};

use super::expand::Expander;
use super::{Makefile, Statement, without_modifiers};
use crate::builds::invocation::Make;
use crate::builds::settled;
use crate::text::cut;

/// The variables that a Makefile exports (GNU make's manual, "Communicating Variables to a Sub-make").
#[derive(Clone, Debug, Default)]
pub(super) struct Exports {
    names: BTreeSet<String>,
    /// True if it exports all of them.
    are_all: bool,
}

impl Makefile {
    /// Notes which variables a line exports. `export NAME` without a value anywhere exports an empty one.
    pub(super) fn export(&mut self, line: &str) {
        let rest = without_modifiers(line);
        let modifiers = cut::before(line, line.len() - rest.len());
        let has = |word: &str| modifiers.split_whitespace().any(|modifier| modifier == word);
        if line == "export" || line.starts_with(".EXPORT_ALL_VARIABLES") {
            self.exports.are_all = true;
        }
        let names = match Statement::of(rest) {
            Some(Statement::Assignment(name, ..)) => name.to_owned(),
            Some(Statement::Rule(..)) => return,
            None => Expander::new(self, None).expand(rest),
        };
        for name in names.split_whitespace() {
            if has("unexport") {
                self.exports.names.remove(name);
            } else if has("export") {
                self.exports.names.insert(name.to_owned());
            }
        }
    }

    /// Returns the environment of the commands: the exported variables, and those that make has from its caller. One
    /// whose value only a run knows is unknown.
    pub(super) fn environment(&self, call: Option<&Make>) -> BTreeMap<String, String> {
        let of_call = call.map(|call| call.environment.keys()).into_iter().flatten();
        let all = self.variables.keys().filter(|_| self.exports.are_all);
        let names = self.exports.names.iter().chain(self.given.keys()).chain(of_call).chain(all);
        let names: BTreeSet<&String> = names.collect();
        let value = |name: &String| {
            let text = self.given.get(name).or_else(|| self.variables.get(name));
            let expanded = Expander::new(self, None).expand(text.map_or("", String::as_str));
            if expanded.contains('$') { settled::unknown(name) } else { expanded }
        };
        names.into_iter().map(|name| (name.clone(), value(name))).collect()
    }
}
