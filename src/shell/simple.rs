//! Simple commands: assignments, redirections, and who says what a command does. What is not certain is taken
//! back here.

use brush_parser::ast::{
    CommandPrefixOrSuffixItem, IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, SimpleCommand, Word,
};

use super::call::{Call, Names};
use super::control::Walker;
use super::field::{Field, name_length};
use super::path::PathPattern;
use super::state::Flow;
use super::{Change, Effect, Lookup, Step, account, builtin, file, footprint, harmless, script, transfer};

/// Where programs lie that are what their name says.
const SYSTEM_PROGRAMS: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// The parts of a simple command.
#[derive(Default)]
struct Parts<'c> {
    words: Vec<&'c Word>,
    assignments: Vec<&'c Word>,
    redirects: Vec<&'c IoRedirect>,
    /// True if it has a process substitution.
    substitutes: bool,
}

impl<'c> Parts<'c> {
    fn of(simple: &'c SimpleCommand) -> Self {
        let prefix = simple.prefix.iter().flat_map(|prefix| &prefix.0);
        let suffix = simple.suffix.iter().flat_map(|suffix| &suffix.0);
        let mut parts = Self::default();
        for item in prefix {
            match item {
                CommandPrefixOrSuffixItem::AssignmentWord(_, word) => parts.assignments.push(word),
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => parts.redirects.push(redirect),
                CommandPrefixOrSuffixItem::Word(word) => parts.words.push(word),
                CommandPrefixOrSuffixItem::ProcessSubstitution(..) => parts.substitutes = true,
            }
        }
        parts.words.extend(&simple.word_or_name);
        for item in suffix {
            match item {
                CommandPrefixOrSuffixItem::AssignmentWord(_, word)
                | CommandPrefixOrSuffixItem::Word(word) => parts.words.push(word),
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => parts.redirects.push(redirect),
                CommandPrefixOrSuffixItem::ProcessSubstitution(..) => parts.substitutes = true,
            }
        }
        parts
    }
}

