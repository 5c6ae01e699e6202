//! The emulator, with what GitHub has and it has not:
//!
//! - A pull request is an issue, which has been closed by somebody, and is among the issues with its label ([`hub`]).
//! - A pull request can be merged or is in conflict; lists do not tell, nor who merged one.
//! - Two commits are compared from the last that both contain. The emulator takes the one with the fewest steps to both,
//!   which may be an earlier one.
//! - It was opened at the campaign's time, which the emulator does not know.
//! - There is none from a branch that is not there or has nothing, nor a second one for a branch. (The simulation has
//!   forges that take a second one, too; there the emulator's own answer stands.)
//! - People can be asked for reviews and assigned, of whom the emulator knows none. The simulation has some of them refused,
//!   and so it is here.
//! - Checks run for the heads of open pull requests, until they pass or are for the head no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use layerwright::github::RepositoryName;
use serde_json::{Value, json};

use super::super::world::PERSON;
use crate::report::hub::{self, Hub, Request};

/// What the names of the merge queue's branches start with.
pub const QUEUE: &str = "gh-readonly-queue/";

/// Paths and the ids of their texts.
type Files = BTreeMap<String, String>;

pub struct GitHub {
    hub: Hub,
    gaps: Arc<Mutex<Gaps>>,
}

#[derive(Default)]
struct Gaps {
    host: String,
    repository: String,
    /// The emulator limits each token, and takes any.
    token: String,
    strict: bool,
    now: u64,
    /// Whether the next one who is asked for a review or assigned is refused.
    refuses_people: bool,
    /// When pull requests were opened.
    opened: BTreeMap<u64, u64>,
    /// The pull requests whose checks have not passed.
    checked: BTreeSet<u64>,
    /// The checks that run, by their commits.
    running: BTreeMap<String, u64>,
    files: BTreeMap<String, Files>,
    mergeable: BTreeMap<(String, String), bool>,
}

impl GitHub {
    pub fn before(host: &str) -> Self {
        let gaps = Arc::new(Mutex::new(Gaps { host: host.to_owned(), ..Gaps::default() }));
        let own = Arc::clone(&gaps);
        let hub = Hub::with(host, "", move |request| own.lock().unwrap().answer(request));
        Self { hub, gaps }
    }

    fn gaps(&self) -> MutexGuard<'_, Gaps> {
        self.gaps.lock().unwrap()
    }

    /// Makes a repository.
    pub fn begin(&self, name: &str, strict: bool) {
        let gaps = &mut *self.gaps();
        let (host, repository) = (gaps.host.clone(), format!("{PERSON}/{name}"));
        *gaps = Gaps { host, repository, strict, token: name.to_owned(), ..Gaps::default() };
        let made = gaps.ask("POST", "/user/repos", &json!({"name": name}));
        assert_eq!(made["full_name"], gaps.repository);
    }

    /// Removes it.
    pub fn end(&self) {
        self.api("DELETE", "", &Value::Null);
    }

    /// Sets the time.
    pub fn at(&self, now: u64) {
        let gaps = &mut *self.gaps();
        gaps.token = format!("{}-{now}-{}", gaps.repository.replace('/', "-"), gaps.opened.len());
        gaps.now = now;
    }

    /// Sets whether the next one who is asked for a review or assigned is refused.
    pub fn refuse_people(&self, refuses: bool) {
        self.gaps().refuses_people = refuses;
    }

    pub fn url(&self) -> &str {
        &self.hub.url
    }

    pub fn repository(&self) -> RepositoryName {
        self.gaps().repository.parse().unwrap()
    }

    /// The requests by which reports wrote since the last time.
    pub fn writes(&self) -> Vec<String> {
        let writes = self.hub.asked().into_iter().filter(|request| request.method != "GET");
        writes.map(|request| format!("{} {}", request.method, request.route)).collect()
    }

    /// What a person asks below the repository, past the client.
    pub fn api(&self, method: &str, below: &str, body: &Value) -> Value {
        self.gaps().api(method, below, body)
    }

    pub fn get(&self, below: &str) -> Value {
        self.api("GET", below, &Value::Null)
    }

    pub fn files(&self, commit: &str) -> Files {
        self.gaps().files(commit)
    }

    /// Runs the checks of what was moved, and ends those of what is open no more.
    pub fn check(&self) {
        self.gaps().check();
    }

    /// All checks pass.
    pub fn pass(&self) {
        let gaps = &mut *self.gaps();
        gaps.checked.clear();
        for run in std::mem::take(&mut gaps.running).into_values() {
            gaps.complete_check(run, "success");
        }
    }
}

