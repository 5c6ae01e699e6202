//! `layerwright report` from the first pull request to the last, on a GitHub that others wrote: the npm package
//! `emulate`, which `.ci/run` starts.

pub mod fetch;
pub mod hub;
mod under_way;

use std::collections::BTreeMap;

use git2::{ObjectType, Oid};
use hub::Hub;
use layerwright::analysis::rule::RuleId;
use layerwright::campaign::evidence::{
    self, BuildEvidence, BuilderFacts, CacheFigures, Cause, Depth, Difference, Evidence, Figures, Outcome,
    Pair, Reached, Rebuild, SiteEvidence,
};
use layerwright::campaign::names::slug;
use layerwright::campaign::plan::file::Plan;
use layerwright::config::Config;
use layerwright::git::{RepoPath, hash_blob};
use serde_json::{Value, json};

use crate::campaign::{Clp, wave};
use crate::support::{Base, Run, Scratch, command, left_out, linkable};

const TOKEN: &str = "test_token_admin";

/// What somebody wrote before there was a campaign. The list is of bare paths.
const ISSUE: &str = "Summary\r\nThis issue tracks the adoption of COPY --link in all Dockerfiles.\r\n\
    1. Add syntax header to all Dockerfiles\r\n# syntax=docker/dockerfile:1.4\r\n\
    3. Dockerfiles to update\r\nThe following Dockerfiles should be evaluated and updated:\r\n\
    a/Dockerfile\r\n`b/Dockerfile`\r\n- c/Dockerfile, with @nobody and <b>care</b>\r\n* [ ] [d/Dockerfile](https://x/y)\r\n\
    Important Caveats\r\n-\r\nTesting required: see z/Dockerfile.\r\n- [ ] something else of ours\r\n\
    ```\r\ne/Dockerfile\r\n```\r\nSuccess Criteria";

/// A repository on the emulator with its clone.
struct World {
    hub: Hub,
    scratch: Scratch,
    name: String,
}

impl World {
    /// Five files in waves of one, three and one, with their plan, and evidence for each of them.
    fn new(emulator: &str, name: &str) -> Self {
        let scratch = Scratch::new();
        for name in ["a", "b", "c", "d", "e"] {
            scratch
                .write(&format!("{name}/Dockerfile"), linkable(name))
                .write(&format!("{name}/{name}"), name);
        }
        scratch.chmod("b/Dockerfile", 0o755);
        scratch.commit("First\n");
        let plan = scratch.save(&Base::new());
        scratch.commit("Plan\n");
        Self::on(scratch, &plan, emulator, name)
    }

    /// A repository with its plan, and evidence for each file that is edited.
    fn on(scratch: Scratch, plan: &Value, emulator: &str, name: &str) -> Self {
        let read = Plan::read(plan.to_string().as_bytes()).unwrap();
        for file in plan["files"].as_array().unwrap().iter().filter(|file| !file["rewritten"].is_null()) {
            let path = file["path"].as_str().unwrap();
            let slug = slug(&RepoPath::new(path).unwrap()).unwrap();
            let mut bytes = Vec::new();
            evidence(&scratch, &read, file).write(&mut bytes).unwrap();
            scratch.write(&format!("plans/copy-link/evidence/{slug}.json"), bytes);
        }
        let hub = Hub::before(emulator.trim_start_matches("http://"), TOKEN);
        let name = format!("{name}-{}", std::process::id());
        hub.api("POST", "/user/repos", &json!({"name": name}));
        let world = Self { hub, scratch, name };
        world.push();
        world
    }

    fn route(&self, below: &str) -> String {
        format!("/repos/admin/{}{below}", self.name)
    }

    fn get(&self, below: &str) -> Value {
        self.hub.api("GET", &self.route(below), &Value::Null)
    }

    fn post(&self, below: &str, body: &Value) -> Value {
        self.hub.api("POST", &self.route(below), body)
    }

    fn patch(&self, below: &str, body: &Value) -> Value {
        self.hub.api("PATCH", &self.route(below), body)
    }

    /// Pushes the clone's HEAD as main.
    fn push(&self) {
        let head = self.scratch.git.head().unwrap().target().unwrap();
        self.push_branch("main", head, None);
    }

