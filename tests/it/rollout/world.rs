//! A repository on a forge, and what people do there. It knows nothing of campaigns: it has commits, branches, pull
//! requests and issues, and answers as GitHub does.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Paths and texts.
pub type Tree = Rc<BTreeMap<String, String>>;

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Bot,
    Person,
}

#[derive(Clone, Debug)]
pub struct Commit {
    pub parents: Vec<usize>,
    pub tree: Tree,
    pub message: String,
    pub who: Who,
}

#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub branch: String,
    pub base: String,
    pub title: String,
    pub open: bool,
    pub merged: Option<usize>,
    pub body: String,
    pub labels: BTreeSet<String>,
    pub queued: bool,
    pub pending: bool,
    pub opened: u64,
    /// Where the branch was when it was closed.
    pub head: usize,
}

#[derive(Clone, Debug)]
pub struct Issue {
    pub is_open: bool,
    pub number: u64,
    pub title: String,
    pub body: String,
    pub labels: BTreeSet<String>,
    pub comments: Vec<(u64, String)>,
    /// Whether its author may not write to the repository.
    pub by_outsider: bool,
}

#[derive(Clone, Debug)]
pub struct World {
    pub commits: Vec<Commit>,
    pub branches: BTreeMap<String, usize>,
    pub pulls: Vec<Pull>,
    pub issues: Vec<Issue>,
    /// The modes of files of a commit that are not plain files.
    pub odd_modes: BTreeMap<(usize, String), String>,
    pub now: u64,
    /// Whether it refuses a second pull request from one branch, as GitHub does and emulators do not.
    pub strict: bool,
    next: u64,
}

/// The branch that pull requests are for.
pub const MAIN: &str = "main";

/// Who merges and closes.
pub const PERSON: &str = "admin";

/// What git calls a text.
pub fn id(text: &str) -> String {
    git2::Oid::hash_object(git2::ObjectType::Blob, text.as_bytes()).unwrap().to_string()
}

pub fn name(commit: usize) -> String {
    format!("{commit:040x}")
}

pub fn number(commit: &str) -> usize {
    usize::from_str_radix(commit, 16).unwrap()
}

impl World {
    pub fn new(tree: BTreeMap<String, String>, strict: bool) -> Self {
        let first =
            Commit { parents: Vec::new(), tree: Rc::new(tree), message: "first".into(), who: Who::Person };
        Self {
            commits: vec![first],
            branches: [(MAIN.to_owned(), 0)].into(),
            pulls: Vec::new(),
            issues: Vec::new(),
            odd_modes: BTreeMap::new(),
            now: 1_000_000,
            strict,
            next: 1,
        }
    }

    pub fn main(&self) -> usize {
        self.branches[MAIN]
    }

    pub fn text(&self, commit: usize, path: &str) -> Option<&String> {
        self.commits[commit].tree.get(path)
    }

    pub fn mode(&self, commit: usize, path: &str) -> Option<String> {
        let odd = self.odd_modes.get(&(commit, path.to_owned())).cloned();
        self.text(commit, path).map(|_| odd.unwrap_or_else(|| "100644".to_owned()))
    }

    pub fn commit(&mut self, parents: Vec<usize>, tree: Tree, message: &str, who: Who) -> usize {
        self.commits.push(Commit { parents, tree, message: message.to_owned(), who });
        self.commits.len() - 1
    }

    /// A commit on top of another with some texts replaced; None removes.
    pub fn change(&mut self, on: usize, changes: &[(&str, Option<&str>)], message: &str) -> usize {
        let mut tree = (*self.commits[on].tree).clone();
        for (path, text) in changes {
            match text {
                Some(text) => tree.insert((*path).to_owned(), (*text).to_owned()),
                None => tree.remove(*path),
            };
        }
        self.commit(vec![on], Rc::new(tree), message, Who::Person)
    }

    pub fn history(&self, commit: usize) -> BTreeSet<usize> {
        let (mut seen, mut pending) = (BTreeSet::new(), vec![commit]);
        while let Some(at) = pending.pop() {
            if seen.insert(at) {
                pending.extend(&self.commits[at].parents);
            }
        }
        seen
    }

    pub fn contains(&self, commit: usize, earlier: usize) -> bool {
        self.history(commit).contains(&earlier)
    }

    /// The commits that one has above another.
    pub fn above(&self, base: usize, commit: usize) -> Vec<usize> {
        let below = self.history(base);
        self.history(commit).into_iter().filter(|at| !below.contains(at)).collect()
    }