impl Gaps {
    fn ask(&self, method: &str, route: &str, body: &Value) -> Value {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, answer) = hub::http(&self.host, &self.token, method, route, &body);
        assert!(status < 300, "{method} {route}: {status} {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap_or(Value::Null)
    }

    fn api(&self, method: &str, below: &str, body: &Value) -> Value {
        self.ask(method, &format!("/repos/{}{below}", self.repository), body)
    }

    fn get(&self, below: &str) -> Value {
        self.api("GET", below, &Value::Null)
    }

    /// Answers a request of the client's.
    fn answer(&mut self, request: &Request) -> (u16, Vec<u8>) {
        let place = format!("/repos/{}", self.repository);
        let below = request.route.strip_prefix(&place).unwrap_or_else(|| panic!("{}", request.route));
        let (method, is_one) = (request.method.as_str(), !below.contains('?'));
        let is_for_people = below.ends_with("/requested_reviewers") || below.ends_with("/assignees");
        let refused = match (method, below) {
            ("POST", "/pulls") => self.refuses(&serde_json::from_slice(&request.body).unwrap()),
            ("POST", _) if is_for_people => self.refuses_people.then(|| "no collaborator".to_owned()),
            _ => None,
        };
        if let Some(why) = refused {
            let error = json!({"resource": "PullRequest", "code": "custom", "message": why});
            let said = json!({"message": "Validation Failed", "errors": [error]});
            return (422, said.to_string().into_bytes());
        }
        if is_for_people {
            return (201, b"{}".to_vec());
        }
        let (status, body) = hub::answer(&self.host, &self.token, request);
        if status >= 300 {
            return (status, body);
        }
        let mut found: Value = serde_json::from_slice(&body).unwrap_or_default();
        match method {
            "POST" if below == "/pulls" => {
                let number = found["number"].as_u64().unwrap();
                self.opened.insert(number, self.now);
                self.checked.insert(number);
                self.check();
            }
            "POST" | "PATCH" if below.starts_with("/git/refs") => self.check(),
            "GET" if below.starts_with("/pulls/") && is_one => self.complete(&mut found),
            "GET" if below.starts_with("/pulls?") => {
                for pull in found.as_array_mut().unwrap() {
                    self.date(pull);
                    (pull["mergeable"], pull["merged_by"]) = (Value::Null, Value::Null);
                }
            }
            "GET" if below.starts_with("/compare/") => {
                let ends = below.trim_start_matches("/compare/").split('?').next().unwrap().to_owned();
                self.compare(&ends, &mut found);
            }
            "GET" if below.starts_with("/issues/") && found["state"] == "closed" => {
                found["closed_by"] = json!({"login": PERSON});
            }
            _ => return (status, body),
        }
        (status, found.to_string().into_bytes())
    }

    /// Why there can be no such pull request, as GitHub says it.
    fn refuses(&self, new: &Value) -> Option<String> {
        let (head, base) = (new["head"].as_str().unwrap(), new["base"].as_str().unwrap());
        if self.head(head).is_none() {
            return Some("head invalid".to_owned());
        }
        if self.get(&format!("/compare/{base}...{head}"))["ahead_by"] == 0 {
            return Some(format!("No commits between {base} and {head}"));
        }
        let open = self.get(&format!("/pulls?state=open&head={PERSON}:{head}"));
        let is_open = !open.as_array().unwrap().is_empty();
        (self.strict && is_open).then(|| format!("A pull request already exists for {PERSON}:{head}."))
    }

    /// The commit of a branch.
    fn head(&self, branch: &str) -> Option<String> {
        let found = self.get(&format!("/git/matching-refs/heads/{branch}"));
        let name = format!("refs/heads/{branch}");
        let found = found.as_array().unwrap().iter().find(|one| one["ref"] == name.as_str());
        Some(found?["object"]["sha"].as_str().unwrap().to_owned())
    }

