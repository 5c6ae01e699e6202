//! The analysis of a build script: the shells that took different ways to the same point, and the commands that they ran.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use brush_parser::ast::{FunctionBody, Program};

use super::super::script;
use super::super::state::{Dialect, Flow};
use super::super::walk::{self, nested};
use super::env::{Env, Output, Value};
use super::ways::settled;
use super::word::Expander;
use super::{Command, Surroundings};
use crate::text::pattern::Pattern;

/// How many commands are followed, those of loops and functions each time.
const STEPS: usize = 20_000;
/// How much text is expanded and read, in bytes.
const BYTES: usize = 8 << 20;

/// A function of a script.
#[derive(Clone)]
pub(super) struct Function {
    pub(crate) body: Rc<FunctionBody>,
    /// True if another text than the script defines it, so that the line of its call counts.
    pub(crate) is_inner: bool,
}

/// Follows a script and writes down what it may run.
pub(super) struct Walker<'a> {
    pub(crate) surroundings: &'a dyn Surroundings,
    pub(crate) functions: HashMap<String, Function>,
    pub(crate) found: Vec<Command>,
    seen: HashSet<Command>,
    /// The shells at this point.
    pub(crate) ways: Vec<Env>,
    /// Functions that were called.
    pub(crate) called: HashSet<String>,
    /// Shells that left the function, the loop or the round that is followed.
    pub(crate) returned: Vec<Env>,
    pub(crate) broke: Vec<Env>,
    pub(crate) continued: Vec<Env>,
    /// The last shell that ended.
    pub(crate) ended: Option<Env>,
    /// The input of the command from the pipeline.
    pub(crate) piped: Option<Pattern>,
    parsed: HashMap<String, Option<Rc<Program>>>,
    /// The names of the values that an assignment gives, by variable and line.
    names: HashMap<String, Vec<usize>>,
    /// The line to report; None: the line of each command counts.
    pub(crate) line: Option<usize>,
    openings: usize,
    /// How many functions are followed within each other.
    pub(crate) within: usize,
    pub(crate) depth: usize,
    pub(crate) steps: usize,
    bytes: usize,
}

/// The commands of a script in which up to `openings` things open, or of its lines each by itself.
pub(super) fn commands(
    text: &str,
    surroundings: &dyn Surroundings,
    openings: usize,
    line_by_line: bool,
) -> Vec<Command> {
    let text = text.replace("\r\n", "\n");
    let mut walker = Walker {
        surroundings,
        functions: HashMap::new(),
        found: Vec::new(),
        ways: Vec::new(),
        seen: HashSet::new(),
        called: HashSet::new(),
        returned: Vec::new(),
        broke: Vec::new(),
        continued: Vec::new(),
        ended: None,
        piped: None,
        parsed: HashMap::new(),
        names: HashMap::new(),
        line: None,
        openings,
        within: 0,
        depth: 0,
        steps: STEPS,
        bytes: BYTES,
    };
    let start = Env::new(super::start());
    walker.ways.push(start.clone());
    match if line_by_line { None } else { script::parse(&text, Dialect::Bash, openings) } {
        Some(program) => walk::program(&mut walker, &program, Flow::SURE),
        None => walker.lines(&text),
    }
    let known = std::mem::take(&mut walker.ways).into_iter().reduce(|one, other| one.join(&other));
    let known = known.or_else(|| walker.ended.take()).unwrap_or_else(|| start.clone());
    walker.uncalled(&known.restarted(&start));
    walker.found
}