impl Walker<'_> {
    /// Runs a simple command.
    pub(crate) fn simple(&mut self, simple: &SimpleCommand, flow: Flow) {
        let Parts { words, assignments, redirects, substitutes } = Parts::of(simple);
        let mut line = self.current_line();
        if let Some(word) = words.first().or(assignments.first()) {
            line = self.line_of(word);
        }
        if !self.may_go_on(line) {
            return;
        }
        if substitutes {
            self.unreadable(&simple.to_string(), line);
        }
        self.redirects(redirects.into_iter(), line, flow);
        let raw: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
        let assigned: Vec<&str> = assignments.iter().map(|word| word.value.as_str()).collect();
        if raw.is_empty() {
            for assignment in &assigned {
                self.assign(assignment, line, flow);
            }
        } else if builtin::DECLARATIONS.contains(&raw[0]) {
            // No shell but bash has all of them, and options change what an assignment gives.
            let plain =
                matches!(raw[0], "export" | "readonly") && !raw[1..].iter().any(|word| word.starts_with('-'));
            let flow = if plain { flow } else { flow.maybe() };
            for assignment in &raw[1..] {
                self.assign(assignment, line, flow);
            }
            self.state.opaque |=
                raw[1..].iter().any(|word| word.starts_with('-') && word.contains(['n', 'f']));
        } else {
            let fields = self.expand(line, |expander| {
                raw.iter().flat_map(|word| expander.fields(word)).collect::<Vec<_>>()
            });
            let values = self.expand(line, |expander| {
                assigned.iter().flat_map(|word| expander.fields(word)).collect::<Vec<_>>()
            });
            // What the command is given, a shell that it starts may read.
            for assignment in assigned {
                self.state.set(&assignment[..name_length(assignment)], Lookup::Unknown, false);
            }
            self.invoke_with(&fields, &values, line, flow);
        }
    }

    /// `NAME=value`, alone or after `export`.
    fn assign(&mut self, assignment: &str, line: usize, flow: Flow) {
        let (name, rest) = assignment.split_at(name_length(assignment));
        let value = match rest.strip_prefix('=') {
            Some(value) if !value.starts_with('(') => self.expand(line, |expander| expander.value(value)),
            None if rest.is_empty() => return,
            // An array, an element, `+=`: nobody keeps those, but the scripts within are run.
            _ => {
                self.expand(line, |expander| expander.fields(rest));
                Lookup::Unknown
            }
        };
        let sure = flow.reached && !self.state.left && !self.state.broke;
        self.state.set(name, value, sure);
    }

    /// Opens the files that redirections write.
    pub(crate) fn redirects<'r>(
        &mut self,
        redirects: impl Iterator<Item = &'r IoRedirect>,
        line: usize,
        flow: Flow,
    ) {
        for redirect in redirects {
            let word = match redirect {
                IoRedirect::File(_, kind, target) => match (kind, target) {
                    (IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput, _)
                    | (_, IoFileRedirectTarget::Fd(_)) => continue,
                    (_, IoFileRedirectTarget::ProcessSubstitution(..)) => {
                        self.unreadable(&redirect.to_string(), line);
                        continue;
                    }
                    (_, IoFileRedirectTarget::Filename(word) | IoFileRedirectTarget::Duplicate(word)) => word,
                },
                IoRedirect::OutputAndError(word, _) => word,
                IoRedirect::HereDocument(_, document) => {
                    if document.requires_expansion {
                        self.expand(line, |expander| expander.substitutions_of(&document.doc.value));
                    }
                    continue;
                }
                IoRedirect::HereString(_, word) => {
                    self.expand(line, |expander| expander.fields(&word.value));
                    continue;
                }
            };
            let fields = self.expand(line, |expander| expander.fields(&word.value));
            self.write(&fields, line, flow);
        }
    }

    fn write(&mut self, fields: &[Field], line: usize, flow: Flow) {
        if let [Field::Literal(name)] = fields
            && (name.starts_with("/dev/") || name == "-" || name.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return;
        }
        let call = Call { name: ">", args: fields, state: &self.state };
        let changes = match fields {
            [field] => call.path(field).map(|path| vec![Change::Write { path }]),
            _ => None,
        };
        let effect = changes.map_or_else(|| touches(&call), Effect::Certain);
        let command = format!("> {}", fields.first().map_or("", Field::known));
        self.record(command, line, flow, effect);
    }

    /// Runs a command with its arguments.
    pub(crate) fn invoke(&mut self, fields: &[Field], line: usize, flow: Flow) {
        self.invoke_with(fields, &[], line, flow);
    }

    fn invoke_with(&mut self, fields: &[Field], environment: &[Field], line: usize, flow: Flow) {
        if !self.may_go_on(line) {
            return;
        }
        let Some((first, args)) = fields.split_first() else { return };
        let Some(program) = first.literal() else {
            let call = Call { name: "", args: fields, state: &self.state };
            let effect = touches(&call);
            return self.record(described(fields), line, flow, effect);
        };
        let (directory, base) = program.rsplit_once('/').unwrap_or(("", program));
        let is_own = directory.is_empty() && !program.starts_with('/');
        let mut flow = flow;
        if is_own && let Some((body, sure)) = self.state.functions.get(base).cloned() {
            self.function(&body, line, flow);
            if sure {
                return;
            }
            flow = flow.maybe();
        }
        let is_system = is_own || SYSTEM_PROGRAMS.contains(&directory);
        if is_system && self.builtin(base, args, line, flow) {
            return;
        }
        let call = Call { name: base, args, state: &self.state };
        let mut effect = if is_system { known(&call) } else { None }
            .or_else(|| footprint::of(&call).map(Effect::Footprint))
            .unwrap_or_else(|| touches(&call));
        also_named(&mut effect, &call, environment);
        self.record(described(fields), line, flow, effect);
    }

    /// Writes down what a command does, as far as that is certain.
    pub(crate) fn record(&mut self, command: String, line: usize, flow: Flow, effect: Effect) {
        let certain =
            flow.reached && flow.must && !self.state.opaque && !self.state.left && !self.state.broke;
        let effect = match effect {
            Effect::Certain(changes) if changes.is_empty() => Effect::None,
            Effect::Certain(changes) if !certain || !self.umask_holds(&changes) => {
                let mut paths: Vec<PathPattern> = changes.iter().flat_map(Change::paths).collect();
                paths.sort_unstable();
                paths.dedup();
                Effect::Touches { paths, unread: false }
            }
            effect => effect,
        };
        self.steps.push(Step { command, line, certain, user: self.state.user, effect });
    }

    fn umask_holds(&self, changes: &[Change]) -> bool {
        self.state.umask_known
            || changes.iter().all(|change| {
                matches!(
                    change,
                    Change::Remove { .. }
                        | Change::Rmdir { .. }
                        | Change::Chmod { mode: super::Mode::Octal(_), .. }
                        | Change::Chown { .. }
                        | Change::Move { .. }
                        | Change::Link { .. }
                )
            })
    }
}

/// What a command of the system does, if it is one whose effects are known and its words are read in full.
fn known(call: &Call) -> Option<Effect> {
    if harmless::is(call) {
        return Some(Effect::None);
    }
    file::changes(call)
        .or_else(|| transfer::changes(call))
        .or_else(|| account::changes(call))
        .map(Effect::Certain)
}

/// What an unknown command may touch: what it names.
fn touches(call: &Call) -> Effect {
    let (mut paths, unread) = call.names();
    paths.extend(account::touched(call.name));
    Effect::Touches { paths, unread }
}

/// Adds what the variables given to a command name: `DESTDIR=/x make install`.
fn also_named(effect: &mut Effect, call: &Call, environment: &[Field]) {
    let mut names = Names { state: call.state, paths: Vec::new(), unread: false };
    environment.iter().filter(|field| field.known().contains("=/")).for_each(|field| names.field(field));
    let (given, _) = names.finish();
    match effect {
        Effect::Touches { paths, .. } => paths.extend(given),
        Effect::Footprint(footprint) => footprint.areas.extend(given),
        _ => {}
    }
}

/// A command as a person would call it: the program and what it was told to do.
fn described(fields: &[Field]) -> String {
    let mut words = fields.iter().map(Field::known);
    let program = words.next().unwrap_or("");
    let program = if program.is_empty() { "$…" } else { program };
    match words.find(|word| !word.starts_with('-')) {
        Some(word) if !word.is_empty() => script::shortened(&format!("{program} {word}")),
        _ => script::shortened(program),
    }
}