    /// Where two parted. Commits are made in order, so the last of those in common is the best.
    pub fn parted(&self, one: usize, other: usize) -> usize {
        let common = self.history(one);
        self.history(other).into_iter().rev().find(|at| common.contains(at)).unwrap()
    }

    /// The paths in which two trees differ.
    pub fn differing(&self, one: usize, other: usize) -> Vec<String> {
        let (one, other) = (&self.commits[one].tree, &self.commits[other].tree);
        let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        paths.into_iter().filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
    }

    /// What merging gives; None where both changed a text in different ways.
    pub fn merged(&self, into: usize, from: usize) -> Option<Tree> {
        let parted = self.parted(into, from);
        let (was, into, from) =
            (&self.commits[parted].tree, &self.commits[into].tree, &self.commits[from].tree);
        let mut tree = BTreeMap::new();
        let paths: BTreeSet<&String> = was.keys().chain(into.keys()).chain(from.keys()).collect();
        for path in paths {
            let (was, ours, theirs) = (was.get(path), into.get(path), from.get(path));
            let text = match () {
                () if ours == theirs || theirs == was => ours,
                () if ours == was => theirs,
                () => return None,
            };
            if let Some(text) = text {
                tree.insert(path.clone(), text.clone());
            }
        }
        Some(Rc::new(tree))
    }

    pub fn head(&self, pull: &Pull) -> usize {
        self.branches.get(&pull.branch).copied().filter(|_| pull.open).unwrap_or(pull.head)
    }

    pub fn is_mergeable(&self, pull: &Pull) -> bool {
        self.merged(self.branches[&pull.base], self.head(pull)).is_some()
    }

    pub fn pull(&self, number: u64) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.number == number)
    }

    pub fn pull_mut(&mut self, number: u64) -> Option<&mut Pull> {
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    pub fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    pub fn issue_mut(&mut self, number: u64) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.number == number)
    }

    fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Opens a pull request, or says why not.
    pub fn open_pull(&mut self, branch: &str, base: &str, title: &str, body: &str) -> Result<u64, String> {
        let Some(&head) = self.branches.get(branch) else { return Err("head invalid".into()) };
        if self.above(self.branches[base], head).is_empty() {
            return Err(format!("No commits between {base} and {branch}"));
        }
        if self.strict && self.pulls.iter().any(|pull| pull.open && pull.branch == branch) {
            return Err(format!("A pull request already exists for o:{branch}."));
        }
        let (number, opened) = (self.take_number(), self.now);
        self.pulls.push(Pull {
            number,
            branch: branch.to_owned(),
            base: base.to_owned(),
            title: title.to_owned(),
            open: true,
            merged: None,
            body: body.to_owned(),
            labels: BTreeSet::new(),
            queued: false,
            pending: true,
            opened,
            head,
        });
        Ok(number)
    }

    pub fn create_issue(&mut self, title: &str, body: &str) -> u64 {
        let (number, labels) = (self.take_number(), BTreeSet::new());
        let (title, body) = (title.to_owned(), body.to_owned());
        self.issues.push(Issue {
            number,
            title,
            body,
            labels,
            comments: Vec::new(),
            is_open: true,
            by_outsider: false,
        });
        number
    }

    pub fn close(&mut self, number: u64) {
        let pull = self.pull(number).unwrap();
        let head = self.head(pull);
        let pull = self.pull_mut(number).unwrap();
        (pull.open, pull.head, pull.queued) = (false, head, false);
    }

    /// Removes a branch, and closes what was from it.
    pub fn delete_branch(&mut self, branch: &str) {
        let open: Vec<u64> = self
            .pulls
            .iter()
            .filter(|pull| pull.open && pull.branch == branch)
            .map(|pull| pull.number)
            .collect();
        for number in open {
            self.close(number);
        }
        self.branches.remove(branch);
    }

    /// Merges a pull request where that is possible.
    pub fn merge(&mut self, number: u64, squash: bool, delete: bool) {
        let pull = self.pull(number).unwrap().clone();
        let (into, from) = (self.branches[&pull.base], self.head(&pull));
        let Some(tree) = self.merged(into, from).filter(|_| pull.open) else { return };
        let parents = if squash { vec![into] } else { vec![into, from] };
        let merge = self.commit(parents, tree, "Merge", Who::Person);
        self.branches.insert(pull.base.clone(), merge);
        self.close(number);
        self.pull_mut(number).unwrap().merged = Some(merge);
        if delete {
            self.delete_branch(&pull.branch);
        }
    }
}
