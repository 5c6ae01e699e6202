//! What is there after a report, on both sides.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::world::{World, id};
use super::Replay;
use super::github::QUEUE;

impl Replay<'_> {
    /// Branches and their files, pull requests and issues.
    pub fn compare(&self, world: &World) {
        self.compare_branches(world);
        self.compare_pulls(world);
        self.compare_issues(world);
    }

    fn compare_branches(&self, world: &World) {
        let found = self.github.get("/git/matching-refs/heads/");
        let read = |one: &Value| {
            let name = text(&one["ref"]).strip_prefix("refs/heads/").unwrap().to_owned();
            (name, text(&one["object"]["sha"]))
        };
        let found: BTreeMap<String, String> =
            list(&found).map(read).filter(|(name, _)| !name.starts_with(QUEUE)).collect();
        let simulated = world.branches.iter().map(|(name, at)| (name.clone(), self.id(*at)));
        assert_eq!(found, simulated.collect(), "branches, on the emulator and in the simulation");
        for at in world.branches.values() {
            self.compare_commit(world, *at);
        }
    }

    fn compare_commit(&self, world: &World, at: usize) {
        let id_there = self.id(at);
        if self.compared.borrow().contains(&id_there) {
            return;
        }
        let commit = &world.commits[at];
        let files = commit.tree.iter().map(|(path, text)| (path.clone(), id(text))).collect();
        assert_eq!(self.github.files(&id_there), files, "the files of {id_there}");
        let found = self.github.get(&format!("/git/commits/{id_there}"));
        assert_eq!(text(&found["message"]).trim_end(), commit.message.trim_end());
        let parents = list(&found["parents"]).map(|parent| text(&parent["sha"]));
        // What the emulator's merge made is contained besides.
        let parents = parents.filter(|parent| !self.merges.borrow().contains_key(parent));
        let simulated: Vec<String> = commit.parents.iter().map(|parent| self.id(*parent)).collect();
        assert_eq!(parents.collect::<Vec<_>>(), simulated, "the parents of {id_there}");
        self.compared.borrow_mut().push(id_there);
    }

    fn compare_pulls(&self, world: &World) {
        let found = self.github.get("/pulls?state=all&direction=asc&per_page=100");
        let mut found: Vec<&Value> = list(&found).collect();
        found.sort_by_key(|pull| pull["number"].as_u64());
        let real = found.into_iter().map(|pull| {
            let state = if pull["merged_at"].is_null() { text(&pull["state"]) } else { "merged".to_owned() };
            let ends = (text(&pull["head"]["ref"]), text(&pull["base"]["ref"]));
            let says = (text(&pull["title"]), text(&pull["body"]));
            (pull["number"].as_u64().unwrap(), ends, state, pull["draft"] == true, labels(pull), says)
        });
        let draft = self.simulation.state.borrow().policy.report.draft;
        let simulated = world.pulls.iter().map(|pull| {
            let state = match pull.merged {
                Some(_) => "merged",
                None if pull.open => "open",
                None => "closed",
            };
            let ends = (pull.branch.clone(), pull.base.clone());
            let says = (pull.title.clone(), self.there(&pull.body));
            let labels = pull.labels.iter().cloned().collect();
            (pull.number, ends, state.to_owned(), draft, labels, says)
        });
        assert_eq!(
            real.collect::<Vec<_>>(),
            simulated.collect::<Vec<_>>(),
            "pull requests, on the emulator and in the simulation"
        );
    }

    fn compare_issues(&self, world: &World) {
        let found = self.github.get("/issues?state=all&direction=asc&per_page=100");
        let real = list(&found).map(|issue| {
            (issue["number"].as_u64().unwrap(), text(&issue["title"]), text(&issue["body"]), labels(issue))
        });
        let simulated = world.issues.iter().map(|issue| {
            let labels: Vec<String> = issue.labels.iter().cloned().collect();
            (issue.number, issue.title.clone(), self.there(&issue.body), labels)
        });
        assert_eq!(
            real.collect::<Vec<_>>(),
            simulated.collect::<Vec<_>>(),
            "issues, on the emulator and in the simulation"
        );
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn labels(of: &Value) -> Vec<String> {
    let mut labels: Vec<String> = list(&of["labels"]).map(|label| text(&label["name"])).collect();
    labels.sort();
    labels
}
