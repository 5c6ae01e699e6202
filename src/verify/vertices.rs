//! The lines of a Dockerfile that a build linked, found by the names of its vertexes. It never builds.
//!
//! A name is `[stage n/m] LINK COPY …`. BuildKit counts FROM (of an image that has layers), triggers of ONBUILD, and
//! COPY, ADD, RUN and WORKDIR (`dockerfile2llb.prefixCommand`, `dispatchState.cmdTotal`). The first number of a stage
//! may be unknown, so each count that fits all visible steps is tried, and a line is linked only if all agree. A
//! vertex that two stages share has the name of one of them, even of another build that runs at the same time: the
//! line of the other stage counts as not exercised, and is visible in a build of that stage alone. Base images are
//! shared most, so their vertexes are ignored. A trigger that runs in a stage of the same file has a bare name, `LINK COPY …`
//! (run: BuildKit 0.13).

use std::collections::BTreeSet;

use super::builder::Vertex;
use crate::campaign::evidence::Reached;
use crate::dockerfile::stages::{Reference, Stages};
use crate::dockerfile::{Body, Dockerfile, Instruction, Transfer};

/// Returns the COPY and ADD lines of a Dockerfile, each by its place in [`Dockerfile::instructions`], with how a
/// build reached it. Other instructions are left out.
pub fn reached(vertexes: &[Vertex], dockerfile: &Dockerfile, stages: &Stages) -> Vec<(usize, Reached)> {
    let counted = Counted::new(dockerfile, stages);
    let steps: Vec<Step<'_>> = vertexes.iter().filter_map(Step::read).collect();
    let is_done = |vertex: &&Vertex| vertex.completed && vertex.error.is_none();
    let bare = vertexes.iter().filter(is_done).filter_map(|vertex| vertex.name.strip_prefix("LINK "));
    let bare: Vec<&str> = bare.collect();
    let sites = dockerfile.instructions().iter().enumerate();
    let sites = sites.filter_map(|(at, instruction)| {
        let transfer = transfer(instruction)?;
        let stage = instruction.stage?;
        let reached = match instruction.body {
            Body::Onbuild(_) => counted.onbuild(stage, at, &steps, &bare),
            _ => counted.own(stage, at, transfer, &steps),
        };
        Some((at, reached))
    });
    sites.collect()
}

fn transfer(instruction: &Instruction) -> Option<&Transfer> {
    match &instruction.body {
        Body::Transfer(transfer) => Some(transfer),
        Body::Onbuild(child) => transfer(child),
        _ => None,
    }
}

/// A vertex of a stage: `[linux/amd64 stage n/m] ONBUILD LINK COPY …`; platform and stage may be missing.
#[derive(Debug)]
struct Step<'v> {
    stage: &'v str,
    number: usize,
    total: usize,
    onbuild: bool,
    link: bool,
    text: &'v str,
    done: bool,
}

impl<'v> Step<'v> {
    fn read(vertex: &'v Vertex) -> Option<Self> {
        let (place, text) = vertex.name.strip_prefix('[')?.split_once("] ")?;
        let mut words: Vec<&str> = place.split_whitespace().collect();
        let (number, total) = words.pop()?.split_once('/')?;
        // The name of a stage contains no slash; that of a platform does.
        let stage = words.pop().filter(|word| !word.contains('/')).unwrap_or_default();
        let (onbuild, text) = text.strip_prefix("ONBUILD ").map_or((false, text), |text| (true, text));
        let (link, text) = text.strip_prefix("LINK ").map_or((false, text), |text| (true, text));
        let done = vertex.completed && vertex.error.is_none();
        Some(Self {
            stage,
            number: number.parse().ok()?,
            total: total.parse().ok()?,
            onbuild,
            link,
            text,
            done,
        })
    }
}

/// A counted line of a stage.
struct CountedLine<'d> {
    /// The place among the instructions.
    at: usize,
    instruction: &'d Instruction,
    /// True if the line counts but may have no number: `WORKDIR /` makes no step.
    may_be_root: bool,
}

