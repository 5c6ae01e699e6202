//! Several ways through a script, and which of them become one.

use brush_parser::ast::Command as Ast;

use super::super::analysis::{Analysis, Ways};
use super::super::parts::{CommandWord, Parts};
use super::super::state::Flow;
use super::super::walk::line_of;
use super::env::{Env, Output};
use super::walk::Walker;
use super::word::WILDCARD;
use crate::text::pattern::{Part, Pattern};

/// How many ways through a script are told apart.
const WAYS: usize = 8;

/// The ends of the branches that were taken.
#[derive(Default)]
pub(super) struct Fork {
    ends: Vec<Env>,
}

impl Walker<'_> {
    /// Runs something whose exits leave it alone.
    pub(crate) fn apart(&mut self, run: impl FnOnce(&mut Self)) {
        let outer = (
            std::mem::take(&mut self.returned),
            std::mem::take(&mut self.broke),
            std::mem::take(&mut self.continued),
        );
        run(self);
        (self.returned, self.broke, self.continued) = outer;
    }

    /// Runs something after which the shells that left it go on too.
    pub(crate) fn leaving(&mut self, left: impl Fn(&mut Self) -> &mut Vec<Env>, run: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(left(self));
        run(self);
        let mut ends = std::mem::replace(left(self), outer);
        self.ways.append(&mut ends);
        self.ways = settled(vec![std::mem::take(&mut self.ways)]);
    }

    /// The file that a pipeline that starts with `command` hands to the next.
    fn handed(&mut self, command: &Ast) -> Option<Pattern> {
        let Ast::Simple(simple) = command else { return None };
        let parts = Parts::of(simple);
        let name = simple.word_or_name.as_ref()?;
        let ("cat", [_, CommandWord::Plain(file)]) = (name.value.as_str(), &parts.words[..]) else {
            return None;
        };
        let line = line_of(self, name);
        Some(self.value(file, line))
    }
}

impl Ways for Walker<'_> {
    type Fork = Fork;

    fn is_over(&self) -> bool {
        self.ways.is_empty()
    }

    fn each_way(&mut self, mut run: impl FnMut(&mut Self)) {
        let mut groups = Vec::new();
        for way in std::mem::take(&mut self.ways) {
            self.ways.push(way);
            run(self);
            groups.push(std::mem::take(&mut self.ways));
        }
        self.ways = settled(groups);
    }

    fn perhaps(&mut self, run: impl FnOnce(&mut Self)) {
        let start = self.ways.clone();
        run(self);
        self.ways = either(&start, std::mem::take(&mut self.ways));
    }

    fn branch(&mut self, fork: &mut Fork, run: impl FnOnce(&mut Self)) {
        let start = self.ways.clone();
        run(self);
        fork.ends.append(&mut std::mem::replace(&mut self.ways, start));
    }

    fn join(&mut self, fork: Fork, complete: bool) {
        let start = std::mem::replace(&mut self.ways, fork.ends);
        if !complete {
            self.ways.extend(start);
        }
    }

    fn subshell(&mut self, _: Flow, run: impl FnOnce(&mut Self)) {
        let before = self.ways.clone();
        self.apart(run);
        let ends = std::mem::replace(&mut self.ways, before).into_iter().map(|end| end.output);
        let output = ends.reduce(|one, other| if one == other { one } else { Output::Unknown });
        let output = output.unwrap_or(Output::Unknown);
        self.ways.iter_mut().for_each(|way| way.output.clone_from(&output));
    }

    fn beside(&mut self, run: impl FnOnce(&mut Self)) {
        let before = self.ways.clone();
        self.apart(run);
        self.ways = before;
    }

    /// Nothing is known of what they print together.
    fn pipe(&mut self, commands: &[Ast], run: impl Fn(&mut Self, usize)) {
        let before = self.ways.clone();
        let outer = self.piped.take();
        for (index, command) in commands.iter().enumerate() {
            let handed = self.handed(command);
            self.ways.iter_mut().for_each(|way| way.output = Output::Free);
            run(self, index);
            self.piped = if index == 0 { handed } else { None };
        }
        self.piped = outer;
        self.ways = before;
        self.ways.iter_mut().for_each(|way| way.write(None));
    }

    fn looping(&mut self, run: impl FnOnce(&mut Self)) {
        self.leaving(|walker| &mut walker.broke, run);
    }

    fn round(&mut self, run: impl FnOnce(&mut Self)) {
        self.leaving(|walker| &mut walker.continued, run);
    }

    /// Everything that it changes is unknown afterwards.
    fn repeated(&mut self, run: impl Fn(&mut Self)) {
        let before = self.ways.clone();
        self.looping(run);
        let ends = std::mem::replace(&mut self.ways, before);
        for way in &mut self.ways {
            *way = ends.iter().fold(way.clone(), |joined, end| joined.join(end));
        }
    }

    fn called(&mut self, run: impl FnOnce(&mut Self)) {
        self.within += 1;
        self.leaving(|walker| &mut walker.returned, run);
        self.within -= 1;
    }
}

/// The ways that are left, none twice. Where they are too many, each group becomes one.
pub(super) fn settled(groups: Vec<Vec<Env>>) -> Vec<Env> {
    let groups: Vec<Vec<Env>> = groups.into_iter().map(distinct).collect();
    if groups.iter().map(Vec::len).sum::<usize>() <= WAYS {
        return distinct(groups.concat());
    }
    let joined = |group: Vec<Env>| group.into_iter().reduce(|one, other| one.join(&other));
    let ways = distinct(groups.into_iter().filter_map(joined).collect());
    if ways.len() > WAYS { joined(ways).into_iter().collect() } else { ways }
}

/// Something was done or not. Default values, and a single variable that one way sets and the other does not know, or to
/// which one way adds, do not make two ways.
fn either(before: &[Env], after: Vec<Env>) -> Vec<Env> {
    if let ([one], [other]) = (before, after.as_slice())
        && one.stands_as(other)
    {
        let joined = one.join(other);
        let is_one = match one.differences(other).as_slice() {
            [] => true,
            [name] => !joined.is_unknown(name) || one.is_unknown(name),
            _ => false,
        };
        if is_one {
            return vec![joined];
        }
    }
    settled(vec![before.iter().cloned().chain(after).collect()])
}

fn distinct(ways: Vec<Env>) -> Vec<Env> {
    let mut kept: Vec<Env> = Vec::new();
    for way in ways {
        if !kept.contains(&way) {
            kept.push(way);
        }
    }
    kept
}

/// One value of a loop: wildcards, and what is wholly unknown, are what the variable of the loop holds.
pub(super) fn each(value: &Pattern, name: &str) -> Pattern {
    if value.as_hole().is_some() {
        return Pattern::hole(name);
    }
    let mut renamed = Pattern::default();
    let mut wildcards = 0;
    for part in value.parts() {
        match part {
            Part::Hole(hole) if hole == WILDCARD => {
                wildcards += 1;
                renamed.push_hole(&if wildcards == 1 {
                    name.to_owned()
                } else {
                    format!("{name}*{wildcards}")
                });
            }
            part => renamed.push(&Pattern::from(part.clone())),
        }
    }
    renamed
}
