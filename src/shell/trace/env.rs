//! The known state of a shell at one point of one path through a script. It never reads words.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::text::pattern::{Part, Pattern};

/// The longest value that is kept, in bytes.
const LONGEST: usize = 4 << 10;
/// The most elements of an array, and the most holes of a value.
const MOST: usize = 256;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A text.
    One(Pattern),
    /// The elements of an array.
    Many(Vec<Pattern>),
    /// None.
    Unset,
}

/// `$1`, `$2` and so on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arguments {
    /// Those that are known.
    pub(crate) known: Vec<Pattern>,
    /// The caller's first unknown argument, if unknown ones follow.
    pub(crate) open: Option<usize>,
}

/// The text on standard output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Output {
    /// It is not read.
    Free,
    /// Exactly this so far.
    Text(Pattern),
    /// Something else.
    Unknown,
}

/// A shell at one point of one way through a script.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Env {
    variables: Rc<BTreeMap<String, Value>>,
    /// The default values of unknown variables, by hole.
    defaults: Rc<BTreeMap<String, Pattern>>,
    /// The working directory, absolute.
    pub(crate) folder: Pattern,
    /// The folders to which `popd` goes back.
    pub(crate) folders: Vec<Pattern>,
    /// The positional parameters.
    pub(crate) arguments: Arguments,
    /// The output that a command substitution reads.
    pub(crate) output: Output,
    /// True if something that was not read may have set any variable.
    lost: bool,
    /// The values that `local` hides, to be restored.
    locals: Vec<(String, Option<Value>)>,
}

impl Env {
    /// A script that starts in `folder` with unknown arguments.
    pub(crate) fn new(folder: Pattern) -> Self {
        Self {
            variables: Rc::default(),
            defaults: Rc::default(),
            folder,
            folders: Vec::new(),
            arguments: Arguments { known: Vec::new(), open: Some(1) },
            output: Output::Free,
            lost: false,
            locals: Vec::new(),
        }
    }

    /// The same with another standard output.
    #[must_use]
    pub(crate) fn printing(&self, output: Output) -> Self {
        Self { output, ..self.clone() }
    }

    /// The same variables where another shell stands.
    #[must_use]
    pub(crate) fn restarted(&self, other: &Self) -> Self {
        let (variables, defaults) = (self.variables.clone(), self.defaults.clone());
        Self { variables, defaults, lost: self.lost, ..other.clone() }
    }

    /// Returns the value that the script gave a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    /// Gives a variable a value; one that is too long becomes `hole`.
    pub(crate) fn set(&mut self, name: &str, value: Value, hole: &str) {
        let fits = match &value {
            Value::One(value) => fits(value),
            Value::Many(values) => values.len() <= MOST && values.iter().all(fits),
            Value::Unset => true,
        };
        let value = if fits { value } else { Value::One(Pattern::hole(hole)) };
        Rc::make_mut(&mut self.variables).insert(name.to_owned(), value);
    }

    /// Makes every variable unknown: its value so far is a default.
    pub(crate) fn lose_variables(&mut self) {
        let names: Vec<String> = self.variables.keys().cloned().collect();
        for name in names {
            if let Some(Value::One(value)) = self.get(&name).cloned() {
                self.note_default(&name, value);
            }
            self.set(&name, Value::One(Pattern::hole(&name)), &name);
        }
        self.lost = true;
    }

    /// Returns true if a variable that the script did not set may have any value.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Hides a variable until the function returns.
    pub(crate) fn hide(&mut self, name: &str) {
        self.locals.push((name.to_owned(), self.variables.get(name).cloned()));
    }

    /// How many variables are hidden.
    pub(crate) fn hidden(&self) -> usize {
        self.locals.len()
    }

    /// Puts back what was hidden since `hidden` variables were.
    pub(crate) fn reveal(&mut self, hidden: usize) {
        while self.locals.len() > hidden {
            let Some((name, value)) = self.locals.pop() else { break };
            let variables = Rc::make_mut(&mut self.variables);
            match value {
                Some(value) => variables.insert(name, value),
                None => variables.remove(&name),
            };
        }
    }

