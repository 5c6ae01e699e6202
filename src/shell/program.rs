//! Programs that run other commands: shells, and the wrappers of the grammar.

use super::call::Call;
use super::field::Field;
use super::grammar::builtin::builtin;
use super::grammar::variable::{Role, role};
use super::grammar::wrapper::{RunsAs, Wrapper, wrapper};
use super::simple::{Invoked, touches};
use super::state::{Dialect, Flow};
use super::walk::Walker;
use super::word::name_length;
use super::{Effect, Lookup, User};

/// A call of a shell.
struct ShellCall<'f> {
    /// Options that `set` has too.
    options: Vec<Field>,
    /// True if an option is there that is not followed: a login shell, an interactive one, another startup file.
    is_opaque: bool,
    /// The script of `-c`, or the file; `None`: the standard input.
    operand: Option<&'f Field>,
    /// `-c`.
    is_command: bool,
}

impl Walker<'_> {
    /// Runs the program `name` if it runs other commands; false if it does not.
    pub(crate) fn program(&mut self, name: &str, invoked: &Invoked, line: usize, flow: Flow) -> bool {
        match name {
            "sh" | "bash" | "dash" | "ash" => self.shell(name, invoked, line, Some(line), flow),
            "su" | "runuser" => self.switched_shell(invoked, line),
            _ => match wrapper(name) {
                Some(wrapper) => {
                    self.wrapper(wrapper, invoked, line, flow);
                    true
                }
                None => false,
            },
        }
    }

    /// Runs the shell that a RUN starts.
    pub(crate) fn start(&mut self, fields: &[Field], line: usize) {
        let name = fields.first().and_then(Field::literal).unwrap_or("");
        let base =
            ["/bin/", "/usr/bin/"].iter().find_map(|directory| name.strip_prefix(directory)).unwrap_or(name);
        let invoked = Invoked { fields, stdin: None };
        if !matches!(base, "sh" | "bash" | "dash" | "ash")
            || !self.shell(base, &invoked, line, None, Flow::SURE)
        {
            self.invoke(&invoked, line, Flow::SURE);
        }
    }

    /// A shell with `-c`, or with a script on its standard input. A file that a shell reads is a command like any other.
    fn shell(
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
        let (script, is_exact) = match (call.operand, call.is_command, invoked.stdin) {
            (Some(Field::Literal(script)), true, _) => (script.clone(), true),
            (Some(_), false, _) => return false,
            (None, false, Some((script, is_exact))) => (script.to_owned(), is_exact),
            (Some(_) | None, _, _) => {
                let opaque = self.state.opaque;
                self.unreadable(name, line);
                self.state.opaque = opaque;
                return true;
            }
        };
        let before = self.state.clone();
        self.state = self.state.child(flow.must);
        self.state.line = reported;
        self.state.dialect = if name == "bash" { Dialect::Bash } else { Dialect::Posix };
        self.state.on_stdin = !call.is_command;
        self.state.opaque |= call.is_opaque;
        self.set_options(&call.options, true);
        let flow = if is_exact { Flow { suspended: false, ..flow } } else { Flow::UNSURE };
        self.script(&script, flow);
        self.state = before;
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
        let (rest, is_exact) = self.inner(wrapper, args);
        let flow = if is_exact && wrapper.exact { flow } else { Flow::UNSURE };
        match wrapper.runs_as {
            RunsAs::Same => {}
            RunsAs::Root if is_exact => self.state.user = User::Root,
            RunsAs::Root | RunsAs::Named => self.state.user = User::Other(None),
        }
        // They run programs; builtins and functions are none.
        self.state.functions.clear();
        let is_builtin = |field: &Field| field.literal().is_none_or(|name| builtin(name).is_some());
        if rest.is_empty() || !wrapper.exact {
            let mut effect = touches(&Call { name: wrapper.name, args, state: &self.state });
            if let Effect::Touches { unread, .. } = &mut effect {
                *unread |= !wrapper.exact;
            }
            // `env` alone prints.
            let effect = if args.is_empty() { Effect::None } else { effect };
            self.record(wrapper.name.to_owned(), line, Flow::UNSURE, effect);
        }
        if let Some(first) = rest.first() {
            let flow = if is_builtin(first) { Flow::UNSURE } else { flow };
            let user = self.state.user;
            self.subshell(flow, |walker| {
                walker.state.user = user;
                walker.invoke(&Invoked { fields: rest, stdin: invoked.stdin }, line, flow);
            });
            if !wrapper.exact {
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

    /// Returns the inner command of a wrapper, and whether it runs exactly as it is written.
    fn inner<'f>(&mut self, wrapper: &Wrapper, args: &'f [Field]) -> (&'f [Field], bool) {
        let (mut rest, mut is_exact, mut operands) = (args, true, wrapper.operands);
        while let Some((field, after)) = rest.split_first() {
            let word = field.known();
            is_exact &= field.literal().is_some() || operands == 0;
            if word == "--" {
                rest = after;
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                let valued = |letter: char| {
                    let at = wrapper.certain.find(letter).filter(|_| letter != ':');
                    let takes = at.is_some_and(|at| wrapper.certain[at + 1..].starts_with(':'));
                    (at.is_some(), takes || wrapper.valued.contains(letter))
                };
                let mut takes_next = false;
                for (at, letter) in letters.char_indices() {
                    let (is_known, is_valued) = valued(letter);
                    is_exact &= is_known;
                    if is_valued {
                        takes_next = at + letter.len_utf8() == letters.len();
                        break;
                    }
                }
                rest = if takes_next { after.get(1..).unwrap_or(&[]) } else { after };
            } else if operands > 0 {
                operands -= 1;
                rest = after;
            } else if wrapper.assigns && word.contains('=') {
                let name = &word[..name_length(word)];
                is_exact &= role(name) != Role::Steers && !name.is_empty();
                self.state.set(name, Lookup::Unknown, false);
                rest = after;
            } else {
                break;
            }
        }
        (rest, is_exact)
    }
}

/// Reads the arguments of a shell; `None` if one of them is unknown.
fn shell_call(args: &[Field]) -> Option<ShellCall<'_>> {
    let mut call = ShellCall { options: Vec::new(), is_opaque: false, operand: None, is_command: false };
    let mut words = args.iter();
    while let Some(field) = words.next() {
        let word = field.known();
        let sign = match word.chars().next() {
            Some(sign @ ('-' | '+')) if word.len() > 1 => sign,
            _ => {
                call.operand = Some(field);
                break;
            }
        };
        let word = field.literal()?;
        if word == "--" {
            call.operand = words.next();
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            call.is_opaque |= !matches!(long, "norc" | "noprofile");
            if matches!(long, "init-file" | "rcfile") {
                words.next()?;
            }
            continue;
        }
        for letter in word.chars().skip(1) {
            match letter {
                'c' if sign == '-' => call.is_command = true,
                's' => {}
                'o' => {
                    call.options.push(Field::Literal(format!("{sign}o")));
                    call.options.push(words.next()?.clone());
                }
                'O' => {
                    call.is_opaque = true;
                    words.next()?;
                }
                letter => call.options.push(Field::Literal(format!("{sign}{letter}"))),
            }
        }
    }
    Some(call)
}
