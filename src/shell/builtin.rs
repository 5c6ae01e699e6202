//! Commands that change the shell, and commands that run other commands.

use super::call::Call;
use super::control::Walker;
use super::field::{Field, name_length};
use super::path::join;
use super::state::{Dialect, Flow};
use super::{Effect, Lookup, User};

/// Builtins whose words are assignments.
pub(super) const DECLARATIONS: [&str; 5] = ["export", "readonly", "local", "declare", "typeset"];

/// Commands that run the command in their words: options that take a value, and how many words come before it.
const WRAPPERS: [(&str, &str, usize); 25] = [
    ("builtin", "", 0),
    ("busybox", "", 0),
    ("chronic", "", 0),
    ("command", "", 0),
    ("doas", "uC", 0),
    ("dumb-init", "", 0),
    ("eatmydata", "", 0),
    ("env", "uC", 0),
    ("exec", "a", 0),
    ("fakeroot", "", 0),
    ("gosu", "", 1),
    ("i386", "", 0),
    ("ionice", "cnp", 0),
    ("linux32", "", 0),
    ("linux64", "", 0),
    ("nice", "n", 0),
    ("nohup", "", 0),
    ("setarch", "", 1),
    ("stdbuf", "ioe", 0),
    ("su-exec", "", 1),
    ("sudo", "ugCDhpRrTt", 0),
    ("time", "fo", 0),
    ("timeout", "ks", 1),
    ("tini", "", 0),
    ("xvfb-run", "nsfe", 0),
];

