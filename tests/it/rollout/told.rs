//! A forge whose calls and answers are put in words, the same for every forge, so that two can be compared.

use std::collections::BTreeSet;
use std::fmt::Debug;

use layerwright::rollout::forge::{BranchAt, FoundAbove, FoundComment, FoundPull, NewCommit, NewPull};
use layerwright::rollout::{Forge, ForgeError};

use super::forge::{Answer, Fault};

/// Who is told.
pub trait Onlooker {
    /// Is told of a call before it is made, and tells what hits it.
    fn before(&self, what: String) -> Fault;
    /// Is told of a commit that was written, even where the report is not.
    fn made(&self, commit: &str);
    /// Is told what the report is answered.
    fn after(&self, answer: String);
}

pub struct Told<'a> {
    pub forge: &'a dyn Forge,
    pub onlooker: &'a dyn Onlooker,
}

impl Told<'_> {
    fn call<T: Debug>(&self, what: String, effect: impl FnOnce(bool) -> Answer<T>) -> Answer<T> {
        self.told(what, |answer| format!("{answer:?}"), effect)
    }

    /// The same, with words of one's own for the answer.
    fn told<T>(
        &self,
        what: String,
        words: impl FnOnce(&T) -> String,
        effect: impl FnOnce(bool) -> Answer<T>,
    ) -> Answer<T> {
        let answer = self.onlooker.before(what).hit(effect);
        self.onlooker.after(match &answer {
            Ok(answer) => words(answer),
            // Each forge refuses in its own words.
            Err(ForgeError::Refused(_)) => "refused".to_owned(),
            Err(ForgeError::Unclear(_)) => "unclear".to_owned(),
            Err(ForgeError::Stopped(_)) => "stopped".to_owned(),
        });
        answer
    }

    fn read<T: Debug>(&self, what: String, read: impl FnOnce(&dyn Forge) -> Answer<T>) -> Answer<T> {
        self.call(what, |_| read(self.forge))
    }
}