impl Walker<'_> {
    /// Takes from what may be read; says whether anything is left.
    pub(crate) fn spend(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.bytes == 0 {
            self.steps = 0;
        }
        self.bytes > 0
    }

    /// Writes down a command.
    pub(crate) fn record(&mut self, command: Command) {
        if self.seen.insert(command.clone()) {
            self.found.push(command);
        }
    }

    /// The name of the unknown value that a variable gets on a line: the variable's own the first time.
    pub(crate) fn name(&mut self, variable: &str, line: usize) -> String {
        let lines = self.names.entry(variable.to_owned()).or_default();
        let at = lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            lines.push(line);
            lines.len() - 1
        });
        if at == 0 { variable.to_owned() } else { format!("{variable}#{}", at + 1) }
    }

    fn parse(&mut self, text: &str) -> Option<Rc<Program>> {
        if let Some(known) = self.parsed.get(text) {
            return known.clone();
        }
        let program =
            if self.spend(text.len()) { script::parse(text, Dialect::Bash, self.openings) } else { None };
        self.parsed.insert(text.to_owned(), program.clone());
        program
    }

    /// Runs a text as a script in the shells as they are.
    pub(crate) fn text(&mut self, text: &str, line: usize) {
        let Some(program) = self.parse(text) else { return };
        let outer = self.line.replace(line);
        nested(self, line, |walker| walk::program(walker, &program, Flow::SURE));
        self.line = outer;
    }

    /// Runs a file in the shell as it is. One that cannot be read may set any variable.
    pub(crate) fn source(&mut self, file: &Pattern, line: usize) {
        const OWN: &str = "BASH_SOURCE";
        let text = self.surroundings.text(file).map(|text| text.replace("\r\n", "\n"));
        let Some(text) = text.filter(|text| self.parse(text).is_some()) else {
            return self.ways.iter_mut().for_each(Env::lose_variables);
        };
        let hidden = self.ways.first().map_or(0, Env::hidden);
        for way in &mut self.ways {
            way.hide(OWN);
            way.set(OWN, Value::One(file.clone()), OWN);
        }
        self.leaving(|walker| &mut walker.returned, |walker| walker.text(&text, line));
        for way in &mut self.ways {
            way.reveal(hidden);
            // A function of the file may ask for its own place later.
            if text.contains(OWN) && text.contains("()") {
                way.set(OWN, Value::One(Pattern::hole(OWN)), OWN);
            }
        }
        self.ways = settled(vec![std::mem::take(&mut self.ways)]);
    }

    /// Returns the value of a command substitution.
    pub(crate) fn substitute(&mut self, env: &Env, text: &str, line: usize) -> Pattern {
        let outer = std::mem::replace(&mut self.ways, vec![env.printing(Output::Text(Pattern::default()))]);
        self.apart(|walker| walker.text(text, line));
        let ends = std::mem::replace(&mut self.ways, outer);
        let mut outputs: Vec<Output> = ends.into_iter().map(|env| env.output).collect();
        outputs.dedup();
        let name = || Pattern::hole(&format!("$({})", text.split_whitespace().collect::<Vec<_>>().join(" ")));
        match outputs.as_slice() {
            [Output::Text(output)] if !output.is_empty() => {
                output.strip_suffix("\n").unwrap_or_else(|| output.clone())
            }
            _ => name(),
        }
    }

    /// A script that cannot be read as a whole: the lines that can be read alone.
    fn lines(&mut self, text: &str) {
        let mut pending = String::new();
        let mut first = 1;
        for (at, line) in text.lines().enumerate() {
            if pending.is_empty() {
                first = at + 1;
            }
            if let Some(begun) = line.strip_suffix('\\') {
                pending.push_str(begun);
                continue;
            }
            pending.push_str(line);
            let whole = std::mem::take(&mut pending);
            if !whole.trim_start().starts_with('#') {
                let before = self.ways.clone();
                self.text(whole.trim(), first);
                let ends = std::mem::take(&mut self.ways).into_iter().reduce(|one, other| one.join(&other));
                self.ways = ends.map_or(before, |end| vec![end]);
            }
        }
    }

    /// Follows the functions that nothing calls.
    fn uncalled(&mut self, env: &Env) {
        let mut names: Vec<String> = self.functions.keys().cloned().collect();
        names.sort_unstable();
        // Those that others call are called by them.
        for whole in [false, true] {
            for name in &names {
                let inner = !whole && self.mentioned(name);
                if !inner && !self.called.contains(name) {
                    self.called.insert(name.clone());
                    if let Some(function) = self.functions.get(name).filter(|function| !function.is_inner) {
                        let body = Rc::clone(&function.body);
                        self.ways = vec![env.clone()];
                        self.apart(|walker| walk::function(walker, &body, 1, Flow::UNSURE));
                    }
                }
            }
        }
    }

    /// Returns true if the body of another function names this one.
    fn mentioned(&self, name: &str) -> bool {
        self.functions.iter().any(|(other, function)| {
            other != name
                && function
                    .body
                    .to_string()
                    .split(|c: char| c.is_whitespace() || ";()".contains(c))
                    .any(|w| w == name)
        })
    }

    /// Runs a function that is called on a line.
    pub(crate) fn call_body(&mut self, function: &Function, line: usize) {
        let outer = self.line;
        if function.is_inner {
            self.line = Some(line);
        }
        walk::function(self, &function.body, line, Flow::UNSURE);
        self.line = outer;
    }

    /// Runs something in the one shell that is here.
    pub(crate) fn alone<T: Default>(&mut self, run: impl FnOnce(&mut Self, &mut Env) -> T) -> T {
        let Some(mut env) = self.ways.pop() else { return T::default() };
        let done = run(self, &mut env);
        self.ways.push(env);
        done
    }

    pub(crate) fn expand<T: Default>(&mut self, line: usize, read: impl FnOnce(&mut Expander) -> T) -> T {
        self.alone(|walker, env| read(&mut Expander { walker, env, line }))
    }
}
