//! The conditions of a Makefile. One that is not settled is read both ways, one reading for each. It never expands a recipe.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Makefile;
use super::expand::Expander;
use crate::builds::names;
use crate::text::cut;

/// The branches that are taken at conditions which are not settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Choices {
    /// Each condition, in the order in which they are met, with its present branch.
    taken: Vec<(String, bool)>,
}

impl Choices {
    /// Returns the branch of a condition. Equal conditions have the same.
    pub(crate) fn take(&mut self, condition: &str) -> bool {
        if let Some((_, taken)) = self.taken.iter().find(|(other, _)| other == condition) {
            return *taken;
        }
        self.taken.push((condition.to_owned(), true));
        true
    }

    /// Goes on to the next reading. Returns false if there is none.
    pub(crate) fn next(&mut self) -> bool {
        while let Some((condition, taken)) = self.taken.pop() {
            if taken {
                self.taken.push((condition, false));
                return true;
            }
        }
        false
    }
}

/// The choices of one reading, which expansions on any thread make.
#[derive(Debug, Default)]
pub(super) struct ChoicesOfReading(Mutex<Choices>);

impl Clone for ChoicesOfReading {
    fn clone(&self) -> Self {
        Self::from(self.made().clone())
    }
}

impl From<Choices> for ChoicesOfReading {
    fn from(choices: Choices) -> Self {
        Self(Mutex::new(choices))
    }
}

impl ChoicesOfReading {
    /// Returns the choices so far.
    pub(super) fn made(&self) -> MutexGuard<'_, Choices> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The conditions that are open at a line.
#[derive(Default)]
pub(super) struct Branches {
    open: Vec<Branch>,
}

struct Branch {
    is_taken: bool,
    /// True if a branch before it was taken, or none may be.
    is_done: bool,
}

impl Branches {
    /// Returns true if the present line counts.
    pub(crate) fn are_taken(&self) -> bool {
        self.open.iter().all(|branch| branch.is_taken)
    }

    /// Reads a line. Returns true if it belongs to a condition.
    pub(crate) fn read(&mut self, line: &str, makefile: &Makefile) -> bool {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        // `ifeq($(A),b)` has no blank.
        let (first, rest) = match cut::where_ends(line, |c| c == '(') {
            found @ ("ifeq" | "ifneq", _) => found,
            _ => (first, rest),
        };
        match first {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let counts = self.are_taken();
                let is_taken = counts && holds(first, rest, makefile);
                self.open.push(Branch { is_taken, is_done: is_taken || !counts });
                true
            }
            "else" => {
                let Some(mut branch) = self.open.pop() else { return true };
                if branch.is_done {
                    branch.is_taken = false;
                } else {
                    let (first, rest) = rest.trim().split_once([' ', '\t', '(']).unwrap_or((rest.trim(), ""));
                    let after = line.split_once(first).map_or(rest, |(_, after)| after.trim());
                    branch.is_taken = first.is_empty() || holds(first, after, makefile);
                    branch.is_done = branch.is_taken;
                }
                self.open.push(branch);
                true
            }
            "endif" => {
                self.open.pop();
                true
            }
            _ => false,
        }
    }
}

/// Returns true if a condition holds, or if it is not settled and this reading takes it.
fn holds(kind: &str, rest: &str, makefile: &Makefile) -> bool {
    let rest = rest.trim();
    let value = match kind {
        "ifdef" | "ifndef" => defined(rest, makefile).map(|defined| defined == (kind == "ifdef")),
        _ => operands(rest).and_then(|(one, other)| {
            let expanded = |text: &str| Expander::new(makefile, None).expand(text);
            let (one, other) = (settled(&expanded(one))?, settled(&expanded(other))?);
            Some((one == other) == (kind == "ifeq"))
        }),
    };
    let condition = format!("{} {rest}", kind.replace("ifn", "if"));
    value.unwrap_or_else(|| makefile.choose(&condition) != kind.starts_with("ifn"))
}

fn defined(name: &str, makefile: &Makefile) -> Option<bool> {
    match makefile.given.get(name).or_else(|| makefile.variables.get(name)) {
        Some(value) => Some(!value.is_empty()),
        None if name.contains('$') || names::is_of_runner(name) => None,
        None => Some(false),
    }
}

/// Returns the two sides of `(a,b)`, `"a" "b"` or `'a' 'b'`.
fn operands(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let (one, _, other) = super::split_outside(inner, |c| c == ',')?;
        return Some((one.trim(), other.trim()));
    }
    let quoted = |text| cut::first(text).filter(|(c, _)| matches!(c, '"' | '\''));
    let (quote, inside) = quoted(text)?;
    let (one, rest) = inside.split_once(quote)?;
    let (quote, inside) = quoted(rest.trim())?;
    Some((one, inside.strip_suffix(quote)?))
}

/// Returns an expanded text. A variable that nothing sets is empty. `None` if a part is not known.
pub(super) fn settled(expanded: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = expanded;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, after) = after.strip_prefix('{')?.split_once('}')?;
        let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_plain || names::is_of_runner(name) {
            return None;
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out.trim().to_owned())
}
