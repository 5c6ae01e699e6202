//! A campaign's world with what is true of it, and the rules that nothing may break. What is true is told by the world
//! alone, in other words than the product's.

use std::collections::{BTreeMap, BTreeSet};

use layerwright::campaign::evidence::EvidenceState;
use layerwright::campaign::plan::file::{File, Plan};
use layerwright::campaign::policy::Policy;

use super::random::Random;
use super::repository::Known;
use super::texts;
use super::trace::Tracer;
use super::world::{MAIN, Pull, Who, World, id};

pub struct State {
    pub world: World,
    pub random: Random,
    pub known: BTreeMap<String, Known>,
    pub plan: Plan,
    pub policy: Policy,
    pub branches: BTreeMap<String, String>,
    /// One call in so many fails; never, where it is 0.
    pub faults: usize,
    /// Before one call in so many, a person does something; never, where it is 0.
    pub busy: usize,
    pub killed: bool,
    pub writes: usize,
    /// What people wrote, and is there still.
    pub tokens: usize,
    pub start: World,
    pub clone_at: usize,
    pub broken: Vec<String>,
    /// What is written down of it.
    pub trace: Option<Tracer>,
    /// What happened, and how often.
    pub seen: BTreeMap<&'static str, usize>,
}

impl State {
    pub fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub fn breaks(&mut self, what: String) {
        self.broken.push(what);
    }

    pub fn path_of(&self, branch: &str) -> Option<&String> {
        self.branches.iter().find(|(_, own)| *own == branch).map(|(path, _)| path)
    }

