//! The world as a forge that fails, with people at work while it is asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use layerwright::campaign::plan::file::File;
use layerwright::campaign::progress::Change;
use layerwright::git::GitError;
use layerwright::report::{Clone as LocalClone, Written};
use layerwright::rollout::forge::{
    BranchAt, FoundAbove, FoundComment, FoundCommit, FoundPull, NewCommit, NewPull,
};
use layerwright::rollout::{Forge, ForgeError};

use super::people;
use super::repository::{evidence_text, planned_text};
use super::state::State;
use super::world::{self, PERSON, Pull, Who, World, id};

/// A mistake in what stands between a report and its forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// A pull request is opened again when it is not clear whether it was.
    CreatedAgain,
    /// The issue is not read again before it is written.
    IssueNotReadAgain,
    /// Branches are moved by force, whoever committed to them.
    Forced,
}

pub struct Wire<'a> {
    pub state: &'a RefCell<State>,
    pub planted: Planted,
    /// The texts of issues as they were first read.
    pub read: RefCell<BTreeMap<u64, String>>,
}

/// What hits a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    Before,
    After,
    Middle,
    KilledBefore,
    KilledAfter,
}

pub type Answer<T> = Result<T, ForgeError>;

impl Fault {
    /// Whether nothing answers from now on.
    pub fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }

    /// What comes of a call with this effect, which is told whether it ends in the middle.
    pub fn hit<T>(self, effect: impl FnOnce(bool) -> Answer<T>) -> Answer<T> {
        let unclear = || ForgeError::Unclear("502".into());
        match self {
            Self::None => effect(false),
            Self::Before => Err(unclear()),
            Self::After => effect(false).and(Err(unclear())),
            Self::Middle => effect(true).and(Err(unclear())),
            Self::KilledBefore => Err(killed()),
            Self::KilledAfter => effect(false).and(Err(killed())),
        }
    }
}

/// What answers a report that was killed.
pub fn killed() -> ForgeError {
    ForgeError::Stopped("killed".into())
}

fn refused(why: impl Into<String>) -> ForgeError {
    ForgeError::Refused(why.into())
}

impl<'a> Wire<'a> {
    pub fn new(state: &'a RefCell<State>, planted: Planted) -> Self {
        Self { state, planted, read: RefCell::default() }
    }

    /// A call. People may do something before it; it may fail before, in the middle, or after it took effect.
    fn call<T>(&self, may_people: bool, effect: impl FnOnce(&mut State, bool) -> Answer<T>) -> Answer<T> {
        let state = &mut *self.state.borrow_mut();
        if state.killed {
            return Err(killed());
        }
        if may_people && state.busy > 0 && state.random.once_in(state.busy) {
            // One in a run, so that what is true at its start or now is what it can know.
            state.busy = 0;
            people::act_meanwhile(state);
        }
        let fault = match state.faults {
            0 => Fault::None,
            faults if !state.random.once_in(faults) => Fault::None,
            _ => match state.random.below(5) {
                0 => Fault::Before,
                1 => Fault::After,
                2 => Fault::Middle,
                3 => Fault::KilledBefore,
                _ => Fault::KilledAfter,
            },
        };
        state.killed = fault.kills();
        state.note_people();
        state.note_call(fault);
        let answer = fault.hit(|middle| effect(state, middle));
        state.note_forge();
        answer
    }

    fn read<T>(&self, effect: impl FnOnce(&World) -> Answer<T>) -> Answer<T> {
        self.call(true, |state, _| effect(&state.world))
    }

    fn write<T>(&self, may_people: bool, effect: impl FnOnce(&mut State, bool) -> Answer<T>) -> Answer<T> {
        self.call(may_people, |state, middle| {
            state.writes += 1;
            effect(state, middle)
        })
    }