    /// Pushes a branch, through the API: makes its commits above another commit there, with the same ids.
    fn push_branch(&self, name: &str, head: Oid, above: Option<Oid>) {
        let mut walk = self.scratch.git.revwalk().unwrap();
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).unwrap();
        walk.push(head).unwrap();
        if let Some(above) = above {
            walk.hide(above).unwrap();
        }
        for id in walk {
            let commit = self.scratch.git.find_commit(id.unwrap()).unwrap();
            let mut entries = Vec::new();
            let tree = commit.tree().unwrap();
            tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
                if entry.kind() == Some(ObjectType::Blob) {
                    let blob = self.scratch.git.find_blob(entry.id()).unwrap();
                    let text = String::from_utf8(blob.content().to_vec()).unwrap();
                    let path = format!("{folder}{}", entry.name().unwrap());
                    let mode = format!("{:06o}", entry.filemode());
                    entries.push(json!({"path": path, "mode": mode, "type": "blob", "content": text}));
                }
                git2::TreeWalkResult::Ok
            })
            .unwrap();
            let made = self.post("/git/trees", &json!({"tree": entries}));
            assert_eq!(made["sha"], tree.id().to_string());
            let who = json!({"name": "A", "email": "a@example.com", "date": "2023-11-14T22:13:20Z"});
            let parents: Vec<String> = commit.parent_ids().map(|id| id.to_string()).collect();
            let message = commit.message().unwrap();
            let made = self.post(
                "/git/commits",
                &json!({"message": message, "tree": made["sha"], "parents": parents, "author": who, "committer": who}),
            );
            assert_eq!(made["sha"], commit.id().to_string());
        }
        let reference = format!("refs/heads/{name}");
        self.post("/git/refs", &json!({"ref": reference, "sha": head.to_string()}));
    }

    /// The commit that main is at there.
    fn main(&self) -> String {
        self.get("/git/ref/heads/main")["object"]["sha"].as_str().unwrap().to_owned()
    }

    /// Brings what main has to the clone, as `git fetch` and `git merge --ff-only` would.
    fn pull(&self) {
        let main = self.main();
        fetch::commit(&|below| self.get(below), &self.scratch.git, &main);
        let id = Oid::from_str(&main).unwrap();
        self.scratch.git.reference("refs/heads/main", id, true, "pull").unwrap();
        let mut checkout = git2::build::CheckoutBuilder::new();
        self.scratch.git.checkout_head(Some(checkout.force())).unwrap();
    }

    /// A person merges a pull request. The emulator's merge takes the whole tree of the branch; what GitHub's would keep
    /// of the base is put back on top of it.
    fn merge(&self, pull: u64) {
        let before = self.main();
        let found = self.get(&format!("/pulls/{pull}"));
        let changed: Vec<Value> = {
            let (base, head) = (&before, found["head"]["sha"].as_str().unwrap());
            let files = self.get(&format!("/compare/{base}...{head}"))["files"].clone();
            let entry = |file: &Value| {
                let path = file["filename"].as_str().unwrap();
                let mode = if path == "b/Dockerfile" { "100755" } else { "100644" };
                json!({"path": path, "mode": mode, "type": "blob", "sha": file["sha"]})
            };
            files.as_array().unwrap().iter().map(entry).collect()
        };
        let merged = self.hub.api("PUT", &self.route(&format!("/pulls/{pull}/merge")), &json!({}));
        let base = self.get(&format!("/git/commits/{before}"))["tree"]["sha"].clone();
        let tree = self.post("/git/trees", &json!({"base_tree": base, "tree": changed}));
        let commit =
            json!({"message": "What a merge keeps", "tree": tree["sha"], "parents": [before, merged["sha"]]});
        let commit = self.post("/git/commits", &commit);
        self.patch("/git/refs/heads/main", &json!({"sha": commit["sha"], "force": true}));
        self.pull();
    }

    /// A person writes a file on the base branch.
    fn write(&self, path: &str, text: &str) {
        let before = self.main();
        let base = self.get(&format!("/git/commits/{before}"))["tree"]["sha"].clone();
        let entry = json!({"path": path, "mode": "100644", "type": "blob", "content": text});
        let tree = self.post("/git/trees", &json!({"base_tree": base, "tree": [entry]}));
        let commit = json!({"message": "Take it back", "tree": tree["sha"], "parents": [before]});
        let commit = self.post("/git/commits", &commit);
        self.patch("/git/refs/heads/main", &json!({"sha": commit["sha"]}));
        self.pull();
    }

    /// Runs `report`, and tells what it printed and the requests by which it wrote.
    fn report(&self, arguments: &[&str]) -> (Run, Vec<String>) {
        self.hub.asked();
        let mut command = command(self.scratch.root());
        command.env("GITHUB_TOKEN", TOKEN).args([
            "report",
            "--format",
            "json",
            "--api",
            &self.hub.url,
            "--repo",
        ]);
        let run = Run::of(command.arg(format!("admin/{}", self.name)).args(arguments).output().unwrap());
        assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN), "{run:?}");
        let writes = self.hub.asked().into_iter().filter(|one| one.method != "GET");
        (
            run,
            writes.map(|one| format!("{} {}", one.method, one.route.replace(&self.route(""), ""))).collect(),
        )
    }

    /// What `status` prints, which writes nothing.
    fn status(&self) -> Value {
        self.hub.asked();
        let mut command = command(self.scratch.root());
        command.env("GITHUB_TOKEN", TOKEN).args([
            "status",
            "--format",
            "json",
            "--api",
            &self.hub.url,
            "--repo",
        ]);
        let run = Run::of(command.arg(format!("admin/{}", self.name)).output().unwrap()).done();
        assert!(self.hub.asked().iter().all(|one| one.method == "GET"));
        run.json()
    }

    /// The same, of a run that does what is asked, with the state of each file.
    fn step(&self, arguments: &[&str]) -> (BTreeMap<String, String>, Vec<String>) {
        let (run, writes) = self.report(arguments);
        let printed = run.done().json();
        let state = |file: &Value| {
            let text = |name: &str| file[name].as_str().unwrap().to_owned();
            (text("path").replace("/Dockerfile", ""), text("state"))
        };
        (printed["files"].as_array().unwrap().iter().map(state).collect(), writes)
    }

    fn issue(&self, number: u64) -> String {
        self.get(&format!("/issues/{number}"))["body"].as_str().unwrap().to_owned()
    }

    /// The open pull requests by the file of their titles.
    fn open(&self) -> BTreeMap<String, u64> {
        let found = self.get("/pulls?state=open&per_page=100");
        let file = |pull: &Value| {
            let title = pull["title"].as_str().unwrap();
            let file = title.rsplit('`').nth(1).unwrap().trim_end_matches("/Dockerfile");
            (file.to_owned(), pull["number"].as_u64().unwrap())
        };
        found.as_array().unwrap().iter().map(file).collect()
    }
}