    pub fn latest<'a>(&self, world: &'a World, path: &str) -> Option<&'a Pull> {
        let branch = self.branches.get(path)?;
        world.pulls.iter().filter(|pull| pull.branch == *branch).max_by_key(|pull| (pull.open, pull.number))
    }

    pub fn is_contradicted(&self) -> bool {
        self.plan.files.iter().any(|file| self.known[&file.path].evidence == EvidenceState::Contradicts)
    }

    pub fn may_go_out(&self, file: &File) -> bool {
        let known = &self.known[&file.path];
        match known.evidence {
            _ if self.is_contradicted() => false,
            EvidenceState::Verified => true,
            EvidenceState::Different { .. } => false,
            _ => known.wave >= 2 && file.selected().all(|site| site.proved == Some(true)),
        }
    }

    /// Whether nothing is left to do for a file, as seen with the base branch at `main`.
    fn is_settled(&self, world: &World, main: usize, file: &File) -> bool {
        let known = &self.known[&file.path];
        let text = world.text(main, &file.path).map(|text| id(text));
        let pull = self.latest(world, &file.path);
        let open = pull.is_some_and(|pull| pull.open);
        let asked = pull.is_some_and(|pull| is_asked(world, &file.path, pull.number));
        if text.as_deref() == file.done_blob() {
            // One that a later plan no longer edits has nothing left to verify.
            let speaks_against =
                matches!(known.evidence, EvidenceState::Different { .. } | EvidenceState::Contradicts);
            let is_past = file.rewritten.is_none() && !speaks_against && !self.is_contradicted();
            return self.may_go_out(file) || is_past;
        }
        if open {
            return false;
        }
        let over = pull.filter(|_| !asked);
        if let Some(pull) = over.filter(|pull| pull.merged.is_some()) {
            let links = world.text(main, &file.path).is_some_and(|text| text.contains("--link"));
            return match &text {
                Some(text) => links && *text == file.blob && !is_reverted(world, main, file, pull),
                None => known.wave > 0,
            };
        }
        let decided = matches!(
            known.evidence,
            EvidenceState::Blocked(_) | EvidenceState::Different { .. } | EvidenceState::NotExercised(_)
        );
        let held = decided && !self.may_go_out(file) && !self.is_contradicted();
        let planned = text.as_deref() == Some(&file.blob);
        known.wave > 0 && (over.is_some() || text.is_none() || (planned && held))
    }

    /// The files of earlier waves that keep a file's gate shut, at the start of the run and now.
    pub fn shut_by(&self, path: &str) -> Vec<&str> {
        let wave = self.known[path].wave;
        let earlier = self.plan.files.iter().filter(|file| self.known[&file.path].wave < wave);
        let open = earlier.filter(|file| {
            !self.is_settled(&self.start, self.clone_at, file)
                && !self.is_settled(&self.world, self.clone_at, file)
                && !self.is_settled(&self.world, self.world.main(), file)
        });
        open.map(|file| file.path.as_str()).collect()
    }

    /// Judges a pull request that is about to be opened.
    pub fn judge_open(&mut self, branch: &str) {
        let Some(path) = self.path_of(branch).cloned() else {
            return self.breaks(format!("a pull request from {branch}, which is no file's"));
        };
        self.saw("opened");
        if self.latest(&self.world, &path).is_some() {
            self.saw("opened again");
        }
        let broken = {
            let mut broken = Vec::new();
            if self.world.pulls.iter().any(|pull| pull.open && pull.branch == branch) {
                broken.push(format!("two pull requests for {path}"));
            }
            if let Some(pull) = self.latest(&self.world, &path).map(|pull| pull.number)
                && !is_asked(&self.world, &path, pull)
                && !is_asked(&self.start, &path, pull)
            {
                broken.push(format!("{path} is proposed again unasked after #{pull}"));
            }
            let shut = self.shut_by(&path);
            if !shut.is_empty() {
                broken.push(format!("{path} goes out ahead of {shut:?}"));
            }
            let planned = self.plan.file(&path);
            if !planned.is_some_and(|file| self.may_go_out(file)) {
                broken.push(format!("{path} goes out against its evidence"));
            }
            let head = self.world.branches.get(branch);
            let own = head.is_none_or(|head| self.are_ours(*head));
            if !own && !self.start.branches.get(branch).is_none_or(|head| self.are_ours(*head)) {
                broken.push(format!("{path}: a person's commit is proposed"));
            }
            broken
        };
        self.broken.extend(broken);
        self.judge_limits(&path);
    }

    fn are_ours(&self, head: usize) -> bool {
        let above = self.world.above(self.world.main(), head);
        above.iter().all(|at| self.world.commits[*at].who == Who::Bot)
    }

    fn judge_limits(&mut self, path: &str) {
        let report = &self.policy.report;
        // What lost its label is found by its branch, as long as that is there, its file has something to do, and no pull
        // request with the label is from it.
        let is_planned = |branch: &str| {
            let file = self.path_of(branch).and_then(|path| self.plan.file(path));
            let done = |main: usize, file: &File| {
                self.world.text(main, &file.path).map(|text| id(text)).as_deref() == file.done_blob()
            };
            file.is_some_and(|file| !done(self.clone_at, file) && !done(self.world.main(), file))
        };
        let label = self.policy.names.label();
        let is_asked_for = |branch: &str| {
            let is_labelled = |pull: &Pull| pull.branch == branch && pull.labels.contains(&label);
            self.world.branches.contains_key(branch)
                && is_planned(branch)
                && !self.world.pulls.iter().any(is_labelled)
        };
        let is_found = |pull: &&Pull| pull.labels.contains(&label) || is_asked_for(&pull.branch);
        let was_open = |pull: &&Pull| self.start.pull(pull.number).is_none_or(|was| was.open);
        let found: Vec<&Pull> = self.world.pulls.iter().filter(is_found).collect();
        let open: Vec<&Pull> = found.iter().copied().filter(|pull| pull.open).filter(was_open).collect();
        let recent = found.iter().filter(|pull| pull.opened + 3600 > self.world.now).count();
        let mut broken = Vec::new();
        if open.len() >= report.max_open {
            broken.push(format!("{path} is opened beside {} others", open.len()));
        }
        if recent >= report.per_hour {
            broken.push(format!("{path} is opened within an hour of {recent} others"));
        }
        let owners = |pull: &Pull| {
            let file = self.path_of(&pull.branch).and_then(|path| self.plan.file(path));
            file.map_or_else(BTreeSet::new, |file| file.owners.iter().cloned().collect())
        };
        for owner in self.plan.file(path).iter().flat_map(|file| &file.owners) {
            let count = open.iter().filter(|pull| owners(pull).contains(owner)).count();
            if count >= report.max_open_per_owner {
                broken.push(format!("{path} is opened beside {count} others of {owner}"));
            }
        }
        self.broken.extend(broken);
    }

    /// Judges where the bot moves a branch.
    pub fn judge_move(&mut self, branch: &str, to: usize) {
        let Some(&from) = self.world.branches.get(branch) else { return };
        self.saw("brought up to date");
        if branch == MAIN {
            return self.breaks("the base branch is moved".into());
        }
        if !self.are_ours(from) {
            self.breaks(format!("{branch}: a person's commit is written over"));
        }
        if !self.world.contains(to, from) {
            self.breaks(format!("{branch} is moved by force"));
        }
        self.judge_queued(branch);
    }

    pub fn judge_queued(&mut self, branch: &str) {
        let is_queued =
            |world: &World| world.pulls.iter().any(|pull| pull.open && pull.queued && pull.branch == branch);
        if is_queued(&self.world) && is_queued(&self.start) {
            self.breaks(format!("{branch} is touched in the merge queue"));
        }
    }

    /// Judges a text that is about to be written over another.
    pub fn judge_text(&mut self, what: &str, old: &str, new: &str) {
        let around = |text: &str| {
            let (before, _, behind) = texts::parts(text).unwrap_or((text, "", ""));
            format!("{before}{behind}")
        };
        if around(old) != around(new) {
            self.breaks(format!("{what}: what people wrote is lost"));
        }
        let now = texts::ticks(new);
        for (path, pull, ticked) in texts::ticks(old) {
            if ticked && now.contains(&(path.clone(), pull, false)) {
                self.breaks(format!("{what}: the tick of {path} is lost"));
            }
        }
    }
}

fn is_reverted(world: &World, main: usize, file: &File, pull: &Pull) -> bool {
    let parent = pull.merged.and_then(|merge| world.commits[merge].parents.first());
    parent.is_some_and(|parent| world.text(*parent, &file.path) == world.text(main, &file.path))
}

/// Whether a person asks for a file again whose latest pull request is this one.
pub fn is_asked(world: &World, path: &str, pull: u64) -> bool {
    let Some(issue) = world.issues.first() else { return false };
    let mut ticks = texts::ticks(&issue.body);
    ticks.extend(issue.comments.iter().flat_map(|(_, comment)| texts::ticks(comment)));
    ticks.iter().any(|(of, number, ticked)| of == path && *number == pull && *ticked)
}
