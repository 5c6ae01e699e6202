//! What people do, through the API.
//!
//! The emulator's merge makes a commit with the files that the branch had when its pull request was opened, on top of
//! what the base branch was at then. So the base is named again before, which brings it up to date, and a commit with the
//! files that GitHub's merge would give, and its parents, is put on top of the emulator's. Both say the same. Deleting a branch closes no pull
//! request there, so that is done before.

use serde_json::{Value, json};

use super::super::trace::Act;
use super::super::world::{Commit, MAIN};
use super::Replay;

impl Replay<'_> {
    pub fn act(&self, act: &Act, commits: &[Commit]) {
        self.perform(act, commits);
        let is_for_checks = matches!(
            act,
            Act::Merge { .. }
                | Act::Close { .. }
                | Act::Reopen { .. }
                | Act::Move { .. }
                | Act::Delete { .. }
        );
        if is_for_checks {
            self.github.check();
        }
    }

    fn perform(&self, act: &Act, commits: &[Commit]) {
        let ask = |method: &str, below: &str, body: &Value| self.github.api(method, below, body);
        let pull = |number: &u64| format!("/pulls/{number}");
        match act {
            Act::Commit { at, commit } => self.commit(*at, commit, commits, None),
            Act::Merge { number, at, commit } => {
                ask("PATCH", &pull(number), &json!({"base": MAIN}));
                let merge = json!({"merge_method": "squash", "commit_title": commit.message});
                let merge = ask("PUT", &format!("/pulls/{number}/merge"), &merge);
                let merge = merge["sha"].as_str().unwrap();
                self.commit(*at, commit, commits, Some(merge));
                self.merges.borrow_mut().insert(merge.to_owned(), self.id(*at));
                self.move_branch(MAIN, *at);
            }
            Act::Close { number } => drop(ask("PATCH", &pull(number), &json!({"state": "closed"}))),
            Act::Reopen { number } => drop(ask("PATCH", &pull(number), &json!({"state": "open"}))),
            Act::Move { branch, to } => self.move_branch(branch, *to),
            Act::Delete { branch } => self.delete(branch),
            Act::Body { number, body } => {
                ask("PATCH", &pull(number), &json!({"body": self.there(body)}));
            }
            Act::Unlabel { number } => {
                ask("DELETE", &format!("/issues/{number}/labels"), &Value::Null);
            }
            Act::Queue { number, on: true } => self.enqueue(*number),
            Act::Queue { number, on: false } => {
                let branch = self.queue.borrow_mut().remove(number).unwrap();
                self.delete(&branch);
            }
            Act::Pass => self.github.pass(),
            Act::Issue { number, body } => {
                ask("PATCH", &format!("/issues/{number}"), &json!({"body": self.there(body)}));
            }
        }
    }

    /// Makes a commit of the simulation, with one more parent where there is another that it has to contain.
    pub fn commit(&self, at: usize, commit: &Commit, commits: &[Commit], contained: Option<&str>) {
        let mut parents: Vec<String> = commit.parents.iter().map(|parent| self.id(*parent)).collect();
        let entry = |path: &str| json!({"path": path, "mode": "100644", "type": "blob"});
        let with = |path: &str, key: &str, value: Value| {
            let mut entry = entry(path);
            entry[key] = value;
            entry
        };
        let none = std::collections::BTreeMap::new();
        let before = commit.parents.first().map_or(&none, |parent| &*commits[*parent].tree);
        let changed = commit.tree.iter().filter(|(path, text)| before.get(*path) != Some(text));
        let mut entries: Vec<Value> =
            changed.map(|(path, text)| with(path, "content", json!(text))).collect();
        let gone = before.keys().filter(|path| !commit.tree.contains_key(*path));
        entries.extend(gone.map(|path| with(path, "sha", Value::Null)));
        let base = parents.first().map(|parent| {
            let found = self.github.get(&format!("/git/commits/{parent}"));
            found["tree"]["sha"].clone()
        });
        let tree = match base {
            Some(base) if entries.is_empty() => base,
            Some(base) => self.tree(&json!({"base_tree": base, "tree": entries})),
            None => self.tree(&json!({"tree": entries})),
        };
        parents.extend(contained.map(str::to_owned));
        let new = json!({"message": commit.message, "tree": tree, "parents": parents});
        let made = self.github.api("POST", "/git/commits", &new);
        self.ids.borrow_mut().insert(at, made["sha"].as_str().unwrap().to_owned());
    }

    fn tree(&self, new: &Value) -> Value {
        self.github.api("POST", "/git/trees", new)["sha"].clone()
    }

    fn move_branch(&self, branch: &str, to: usize) {
        let reference = format!("refs/heads/{branch}");
        let below = self.github.get(&format!("/git/matching-refs/heads/{branch}"));
        if below.as_array().unwrap().iter().any(|found| found["ref"] == reference.as_str()) {
            let new = json!({"sha": self.id(to), "force": true});
            self.github.api("PATCH", &format!("/git/{reference}"), &new);
        } else {
            self.github.api("POST", "/git/refs", &json!({"ref": reference, "sha": self.id(to)}));
        }
    }

    fn delete(&self, branch: &str) {
        self.github.api("DELETE", &format!("/git/refs/heads/{branch}"), &Value::Null);
    }

    /// The merge queue tries a pull request on a branch of its own, whose name tells the pull request.
    fn enqueue(&self, number: u64) {
        let main = self.github.get("/git/ref/heads/main")["object"]["sha"].as_str().unwrap().to_owned();
        let branch = format!("gh-readonly-queue/main/pr-{number}-{main}");
        let new = json!({"ref": format!("refs/heads/{branch}"), "sha": main});
        self.github.api("POST", "/git/refs", &new);
        self.queue.borrow_mut().insert(number, branch);
    }
}
