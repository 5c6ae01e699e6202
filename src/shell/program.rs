//! Programs that run other commands: shells, and the wrappers of the grammar.

use std::sync::Arc;

use super::analysis::{Analysis, Ways};
use super::call::Call;
use super::effects::Walker;
use super::field::Field;
use super::grammar::wrapper::{Runs, RunsAs, Wrapper, shell, wrapper};
use super::invoke::{Invoked, described, touches};
use super::request::is_builtin;
use super::state::{Dialect, Flow};
use super::walk::nested;
use super::wrapped::{Wrapped, shell_call, wrapped};
use super::{Effect, Lookup, User};

impl Walker<'_> {
    /// Runs the program `name` if it runs other commands; false if it does not.
    pub(crate) fn program(&mut self, name: &str, invoked: &Invoked, line: usize, flow: Flow) -> bool {
        match name {
            "su" | "runuser" => self.switched_shell(invoked, line),
            _ if shell(name).is_some() => self.shell(name, invoked, line, Some(line), flow),
            _ => match wrapper(name) {
                Some(wrapper) => {
                    nested(self, line, |walker| walker.wrapper(wrapper, invoked, line, flow));
                    true
                }
                None => false,
            },
        }
    }

    /// Runs the shell that a RUN starts.
    pub(crate) fn start(&mut self, fields: &[Field], line: usize) {
        let name = fields.first().and_then(Field::literal).unwrap_or("");
        let invoked = Invoked { fields, stdin: None };
        if !shell(name).is_some_and(|name| self.shell(name, &invoked, line, None, Flow::SURE)) {
            self.invoke(&invoked, line, Flow::SURE);
        }
    }

    /// A shell with `-c`, with a script on its standard input, or with a file. One whose text is not known is a command like
    /// any other.
    pub(crate) fn shell(
        &mut self,
        name: &str,
        invoked: &Invoked,
        line: usize,
        reported: Option<usize>,
        flow: Flow,
    ) -> bool {
        let Some(call) = shell_call(&invoked.fields[1..]) else {
            let text: Vec<&str> = invoked.fields.iter().map(Field::known).collect();
            let opaque = self.state.opaque;
            self.unreadable(&text.join(" "), line);
            self.state.opaque = opaque;
            return true;
        };
        let (mut read_since, mut is_file) = (self.state.read_since, false);
        let (script, is_exact): (Arc<str>, bool) = match (call.operand, call.is_command, invoked.stdin) {
            (Some(Field::Literal(script)), true, _) => (script.as_str().into(), true),
            (Some(field), false, _) => match self.file(field) {
                Some(file) => {
                    (read_since, is_file) = (Some(self.steps.len()), true);
                    (file.text, file.certain)
                }
                None => return false,
            },
            (None, false, Some((script, is_exact))) => (script.into(), is_exact),
            (Some(_) | None, _, _) => {
                let opaque = self.state.opaque;
                self.unreadable(name, line);
                self.state.opaque = opaque;
                return true;
            }
        };
        if call.operand.is_some() && !is_exact {
            // The file may have another text.
            let effect = touches(&Call { name, args: &invoked.fields[1..], state: &self.state });
            self.record(described(invoked.fields), line, Flow::UNSURE, effect);
        }
        let before = self.state.clone();
        self.state = self.state.child(flow.must);
        self.state.enter_program(&invoked.fields[0]);
        self.state.line = reported;
        self.state.dialect = if name == "bash" { Dialect::Bash } else { Dialect::Posix };
        self.state.on_stdin = call.operand.is_none();
        self.state.read_since = read_since;
        if let (Some(field), true) = (call.operand, is_file) {
            self.enter_script(field);
        }
        self.set_options(&call.options, true);
        // It knows nothing of a loop or a shell that has ended before it.
        let reached = flow.reached && before.is_certain();
        let flow = if is_exact { Flow { reached, suspended: false, ..flow } } else { Flow::UNSURE };
        self.script(&script, flow);
        self.state = before;
        if let (Some(file), Some(since), true) = (call.operand, read_since, is_file && is_exact) {
            self.end_script(since, file, line);
        }
        true
    }

    /// `su user -c script`: a login may run anything first.
    fn switched_shell(&mut self, invoked: &Invoked, line: usize) -> bool {
        let at = invoked.fields.iter().position(|field| matches!(field.known(), "-c" | "--command"));
        let script = at.and_then(|at| invoked.fields.get(at + 1));
        let before = self.state.clone();
        self.state.user = User::Other(None);
        self.state.opaque = true;
        self.state.line = Some(line);
        match script.map(|field| (field, field.literal())) {
            Some((_, Some(script))) => self.script(script, Flow::UNSURE),
            Some((field, None)) => self.unreadable(&format!("su {}", field.known()), line),
            None => {
                self.state = before;
                return false;
            }
        }
        self.state = before;
        true
    }

    fn wrapper(&mut self, wrapper: &Wrapper, invoked: &Invoked, line: usize, flow: Flow) {
        let args = &invoked.fields[1..];
        let saved = self.state.clone();
        let Wrapped { words: rest, is_exact, assigned } = wrapped(wrapper, args);
        for name in assigned {
            self.state.set(name, Lookup::Unknown, false);
        }
        let runs_exactly = wrapper.runs == Runs::Exactly;
        let flow = if is_exact && runs_exactly { flow } else { Flow::UNSURE };
        match wrapper.runs_as {
            RunsAs::Same => {}
            RunsAs::Root if is_exact => self.state.user = User::Root,
            RunsAs::Root | RunsAs::Named => self.state.user = User::Other(None),
        }
        self.state.enter_program(&invoked.fields[0]);
        // They run programs; builtins and functions are none.
        self.state.functions.clear();
        if rest.is_empty() || !runs_exactly {
            let mut effect = touches(&Call { name: wrapper.name, args, state: &self.state });
            if let Effect::Touches { unread, .. } = &mut effect {
                *unread |= !runs_exactly;
            }
            // `env` alone prints.
            let effect = if args.is_empty() { Effect::None } else { effect };
            self.record(wrapper.name.to_owned(), line, Flow::UNSURE, effect);
        }
        if let Some(first) = rest.first() {
            let flow = if first.literal().is_none_or(is_builtin) { Flow::UNSURE } else { flow };
            let user = self.state.user;
            self.subshell(flow, |walker| {
                walker.state.user = user;
                walker.invoke(&Invoked { fields: rest, stdin: invoked.stdin }, line, flow);
            });
            if !runs_exactly {
                // It may run at another time.
                self.beside(|walker| {
                    walker.invoke(&Invoked { fields: rest, stdin: None }, line, Flow::UNSURE);
                });
            }
        }
        let opaque = saved.opaque;
        self.state = saved;
        self.state.opaque = opaque;
    }
}
