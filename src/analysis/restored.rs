//! Differences that are restored: a link resets a directory, and a later step sets it again.
//!
//! Only mode and owner of fully known directories may differ in between, so types and contents are the same whichever
//! of the instructions are linked, and each path can be examined alone. [`OpenDifferences`] keeps one filesystem for
//! each owner, in which all instructions with that owner that differ are linked. If any of them are linked, together
//! with instructions that make no difference, then a path is as in one of these filesystems or as in the present build:
//! each change either sets mode or owner or does not affect it. If all filesystems agree, the path is restored.
//!
//! A difference has to be restored before its stage ends: any stage may be the target of a build, and only the end of a
//! stage is visible elsewhere. It never claims that a command does not look at a path if that is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::Verdict;
use crate::analysis::decision::{self, Decision};
use crate::analysis::destination::{self, Followed};
use crate::analysis::rule::{Finding, Rule};
use crate::analysis::view::View;
use crate::budget::spend;
use crate::rootfs::{Assumption, Directory, Fact, Known, Leans, Rootfs};
use crate::shell::{Change, Effect, Operand, Step, User};
use crate::text::path::base_name;

/// Setuid and setgid: new directories inherit setgid, and tools differ in how they keep both.
const SPECIAL: u32 = 0o6000;

/// Commands that show mode and owner of directories, or depend on them.
const LOOKING: [&str; 12] =
    ["stat", "ls", "find", "du", "test", "[", "[[", "tar", "rsync", "getfacl", "namei", "cpio"];

/// Commands that do not look at mode and owner of directories for which they need no permission.
const BLIND: [&str; 15] = [
    ":", ">", "cat", "cd", "chgrp", "chmod", "chown", "echo", "ln", "mkdir", "printf", "rm", "rmdir",
    "touch", "true",
];

/// The directories that a link of one instruction would change.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// The owner that they would have.
    owner: (u32, u32),
    /// The directories, with their present facts.
    directories: Vec<(String, Fact)>,
    /// The assumptions for the claim that nothing else differs.
    leans: Leans,
}

impl Difference {
    /// Returns the difference that a link of an unsafe instruction would make. `None` if more than mode and owner of
    /// directories differs, or if one of the directories is not fully known.
    pub(crate) fn of(view: &View<'_>, decision: &Decision) -> Option<Self> {
        if decision.verdict != Verdict::Hold || view.resolved.transfer.options.link.is_some() {
            return None;
        }
        let others: Vec<&'static Rule> = view.rules.iter().filter(|rule| !rule.restorable).copied().collect();
        let by_others = view.by(&others);
        let rest = decision::decide(&by_others, &|_| false);
        if rest.verdict != Verdict::Link || !decision.accepted.is_empty() {
            return None;
        }
        let owner = view.owner_ids()?;
        let mut directories = Vec::new();
        for (path, fact) in &view.written {
            if fact.known == Known::Absent {
                break;
            }
            if whole(&fact.known)? != Directory::made_by(Some(owner)) {
                directories.push((path.clone(), fact.clone()));
            }
        }
        let is_compared = |finding: &Finding| directories.iter().any(|(path, _)| *path == finding.path);
        if !decision.findings.iter().all(is_compared) {
            return None;
        }
        let leans = rest.leans;
        (!directories.is_empty()).then_some(Self { owner, directories, leans })
    }

    /// Adds an assumption.
    pub(crate) fn lean_on(&mut self, assumption: &Arc<Assumption>) {
        self.leans.add(Arc::clone(assumption));
    }
}

/// Returns a directory of which everything is known and that passes none of its metadata on to new directories.
fn whole(known: &Known) -> Option<Directory> {
    match known {
        Known::Dir(directory) => {
            let plain = directory.mode? & SPECIAL == 0 && directory.xattrs == Some(false);
            (plain && directory.owner.is_some()).then_some(*directory)
        }
        _ => None,
    }
}

/// An instruction whose difference may be restored.
#[derive(Clone, Debug)]
struct Restorable {
    /// The index of its judgement.
    judged: usize,
    /// The paths that still differ.
    open: BTreeSet<String>,
    leans: Leans,
}

/// The filesystem in which the differing instructions of one owner are linked.
#[derive(Clone, Debug)]
struct Variant {
    owner: (u32, u32),
    rootfs: Rootfs,
}

/// An instruction whose difference is restored.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    /// The index of its judgement.
    pub(crate) judged: usize,
    /// The assumptions that the claim rests on.
    pub(crate) leans: Leans,
}

/// The differences of a stage that are still open, and those that are restored.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenDifferences {
    variants: Vec<Variant>,
    lines: Vec<Restorable>,
    /// The paths that differ, each with the number of its lines.
    paths: BTreeMap<String, usize>,
    restored: Vec<Restored>,
}