impl Walker<'_> {
    /// Runs `name` if it is one of these; whether it is.
    pub(crate) fn builtin(&mut self, name: &str, args: &[Field], line: usize, flow: Flow) -> bool {
        let sure = flow.reached && flow.must && !self.state.opaque && !self.state.left && !self.state.broke;
        match name {
            "cd" | "chdir" => self.change_directory(args, sure),
            "pushd" | "popd" => self.state.directories = None,
            "set" => self.set_options(args, flow.reached),
            "unset" if args.iter().any(|field| field.known().starts_with('-')) => {
                for name in args.iter().map(Field::known) {
                    self.state.set(name, Lookup::Unknown, false);
                    if let Some((_, sure)) = self.state.functions.get_mut(name) {
                        *sure = false;
                    }
                }
            }
            "unset" => self.forget(args, &Lookup::Unset, flow.reached),
            "read" | "getopts" | "mapfile" | "readarray" => {
                self.forget(args, &Lookup::Unknown, false);
                for name in ["REPLY", "MAPFILE"] {
                    self.state.set(name, Lookup::Unknown, false);
                }
            }
            "let" => {
                let text: Vec<&str> = args.iter().map(Field::known).collect();
                self.expand(line, |expander| expander.arithmetic(&text.join(" "), 0));
            }
            "printf" | "wait" if args.iter().any(|field| field.known().starts_with('-')) => {
                self.forget(args, &Lookup::Unknown, false);
            }
            // What these are told changes what later commands do.
            "shopt" | "hash" if !args.is_empty() => self.state.opaque = true,
            "umask" if !args.is_empty() => {
                self.state.umask_known = args == [Field::Literal("022".into())] && sure;
            }
            "exit" => self.exit(args),
            "return" => self.state.left = true,
            "break" | "continue" => self.state.broke = true,
            "eval" => self.eval(args, line, flow),
            "." | "source" | "alias" | "trap" | "enable" => {
                let is_reset = name == "trap" && args.first().and_then(Field::literal) == Some("-");
                self.state.opaque |= !is_reset;
                let effect = Effect::Touches { paths: Vec::new(), unread: false };
                self.record(name.to_owned(), line, flow, effect);
            }
            "sh" | "bash" | "dash" | "ash" | "su" | "runuser" => return self.shell(name, args, line, flow),
            _ => return self.wrapper(name, args, line, flow),
        }
        true
    }

    fn change_directory(&mut self, args: &[Field], sure: bool) {
        let args: Vec<&Field> =
            args.iter().filter(|field| !matches!(field.known(), "-P" | "-L" | "--")).collect();
        let target = match args[..] {
            [] => match self.state.variable("HOME", self.env) {
                Lookup::Set(home) => Some(home),
                _ => None,
            },
            [field] => field.literal().filter(|text| *text != "-").map(str::to_owned),
            _ => None,
        };
        let Some(target) = target else { return self.state.directories = None };
        // What CDPATH says counts for relative names alone.
        let searched = !target.starts_with(['/', '.']) && !self.has_no("CDPATH");
        if searched {
            return self.state.directories = None;
        }
        let bases =
            if target.starts_with('/') { Some(vec!["/".to_owned()]) } else { self.state.directories.clone() };
        let was_exact = target.starts_with('/') || self.state.directory_exact;
        let joined: Option<Vec<(String, bool)>> =
            bases.map(|bases| bases.iter().map(|base| join(base, &target)).collect());
        let exact = was_exact && joined.iter().flatten().all(|(_, exact)| *exact);
        let targets = joined.map(|joined| joined.into_iter().map(|(path, _)| path).collect());
        self.state.change_directory(targets, exact, sure);
    }

    /// Returns true if a variable is surely not set, unless the environment of the image is not known.
    fn has_no(&self, name: &str) -> bool {
        match self.state.script_value(name) {
            Some(value) => *value == Lookup::Unset,
            None => !matches!((self.env)(name), Lookup::Set(_)),
        }
    }

    fn set_options(&mut self, args: &[Field], reached: bool) {
        let reached = reached && !self.state.left && !self.state.broke;
        let mut words = args.iter().map(Field::known);
        while let Some(word) = words.next() {
            let (on, letters) = match word.split_at_checked(1) {
                Some(("-", letters)) if !letters.starts_with('-') => (true, letters),
                Some(("+", letters)) => (false, letters),
                // What comes now are positional parameters.
                _ => return,
            };
            // Commands are read and not run, or names are read otherwise.
            self.state.opaque |= letters.contains(['n', 'k', 'p', 'r']);
            let named = if letters.ends_with('o') { words.next().unwrap_or("") } else { "" };
            if letters.contains('e') || named == "errexit" {
                self.state.errexit = on && (reached || self.state.errexit);
            }
            if named == "pipefail" {
                self.state.pipefail = on && (reached || self.state.pipefail);
            }
        }
    }

    fn forget(&mut self, args: &[Field], value: &Lookup, sure: bool) {
        for name in args.iter().map(Field::known).filter(|name| !name.starts_with('-')) {
            self.state.set(&name[..name_length(name)], value.clone(), sure);
        }
    }

    fn exit(&mut self, args: &[Field]) {
        let status = args.first().and_then(Field::literal).and_then(|status| status.parse::<u8>().ok());
        // A failure here stops the build: whatever is asked about later never comes to be.
        self.state.left |= !(self.state.failure_stops && status.is_some_and(|status| status != 0));
    }

    fn eval(&mut self, args: &[Field], line: usize, flow: Flow) {
        match args.iter().map(Field::literal).collect::<Option<Vec<_>>>() {
            Some(words) => {
                let before = self.state.line.replace(line);
                self.script(&words.join(" "), flow);
                self.state.line = before;
            }
            None => self.unreadable("eval", line),
        }
    }

    /// `sh -c script`, `su user -c script`. A file that a shell reads is a command like any other.
    fn shell(&mut self, name: &str, args: &[Field], line: usize, flow: Flow) -> bool {
        let switches = matches!(name, "su" | "runuser");
        let Some(at) = args.iter().position(|field| is_command_flag(field.known())) else {
            return false;
        };
        let reads_file = args[..at].iter().enumerate().any(|(index, field)| {
            let follows_option = index > 0 && args[index - 1].known().ends_with('o');
            !field.known().starts_with(['-', '+']) && !follows_option
        });
        if reads_file && !switches {
            return false;
        }
        let Some(Field::Literal(text)) = args.get(at + 1) else {
            self.unreadable(name, line);
            return true;
        };
        let flags: Vec<&str> = args[..=at].iter().map(Field::known).collect();
        let before = self.state.clone();
        self.state = self.state.child(flow.must);
        self.state.line = Some(line);
        self.state.dialect = if name == "bash" { Dialect::Bash } else { Dialect::Posix };
        if switches {
            self.state.user = User::Other(None);
            // A login shell starts elsewhere, and what others have set up runs first.
            self.state.opaque = true;
            if flags.iter().any(|flag| matches!(*flag, "-" | "-l" | "--login")) {
                self.state.directories = None;
            }
        } else {
            self.shell_flags(&flags);
        }
        self.script(&text.clone(), flow);
        self.state = before;
        true
    }

    fn shell_flags(&mut self, flags: &[&str]) {
        let fields: Vec<Field> = flags.iter().map(|flag| Field::Literal((*flag).to_owned())).collect();
        for (index, flag) in flags.iter().enumerate() {
            if flag.starts_with('-') || flag.starts_with('+') {
                let end = (index + 2).min(fields.len());
                self.set_options(&fields[index..end], true);
            }
            // A login or interactive shell reads files first.
            let is_login = *flag == "--login" || (!flag.starts_with("--") && flag.contains(['l', 'i']));
            self.state.opaque |= flag.starts_with('-') && is_login;
        }
        self.state.opaque |= self.state.dialect == Dialect::Bash && !self.has_no("BASH_ENV");
    }

    /// Runs a script by the shell that the words start; its lines are those of the Dockerfile.
    pub(crate) fn start(&mut self, fields: &[Field], line: usize, flow: Flow) {
        let name = fields.first().and_then(Field::literal).unwrap_or("");
        let base = name.rsplit('/').next().unwrap_or(name);
        let text = fields.last().and_then(Field::literal).unwrap_or("");
        let flags: Vec<&str> = fields.iter().skip(1).rev().skip(1).rev().map(Field::known).collect();
        let is_shell = matches!(base, "sh" | "bash" | "dash" | "ash");
        if !is_shell || !flags.last().is_some_and(|flag| is_command_flag(flag)) {
            return self.unreadable(text, line);
        }
        self.state.dialect = if base == "bash" { Dialect::Bash } else { Dialect::Posix };
        self.shell_flags(&flags);
        self.script(text, flow);
    }

    fn wrapper(&mut self, name: &str, args: &[Field], line: usize, flow: Flow) -> bool {
        let Some(&(_, valued, mut before)) = WRAPPERS.iter().find(|(wrapper, ..)| *wrapper == name) else {
            return false;
        };
        let saved = self.state.clone();
        match name {
            "sudo" | "doas" => self.state.user = User::Root,
            "gosu" | "su-exec" => self.state.user = User::Other(None),
            _ => {}
        }
        self.state.environment_known &= !matches!(name, "sudo" | "doas" | "gosu" | "su-exec");
        let mut rest = args;
        while let Some((field, after)) = rest.split_first() {
            let word = field.known();
            if word == "--" {
                rest = after;
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                if name == "command" && letters.contains(['v', 'V']) {
                    self.state = saved;
                    return true;
                }
                self.wrapper_flag(name, letters);
                let is_valued = letters.len() == 1 && valued.contains(letters);
                rest = if is_valued { after.get(1..).unwrap_or(&[]) } else { after };
            } else if matches!(name, "env" | "sudo" | "doas") && word.contains('=') {
                self.state.set(&word[..name_length(word)], Lookup::Unknown, false);
                rest = after;
            } else if before > 0 {
                before -= 1;
                rest = after;
            } else {
                break;
            }
        }
        if rest.is_empty() {
            if name != "exec" && !args.is_empty() {
                let (paths, unread) = Call { name, args, state: &self.state }.names();
                self.record(name.to_owned(), line, flow, Effect::Touches { paths, unread });
            }
            self.state = saved;
            return true;
        }
        // A function hides none of the programs and builtins that these run.
        let functions = std::mem::take(&mut self.state.functions);
        if matches!(name, "exec" | "command" | "builtin") {
            // These run in the shell itself: `command cd /x` moves it.
            self.state.opaque |= matches!(rest[0].known(), "eval" | "." | "source");
            self.invoke(rest, line, flow);
            self.state.functions = functions;
            self.state.left |= name == "exec";
        } else {
            self.subshell(flow, |walker| walker.invoke(rest, line, flow));
            self.state = saved;
        }
        true
    }

    /// Returns true if a long option takes a word of its own, and where `-i`, `-D` and `-C` lead, is not looked into.
    fn wrapper_flag(&mut self, name: &str, letters: &str) {
        if name == "sudo" && letters.contains('u') {
            self.state.user = User::Other(None);
        }
        if name != "stdbuf" && name != "ionice" {
            self.state.opaque |= letters.starts_with('-') || letters.contains(['i', 'C', 'D']);
        }
    }
}

/// Returns true if the flag makes a shell read the script that follows: `-c`, `-ec`, `-lc`.
fn is_command_flag(flag: &str) -> bool {
    flag.strip_prefix('-')
        .is_some_and(|letters| letters.contains('c') && letters.bytes().all(|byte| byte.is_ascii_lowercase()))
}