impl Forge for Told<'_> {
    fn branches(&self, prefix: &str) -> Answer<Vec<BranchAt>> {
        self.read(format!("the branches below {prefix}"), |forge| {
            let mut found = forge.branches(prefix)?;
            found.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(found)
        })
    }

    fn branch(&self, name: &str) -> Answer<Option<String>> {
        self.read(format!("the branch {name}"), |forge| forge.branch(name))
    }

    fn pulls_labelled(&self, label: &str) -> Answer<Vec<FoundPull>> {
        self.read(format!("the pull requests labelled {label}"), |forge| forge.pulls_labelled(label))
    }

    fn pulls_from(&self, branch: &str) -> Answer<Vec<FoundPull>> {
        self.read(format!("the pull requests from {branch}"), |forge| forge.pulls_from(branch))
    }

    fn pull(&self, number: u64) -> Answer<FoundPull> {
        self.read(format!("the pull request {number}"), |forge| forge.pull(number))
    }

    fn above(&self, base: &str, branch: &str) -> Answer<FoundAbove> {
        // Its commits come in any order, their ids are no help to put them into one, and a merge may take two of them.
        let words = |found: &FoundAbove| {
            let messages: BTreeSet<&str> = found.commits.iter().map(|commit| &*commit.message).collect();
            let mut files = found.files.clone();
            files.sort();
            format!("{messages:?} {files:?}")
        };
        let what = format!("what {branch} has above {base}");
        self.told(what, words, |_| self.forge.above(base, branch))
    }

    fn contains(&self, commit: &str, earlier: &str) -> Answer<bool> {
        self.read(format!("whether {commit} contains {earlier}"), |forge| forge.contains(commit, earlier))
    }

    fn text_id(&self, commit: &str, path: &str) -> Answer<Option<String>> {
        self.read(format!("the text of {path} at {commit}"), |forge| forge.text_id(commit, path))
    }

    fn mode(&self, commit: &str, path: &str) -> Answer<Option<String>> {
        self.read(format!("the mode of {path} at {commit}"), |forge| forge.mode(commit, path))
    }

    fn has_pending_checks(&self, commit: &str) -> Answer<bool> {
        self.read(format!("the checks of {commit}"), |forge| forge.has_pending_checks(commit))
    }

    fn issue_body(&self, number: u64) -> Answer<String> {
        self.read(format!("the issue {number}"), |forge| forge.issue_body(number))
    }

    fn is_by_writer(&self, issue: u64) -> Answer<bool> {
        self.read(format!("whether the author of the issue {issue} may write"), |forge| {
            forge.is_by_writer(issue)
        })
    }

    fn comments(&self, issue: u64, fits: &dyn Fn(&str) -> bool) -> Answer<Vec<FoundComment>> {
        // Each forge numbers them in its own way.
        let words = |found: &Vec<FoundComment>| {
            let texts: Vec<_> = found.iter().map(|one| &one.body).collect();
            format!("{texts:?}")
        };
        self.told(format!("the comments of the issue {issue}"), words, |_| self.forge.comments(issue, fits))
    }

    fn issues_labelled(&self, label: &str) -> Answer<Vec<u64>> {
        self.read(format!("the issues labelled {label}"), |forge| {
            let mut found = forge.issues_labelled(label)?;
            found.sort_unstable();
            Ok(found)
        })
    }

    fn write_commit(&self, commit: &NewCommit<'_>) -> Answer<String> {
        let texts: Vec<_> =
            commit.texts.iter().map(|(path, text)| (path, String::from_utf8_lossy(text))).collect();
        let what = format!("write {texts:?} onto {:?}: {:?}", commit.parents, commit.message);
        self.call(what, |_| {
            let made = self.forge.write_commit(commit)?;
            self.onlooker.made(&made);
            Ok(made)
        })
    }

    fn create_branch(&self, name: &str, commit: &str) -> Answer<()> {
        self.call(format!("create {name} at {commit}"), |_| self.forge.create_branch(name, commit))
    }

    fn advance_branch(&self, name: &str, commit: &str) -> Answer<()> {
        self.call(format!("advance {name} to {commit}"), |_| self.forge.advance_branch(name, commit))
    }

    fn open_pull(&self, pull: &NewPull<'_>) -> Answer<u64> {
        self.call(format!("open {pull:?}"), |_| self.forge.open_pull(pull))
    }

    fn set_pull_body(&self, number: u64, body: &str) -> Answer<()> {
        self.call(format!("write the pull request {number}: {body:?}"), |_| {
            self.forge.set_pull_body(number, body)
        })
    }

    fn add_labels(&self, number: u64, labels: &[String]) -> Answer<()> {
        self.call(format!("label {number} {labels:?}"), |middle| {
            let many = if middle { labels.len() / 2 } else { labels.len() };
            if many == 0 { Ok(()) } else { self.forge.add_labels(number, &labels[..many]) }
        })
    }

    fn request_reviews(&self, pull: u64, reviewers: &[String]) -> Answer<()> {
        self.call(format!("ask {reviewers:?} for a review of {pull}"), |_| {
            self.forge.request_reviews(pull, reviewers)
        })
    }

    fn assign(&self, number: u64, assignees: &[String]) -> Answer<()> {
        self.call(format!("assign {assignees:?} to {number}"), |_| self.forge.assign(number, assignees))
    }

    fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Answer<u64> {
        self.call(format!("create the issue {title} {labels:?}: {body:?}"), |_| {
            self.forge.create_issue(title, body, labels)
        })
    }

    fn set_issue_body(&self, number: u64, body: &str) -> Answer<()> {
        self.call(format!("write the issue {number}: {body:?}"), |_| self.forge.set_issue_body(number, body))
    }

    fn add_comment(&self, issue: u64, body: &str) -> Answer<()> {
        self.call(format!("comment on the issue {issue}: {body:?}"), |_| self.forge.add_comment(issue, body))
    }

    fn set_comment(&self, comment: u64, body: &str) -> Answer<()> {
        self.call(format!("write a comment: {body:?}"), |_| self.forge.set_comment(comment, body))
    }

    fn close_issue(&self, number: u64) -> Answer<()> {
        self.call(format!("close the issue {number}"), |_| self.forge.close_issue(number))
    }
}
