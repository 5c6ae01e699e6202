//! The builtins of a RUN: what each changes in the shell that is followed.

use super::analysis::Analysis;
use super::call::Call;
use super::effects::Walker;
use super::field::Field;
use super::invoke::{Invoked, described, touches};
use super::path::join;
use super::path_set::PathSet;
use super::request::{Directory, Names, Options, Request};
use super::state::{Dialect, Flow};
use super::wrapped::Wrapped;
use super::{Effect, Lookup};

impl Walker<'_> {
    /// Runs a builtin.
    pub(crate) fn builtin(&mut self, request: Request<Field>, invoked: &Invoked, line: usize, flow: Flow) {
        let Some((first, args)) = invoked.fields.split_first() else { return };
        let name = first.known();
        let sure = flow.reached && self.state.is_certain();
        let prints = matches!(name, "[" | "printf" | "test" | "wait");
        let is_step = prints || matches!(request, Request::Reads | Request::Shifts(_));
        match request {
            Request::Reads | Request::Shifts(_) | Request::Nothing => {}
            Request::ChangesDirectory(to, is_physical) => {
                self.change_directory(&to, is_physical, sure && flow.must && name == "cd");
            }
            // The stack of directories is not followed.
            Request::PushesDirectory(_) | Request::PopsDirectory | Request::ListsDirectories => {
                self.state.directories = None;
            }
            Request::SetsOptions(options) => self.set_options(&options, sure),
            Request::SetsUmask(is_default) => {
                self.state.umask_known = is_default && (sure && flow.must || self.state.umask_known);
            }
            Request::Unsets(names) => self.give_all(&names, &Lookup::Unset, sure),
            Request::Assigns(names) => {
                self.state.opaque |= self.state.on_stdin && !prints;
                if name == "let" {
                    let text: Vec<&str> = args.iter().map(Field::known).collect();
                    self.evaluate(&text.join(" "), line);
                }
                self.give_all(&names, &Lookup::Unknown, false);
            }
            // A failure here stops the build, and then no later state exists.
            Request::Exits(status) => {
                self.state.left |= !(self.state.failure_stops && status.is_some_and(|status| status != 0));
            }
            Request::Returns => self.state.returned = true,
            Request::Breaks(loops) | Request::Continues(loops) => {
                self.state.broke = true;
                self.state.opaque |= loops != Some(1);
            }
            Request::Evaluates(words) => self.eval(words, line, flow),
            Request::Traps(handler) => self.trap(name, handler, line, flow),
            Request::Runs(inner) => self.run_words(&inner, invoked, line, flow),
            Request::Sources(Some(file)) if self.source(name, file, line, flow) => {}
            Request::Sources(_) | Request::Changes => self.change_shell(name, args, line, flow),
        }
        if is_step {
            self.record(described(invoked.fields), line, flow, Effect::None);
        }
    }

    /// Gives variables a value. If a word may name any, every variable is unknown.
    fn give_all(&mut self, names: &Names, value: &Lookup, sure: bool) {
        for name in names.known.iter().chain(&names.others) {
            self.state.set(name, value.clone(), sure);
        }
        if names.is_unclear {
            self.state.forget_variables();
            self.state.opaque = true;
        }
    }

    fn change_directory(&mut self, to: &Directory<Field>, is_physical: bool, sure: bool) {
        let target = match to {
            Directory::Home => match self.state.variable("HOME", self.env) {
                Lookup::Set(home) => Some(home),
                Lookup::Unset | Lookup::Unknown => None,
            },
            Directory::To(field) => field.literal().filter(|text| !text.is_empty()).map(str::to_owned),
            Directory::Last | Directory::Unclear => None,
        };
        let Some(target) = target else { return self.state.directories = None };
        // CDPATH counts for relative names.
        let is_searched = !target.starts_with(['/', '.']) && self.state.given("CDPATH").is_some();
        if is_searched {
            return self.state.directories = None;
        }
        let is_absolute = target.starts_with('/');
        let bases = if is_absolute { Some(vec!["/".to_owned()]) } else { self.state.directories.clone() };
        let joined: Option<Vec<(String, bool)>> =
            bases.map(|bases| bases.iter().map(|base| join(base, &target)).collect());
        // A shell takes `..` off the path that it came by, if it came by an absolute one.
        let exact = joined.iter().flatten().all(|(_, exact)| *exact)
            || (self.state.logical && !is_absolute && !is_physical);
        let was_exact = is_absolute || self.state.directory_exact;
        let targets = joined.map(|joined| joined.into_iter().map(|(path, _)| path).collect());
        self.state.logical = sure && exact && !is_physical && (is_absolute || self.state.logical);
        self.state.change_directory(targets, was_exact && exact, sure);
    }

    /// Sets the options of the shell, or of one that is started.
    pub(crate) fn set_options(&mut self, options: &Options<Field>, sure: bool) {
        let state = &mut self.state;
        state.opaque |= !options.others.is_empty();
        for (name, is_set) in &options.known {
            match *name {
                "errexit" => state.errexit = *is_set && (sure || state.errexit),
                "noglob" => state.noglob = *is_set || (state.noglob && !sure),
                "pipefail" => state.pipefail = *is_set && (sure || state.pipefail),
                _ => {}
            }
        }
    }

    fn eval(&mut self, args: &[Field], line: usize, flow: Flow) {
        if let Some(words) = args.iter().map(Field::literal).collect::<Option<Vec<_>>>() {
            let before = self.state.line.replace(line);
            self.script(&words.join(" "), flow);
            self.state.line = before;
        } else {
            let text: Vec<&str> = args.iter().map(Field::known).collect();
            self.unreadable(&format!("eval {}", text.join(" ")), line);
        }
    }

    /// A handler may run when the shell ends, or before any command.
    fn trap(&mut self, name: &str, handler: &Field, line: usize, flow: Flow) {
        match handler.literal() {
            Some(script) => self.perhaps(script),
            None => self.unreadable(name, line),
        }
        self.state.opaque = true;
        let effect = Effect::Touches { paths: PathSet::default(), unread: false };
        self.record(name.to_owned(), line, flow, effect);
    }

    /// `command`, `builtin` and `exec` with the words after them. A function hides none of the programs and builtins that
    /// these run.
    fn run_words(&mut self, inner: &Wrapped<Field>, invoked: &Invoked, line: usize, flow: Flow) {
        let (name, words) = (invoked.fields[0].known(), inner.words);
        if words.is_empty() {
            self.state.opaque |= !inner.is_exact;
            return;
        }
        let functions = std::mem::take(&mut self.state.functions);
        // dash has no `builtin`.
        let is_exact = inner.is_exact && (name != "builtin" || self.state.dialect == Dialect::Bash);
        let flow = if is_exact { flow } else { Flow::UNSURE };
        self.state.opaque |=
            !is_exact && name != "exec" && words.iter().any(|field| field.literal().is_none());
        self.invoke(&Invoked { fields: words, stdin: invoked.stdin }, line, flow);
        self.state.functions.extend(functions);
        self.state.left |= name == "exec";
    }

    fn change_shell(&mut self, name: &str, args: &[Field], line: usize, flow: Flow) {
        self.state.opaque = true;
        let mut effect = touches(&Call { name, args, state: &self.state });
        if let (Effect::Touches { unread, .. }, "." | "source") = (&mut effect, name) {
            *unread = true;
        }
        self.record(name.to_owned(), line, flow, effect);
    }
}