impl OpenDifferences {
    /// Returns true if a path still differs.
    pub(crate) fn is_open(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Returns the filesystems in which differing instructions are linked.
    pub(crate) fn each(&mut self) -> impl Iterator<Item = &mut Rootfs> {
        self.variants.iter_mut().map(|variant| &mut variant.rootfs)
    }

    /// Returns each filesystem, with true if it is the one in which the instructions of `difference` are linked.
    pub(crate) fn each_with(
        &mut self,
        difference: Option<&Difference>,
    ) -> impl Iterator<Item = (&mut Rootfs, bool)> {
        let owner = difference.map(|difference| difference.owner);
        self.variants.iter_mut().map(move |variant| (&mut variant.rootfs, Some(variant.owner) == owner))
    }

    /// Starts to follow the difference of an instruction.
    pub(crate) fn open(&mut self, judged: usize, difference: &Difference, plain: &mut Rootfs) {
        let mut open = BTreeSet::new();
        for (path, _) in &difference.directories {
            // Commands that affect everything known below a directory have to find it in each filesystem.
            plain.list(path);
            if open.insert(path.clone()) {
                *self.paths.entry(path.clone()).or_default() += 1;
            }
        }
        if !self.variants.iter().any(|variant| variant.owner == difference.owner) {
            self.variants.push(Variant { owner: difference.owner, rootfs: plain.clone() });
        }
        self.lines.push(Restorable { judged, open, leans: difference.leans.clone() });
    }

    /// Stops following: no open difference counts as restored.
    pub(crate) fn give_up(&mut self) {
        self.lines.clear();
        self.paths.clear();
        self.variants.clear();
    }

    fn lose(&mut self, path: &str) {
        let (lost, open) =
            std::mem::take(&mut self.lines).into_iter().partition(|line| line.open.contains(path));
        self.lines = open;
        let lost: Vec<Restorable> = lost;
        for path in lost.iter().flat_map(|line| &line.open) {
            if let Some(lines) = self.paths.get_mut(path) {
                *lines -= 1;
                if *lines == 0 {
                    self.paths.remove(path);
                }
            }
        }
        if self.lines.is_empty() {
            self.variants.clear();
        }
    }

    fn open_paths(&self) -> Vec<String> {
        spend(self.paths.len() * (1 + self.variants.len()));
        self.paths.keys().cloned().collect()
    }

    /// Checks a command before it runs, while paths differ.
    pub(crate) fn before(&mut self, step: &Step, plain: &Rootfs) {
        for path in self.open_paths() {
            match sight(step, &path, plain) {
                Sight::None => {}
                Sight::Clear => self.lose(&path),
                Sight::Perhaps => {
                    let before = format!(
                        "`{}` (line {}) does not depend on mode and owner of ",
                        step.shown(),
                        step.line
                    );
                    let after = ", which differ until they are set again";
                    let assumption =
                        Arc::new(Assumption::naming(step.line, before.as_str(), path.as_str(), after));
                    spend(self.lines.len());
                    let seen = self.lines.iter_mut().filter(|line| line.open.contains(&path));
                    seen.for_each(|line| line.leans.add(Arc::clone(&assumption)));
                }
            }
        }
    }

    /// Finds the paths that agree again.
    pub(crate) fn compare(&mut self, plain: &Rootfs) {
        for path in self.open_paths() {
            let mut fact = plain.get(&path);
            let mut agree = true;
            for variant in &self.variants {
                let other = variant.rootfs.get(&path);
                agree &= other.known == fact.known;
                fact.leans.merge(&other.leans);
            }
            match &fact.known {
                Known::Unknown(_) => self.lose(&path),
                Known::Dir(_) if agree && whole(&fact.known).is_none() => {}
                _ if agree => self.close(&path, &fact.leans),
                _ => {}
            }
        }
    }

    fn close(&mut self, path: &str, leans: &Leans) {
        self.paths.remove(path);
        for line in &mut self.lines {
            if line.open.remove(path) {
                line.leans.merge(leans);
            }
        }
        let (closed, open) =
            std::mem::take(&mut self.lines).into_iter().partition(|line| line.open.is_empty());
        self.lines = open;
        let closed: Vec<Restorable> = closed;
        self.restored
            .extend(closed.into_iter().map(|Restorable { judged, leans, .. }| Restored { judged, leans }));
        if self.lines.is_empty() {
            self.variants.clear();
        }
    }

    /// Ends the stage and returns the differences that are restored.
    pub(crate) fn end(&mut self) -> Vec<Restored> {
        std::mem::take(self).restored
    }
}

/// The degree to which a command sees mode and owner of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// It certainly does not see them.
    None,
    /// It is unknown.
    Perhaps,
    /// It sees them, or needs permissions.
    Clear,
}

fn sight(step: &Step, path: &str, rootfs: &Rootfs) -> Sight {
    let name = base_name(step.command.split_whitespace().next().unwrap_or_default());
    if step.user != User::Root || LOOKING.contains(&name) {
        return Sight::Clear;
    }
    match &step.effect {
        Effect::Certain(changes) if changes.iter().any(|change| takes_along(change, path, rootfs)) => {
            Sight::Clear
        }
        Effect::None | Effect::Certain(_) | Effect::Perhaps(_) if BLIND.contains(&name) => Sight::None,
        _ => Sight::Perhaps,
    }
}

/// Returns true if a change copies or moves mode or owner of `path` to another place.
fn takes_along(change: &Change, path: &str, rootfs: &Rootfs) -> bool {
    let (Change::Copy { sources, .. } | Change::Move { sources, .. }) = change else { return false };
    sources.iter().any(|source| {
        let (Operand::Path(from) | Operand::Contents(from) | Operand::Glob(from)) = source;
        let literal = from.split(['*', '?', '[']).next().unwrap_or_default();
        let literal = if literal.len() < from.len() {
            literal.rsplit_once('/').map_or("/", |(directory, _)| directory)
        } else {
            literal
        };
        let Followed::At(real, _) = destination::follow(rootfs, literal) else { return true };
        let above = if real == "/" { String::new() } else { real };
        path == above || path.starts_with(&format!("{above}/"))
    })
}
