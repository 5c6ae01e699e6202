//! The variables that a script gives values: the words of an assignment for every analysis, and what of them is certain in
//! each shell of the dialect.

use brush_parser::ast::{Assignment, AssignmentName, AssignmentValue};

use super::Lookup;
use super::analysis::{Analysis, Given};
use super::effects::Walker;
use super::field::Field;
use super::grammar::builtin::is_special;
use super::grammar::variable::{Role, role};
use super::parts::CommandWord;
use super::request::variable;
use super::state::{Dialect, Flow};

/// Returns the name of the variable of an assignment.
pub(super) fn assigned(assignment: &Assignment) -> &str {
    let (AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _)) = &assignment.name;
    name
}

/// Runs `NAME=value`.
pub(super) fn assign<A: Analysis>(shell: &mut A, assignment: &Assignment, line: usize, flow: Flow) {
    let given = match &assignment.value {
        AssignmentValue::Scalar(word) => Given::Text(shell.value(word, line)),
        AssignmentValue::Array(elements) => {
            let mut words = Vec::new();
            for (index, word) in elements {
                if let Some(index) = index {
                    shell.evaluate(&index.value, line);
                }
                words.append(&mut shell.fields(word, line));
            }
            Given::List(words)
        }
    };
    shell.give(assignment, given, line, flow);
}

impl Walker<'_> {
    /// Reads the assignments before a command, and returns their values for a command that they name paths to. A shell
    /// that the command starts may read the variables.
    pub(crate) fn given(
        &mut self,
        assignments: &[&Assignment],
        fields: &[Field],
        line: usize,
        flow: &mut Flow,
    ) -> Vec<Field> {
        let mut values = Vec::new();
        let program = fields.first().and_then(Field::literal).unwrap_or("");
        let stays = is_special(program) || self.state.functions.contains_key(program);
        for assignment in assignments {
            let name = assigned(assignment);
            values.extend(self.expand(line, |expander| match &assignment.value {
                AssignmentValue::Scalar(word) => expander.fields(&word.value),
                AssignmentValue::Array(words) => {
                    words.iter().flat_map(|(_, word)| expander.fields(&word.value)).collect()
                }
            }));
            if role(name) == Role::Steers {
                *flow = Flow { as_written: false, ..flow.maybe() };
                self.state.opaque |= stays;
            } else {
                self.state.set(name, Lookup::Unknown, false);
            }
            self.state.opaque |=
                assignment.append || !matches!(assignment.name, AssignmentName::VariableName(_));
        }
        values
    }

    /// `export NAME=value` and its like.
    pub(crate) fn declare_all(&mut self, command: &str, words: &[CommandWord], line: usize, flow: Flow) {
        let is_certain = match command {
            "export" | "readonly" => true,
            // Within a function they are local to it.
            "declare" | "typeset" => self.state.dialect == Dialect::Bash,
            _ => false,
        };
        for argument in words {
            let Some(word) = argument.word() else { continue };
            let text = word.value.as_str();
            let CommandWord::Assignment(assignment, _) = argument else {
                match variable(argument) {
                    Some(name) if command != "export" => self.state.set(name, Lookup::Unknown, false),
                    Some(_) => {}
                    None => {
                        self.fields(word, line);
                        self.state.opaque |= text != "-x";
                    }
                }
                continue;
            };
            let AssignmentName::VariableName(name) = &assignment.name else {
                self.unreadable(text, line);
                continue;
            };
            let raw = text.get(name.len() + 1..).unwrap_or("");
            let value = match (&assignment.value, self.state.dialect) {
                // bash expands braces here, and in no other assignment.
                (AssignmentValue::Scalar(_), _)
                    if assignment.append || raw.replace("${", "").contains('{') =>
                {
                    self.fields(word, line);
                    Lookup::Unknown
                }
                (AssignmentValue::Scalar(word), Dialect::Bash) => self.value(word, line),
                // dash splits the value and expands file names in it.
                (AssignmentValue::Scalar(_), Dialect::Posix) => match &self.fields(word, line)[..] {
                    [Field::Literal(whole)] if !raw.contains('~') => whole
                        .split_once('=')
                        .map_or(Lookup::Unknown, |(_, value)| Lookup::Set(value.to_owned())),
                    _ => Lookup::Unknown,
                },
                (AssignmentValue::Array(_), _) => {
                    self.unreadable(text, line);
                    Lookup::Unknown
                }
            };
            let sure = is_certain && flow.reached && self.state.is_certain();
            self.state.set(name, value, sure);
            if command == "readonly" {
                self.state.readonly.push(name.clone());
            }
        }
    }
}
