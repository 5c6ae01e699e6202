//! Compound commands: branches, loops and groups.

use brush_parser::ast::{
    CaseClauseCommand, CompoundCommand, CompoundList, ForClauseCommand, IfClauseCommand,
    WhileOrUntilClauseCommand, Word,
};

use super::env::{Env, Output, Value};
use super::walk::Walker;
use super::ways::{each, either, settled};
use super::word::Expander;
use crate::text::glob::shell as glob;
use crate::text::pattern::Pattern;

/// Over how many values a loop is counted out.
const ROUNDS: usize = 64;

impl Walker<'_> {
    pub(crate) fn compound(&mut self, compound: &CompoundCommand, envs: Vec<Env>) -> Vec<Env> {
        match compound {
            CompoundCommand::Arithmetic(_) => envs,
            CompoundCommand::BraceGroup(group) => self.list(&group.list, envs),
            CompoundCommand::Subshell(subshell) => {
                let mut kept = Vec::new();
                for env in envs {
                    let ends = self.subshell(|walker| walker.list(&subshell.list, vec![env.clone()]));
                    let output = ends
                        .into_iter()
                        .map(|end| end.output)
                        .reduce(|one, other| if one == other { one } else { Output::Unknown });
                    kept.push(env.printing(output.unwrap_or(Output::Unknown)));
                }
                kept
            }
            CompoundCommand::ForClause(clause) => {
                settled(envs.into_iter().map(|env| self.for_each(clause, env)).collect())
            }
            CompoundCommand::CaseClause(clause) => {
                settled(envs.into_iter().map(|env| self.case(clause, env)).collect())
            }
            CompoundCommand::IfClause(clause) => {
                settled(envs.into_iter().map(|env| self.branches(clause, env)).collect())
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                settled(envs.into_iter().map(|env| self.repeat(clause, env)).collect())
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                let ends = envs.into_iter().map(|env| self.round(&clause.body.list, vec![env]));
                let ends: Vec<Vec<Env>> = ends.collect();
                let mut ends = settled(ends);
                ends.append(&mut self.broke);
                settled(vec![ends])
            }
            CompoundCommand::Coprocess(coprocess) => {
                self.subshell(|walker| walker.command(&coprocess.body, envs.clone()));
                envs
            }
        }
    }

    fn branches(&mut self, clause: &IfClauseCommand, env: Env) -> Vec<Env> {
        let mut ends = Vec::new();
        let mut known = self.truth(&clause.condition, &env);
        let mut env = self.list(&clause.condition, vec![env.clone()]).pop().unwrap_or(env);
        if known != Some(false) {
            let then = self.list(&clause.then, vec![env.clone()]);
            if known.is_none() && clause.elses.is_none() {
                return either(&[env], then);
            }
            ends.extend(then);
        }
        let mut covered = known == Some(true);
        for branch in clause.elses.iter().flatten() {
            if covered {
                break;
            }
            known = match &branch.condition {
                Some(condition) => {
                    let known = self.truth(condition, &env);
                    env = self.list(condition, vec![env.clone()]).pop().unwrap_or(env);
                    known
                }
                None => Some(true),
            };
            covered = known == Some(true);
            if known != Some(false) {
                ends.extend(self.list(&branch.body, vec![env.clone()]));
            }
        }
        if !covered {
            ends.push(env);
        }
        ends
    }

    fn case(&mut self, clause: &CaseClauseCommand, mut env: Env) -> Vec<Env> {
        let line = self.line_of(&clause.value);
        let value = Expander { walker: self, env: &mut env, line }.value(&clause.value.value);
        let mut ends = Vec::new();
        for case in &clause.cases {
            let matching = case.patterns.iter().map(|pattern| {
                if pattern.value == "*" { Some(true) } else { glob::matches(&pattern.value, value.known()?) }
            });
            let matching: Vec<Option<bool>> = matching.collect();
            let matching = if matching.contains(&Some(true)) {
                Some(true)
            } else if matching.contains(&None) {
                None
            } else {
                Some(false)
            };
            if matching != Some(false) {
                match &case.cmd {
                    Some(list) => ends.extend(self.list(list, vec![env.clone()])),
                    None => ends.push(env.clone()),
                }
            }
            if matching == Some(true) {
                return ends;
            }
        }
        ends.push(env);
        ends
    }

    fn for_each(&mut self, clause: &ForClauseCommand, mut env: Env) -> Vec<Env> {
        let variable = &clause.variable_name;
        let words = clause.values.as_deref();
        let line = words.and_then(<[Word]>::first).map_or(1, |word| self.line_of(word));
        let arguments = [Word::new("\"$@\"")];
        let mut values = Vec::new();
        for word in words.unwrap_or(&arguments) {
            values.extend(Expander { walker: self, env: &mut env, line }.fields(&word.value));
        }
        let name = self.name(variable, line);
        let mut values: Vec<Pattern> = values.iter().map(|value| each(value, &name)).collect();
        values.dedup();
        if values.len() > ROUNDS {
            values = vec![Pattern::hole(&name)];
        }
        let outer = std::mem::take(&mut self.broke);
        let mut envs = vec![env];
        for value in values {
            for env in &mut envs {
                env.set(variable, Value::One(value.clone()), &name);
            }
            envs = self.round(&clause.body.list, envs);
        }
        envs.append(&mut self.broke);
        self.broke = outer;
        settled(vec![envs])
    }

    /// Runs the body of a loop once.
    fn round(&mut self, body: &CompoundList, envs: Vec<Env>) -> Vec<Env> {
        let outer = std::mem::take(&mut self.continued);
        let mut ends = self.nested(envs.clone(), |walker| walker.list(body, envs));
        ends.append(&mut self.continued);
        self.continued = outer;
        settled(vec![ends])
    }

    /// Runs a body that may run any number of times: what it changes is unknown afterwards.
    fn repeat(&mut self, clause: &WhileOrUntilClauseCommand, env: Env) -> Vec<Env> {
        let outer = std::mem::take(&mut self.broke);
        let begun = self.list(&clause.0, vec![env.clone()]);
        let mut ends = self.round(&clause.1.list, begun);
        ends.append(&mut self.broke);
        self.broke = outer;
        vec![ends.iter().fold(env, |joined, end| joined.join(end))]
    }
}