/// The difference that a waived reason of a line foretells.
fn foretold(reason: &Value, line: usize) -> Difference {
    let rule = RuleId::find(reason["rule"].as_str().unwrap()).unwrap();
    Difference {
        path: reason["path"].as_str().map(str::to_owned),
        aspect: "mode".into(),
        before: Some("0700".into()),
        after: Some("0755".into()),
        cause: Cause::Rule { rule, line, accepted: true },
    }
}

/// What a verification of a file of the plan would have measured: the same image.
fn evidence(scratch: &Scratch, plan: &Plan, file: &Value) -> Evidence {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let context = &file["contexts"][0];
    let root = text(&context["root"]);
    let (repository, own) = (scratch.open(), evidence::own_paths(plan, &Config::default()));
    let head = repository.resolve(None).unwrap();
    let tree = evidence::tree_of_context(&repository, &head, &root, &BTreeMap::new(), &own).unwrap();
    let rebuild = |kept| Rebuild { layers: 2, kept, pushed_bytes: 12_345_678 >> (kept * 4), steps: 1 };
    let pair = Pair { before: rebuild(0), after: rebuild(2) };
    let lines = || file["sites"].as_array().unwrap().iter().filter(|site| site["selected"] == true);
    let number = |site: &Value| usize::try_from(site["line"].as_u64().unwrap()).unwrap();
    let foretold = lines().flat_map(|site| {
        let reasons = site["reasons"].as_array().unwrap().iter();
        let reasons = reasons.filter(|reason| reason["rule"] == "ancestor-mode");
        reasons.map(|reason| foretold(reason, number(site)))
    });
    let differences: Vec<Difference> = foretold.take(1).collect();
    let outcome = if differences.is_empty() { Outcome::Same } else { Outcome::Different };
    Evidence {
        schema: 1,
        path: text(&file["path"]),
        commit: None,
        before: text(&file["blob"]),
        after: text(&file["rewritten"]),
        outcome,
        reason: None,
        builds: vec![BuildEvidence {
            context: root,
            tree,
            target: None,
            platform: "linux/amd64".into(),
            build_args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            bases: BTreeMap::new(),
            builder: BuilderFacts {
                name: "default".into(),
                driver: "docker-container".into(),
                buildkit: Some("0.25.1".into()),
                buildx: "0.29.1".into(),
                rootless: Some(false),
            },
            frontend: "docker/dockerfile:1".into(),
            assumptions: Vec::new(),
            depth: Depth::Full,
            outcome,
            reason: None,
            sites: lines()
                .map(|site| SiteEvidence { line: number(site), reached: Reached::Linked, compared: None })
                .collect(),
            differences,
            noise: 0,
            smoke: Vec::new(),
            cache: Some(CacheFigures { moved_base: pair, early_step: None }),
        }],
        figures: Figures { began: "2026-11-22T04:00:00Z".into(), ..Figures::default() },
        signature: None,
    }
}

