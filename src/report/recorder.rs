//! A forge that records all writes. In a rehearsal it never writes anything: the writes are stored here and read back
//! from here, so that a rehearsal takes the same steps as a report.

mod write;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::git::hash_blob;
use crate::rollout::forge::{
    BranchAt, Forge, ForgeError, FoundAbove, FoundComment, FoundCommit, FoundPull, NewCommit, NewPull,
};
pub use write::RecordedWrite;

/// A forge that records all writes.
pub(crate) struct Recorder<'a> {
    forge: Option<&'a dyn Forge>,
    rehearses: bool,
    kept: RefCell<Kept>,
}

/// The writes, and in a rehearsal also the state after them.
#[derive(Default)]
struct Kept {
    deeds: Vec<RecordedWrite>,
    commits: BTreeMap<String, Commit>,
    branches: BTreeMap<String, String>,
    pulls: Vec<FoundPull>,
    pull_texts: BTreeMap<u64, String>,
    issue_texts: BTreeMap<u64, String>,
    issues: Vec<u64>,
    /// The comments that were added, in a rehearsal.
    comments: Vec<(u64, FoundComment)>,
    /// The texts of comments that were written, in a rehearsal.
    comment_texts: BTreeMap<u64, String>,
}

/// A commit that was written.
#[derive(Clone)]
struct Commit {
    message: String,
    onto: String,
    texts: Vec<(String, Vec<u8>)>,
}

/// The first number in a rehearsal: no forge has as many pull requests.
const FIRST: u64 = 1_000_000_001;

/// Returns true if a number is a placeholder of a rehearsal.
pub(crate) fn is_made_up(number: u64) -> bool {
    number >= FIRST
}

impl<'a> Recorder<'a> {
    /// Returns a recorder that writes to the forge.
    pub(crate) fn new(forge: &'a dyn Forge) -> Self {
        Self { forge: Some(forge), rehearses: false, kept: RefCell::default() }
    }

    /// Returns a recorder that only reads from the forge; `None` is an empty forge.
    pub(crate) fn rehearsal(forge: Option<&'a dyn Forge>) -> Self {
        Self { forge, rehearses: true, kept: RefCell::default() }
    }

    /// Returns the writes, in order.
    pub(crate) fn deeds(&self) -> Vec<RecordedWrite> {
        self.kept.borrow().deeds.clone()
    }

    /// Records a write after the forge has made it.
    fn note(&self, deed: RecordedWrite) {
        self.kept.borrow_mut().deeds.push(deed);
    }

    fn ask<T>(
        &self,
        nothing: T,
        read: impl FnOnce(&dyn Forge) -> Result<T, ForgeError>,
    ) -> Result<T, ForgeError> {
        self.forge.map_or(Ok(nothing), read)
    }

    /// Performs a write on the forge, unless this is a rehearsal.
    fn act<T>(
        &self,
        rehearsed: T,
        write: impl FnOnce(&dyn Forge) -> Result<T, ForgeError>,
    ) -> Result<T, ForgeError> {
        match self.forge.filter(|_| !self.rehearses) {
            Some(forge) => write(forge),
            None => Ok(rehearsed),
        }
    }

    /// Returns a pull request with the text that it would have.
    fn rehearsed(&self, mut pull: FoundPull) -> FoundPull {
        if let Some(body) = self.kept.borrow().pull_texts.get(&pull.number).filter(|_| self.rehearses) {
            pull.body.clone_from(body);
        }
        pull
    }

    fn branch_deed(&self, name: &str, commit: &str) {
        let mut kept = self.kept.borrow_mut();
        let Some(Commit { message, onto, texts }) = kept.commits.get(commit).cloned() else { return };
        kept.branches.insert(name.to_owned(), commit.to_owned());
        kept.deeds.push(RecordedWrite::Branch {
            name: name.to_owned(),
            commit: commit.to_owned(),
            message,
            onto,
            texts,
        });
    }

    fn next_number(&self) -> u64 {
        let kept = self.kept.borrow();
        FIRST + (kept.pulls.len() + kept.issues.len()) as u64
    }
}

