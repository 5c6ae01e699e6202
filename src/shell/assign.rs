//! The variables that a script gives values, as far as they are certain in each shell of the dialect.

use brush_parser::ast::{Assignment, AssignmentName, AssignmentValue};

use super::Lookup;
use super::analysis::Analysis;
use super::effects::Walker;
use super::field::Field;
use super::grammar::builtin::is_special;
use super::grammar::variable::{Role, role};
use super::parts::CommandWord;
use super::state::{Dialect, Flow};
use super::word::name_length;

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
            let (AssignmentName::VariableName(name) | AssignmentName::ArrayElementName(name, _)) =
                &assignment.name;
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

    /// `NAME=value` without a command.
    pub(crate) fn assign_variable(&mut self, assignment: &Assignment, line: usize, flow: Flow) {
        let (name, value) = match (&assignment.name, &assignment.value) {
            (AssignmentName::VariableName(name), AssignmentValue::Scalar(word)) => {
                let value = self.expand(line, |expander| expander.value(&word.value));
                match (assignment.append, self.state.dialect) {
                    (false, _) => (name, value),
                    (true, Dialect::Bash) => match (self.state.variable(name, self.env), value) {
                        (Lookup::Set(before), Lookup::Set(value)) => (name, Lookup::Set(before + &value)),
                        _ => (name, Lookup::Unknown),
                    },
                    // A command of that name.
                    (true, Dialect::Posix) => return self.unreadable(&assignment.to_string(), line),
                }
            }
            // Arrays are not followed, but the scripts within run. Outside of bash these are commands or errors.
            (AssignmentName::VariableName(name), AssignmentValue::Array(words)) => {
                self.expand(line, |expander| {
                    for (index, word) in words {
                        if let Some(index) = index {
                            expander.evaluate(&index.value);
                        }
                        expander.fields(&word.value);
                    }
                });
                self.state.opaque |= self.state.dialect == Dialect::Posix;
                (name, Lookup::Unknown)
            }
            (AssignmentName::ArrayElementName(..), _) => {
                return self.unreadable(&assignment.to_string(), line);
            }
        };
        let sure = flow.reached && self.state.is_certain();
        self.state.set(name, value, sure);
    }

    /// `export NAME=value` and its like.
    pub(crate) fn declare_variables(
        &mut self,
        command: &str,
        arguments: &[CommandWord],
        line: usize,
        flow: Flow,
    ) {
        let is_certain = match command {
            "export" | "readonly" => true,
            // Within a function they are local to it.
            "declare" | "typeset" => self.state.dialect == Dialect::Bash,
            _ => false,
        };
        for argument in arguments {
            let Some(word) = argument.word() else { continue };
            let text = word.value.as_str();
            let CommandWord::Assignment(assignment, _) = argument else {
                let is_name = name_length(text) == text.len();
                self.expand(line, |expander| expander.fields(text));
                self.state.opaque |= !is_name && text != "-x";
                if is_name && command != "export" {
                    self.state.set(text, Lookup::Unknown, false);
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
                    self.expand(line, |expander| expander.fields(text));
                    Lookup::Unknown
                }
                (AssignmentValue::Scalar(word), Dialect::Bash) => {
                    self.expand(line, |expander| expander.value(&word.value))
                }
                // dash splits the value and expands file names in it.
                (AssignmentValue::Scalar(_), Dialect::Posix) => {
                    let fields = self.expand(line, |expander| expander.fields(text));
                    match &fields[..] {
                        [Field::Literal(whole)] if !raw.contains('~') => whole
                            .split_once('=')
                            .map_or(Lookup::Unknown, |(_, value)| Lookup::Set(value.to_owned())),
                        _ => Lookup::Unknown,
                    }
                }
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