/// The emulator's address, or why there is none.
pub fn emulator() -> Option<String> {
    let found = std::env::var("LAYERWRIGHT_EMULATOR").ok();
    if found.is_none() {
        assert!(
            std::env::var_os("LAYERWRIGHT_REQUIRE_EMULATOR").is_none(),
            "LAYERWRIGHT_EMULATOR is not set"
        );
        left_out("the GitHub emulator", "LAYERWRIGHT_EMULATOR is not set; `.ci/run` starts one");
    }
    found
}

/// The text without what a campaign writes into it.
fn without_campaign(text: &str) -> String {
    let (before, after) = text.split_once("<!-- layerwright:begin").unwrap();
    let (_, after) = after.split_once("<!-- layerwright:end -->").unwrap();
    assert_eq!(after.trim(), "");
    let lines = before.trim_end_matches("\r\n").split("\r\n").map(|line| {
        let Some((line, _)) = line.split_once(" <!-- layerwright -->") else { return line.to_owned() };
        let line = line.replacen("- [x] ", "", 1).replacen("- [ ] ", "", 1);
        match line.as_str() {
            "c/Dockerfile, with @nobody and <b>care</b>" => format!("- {line}"),
            "* [x] [d/Dockerfile](https://x/y)" => line.replace("[x]", "[ ]"),
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

/// Each file with its state.
fn shown(states: &BTreeMap<String, String>) -> String {
    states.iter().map(|(file, state)| format!("{file} {state}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_campaign_goes_from_its_first_pull_request_to_its_last() {
    let Some(emulator) = emulator() else { return };
    let world = World::new(&emulator, "campaign");
    let issue = world.post("/issues", &json!({"title": "Link", "body": ISSUE}))["number"].as_u64().unwrap();
    let named = format!("admin/{}#{issue}", world.name);
    first_wave(&world, issue, &named);
    let open = second_wave(&world, issue);
    declined_and_reverted(&world, issue, &open);
    to_the_end(&world, issue);
}

/// The nine files of a real tracking issue, listed as there.
#[test]
fn a_campaign_after_the_manner_of_clp_goes_out_wave_by_wave() {
    let Some(emulator) = emulator() else { return };
    let clp = Clp::new();
    clp.accept_root();
    let plan = clp.save();
    let world = World::on(clp.scratch, &plan, &emulator, "clp");
    let listed: Vec<&str> =
        plan["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), 9);
    let written = format!(
        "3. Dockerfiles to update\nThe following Dockerfiles should be evaluated and updated:\n{}\nImportant Caveats\n",
        listed.join("\n")
    );
    let issue = world.post("/issues", &json!({"title": "Adopt COPY --link", "body": written}));
    let issue = issue["number"].as_u64().unwrap();
    let named = format!("admin/{}#{issue}", world.name);
    let open = || -> Vec<String> { world.open().into_keys().map(|file| file + "/Dockerfile").collect() };
    let sorted = |number: usize| {
        let mut files = wave(&plan, number);
        files.sort();
        files
    };

    world.step(&["--issue", &named]);
    assert_eq!(open(), sorted(0), "the proof of concept, and nothing else");
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, Vec::<String>::new(), "nothing has changed");
    world.merge(*world.open().values().next().unwrap());
    world.step(&[]);
    assert_eq!(open(), sorted(1), "wave 1 opens when wave 0 is merged");
    let text = world.issue(issue);
    for path in &listed {
        let done = sorted(0).iter().any(|first| first == path);
        assert_eq!(text.contains(&format!("- [x] {path} <!-- layerwright -->")), done, "{path}: {text}");
    }
    assert!(text.starts_with("3. Dockerfiles to update\nThe following Dockerfiles"), "{text}");
    assert!(text.contains("\nImportant Caveats\n"), "{text}");
}

/// The proof of concept goes out alone, and nothing is written twice.
fn first_wave(world: &World, issue: u64, named: &str) {
    let (rehearsed, writes) = world.report(&["--issue", named, "--dry-run"]);
    let rehearsed = rehearsed.done().json();
    assert_eq!(writes, Vec::<String>::new(), "a rehearsal writes nothing");
    let opened = |printed: &Value| -> Vec<String> {
        let actions = printed["actions"].as_array().unwrap().iter();
        actions
            .filter(|one| one["kind"] == "open-pull")
            .map(|one| one["body"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(opened(&rehearsed).len(), 1);

    let (first, _) = world.report(&["--issue", named]);
    let first = first.done().json();
    assert_eq!(world.open().keys().collect::<Vec<_>>(), ["a"], "the proof of concept, and nothing else");
    let without_commit = |body: &String| body.split_once(" text=").unwrap().1.to_owned();
    assert_eq!(
        opened(&first).iter().map(without_commit).collect::<Vec<_>>(),
        opened(&rehearsed).iter().map(without_commit).collect::<Vec<_>>(),
        "a rehearsal tells what is done"
    );
    let text = world.issue(issue);
    assert_eq!(without_campaign(&text), ISSUE);
    assert!(
        text.contains("- [ ] a/Dockerfile <!-- layerwright -->– #2 open<!-- /layerwright -->\r\n"),
        "{text}"
    );

    let (_, writes) = world.step(&[]);
    assert_eq!(writes, Vec::<String>::new(), "nothing has changed");
}

/// The first box is ticked and wave 1 opens; what it opened is given back.
fn second_wave(world: &World, issue: u64) -> BTreeMap<String, u64> {
    world.merge(world.open()["a"]);
    let (after, _) = world.step(&[]);
    assert_eq!(shown(&after), "a done, b open, c open, d open, e ready");
    let text = world.issue(issue);
    assert!(
        text.contains("- [x] a/Dockerfile <!-- layerwright -->– #2 merged<!-- /layerwright -->\r\n"),
        "{text}"
    );
    let head = world.scratch.git.head().unwrap().peel_to_tree().unwrap();
    let slug = slug(&RepoPath::new("a/Dockerfile").unwrap()).unwrap();
    assert!(
        head.get_path(format!("plans/copy-link/evidence/{slug}.json").as_ref()).is_ok(),
        "proof lands with the change"
    );

    world.open()
}

/// What people close stays closed, and what they take back pauses the campaign.
fn declined_and_reverted(world: &World, issue: u64, open: &BTreeMap<String, u64>) {
    world.patch(&format!("/pulls/{}", open["c"]), &json!({"state": "closed"}));
    world.merge(open["b"]);
    let head = world.scratch.git.head().unwrap().peel_to_tree().unwrap();
    assert_eq!(head.get_path("b/Dockerfile".as_ref()).unwrap().filemode(), 0o100_755, "modes are kept");
    let (after, _) = world.step(&[]);
    assert_eq!(shown(&after), "a done, b done, c declined, d open, e ready");
    let text = world.issue(issue);
    assert!(text.contains(&format!("– #{} declined", open["c"])), "{text}");
    let declined = format!("<b>care</b> <!-- layerwright -->– #{} declined", open["c"]);
    assert!(
        text.contains(&declined) && text.contains(": tick to try again<!-- /layerwright -->\r\n"),
        "{text}"
    );
    assert_eq!(world.open().keys().collect::<Vec<_>>(), ["d"], "a declined file stays closed");

    world.merge(open["d"]);
    world.write("d/Dockerfile", &linkable("d"));
    let (after, writes) = world.step(&[]);
    assert_eq!(shown(&after), "a done, b done, c declined, d reverted, e ready");
    assert!(world.open().is_empty(), "a revert pauses: {writes:?}");
    assert!(world.issue(issue).contains("**Later waves pause: a file was reverted.**"));
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, Vec::<String>::new());

    let status = world.status();
    assert_eq!(status["files"][3]["state"], "reverted", "{status:#}");
    assert_eq!(status["files"][2]["pull"], json!(open["c"]));

    let tick = |line: &str| {
        let is_asked = line.contains("tick to try again<");
        if is_asked { line.replacen("[ ]", "[x]", 1) } else { line.to_owned() }
    };
    let ticked: String = world.issue(issue).split_inclusive('\n').map(tick).collect();
    assert_eq!(ticked.matches("[x]").count(), world.issue(issue).matches("[x]").count() + 2, "{ticked}");
    world.patch(&format!("/issues/{issue}"), &json!({"body": ticked}));
    world.step(&[]);
    assert_eq!(world.open().keys().collect::<Vec<_>>(), ["c", "d"], "people asked for them again");
}

/// All that is left is merged: boxes and criteria are ticked, and the rest is as people wrote it.
fn to_the_end(world: &World, issue: u64) {
    for file in ["c", "d"] {
        world.merge(world.open()[file]);
    }
    world.step(&[]);
    world.merge(world.open()["e"]);
    let (after, _) = world.step(&[]);
    assert_eq!(shown(&after), "a done, b done, c done, d done, e done");
    let text = world.issue(issue);
    assert_eq!(without_campaign(&text), ISSUE);
    for path in ["a/Dockerfile", "`b/Dockerfile`", "c/Dockerfile, with", "[d/Dockerfile]"] {
        assert!(text.contains(&format!("[x] {path}")), "{path}: {text}");
    }
    for criterion in [
        "The header is in every file that uses `--link` and needs it: 5 of 5 files",
        "Every line that the plan selects is linked: 5 of 5 lines",
        "Every image is the same before and after the change: 5 of 5 files",
        "Build times and cache were compared: measured in 5 of 5 files: when the base image changes, 10 of 10 layers are \
         reused, 0 before",
        "The builders can link: docker-container (BuildKit 0.25.1)",
        "The roll-out is complete: 5 of 5 files",
    ] {
        assert!(text.contains(&format!("- [x] {criterion}\r\n")), "{criterion}: {text}");
    }
    assert!(!text.contains("Both images behave the same"), "without a command it is no criterion: {text}");
    let platforms = "- [ ] Every platform works: 5 of 5 files built (linux/amd64). Hosts";
    assert!(text.contains(platforms), "{text}");
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, Vec::<String>::new(), "a campaign that is done writes nothing");
    let out = tempfile::tempdir().unwrap();
    let page = out.path().join("status.html");
    let (run, writes) = world.report(&["--status-page", page.to_str().unwrap()]);
    run.done();
    assert_eq!(writes, Vec::<String>::new(), "a page is nothing that GitHub gets");
    let html = std::fs::read_to_string(page).unwrap();
    let (_, data) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    assert_eq!((&data["totals"]["files"], &data["totals"]["verified"]), (&json!(5), &json!(5)));
    assert_eq!((&data["issue"], &data["commit"]), (&json!(issue), &json!(world.main())));
}

#[test]
fn a_clone_that_is_behind_is_told_to_fetch() {
    let Some(emulator) = emulator() else { return };
    let world = World::new(&emulator, "behind");
    let before = world.main();
    let tree = world.get(&format!("/git/commits/{before}"))["tree"]["sha"].clone();
    let commit = world.post("/git/commits", &json!({"message": "More", "tree": tree, "parents": [before]}));
    world.patch("/git/refs/heads/main", &json!({"sha": commit["sha"]}));
    let (run, writes) = world.report(&[]);
    run.failed(&["this clone does not have", "git fetch origin"]);
    assert_eq!(writes, Vec::<String>::new());
}

#[test]
fn patches_and_texts_are_written_for_other_forges() {
    // An image of the profile: `report` judges it without files of the machine.
    let scratch = Scratch::with(&[("a/Dockerfile", "FROM debian:12\nCOPY x /srv/x\n"), ("a/x", "")]);
    scratch.plan(&["--save"]);
    scratch.write("layerwright.toml", "[campaign]\ntrust = \"assumed\"\n").commit("Plan\n");
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("out");
    let run = scratch.run(&["report", "--create-issue", "--out", folder.to_str().unwrap()]).done();
    assert!(run.stdout.contains("Written to ") && !run.stdout.contains("Nothing was written"), "{run:?}");
    assert!(!run.stdout.contains("#10000000"), "no number of a rehearsal is shown: {run:?}");
    let slug = slug(&RepoPath::new("a/Dockerfile").unwrap()).unwrap();
    let read = |name: String| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("issue.md".into()).contains("- [ ] `a/Dockerfile`"));
    assert!(read(format!("{slug}.md")).starts_with("# Use COPY --link in `a/Dockerfile`\n"));
    let patch = folder.join(format!("{slug}.patch"));
    let applied = crate::support::git(scratch.root(), &["apply", patch.to_str().unwrap()]);
    assert!(applied.status.success(), "{applied:?}");
    let plan: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    let now = hash_blob(&scratch.read("a/Dockerfile")).unwrap();
    assert_eq!(plan["files"][0]["rewritten"], now.as_str());
}

#[test]
fn what_can_not_be_reported_is_an_error() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x"))]);
    scratch.run(&["report"]).failed(&["there is no plan yet", "plan --save"]);
    scratch.save(&Base::new());
    scratch.run(&["report"]).failed(&["`origin` is not a repository", "--repo OWNER/REPO"]);
    scratch.run(&["report", "--repo", "o/r"]).failed(&["there is no token", "GITHUB_TOKEN"]);
    scratch.run(&["report", "--repo", "o/r", "--issue", "o/other#1"]).failed(&["is not in o/r"]);
    scratch.run(&["report", "--repo", "o"]).failed(&["`o` is not a repository"]);
    scratch.write("key.pem", "no key");
    scratch
        .run(&["report", "--repo", "o/r", "--app-id", "1", "--app-key", "key.pem"])
        .failed(&["it is not PEM"]);
}

#[test]
fn a_branch_of_migrate_that_a_person_pushed_is_the_campaigns() {
    let Some(emulator) = emulator() else { return };
    let world = World::new(&emulator, "pushed");
    let git = &world.scratch.git;
    let main = git.head().unwrap().target().unwrap();
    let mut migrate = command(world.scratch.root());
    for who in ["AUTHOR", "COMMITTER"] {
        let set = [("NAME", "A"), ("EMAIL", "a@example.com"), ("DATE", "1700000000 +0000")];
        migrate.envs(set.map(|(what, value)| (format!("GIT_{who}_{what}"), value)));
    }
    Run::of(migrate.args(["migrate", "--commit"]).output().unwrap()).done();
    let branch = git.branches(Some(git2::BranchType::Local)).unwrap().map(|found| found.unwrap().0);
    let branch = branch.filter(|found| found.name().unwrap() != Some("main")).collect::<Vec<_>>();
    let [branch] = branch.as_slice() else { panic!("not one branch") };
    let (name, pushed) = (branch.name().unwrap().unwrap(), branch.get().target().unwrap());
    world.push_branch(name, pushed, Some(main));
    let (states, _) = world.step(&["--create-issue"]);
    assert_eq!(states["a"], "open", "{states:?}");
    let pull = world.get(&format!("/pulls/{}", world.open()["a"]));
    assert_eq!(pull["head"]["ref"], name);
    // Its evidence came with one more commit, on top of what the person pushed.
    let above = world.get(&format!("/compare/{main}...{name}"));
    let ids: Vec<&Value> = above["commits"].as_array().unwrap().iter().map(|commit| &commit["sha"]).collect();
    assert!(ids.len() == 2 && ids.contains(&&json!(pushed.to_string())), "{above:#}");
    let (_, writes) = world.step(&[]);
    assert_eq!(writes, [""; 0], "nothing has changed");
}
