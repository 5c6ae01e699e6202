//! The builtins of a shell, by their kind in the grammar.

use super::analysis::Analysis;
use super::call::Call;
use super::destination::{Destination, Directory, destination};
use super::effects::Walker;
use super::field::Field;
use super::grammar::builtin::{Builtin, SET_LETTERS, SET_NAMES};
use super::grammar::wrapper::BUILTINS;
use super::invoke::{Invoked, described, touches};
use super::path::join;
use super::path_set::PathSet;
use super::state::{Dialect, Flow};
use super::word::name_length;
use super::wrapped::{Wrapped, wrapped};
use super::{Effect, Lookup};
use crate::text::cut;

impl Walker<'_> {
    /// Runs a builtin.
    pub(crate) fn builtin(&mut self, builtin: Builtin, invoked: &Invoked, line: usize, flow: Flow) {
        let Some((first, args)) = invoked.fields.split_first() else { return };
        let name = first.known();
        let sure = flow.reached && self.state.is_certain();
        match builtin {
            Builtin::Reads => {
                if name == "printf" && args.first().is_some_and(|field| field.known().starts_with("-v")) {
                    self.assign_names(args);
                }
                // bash evaluates the index of `-v 'a[i]'`.
                let indexes = |field: &Field| field.known().starts_with("-v");
                self.state.opaque |= matches!(name, "test" | "[") && args.iter().any(indexes);
                self.record(described(invoked.fields), line, flow, Effect::None);
            }
            Builtin::Waits | Builtin::Shifts => {
                self.record(described(invoked.fields), line, flow, Effect::None);
            }
            Builtin::ChangesDirectory => {
                // Only dash and ash have `chdir`.
                self.change_directory(args, sure && flow.must && name == "cd");
            }
            // The stack of directories is not followed.
            Builtin::PushesDirectory | Builtin::PopsDirectory | Builtin::ListsDirectories => {
                self.state.directories = None;
            }
            Builtin::SetsOptions => self.set_options(args, sure),
            Builtin::SetsUmask => self.set_umask(args, sure && flow.must),
            Builtin::Unsets => self.unset(args, sure),
            Builtin::Assigns => {
                self.state.opaque |= self.state.on_stdin;
                if name == "let" {
                    let text: Vec<&str> = args.iter().map(Field::known).collect();
                    self.expand(line, |expander| expander.evaluate(&text.join(" ")));
                }
                self.assign_names(args);
            }
            Builtin::Declares => {
                self.assign_names(args);
                self.state.opaque |= args.iter().any(|field| field.known().starts_with('-'));
            }
            Builtin::Exits => self.exit(args),
            Builtin::Returns => self.state.returned = true,
            Builtin::Breaks | Builtin::Continues => {
                self.state.broke = true;
                // More than one loop.
                self.state.opaque |= args.iter().any(|field| field.literal() != Some("1"));
            }
            Builtin::Evaluates => self.eval(args, line, flow),
            Builtin::Traps => self.trap(args, line, flow),
            Builtin::Runs => self.run_words(name, invoked, line, flow),
            Builtin::Sources if self.source(name, args, line, flow) => {}
            Builtin::Sources | Builtin::Changes => self.change_shell(name, args, line, flow),
        }
    }

    /// Makes the variables that words may name unknown. A word that is not read may name any.
    fn assign_names(&mut self, args: &[Field]) {
        for field in args {
            let known = field.known();
            let name = known.strip_prefix("-v").unwrap_or(known);
            if field.literal().is_none() || name.contains('[') {
                self.state.forget_variables();
                self.state.opaque = true;
            }
            self.state.set(cut::before(name, name_length(name)), Lookup::Unknown, false);
        }
    }

    fn change_directory(&mut self, args: &[Field], sure: bool) {
        let Destination { directory, is_physical } = destination(args);
        let target = match directory {
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

    /// Applies `set`, or the options of a shell that is started.
    pub(crate) fn set_options(&mut self, args: &[Field], sure: bool) {
        let mut words = args.iter();
        while let Some(field) = words.next() {
            let word = field.known();
            let (on, letters) = match (field.literal(), word.split_at_checked(1)) {
                // What comes now are positional parameters.
                (Some("--"), _) => return,
                (Some(_), Some(("-", letters))) if !letters.is_empty() => (true, letters),
                (Some(_), Some(("+", letters))) => (false, letters),
                (Some(_), Some((first, _))) if first != "-" => return,
                // An unknown word may be an option.
                _ => return self.state.opaque = true,
            };
            for letter in letters.chars() {
                let letter = match letter {
                    'o' => {
                        let name = words.next().and_then(Field::literal).unwrap_or("");
                        let Some((name, letter)) = SET_NAMES.iter().find(|(known, _)| *known == name) else {
                            self.state.opaque = true;
                            continue;
                        };
                        if *name == "pipefail" {
                            self.state.pipefail = on && (sure || self.state.pipefail);
                        }
                        *letter
                    }
                    letter => Some(letter),
                };
                match letter {
                    Some('e') => self.state.errexit = on && (sure || self.state.errexit),
                    Some('f') => self.state.noglob = on || (self.state.noglob && !sure),
                    Some(letter) => self.state.opaque |= !SET_LETTERS.contains(letter),
                    None => {}
                }
            }
        }
    }

    fn set_umask(&mut self, args: &[Field], sure: bool) {
        match args {
            [] => {}
            [field] if matches!(field.literal(), Some("-S" | "-p")) => {}
            [field] => {
                let is_default = matches!(field.literal(), Some("022" | "0022"));
                self.state.umask_known = is_default && (sure || self.state.umask_known);
            }
            _ => self.state.umask_known = false,
        }
    }

    fn unset(&mut self, args: &[Field], sure: bool) {
        let (value, names) = match args.split_first() {
            // A function that was perhaps defined stays perhaps defined.
            Some((field, _)) if field.literal() == Some("-f") => return,
            Some((field, names)) if field.literal() == Some("-v") => (Lookup::Unset, names),
            _ => (Lookup::Unset, args),
        };
        for field in names {
            let name = field.literal().filter(|name| name_length(name) == name.len());
            if let Some(name) = name {
                self.state.set(name, value.clone(), sure);
            } else {
                self.state.forget_variables();
                self.state.opaque = true;
            }
        }
    }

    fn exit(&mut self, args: &[Field]) {
        let status = args.first().and_then(Field::literal).and_then(|status| status.parse::<u8>().ok());
        // A failure here stops the build, and then no later state exists.
        self.state.left |= !(self.state.failure_stops && status.is_some_and(|status| status != 0));
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
    fn trap(&mut self, args: &[Field], line: usize, flow: Flow) {
        let handler = match args {
            [] => return,
            [first, ..] if matches!(first.literal(), Some("-" | "" | "-p" | "-l")) => return,
            [first, ..] if first.literal() == Some("--") => args.get(1),
            [first, ..] => Some(first),
        };
        match handler.and_then(Field::literal) {
            Some(script) => self.perhaps(script),
            None => self.unreadable("trap", line),
        }
        self.state.opaque = true;
        self.record(
            "trap".to_owned(),
            line,
            flow,
            Effect::Touches { paths: PathSet::default(), unread: false },
        );
    }

    /// `command`, `builtin` and `exec` with the words after them. A function hides none of the programs and builtins that
    /// these run.
    fn run_words(&mut self, name: &str, invoked: &Invoked, line: usize, flow: Flow) {
        let args = &invoked.fields[1..];
        let Some(entry) = BUILTINS.iter().find(|entry| entry.name == name) else { return };
        let Wrapped { words, is_exact: is_plain, .. } = wrapped(entry, args);
        let options = &args[..args.len() - words.len()];
        if name == "command" && options.iter().any(|field| matches!(field.literal(), Some("-v" | "-V"))) {
            return self.record(described(invoked.fields), line, flow, Effect::None);
        }
        if words.is_empty() {
            self.state.opaque |= !is_plain;
            return;
        }
        let functions = std::mem::take(&mut self.state.functions);
        // dash has no `builtin`.
        let is_exact = is_plain && (name != "builtin" || self.state.dialect == Dialect::Bash);
        let flow = if is_exact { flow } else { Flow::UNSURE };
        self.state.opaque |=
            !is_exact && name != "exec" && words.iter().any(|field| field.literal().is_none());
        self.invoke(&Invoked { fields: words, stdin: invoked.stdin }, line, flow);
        self.state.functions.extend(functions);
        self.state.left |= name == "exec";
    }

    fn change_shell(&mut self, name: &str, args: &[Field], line: usize, flow: Flow) {
        let only_prints = match args {
            [] => matches!(name, "alias" | "hash" | "shopt" | "enable" | "history" | "bind"),
            [field] => name == "hash" && field.literal() == Some("-r"),
            _ => false,
        };
        if only_prints {
            return self.record(name.to_owned(), line, flow, Effect::None);
        }
        self.state.opaque = true;
        let mut effect = touches(&Call { name, args, state: &self.state });
        if let (Effect::Touches { unread, .. }, "." | "source") = (&mut effect, name) {
            *unread = true;
        }
        self.record(name.to_owned(), line, flow, effect);
    }
}