/// The stages of a Dockerfile with the lines that BuildKit counts.
struct Counted<'d> {
    dockerfile: &'d Dockerfile,
    stages: &'d Stages,
    /// The counted lines of each stage.
    lines: Vec<Vec<CountedLine<'d>>>,
}

impl<'d> Counted<'d> {
    fn new(dockerfile: &'d Dockerfile, stages: &'d Stages) -> Self {
        let mut lines: Vec<Vec<CountedLine<'d>>> = stages.all().iter().map(|_| Vec::new()).collect();
        for (at, instruction) in dockerfile.instructions().iter().enumerate() {
            let may_be_root = match &instruction.body {
                Body::Transfer(_) | Body::Run(_) => false,
                Body::Workdir(path) => may_be_root(&path.text),
                _ => continue,
            };
            if let Some(lines) = instruction.stage.and_then(|stage| lines.get_mut(stage)) {
                lines.push(CountedLine { at, instruction, may_be_root });
            }
        }
        Self { dockerfile, stages, lines }
    }

    /// Returns the names of a stage in vertexes; none if another stage has the same name.
    fn names(&self, stage: usize) -> Vec<String> {
        let shown = |stage: usize| self.stages.name(stage).map_or(format!("stage-{stage}"), str::to_owned);
        let name = shown(stage);
        if (0..self.stages.len()).any(|other| other != stage && shown(other) == name) {
            return Vec::new();
        }
        // The only stage of a file has no name, unless an image is copied from.
        let alone = (self.stages.len() == 1).then(String::new);
        alone.into_iter().chain([name]).collect()
    }

    fn steps<'s>(&self, stage: usize, steps: &'s [Step<'s>]) -> Vec<&'s Step<'s>> {
        let names = self.names(stage);
        let own =
            |step: &&Step<'_>| names.iter().any(|name| name == step.stage) && !step.text.starts_with("FROM ");
        steps.iter().filter(own).collect()
    }

    /// Returns true if no line before this one changes the filesystem, on `scratch`: a linked copy there is not
    /// merged.
    fn is_first(&self, stage: usize, at: usize) -> bool {
        let none = self.lines[stage].iter().take_while(|line| line.at < at).all(|line| line.may_be_root);
        let below = match self.stages.get(stage).map(|stage| &stage.base) {
            Some(Reference::Stage(parent)) => self.is_first(*parent, usize::MAX),
            base => base == Some(&Reference::Scratch),
        };
        none && below
    }

