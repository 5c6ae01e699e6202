//! Scripts on disk whose text is known: run by their path, read by a shell, or sourced. It never opens a file: the caller
//! of the interpreter says what is there before the RUN.

use super::analysis::Ways;
use super::call::Call;
use super::effects::Walker;
use super::field::Field;
use super::grammar::wrapper::shell;
use super::invoke::Invoked;
use super::path_set::PathSet;
use super::script::{interpreter, shortened};
use super::state::{Dialect, Flow};
use super::{Change, Effect, Operand, ScriptFile};

impl Walker<'_> {
    /// Runs a script by its path, if its first line names a shell. Without the permission to run it, the build fails.
    pub(crate) fn run_path(&mut self, invoked: &Invoked, line: usize, flow: Flow) -> bool {
        let Some((first, args)) = invoked.fields.split_first() else { return false };
        let Some(file) = self.file(first) else { return false };
        let Some(rest) = file.text.strip_prefix("#!") else { return false };
        let words = interpreter(rest.lines().next().unwrap_or(""));
        let Some(name) = words.first().and_then(|name| shell(name)).map(str::to_owned) else {
            return false;
        };
        let fields: Vec<Field> = words.into_iter().map(Field::Literal).collect();
        let fields: Vec<Field> =
            fields.into_iter().chain([first.clone()]).chain(args.iter().cloned()).collect();
        self.shell(&name, &Invoked { fields: &fields, stdin: None }, line, Some(line), flow)
    }

    /// Runs a script in the present shell: `. /env.sh`. A shell searches PATH for a name without a slash.
    pub(crate) fn source(&mut self, name: &str, path: &Field, line: usize, flow: Flow) -> bool {
        let Some(file) = self.file(path).filter(|_| path.known().contains('/')) else { return false };
        let script = self.state.script.clone();
        let before = (self.state.line.replace(line), self.state.returned, self.state.read_since);
        self.enter_script(path);
        // dash has no `source`.
        let is_followed = file.certain && (name == "." || self.state.dialect == Dialect::Bash);
        if is_followed {
            let since = self.steps.len();
            self.state.read_since = Some(since);
            // A file that is not there ends some shells, and others go on.
            self.script(&file.text, Flow { reached: flow.reached && flow.must, ..flow });
            self.doubt_changed_script();
            self.end_script(since, path, line);
        } else {
            self.subshell(Flow::UNSURE, |walker| walker.script(&file.text, Flow::UNSURE));
        }
        (self.state.line, self.state.returned, self.state.read_since) = before;
        self.state.script = script;
        is_followed
    }

    /// Starts a script on disk. Steps name the outermost one: the Dockerfile shows no other.
    pub(crate) fn enter_script(&mut self, path: &Field) {
        self.state.script.get_or_insert_with(|| shortened(path.known()).into());
    }

    /// Returns the script at a path, as it is when the script runs.
    pub(crate) fn file(&self, field: &Field) -> Option<ScriptFile> {
        let path = Call { name: "", args: &[], state: &self.state }.path(field)?;
        let file = self.files.get(&path)?;
        let certain = file.certain && self.steps.iter().all(|step| step.keeps_content);
        Some(ScriptFile { certain, ..file.clone() })
    }

    /// A shell reads a script while it runs it: after a command that may have changed a file, what comes is uncertain.
    pub(crate) fn doubt_changed_script(&mut self) {
        self.state.opaque |= self.state.read_since.is_some_and(|since| self.may_have_changed(since));
    }

    /// Ends a script on disk. If it may have changed while it ran, more commands may have followed its last one.
    pub(crate) fn end_script(&mut self, since: usize, file: &Field, line: usize) {
        if self.may_have_changed(since) {
            let command = shortened(file.known());
            let effect = Effect::Touches { paths: PathSet::default(), unread: true };
            self.record(command, line, Flow::UNSURE, effect);
        }
    }

    /// Returns true if a step since then may have changed the content of a file.
    fn may_have_changed(&self, since: usize) -> bool {
        !self.steps.get(since..).unwrap_or_default().iter().all(|step| step.keeps_content)
    }
}

/// Returns true if an effect changes the content of no file, by whatever path.
pub(super) fn keeps_content(effect: &Effect) -> bool {
    match effect {
        Effect::None | Effect::Perhaps(_) => true,
        Effect::Certain(changes) => changes.iter().all(|change| match change {
            Change::Mkdir { .. }
            | Change::Rmdir { .. }
            | Change::Touch { .. }
            | Change::Chmod { .. }
            | Change::Chown { .. }
            | Change::Remove { path: Operand::Path(_), .. } => true,
            Change::Write { .. }
            | Change::Remove { .. }
            | Change::Rewrite { .. }
            | Change::Link { .. }
            | Change::Copy { .. }
            | Change::Move { .. }
            | Change::Install { .. }
            | Change::Extract { .. }
            | Change::GitClone { .. }
            | Change::AddUser(_)
            | Change::AddGroup { .. } => false,
        }),
        Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => false,
    }
}