    /// Returns the default value of an unknown variable.
    pub(crate) fn default_of(&self, hole: &str) -> Option<&Pattern> {
        self.defaults.get(hole)
    }

    /// Records the default value of the unknown `hole`. The first one counts.
    pub(crate) fn note_default(&mut self, hole: &str, value: Pattern) {
        if fits(&value) && value != Pattern::hole(hole) && !self.defaults.contains_key(hole) {
            Rc::make_mut(&mut self.defaults).insert(hole.to_owned(), value);
        }
    }

    /// Notes that something is written.
    pub(crate) fn write(&mut self, text: Option<&Pattern>) {
        match (&mut self.output, text) {
            (Output::Text(output), Some(text)) if output.parts().len() < MOST => output.push(text),
            (Output::Text(_), _) => self.output = Output::Unknown,
            _ => {}
        }
    }

    /// The names of the variables that the two do not agree on.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let names = self.variables.keys().chain(other.variables.keys());
        let mut differ: Vec<String> =
            names.filter(|name| self.get(name) != other.get(name)).cloned().collect();
        differ.sort_unstable();
        differ.dedup();
        differ
    }

    /// Returns true if the two differ in variables alone.
    pub(crate) fn stands_as(&self, other: &Self) -> bool {
        (&self.folder, &self.folders, &self.arguments) == (&other.folder, &other.folders, &other.arguments)
            && self.output == other.output
            && self.locals == other.locals
    }

    /// Returns true if nothing is known of a variable.
    pub(crate) fn is_unknown(&self, name: &str) -> bool {
        match self.get(name) {
            None => true,
            Some(Value::One(value)) => value.as_hole().is_some(),
            Some(Value::Many(_) | Value::Unset) => false,
        }
    }

    /// One shell for two: what they do not agree on is unknown, and what `self` has is what it is by default.
    #[must_use]
    pub(crate) fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        joined.lost |= other.lost;
        for (hole, value) in &*other.defaults {
            joined.note_default(hole, value.clone());
        }
        for name in self.differences(other) {
            let value = match (self.get(&name), other.get(&name)) {
                (Some(Value::Many(before)), Some(Value::Many(after))) => joined_array(before, after, &name),
                (Some(Value::One(before)), Some(Value::One(after))) => {
                    if let Some(value) = appended(before, after, &name) {
                        Value::One(value)
                    } else {
                        let likely = if before.as_hole().is_some() { after } else { before };
                        joined.note_default(&name, likely.clone());
                        Value::One(Pattern::hole(&name))
                    }
                }
                (None, Some(Value::One(only))) | (Some(Value::One(only)), None) => {
                    joined.note_default(&name, only.clone());
                    Value::One(Pattern::hole(&name))
                }
                _ => Value::One(Pattern::hole(&name)),
            };
            joined.set(&name, value, &name);
        }
        if joined.output != other.output {
            joined.output = Output::Unknown;
        }
        joined
    }
}

fn joined_array(before: &[Pattern], after: &[Pattern], name: &str) -> Value {
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).map(|(one, _)| one);
    Value::Many(same.cloned().chain([Pattern::hole(name)]).collect())
}

/// Options that one way appends to a text stay apart from it.
fn appended(before: &Pattern, after: &Pattern, name: &str) -> Option<Pattern> {
    let (shown, longer) = (before.to_string(), after.to_string());
    let rest = longer.strip_prefix(&shown)?;
    (rest.starts_with(' ') || (shown.is_empty() && rest.starts_with('-'))).then(|| {
        let mut value = before.clone();
        value.push_text(" ");
        value.push_hole(name);
        value
    })
}

pub(super) fn fits(value: &Pattern) -> bool {
    let length = |part: &Part| match part {
        Part::Text(text) | Part::Hole(text) => text.len(),
    };
    value.parts().len() <= MOST && value.parts().iter().map(length).sum::<usize>() <= LONGEST
}