    fn own(&self, stage: usize, at: usize, transfer: &Transfer, steps: &[Step<'_>]) -> Reached {
        let steps = self.steps(stage, steps);
        let lines = &self.lines[stage];
        let numberings = numberings(lines, &steps, self.dockerfile.text());
        let place = lines.iter().position(|line| line.at == at);
        let found = numberings.iter().map(|numbers| {
            let number = place.and_then(|place| numbers[place]);
            let of_line = || steps.iter().filter(|step| Some(step.number) == number && !step.onbuild);
            if of_line().any(|step| step.link) {
                return if of_line().any(|step| step.link && step.done) { Reached::Linked } else { NOT };
            }
            let inert = transfer.options.chmod.is_some() || self.is_first(stage, at);
            if inert && of_line().any(|step| step.done) { Reached::NoEffect } else { NOT }
        });
        agreed(found)
    }

    /// Finds a trigger by its text in the stages that start from its own stage, where it is executed.
    fn onbuild(&self, stage: usize, at: usize, steps: &[Step<'_>], bare: &[&str]) -> Reached {
        let trigger = |at: usize| match &self.dockerfile.instructions()[at].body {
            Body::Onbuild(child) => plain_words(child, self.dockerfile.text()),
            _ => None,
        };
        let Some(words) = trigger(at) else { return NOT };
        let instructions = self.dockerfile.instructions();
        let alike: Vec<Option<usize>> = (0..instructions.len())
            .filter(|other| trigger(*other).as_ref() == Some(&words))
            .map(|other| instructions[other].stage)
            .collect();
        if alike.iter().filter(|other| **other == Some(stage)).count() > 1 {
            return NOT;
        }
        let children = (0..self.stages.len()).filter(|child| self.stages.parent(*child) == Some(stage));
        let mut shown = children.flat_map(|child| self.steps(child, steps));
        let linked = shown.any(|step| step.onbuild && step.link && step.done && is_said(step.text, &words));
        let linked = linked || (alike.len() == 1 && bare.iter().any(|text| is_said(text, &words)));
        if linked { Reached::Linked } else { NOT }
    }
}

const NOT: Reached = Reached::NotExercised;

/// Returns the result on which all numberings agree, or not exercised if they disagree.
fn agreed(mut all: impl Iterator<Item = Reached>) -> Reached {
    let first = all.next().unwrap_or(NOT);
    if all.all(|other| other == first) { first } else { NOT }
}

/// Returns each way to number the lines of a stage that fits its visible steps.
fn numberings(lines: &[CountedLine<'_>], steps: &[&Step<'_>], text: &[u8]) -> Vec<Vec<Option<usize>>> {
    let open: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].may_be_root).collect();
    let totals: BTreeSet<usize> = steps.iter().map(|step| step.total).collect();
    let extra = totals.first().and_then(|total| total.checked_sub(lines.len()));
    let (1, Some(extra), ..=MOST_OPEN) = (totals.len(), extra, open.len()) else { return Vec::new() };
    let mut found = Vec::new();
    for (before, left_out) in
        (0..=extra).flat_map(|before| (0..1_usize << open.len()).map(move |out| (before, out)))
    {
        let is_out =
            |line: usize| open.iter().position(|o| *o == line).is_some_and(|bit| left_out >> bit & 1 == 1);
        let mut last = before;
        let mut number = |line: usize| {
            last += usize::from(!is_out(line));
            (!is_out(line)).then_some(last)
        };
        let numbers: Vec<Option<usize>> = (0..lines.len()).map(&mut number).collect();
        if steps.iter().all(|step| fits(step, lines, &numbers, text)) {
            found.push(numbers);
        }
    }
    found
}

/// The limit of lines that may have no number. Each one doubles the number of ways.
const MOST_OPEN: usize = 6;

/// Returns true if a step fits a numbering: it has the words of the line with its number, or no line has its number
/// and it is a trigger.
fn fits(step: &Step<'_>, lines: &[CountedLine<'_>], numbers: &[Option<usize>], text: &[u8]) -> bool {
    let line = numbers.iter().position(|number| *number == Some(step.number));
    match line.map(|line| lines[line].instruction) {
        None => step.onbuild,
        Some(_) if step.onbuild => false,
        Some(instruction) => {
            let word = instruction.word.text.to_uppercase();
            let same = step.text.split_whitespace().next() == Some(word.as_str());
            same && plain_words(instruction, text).is_none_or(|words| is_said(step.text, &words))
        }
    }
}

/// Returns the words of an instruction that BuildKit shows unchanged; `None` if it would expand something.
fn plain_words(instruction: &Instruction, text: &[u8]) -> Option<Vec<String>> {
    let source = std::str::from_utf8(&text[instruction.span.range()]).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || " \t_-./=:,@*?+%".contains(c);
    let mut words: Vec<String> =
        source.chars().all(plain).then(|| source.split_whitespace().map(str::to_owned).collect())?;
    words.first_mut()?.make_ascii_uppercase();
    Some(words)
}

fn is_said(text: &str, words: &[String]) -> bool {
    text.split_whitespace().eq(words.iter().map(String::as_str))
}

/// Returns true if a WORKDIR may name the root.
fn may_be_root(path: &str) -> bool {
    let named = |part: &str| !matches!(part, "" | "." | "..");
    path.contains('$') || path.split('/').any(|part| part == "..") || !path.split('/').any(named)
}

#[cfg(test)]
mod tests;