    fn open_once(&self, pull: &NewPull<'_>) -> Answer<u64> {
        // Between the last look and the call, the forge's own refusal is all that stands against a second one.
        let may_people = self.state.borrow().world.strict;
        self.write(may_people, |state, _| {
            let mut tried = state.world.clone();
            let opened = tried.open_pull(pull.branch, pull.base, pull.title, pull.body).map_err(refused)?;
            state.judge_open(pull.branch);
            state.world = tried;
            Ok(opened)
        })
    }
}

/// A pull request, with what lists of them leave out.
fn found(world: &World, pull: &Pull) -> FoundPull {
    FoundPull {
        by: pull.merged.map(|_| PERSON.into()),
        mergeable: pull.open.then(|| world.is_mergeable(pull)),
        ..listed(pull)
    }
}

fn listed(pull: &Pull) -> FoundPull {
    FoundPull {
        number: pull.number,
        branch: pull.branch.clone(),
        base: pull.base.clone(),
        open: pull.open,
        merge_commit: pull.merged.map(world::name),
        by: None,
        body: pull.body.clone(),
        labels: pull.labels.clone(),
        mergeable: None,
        queued: pull.queued,
        opened: pull.opened,
    }
}

impl Forge for Wire<'_> {
    fn branches(&self, prefix: &str) -> Answer<Vec<BranchAt>> {
        self.read(|world| {
            let below = world.branches.iter().filter(|(name, _)| name.starts_with(prefix));
            Ok(below.map(|(name, at)| BranchAt { name: name.clone(), commit: world::name(*at) }).collect())
        })
    }

    fn branch(&self, name: &str) -> Answer<Option<String>> {
        self.read(|world| Ok(world.branches.get(name).map(|at| world::name(*at))))
    }

    fn pulls_labelled(&self, label: &str) -> Answer<Vec<FoundPull>> {
        self.read(|world| {
            let labelled = world.pulls.iter().filter(|pull| pull.labels.contains(label));
            // Of these it is looked up who closed them.
            let by = |pull: &Pull| (!pull.open).then(|| PERSON.into());
            Ok(labelled.map(|pull| FoundPull { by: by(pull), ..found(world, pull) }).collect())
        })
    }

    fn pulls_from(&self, branch: &str) -> Answer<Vec<FoundPull>> {
        self.read(|world| {
            let from = world.pulls.iter().filter(|pull| pull.branch == branch);
            Ok(from.map(listed).collect())
        })
    }

    fn pull(&self, number: u64) -> Answer<FoundPull> {
        self.read(|world| Ok(found(world, world.pull(number).ok_or_else(|| refused("404"))?)))
    }

    fn above(&self, base: &str, branch: &str) -> Answer<FoundAbove> {
        let planted = self.planted;
        self.read(|world| {
            let (base, head) = (world::number(base), world::number(branch));
            let commit = |at: usize| FoundCommit {
                id: world::name(at),
                message: world.commits[at].message.clone(),
                tree: None,
                parents: world.commits[at].parents.iter().copied().map(world::name).collect(),
            };
            let mut commits: Vec<FoundCommit> = world.above(base, head).into_iter().map(commit).collect();
            let changed = world.differing(world.parted(base, head), head);
            let mut files: Vec<(String, Option<String>)> = changed
                .into_iter()
                .map(|path| {
                    let id = world.text(head, &path).map(|text| id(text));
                    (path, id)
                })
                .collect();
            if planted == Planted::Forced {
                commits.retain(|commit| commit.message.contains("Layerwright: "));
                files.clear();
            }
            Ok(FoundAbove { commits, files, merge_base: Some(world::name(world.parted(base, head))) })
        })
    }

    fn contains(&self, commit: &str, earlier: &str) -> Answer<bool> {
        self.read(|world| Ok(world.contains(world::number(commit), world::number(earlier))))
    }

    fn text_id(&self, commit: &str, path: &str) -> Answer<Option<String>> {
        self.read(|world| Ok(world.text(world::number(commit), path).map(|text| id(text))))
    }

    fn mode(&self, commit: &str, path: &str) -> Answer<Option<String>> {
        self.read(|world| Ok(world.mode(world::number(commit), path)))
    }

    fn has_pending_checks(&self, commit: &str) -> Answer<bool> {
        self.read(|world| {
            let head = world::number(commit);
            Ok(world.pulls.iter().any(|pull| pull.open && pull.pending && world.head(pull) == head))
        })
    }

    fn issue_body(&self, number: u64) -> Answer<String> {
        if self.planted == Planted::IssueNotReadAgain
            && let Some(body) = self.read.borrow().get(&number)
        {
            return Ok(body.clone());
        }
        let body = self.read(|world| Ok(world.issue(number).ok_or_else(|| refused("404"))?.body.clone()))?;
        self.read.borrow_mut().insert(number, body.clone());
        Ok(body)
    }

    fn is_by_writer(&self, issue: u64) -> Answer<bool> {
        self.read(|world| Ok(!world.issue(issue).ok_or_else(|| refused("404"))?.by_outsider))
    }

    fn comments(&self, issue: u64, fits: &dyn Fn(&str) -> bool) -> Answer<Vec<FoundComment>> {
        self.read(|world| {
            let found = &world.issue(issue).ok_or_else(|| refused("404"))?.comments;
            let found = found.iter().filter(|(_, body)| fits(body));
            Ok(found.map(|(id, body)| FoundComment { id: *id, body: body.clone() }).collect())
        })
    }

    fn issues_labelled(&self, label: &str) -> Answer<Vec<u64>> {
        self.read(|world| {
            let labelled = world.issues.iter().filter(|issue| issue.is_open && issue.labels.contains(label));
            Ok(labelled.map(|issue| issue.number).collect())
        })
    }

    fn write_commit(&self, commit: &NewCommit<'_>) -> Answer<String> {
        self.write(true, |state, _| {
            let parents: Vec<usize> = commit.parents.iter().map(|parent| world::number(parent)).collect();
            let mut tree = (*state.world.commits[*parents.last().unwrap()].tree).clone();
            for (path, text) in commit.texts {
                tree.insert((*path).to_owned(), String::from_utf8(text.to_vec()).unwrap());
            }
            Ok(world::name(state.world.commit(parents, Rc::new(tree), commit.message, Who::Bot)))
        })
    }

    fn create_branch(&self, name: &str, commit: &str) -> Answer<()> {
        self.write(true, |state, _| {
            if state.world.branches.contains_key(name) {
                return Err(refused("Reference already exists"));
            }
            state.world.branches.insert(name.to_owned(), world::number(commit));
            Ok(())
        })
    }

    fn advance_branch(&self, name: &str, commit: &str) -> Answer<()> {
        let planted = self.planted;
        self.write(true, |state, _| {
            let to = world::number(commit);
            let Some(&from) = state.world.branches.get(name) else {
                return Err(refused("no such reference"));
            };
            if planted != Planted::Forced && !state.world.contains(to, from) {
                return Err(refused("Update is not a fast forward"));
            }
            state.judge_move(name, to);
            state.world.branches.insert(name.to_owned(), to);
            Ok(())
        })
    }

    fn open_pull(&self, pull: &NewPull<'_>) -> Answer<u64> {
        match self.open_once(pull) {
            Err(ForgeError::Unclear(_)) if self.planted == Planted::CreatedAgain => self.open_once(pull),
            answer => answer,
        }
    }

    fn set_pull_body(&self, number: u64, body: &str) -> Answer<()> {
        self.write(false, |state, _| {
            let pull = state.world.pull(number).ok_or_else(|| refused("404"))?.clone();
            state.judge_text(&format!("#{number}"), &pull.body, body);
            state.judge_queued(&pull.branch);
            body.clone_into(&mut state.world.pull_mut(number).unwrap().body);
            Ok(())
        })
    }

    fn add_labels(&self, number: u64, labels: &[String]) -> Answer<()> {
        self.write(true, |state, middle| {
            let many = if middle { labels.len() / 2 } else { labels.len() };
            if let Some(branch) = state.world.pull(number).map(|pull| pull.branch.clone()) {
                state.judge_queued(&branch);
            }
            let pull = state.world.pull_mut(number).ok_or_else(|| refused("404"))?;
            pull.labels.extend(labels[..many].iter().cloned());
            Ok(())
        })
    }

    fn request_reviews(&self, pull: u64, _: &[String]) -> Answer<()> {
        self.write(true, |state, _| {
            state.world.pull(pull).ok_or_else(|| refused("404"))?;
            if state.random.once_in(4) { Err(refused("may not review")) } else { Ok(()) }
        })
    }

    fn assign(&self, number: u64, _: &[String]) -> Answer<()> {
        self.write(true, |state, _| state.world.pull(number).map(drop).ok_or_else(|| refused("404")))
    }

    fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Answer<u64> {
        self.write(true, |state, _| {
            let number = state.world.create_issue(title, body);
            state.world.issue_mut(number).unwrap().labels.extend(labels.iter().cloned());
            if state.world.issues.len() > 1 {
                state.breaks("two tracking issues".into());
            }
            Ok(number)
        })
    }

    fn set_issue_body(&self, number: u64, body: &str) -> Answer<()> {
        self.read.borrow_mut().insert(number, body.to_owned());
        self.write(false, |state, _| {
            let there = state.world.issue(number).ok_or_else(|| refused("404"))?.body.clone();
            state.saw("issue written");
            state.judge_text("the issue", &there, body);
            body.clone_into(&mut state.world.issue_mut(number).unwrap().body);
            Ok(())
        })
    }

    fn add_comment(&self, issue: u64, body: &str) -> Answer<()> {
        self.write(false, |state, _| {
            state.saw("comment added");
            let all: usize = state.world.issues.iter().map(|issue| issue.comments.len()).sum();
            let comments = &mut state.world.issue_mut(issue).ok_or_else(|| refused("404"))?.comments;
            comments.push((all as u64 + 1, body.to_owned()));
            if comments.len() > 1 {
                state.breaks("two comments".into());
            }
            Ok(())
        })
    }

    fn set_comment(&self, comment: u64, body: &str) -> Answer<()> {
        self.write(false, |state, _| {
            let mut all = state.world.issues.iter_mut().flat_map(|issue| &mut issue.comments);
            let (_, text) = all.find(|(id, _)| *id == comment).ok_or_else(|| refused("404"))?;
            body.clone_into(text);
            Ok(())
        })
    }

    fn close_issue(&self, number: u64) -> Answer<()> {
        self.write(false, |state, _| {
            state.saw("issue closed");
            state.world.issue_mut(number).ok_or_else(|| refused("404"))?.is_open = false;
            Ok(())
        })
    }
}

/// A clone at a commit of the base branch.
impl LocalClone for Wire<'_> {
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError> {
        let world = &self.state.borrow().world;
        let parent = world.commits[world::number(commit)].parents[0];
        Ok(world.text(parent, path).map(|text| id(text)))
    }

    fn last_change(&self, _: &str) -> Result<Option<Change>, GitError> {
        Ok(None)
    }

    fn commit(&self, file: &File) -> Result<Written, GitError> {
        let state = self.state.borrow();
        // A text that was planned for is in the history of the clone.
        let history = state.world.history(state.clone_at);
        let texts = history.into_iter().rev().filter_map(|at| state.world.text(at, &file.path));
        let before = texts.into_iter().find(|text| id(text) == file.blob).unwrap();
        let text = planned_text(file, before).unwrap().into_bytes();
        let evidence = evidence_text(file, &state.known[&file.path]).map(String::into_bytes);
        Ok(Written { message: "Use COPY --link".into(), text, evidence })
    }
}