impl Forge for Recorder<'_> {
    fn branches(&self, prefix: &str) -> Result<Vec<BranchAt>, ForgeError> {
        self.ask(Vec::new(), |forge| forge.branches(prefix))
    }

    fn branch(&self, name: &str) -> Result<Option<String>, ForgeError> {
        let kept = self.kept.borrow().branches.get(name).cloned().filter(|_| self.rehearses);
        kept.map_or_else(|| self.ask(None, |forge| forge.branch(name)), |commit| Ok(Some(commit)))
    }

    fn pulls_labelled(&self, label: &str) -> Result<Vec<FoundPull>, ForgeError> {
        self.ask(Vec::new(), |forge| forge.pulls_labelled(label))
    }

    fn pulls_from(&self, branch: &str) -> Result<Vec<FoundPull>, ForgeError> {
        let mut found = self.ask(Vec::new(), |forge| forge.pulls_from(branch))?;
        found.extend(self.kept.borrow().pulls.iter().filter(|pull| pull.branch == branch).cloned());
        Ok(found.into_iter().map(|pull| self.rehearsed(pull)).collect())
    }

    fn pull(&self, number: u64) -> Result<FoundPull, ForgeError> {
        let kept = self.kept.borrow().pulls.iter().find(|pull| pull.number == number).cloned();
        let found = match (kept, self.forge) {
            (Some(kept), _) => kept,
            (None, Some(forge)) => forge.pull(number)?,
            (None, None) => return Err(ForgeError::Refused(format!("there is no #{number}"))),
        };
        Ok(self.rehearsed(found))
    }

    fn above(&self, base: &str, branch: &str) -> Result<FoundAbove, ForgeError> {
        let kept = self.kept.borrow().commits.get(branch).cloned();
        let Some(Commit { message, texts, .. }) = kept.filter(|_| self.rehearses) else {
            return self.ask(FoundAbove::default(), |forge| forge.above(base, branch));
        };
        let files = texts.iter().map(|(path, text)| (path.clone(), id(text))).collect();
        let commit = FoundCommit { id: branch.to_owned(), message, tree: None, parents: Vec::new() };
        Ok(FoundAbove { commits: vec![commit], files, merge_base: None })
    }

    fn contains(&self, commit: &str, earlier: &str) -> Result<bool, ForgeError> {
        self.ask(false, |forge| forge.contains(commit, earlier))
    }

    fn text_id(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError> {
        let kept = self.kept.borrow().commits.get(commit).cloned();
        match kept.filter(|_| self.rehearses) {
            Some(kept) => Ok(kept.texts.iter().find(|(of, _)| of == path).and_then(|(_, text)| id(text))),
            None => self.ask(None, |forge| forge.text_id(commit, path)),
        }
    }

    fn mode(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError> {
        self.ask(None, |forge| forge.mode(commit, path))
    }

    fn has_pending_checks(&self, commit: &str) -> Result<bool, ForgeError> {
        self.ask(false, |forge| forge.has_pending_checks(commit))
    }

    fn issue_body(&self, number: u64) -> Result<String, ForgeError> {
        let kept = self.kept.borrow().issue_texts.get(&number).cloned().filter(|_| self.rehearses);
        kept.map_or_else(|| self.ask(String::new(), |forge| forge.issue_body(number)), Ok)
    }

    fn is_by_writer(&self, issue: u64) -> Result<bool, ForgeError> {
        let is_rehearsed = self.kept.borrow().issues.contains(&issue);
        if is_rehearsed { Ok(true) } else { self.ask(true, |forge| forge.is_by_writer(issue)) }
    }

    fn comments(&self, issue: u64, fits: &dyn Fn(&str) -> bool) -> Result<Vec<FoundComment>, ForgeError> {
        let mut found = self.ask(Vec::new(), |forge| forge.comments(issue, &|_| true))?;
        let kept = self.kept.borrow();
        found.extend(kept.comments.iter().filter(|(of, _)| *of == issue).map(|(_, one)| one.clone()));
        for one in &mut found {
            if let Some(body) = kept.comment_texts.get(&one.id) {
                one.body.clone_from(body);
            }
        }
        found.retain(|one| fits(&one.body));
        Ok(found)
    }

    fn issues_labelled(&self, label: &str) -> Result<Vec<u64>, ForgeError> {
        let mut found = self.ask(Vec::new(), |forge| forge.issues_labelled(label))?;
        found.extend(&self.kept.borrow().issues);
        Ok(found)
    }

    fn write_commit(&self, commit: &NewCommit<'_>) -> Result<String, ForgeError> {
        let texts: Vec<_> =
            commit.texts.iter().map(|&(path, text)| (path.to_owned(), text.to_vec())).collect();
        let onto = commit.parents.last().copied().unwrap_or_default().to_owned();
        let written = Commit { message: commit.message.to_owned(), onto, texts };
        let said = format!("{:?}{}", commit.parents, commit.message);
        let id = self.act(id(said.as_bytes()).unwrap_or_default(), |forge| forge.write_commit(commit))?;
        self.kept.borrow_mut().commits.insert(id.clone(), written);
        Ok(id)
    }

    fn create_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.create_branch(name, commit))?;
        self.branch_deed(name, commit);
        Ok(())
    }

    fn advance_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.advance_branch(name, commit))?;
        self.branch_deed(name, commit);
        Ok(())
    }

    fn open_pull(&self, pull: &NewPull<'_>) -> Result<u64, ForgeError> {
        let number = self.act(self.next_number(), |forge| forge.open_pull(pull))?;
        let NewPull { branch, base, title, body, draft } = *pull;
        let text = |text: &str| text.to_owned();
        if self.rehearses {
            self.kept.borrow_mut().pulls.push(FoundPull {
                number,
                branch: text(branch),
                base: text(base),
                open: true,
                merge_commit: None,
                by: None,
                body: text(body),
                labels: BTreeSet::new(),
                mergeable: None,
                queued: false,
                opened: 0,
            });
        }
        let (branch, base, title, body) = (text(branch), text(base), text(title), text(body));
        self.note(RecordedWrite::Pull { number, branch, base, title, body, draft });
        Ok(number)
    }

    fn set_pull_body(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.set_pull_body(number, body))?;
        self.kept.borrow_mut().pull_texts.insert(number, body.to_owned());
        self.note(RecordedWrite::PullText { number, body: body.to_owned() });
        Ok(())
    }

    fn add_labels(&self, number: u64, labels: &[String]) -> Result<(), ForgeError> {
        self.act((), |forge| forge.add_labels(number, labels))?;
        self.note(RecordedWrite::Labels { number, labels: labels.to_vec() });
        Ok(())
    }

    fn request_reviews(&self, pull: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        self.act((), |forge| forge.request_reviews(pull, reviewers))?;
        self.note(RecordedWrite::Reviews { number: pull, reviewers: reviewers.to_vec() });
        Ok(())
    }

    fn assign(&self, number: u64, assignees: &[String]) -> Result<(), ForgeError> {
        self.act((), |forge| forge.assign(number, assignees))?;
        self.note(RecordedWrite::Assignees { number, assignees: assignees.to_vec() });
        Ok(())
    }

    fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Result<u64, ForgeError> {
        let number = self.act(self.next_number(), |forge| forge.create_issue(title, body, labels))?;
        let mut kept = self.kept.borrow_mut();
        if self.rehearses {
            kept.issues.push(number);
            kept.issue_texts.insert(number, body.to_owned());
        }
        kept.deeds.push(RecordedWrite::Issue { number, title: title.to_owned(), body: body.to_owned() });
        Ok(number)
    }

    fn set_issue_body(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.set_issue_body(number, body))?;
        self.kept.borrow_mut().issue_texts.insert(number, body.to_owned());
        self.note(RecordedWrite::IssueText { number, body: body.to_owned() });
        Ok(())
    }

    fn add_comment(&self, issue: u64, body: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.add_comment(issue, body))?;
        let mut kept = self.kept.borrow_mut();
        if self.rehearses {
            let id = FIRST + kept.comments.len() as u64;
            let comment = FoundComment { id, body: body.to_owned() };
            kept.comments.push((issue, comment));
        }
        kept.deeds.push(RecordedWrite::Comment { number: issue, body: body.to_owned() });
        Ok(())
    }

    fn set_comment(&self, id: u64, body: &str) -> Result<(), ForgeError> {
        self.act((), |forge| forge.set_comment(id, body))?;
        if self.rehearses {
            self.kept.borrow_mut().comment_texts.insert(id, body.to_owned());
        }
        self.note(RecordedWrite::CommentText { id, body: body.to_owned() });
        Ok(())
    }

    fn close_issue(&self, number: u64) -> Result<(), ForgeError> {
        self.act((), |forge| forge.close_issue(number))?;
        self.note(RecordedWrite::IssueClosed { number });
        Ok(())
    }
}

/// Returns git's id of a text. Hashing bytes in memory cannot fail.
fn id(text: &[u8]) -> Option<String> {
    hash_blob(text).ok().map(|id| id.as_str().to_owned())
}