    fn check(&mut self) {
        if self.checked.is_empty() {
            return;
        }
        let open = self.get("/pulls?state=open&per_page=100");
        let open = open.as_array().unwrap().iter();
        let checked = open.filter(|pull| self.checked.contains(&pull["number"].as_u64().unwrap()));
        let heads = checked.filter_map(|pull| self.head(pull["head"]["ref"].as_str().unwrap()));
        let heads: BTreeSet<String> = heads.collect();
        for (_, run) in self.running.extract_if(.., |head, _| !heads.contains(head)).collect::<Vec<_>>() {
            self.complete_check(run, "cancelled");
        }
        for head in heads {
            if !self.running.contains_key(&head) {
                let new = json!({"name": "ci", "head_sha": head, "status": "in_progress"});
                let run = self.api("POST", "/check-runs", &new)["id"].as_u64().unwrap();
                self.running.insert(head, run);
            }
        }
    }

    fn complete_check(&self, run: u64, conclusion: &str) {
        let done = json!({"status": "completed", "conclusion": conclusion});
        self.api("PATCH", &format!("/check-runs/{run}"), &done);
    }

    fn date(&self, pull: &mut Value) {
        let opened = self.opened[&pull["number"].as_u64().unwrap()];
        let opened = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(opened));
        pull["created_at"] = json!(opened.to_string());
    }

    fn complete(&mut self, pull: &mut Value) {
        self.date(pull);
        let branch = pull["head"]["ref"].as_str().unwrap();
        let head = self.head(branch).filter(|_| pull["state"] == "open");
        pull["mergeable"] = json!(head.map(|head| self.is_mergeable(&head)));
    }

    /// Whether a commit can be merged into main: no file was changed on both sides in different ways.
    fn is_mergeable(&mut self, head: &str) -> bool {
        let main = self.head("main").unwrap();
        let ends = (main.clone(), head.to_owned());
        if let Some(known) = self.mergeable.get(&ends) {
            return *known;
        }
        let parted = self.parted(&main, head);
        let (was, ours, theirs) = (self.files(&parted), self.files(&main), self.files(head));
        let mut paths = was.keys().chain(ours.keys()).chain(theirs.keys());
        let is_clear = |path: &String| {
            let (was, ours, theirs) = (was.get(path), ours.get(path), theirs.get(path));
            ours == theirs || ours == was || theirs == was
        };
        let is_mergeable = paths.all(is_clear);
        self.mergeable.insert(ends, is_mergeable);
        is_mergeable
    }

    /// Where the histories of two commits parted: the first of the one's, children before parents, that the other has.
    fn parted(&self, one: &str, other: &str) -> String {
        let history = |commit: &str| -> Vec<String> {
            let found = self.get(&format!("/commits?sha={commit}&per_page=100"));
            let found = found.as_array().unwrap();
            assert!(found.len() < 100, "a history of more than a page");
            found.iter().map(|commit| commit["sha"].as_str().unwrap().to_owned()).collect()
        };
        let common = history(one);
        history(other).into_iter().find(|commit| common.contains(commit)).unwrap()
    }

    /// Compares from where two histories parted, where the emulator takes an earlier commit for that.
    fn compare(&mut self, ends: &str, found: &mut Value) {
        let (base, head) = ends.split_once("...").unwrap();
        let parted = self.parted(base, head);
        if found["merge_base_commit"]["sha"] == parted.as_str() {
            return;
        }
        let (was, is) = (self.files(&parted), self.files(head));
        let paths: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        let file = |path: &&String| match (was.get(*path), is.get(*path)) {
            (was, is) if was == is => None,
            (was, None) => Some(json!({"filename": path, "status": "removed", "sha": was})),
            (None, is) => Some(json!({"filename": path, "status": "added", "sha": is})),
            (_, is) => Some(json!({"filename": path, "status": "modified", "sha": is})),
        };
        found["files"] = paths.iter().filter_map(file).collect();
    }

    fn files(&mut self, commit: &str) -> Files {
        if let Some(known) = self.files.get(commit) {
            return known.clone();
        }
        let found = self.get(&format!("/git/trees/{commit}?recursive=1"));
        let entries = found["tree"].as_array().unwrap().iter().filter(|entry| entry["type"] == "blob");
        let files: Files = entries
            .map(|entry| {
                assert_eq!(entry["mode"], "100644", "modes are kept");
                (entry["path"].as_str().unwrap().to_owned(), entry["sha"].as_str().unwrap().to_owned())
            })
            .collect();
        self.files.insert(commit.to_owned(), files.clone());
        files
    }
}
