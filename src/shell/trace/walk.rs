//! The ways through a script: lists, pipelines and functions. It knows nothing of single commands.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use brush_parser::ast::{
    AndOr, AndOrList, Command as Ast, CompoundCommand, CompoundList, FunctionBody, Pipeline, Program,
    RedirectList, SeparatorOperator, Word,
};

use super::super::script;
use super::super::state::Dialect;
use super::env::{Env, Output, Value};
use super::test::is_test;
use super::ways::{either, settled};
use super::{Command, Surroundings};
use crate::text::pattern::Pattern;

/// How deep commands may nest, through functions and substitutions too.
const DEPTH: usize = 40;
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
    line: Option<usize>,
    openings: usize,
    /// How many functions are followed within each other.
    within: usize,
    depth: usize,
    steps: usize,
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
    let whole = if line_by_line { None } else { script::parse(&text, Dialect::Bash, openings) };
    let ends = match whole {
        Some(program) => walker.program(&program, vec![start.clone()]),
        None => walker.lines(&text, start.clone()),
    };
    let known = ends.into_iter().reduce(|one, other| one.join(&other));
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

    /// Takes one command from those that are followed; says whether it may be.
    pub(crate) fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    pub(crate) fn nested<T>(&mut self, otherwise: T, run: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= DEPTH || !self.step() {
            return otherwise;
        }
        self.depth += 1;
        let done = run(self);
        self.depth -= 1;
        done
    }

    /// Writes down a command.
    pub(crate) fn record(&mut self, command: Command) {
        if self.seen.insert(command.clone()) {
            self.found.push(command);
        }
    }

    pub(crate) fn line_of(&self, word: &Word) -> usize {
        // A word that follows a continued line starts at the backslash, for the parser.
        self.line_at(word.loc.as_ref().map_or(1, |span| span.end.line))
    }

    /// The line to report for what stands on a line of the text that is read.
    pub(crate) fn line_at(&self, line: usize) -> usize {
        self.line.unwrap_or(line.max(1))
    }

    /// Returns true if the body of a function is followed.
    pub(crate) fn within_function(&self) -> bool {
        self.within > 0
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
        let program = if self.spend(text.len()) {
            script::parse(text, Dialect::Bash, self.openings).map(Rc::new)
        } else {
            None
        };
        self.parsed.insert(text.to_owned(), program.clone());
        program
    }

    /// Runs a text as a script in the shell as it is.
    pub(crate) fn text(&mut self, text: &str, env: Env, line: usize) -> Vec<Env> {
        let Some(program) = self.parse(text) else { return vec![env] };
        let outer = self.line.replace(line);
        let envs = self.nested(vec![env.clone()], |walker| walker.program(&program, vec![env]));
        self.line = outer;
        envs
    }

    /// Runs a file in the shell as it is. One that cannot be read may set any variable.
    pub(crate) fn source(&mut self, file: &Pattern, mut env: Env, line: usize) -> Vec<Env> {
        const OWN: &str = "BASH_SOURCE";
        let text = self.surroundings.text(file).map(|text| text.replace("\r\n", "\n"));
        let Some(text) = text.filter(|text| self.parse(text).is_some()) else {
            env.lose_variables();
            return vec![env];
        };
        let hidden = env.hidden();
        env.hide(OWN);
        env.set(OWN, Value::One(file.clone()), OWN);
        let outer = std::mem::take(&mut self.returned);
        let mut ends = self.text(&text, env, line);
        ends.append(&mut self.returned);
        self.returned = outer;
        for end in &mut ends {
            end.reveal(hidden);
            // A function of the file may ask for its own place later.
            if text.contains(OWN) && text.contains("()") {
                end.set(OWN, Value::One(Pattern::hole(OWN)), OWN);
            }
        }
        settled(vec![ends])
    }

    /// Returns the value of a command substitution.
    pub(crate) fn substitute(&mut self, env: &Env, text: &str, line: usize) -> Pattern {
        let inner = env.printing(Output::Text(Pattern::default()));
        let envs = self.subshell(|walker| walker.text(text, inner, line));
        let mut outputs: Vec<Output> = envs.into_iter().map(|env| env.output).collect();
        outputs.dedup();
        let name = || Pattern::hole(&format!("$({})", text.split_whitespace().collect::<Vec<_>>().join(" ")));
        match outputs.as_slice() {
            [Output::Text(output)] if !output.is_empty() => {
                output.strip_suffix("\n").unwrap_or_else(|| output.clone())
            }
            _ => name(),
        }
    }

    /// Runs something whose exits leave it alone.
    pub(crate) fn subshell<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = (
            std::mem::take(&mut self.returned),
            std::mem::take(&mut self.broke),
            std::mem::take(&mut self.continued),
        );
        let done = run(self);
        (self.returned, self.broke, self.continued) = outer;
        done
    }

    /// A script that cannot be read as a whole: the lines that can be read alone.
    fn lines(&mut self, text: &str, mut env: Env) -> Vec<Env> {
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
                let ends = self.text(whole.trim(), env.clone(), first);
                env = ends.into_iter().reduce(|one, other| one.join(&other)).unwrap_or(env);
            }
        }
        vec![env]
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
                        self.subshell(|walker| walker.body(&body, vec![env.clone()]));
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
    pub(crate) fn call_body(&mut self, function: &Function, envs: Vec<Env>, line: usize) -> Vec<Env> {
        let outer = self.line;
        if function.is_inner {
            self.line = Some(line);
        }
        let ends = self.body(&function.body, envs);
        self.line = outer;
        ends
    }

    /// Runs the body of a function.
    pub(crate) fn body(&mut self, body: &FunctionBody, envs: Vec<Env>) -> Vec<Env> {
        let outer = std::mem::take(&mut self.returned);
        self.within += 1;
        let mut ends = self.nested(envs.clone(), |walker| walker.redirected(&body.0, body.1.as_ref(), envs));
        self.within -= 1;
        ends.append(&mut self.returned);
        self.returned = outer;
        settled(vec![ends])
    }

    fn program(&mut self, program: &Program, mut envs: Vec<Env>) -> Vec<Env> {
        for list in &program.complete_commands {
            envs = self.list(list, envs);
        }
        envs
    }

    pub(crate) fn list(&mut self, list: &CompoundList, mut envs: Vec<Env>) -> Vec<Env> {
        for item in &list.0 {
            if envs.is_empty() {
                break;
            }
            envs = match item.1 {
                SeparatorOperator::Async => {
                    self.subshell(|walker| walker.chain(&item.0, envs.clone()));
                    envs
                }
                SeparatorOperator::Sequence => self.chain(&item.0, envs),
            };
        }
        envs
    }

    /// `a && b || c`: a command that is not a test is taken to succeed.
    fn chain(&mut self, chain: &AndOrList, envs: Vec<Env>) -> Vec<Env> {
        let mut tested = is_test(&chain.first);
        let mut envs = self.pipeline(&chain.first, envs);
        for link in &chain.additional {
            let (AndOr::And(next) | AndOr::Or(next)) = link;
            let before = envs.clone();
            let after = if tested || matches!(link, AndOr::And(_)) {
                self.pipeline(next, envs)
            } else {
                self.subshell(|walker| walker.pipeline(next, envs));
                Vec::new()
            };
            envs = match (tested, link) {
                (true, _) => either(&before, after),
                (false, AndOr::And(_)) => after,
                (false, AndOr::Or(_)) => before,
            };
            tested |= is_test(next);
        }
        envs
    }

    fn pipeline(&mut self, pipeline: &Pipeline, envs: Vec<Env>) -> Vec<Env> {
        if let [command] = &pipeline.seq[..] {
            return self.command(command, envs);
        }
        for env in &envs {
            let outer = self.piped.take();
            for (at, command) in pipeline.seq.iter().enumerate() {
                let handed = self.handed(command, env);
                let quiet = env.printing(Output::Free);
                self.subshell(|walker| walker.command(command, vec![quiet]));
                self.piped = if at == 0 { handed } else { None };
            }
            self.piped = outer;
        }
        envs.into_iter()
            .map(|mut env| {
                env.write(None);
                env
            })
            .collect()
    }

    pub(crate) fn command(&mut self, command: &Ast, envs: Vec<Env>) -> Vec<Env> {
        match command {
            Ast::Simple(simple) => {
                let ends = envs.into_iter().map(|env| self.simple(simple, env)).collect();
                settled(ends)
            }
            Ast::Compound(compound, redirects) => {
                self.nested(envs.clone(), |walker| walker.redirected(compound, redirects.as_ref(), envs))
            }
            Ast::Function(function) => {
                let body = Rc::new(function.body.clone());
                let defined = Function { body, is_inner: self.line.is_some() };
                self.functions.insert(function.fname.value.clone(), defined);
                envs
            }
            Ast::ExtendedTest(..) => envs,
        }
    }

    fn redirected(
        &mut self,
        compound: &CompoundCommand,
        redirects: Option<&RedirectList>,
        envs: Vec<Env>,
    ) -> Vec<Env> {
        if !redirects.is_some_and(|redirects| redirects.0.iter().any(super::simple::is_output)) {
            return self.compound(compound, envs);
        }
        let output = envs.first().map_or(Output::Free, |env| env.output.clone());
        let mut ends = self.compound(compound, envs);
        for env in &mut ends {
            env.output.clone_from(&output);
        }
        ends
    }
}
