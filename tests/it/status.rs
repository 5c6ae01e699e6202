//! `layerwright status --offline`: what the plan and the base branch say together.

use serde_json::{Value, json};

use crate::support::{Base, Scratch, linkable};

/// Five files in waves of one, three and one, a file that is left alone and a waiver; a plan of it is saved.
fn planned() -> (Scratch, Value) {
    let scratch = Scratch::new();
    for name in ["a", "b", "c", "d", "e"] {
        scratch.write(&format!("{name}/Dockerfile"), linkable(name)).write(&format!("{name}/{name}"), name);
    }
    scratch.write("f/Dockerfile", linkable("f"));
    scratch.write(
        "layerwright.toml",
        "[files]\nskip = [{ path = \"f/Dockerfile\", reason = \"retired in May\" }]\n\
         [[waivers]]\nrule = \"ancestor-mode\"\npath = \"/root\"\nreason = \"nobody looks\"\n",
    );
    scratch.commit("First");
    let plan = scratch.save(&Base::new());
    assert_eq!(
        plan["waves"]
            .as_array()
            .unwrap()
            .iter()
            .map(|wave| wave["files"].as_array().unwrap().len())
            .collect::<Vec<_>>(),
        [1, 3, 1]
    );
    (scratch, plan)
}

fn status(scratch: &Scratch) -> Value {
    scratch.run(&["status", "--offline", "--format", "json"]).done().json()
}

/// Each file with its state, wave by wave.
fn states(status: &Value) -> Vec<String> {
    let waves = status["waves"].as_array().unwrap().iter();
    let files = waves.flat_map(|wave| {
        let number = wave["number"].clone();
        let files = wave["files"].as_array().unwrap().iter();
        files.map(move |file| {
            format!("{number} {} {}", file["path"].as_str().unwrap(), file["state"].as_str().unwrap())
        })
    });
    files.collect()
}

#[test]
fn each_file_is_done_open_stale_or_gone() {
    let (scratch, plan) = planned();
    let open = [
        "0 a/Dockerfile open",
        "1 b/Dockerfile open",
        "1 c/Dockerfile open",
        "1 d/Dockerfile open",
        "2 e/Dockerfile open",
    ];
    let before = status(&scratch);
    assert_eq!(states(&before), open);
    assert_eq!(
        (&before["next"], &before["revision"], &before["campaign"]),
        (&json!(0), &json!("main"), &json!("copy-link"))
    );
    scratch.run(&["migrate", "--write"]).done();
    assert_eq!(states(&status(&scratch)), open, "what is not committed is not done");
    scratch.write("c/Dockerfile", format!("{}RUN more\n", linkable("c"))).remove("d/Dockerfile");
    let second = scratch.commit("Second");
    let after = status(&scratch);
    assert_eq!(
        states(&after),
        [
            "0 a/Dockerfile done",
            "1 b/Dockerfile open",
            "1 c/Dockerfile stale",
            "1 d/Dockerfile gone",
            "2 e/Dockerfile open"
        ]
    );
    // It was merged without evidence, for which the next wave waits.
    assert_eq!((&after["next"], &after["commit"]), (&json!(0), &json!(second.as_str())));
    assert_eq!(after["step"]["command"], "layerwright verify a/Dockerfile");
    let stale = &after["waves"][1]["files"][1];
    assert_eq!(stale["planned"], plan["files"][2]["blob"]);
    let now =
        scratch.git.head().unwrap().peel_to_tree().unwrap().get_path("c/Dockerfile".as_ref()).unwrap().id();
    assert_eq!(stale["now"], json!(now.to_string()));
    assert_eq!(after["waves"][1]["files"][2]["now"], Value::Null);
    assert_eq!(after["skipped"], json!([{"path": "f/Dockerfile", "reason": "retired in May"}]));
    assert_eq!(after["waivers"][0]["rule"], "ancestor-mode");
    let first = scratch.run(&["status", "--offline", "--rev", "HEAD~1", "--format", "json"]).done().json();
    assert_eq!((states(&first).join("\n"), &first["revision"]), (open.join("\n"), &json!("HEAD~1")));
}

#[test]
fn branches_of_the_campaign_are_listed() {
    let (scratch, _) = planned();
    let head = scratch.git.head().unwrap().peel_to_commit().unwrap();
    for name in ["layerwright/copy-link/b-2", "layerwright/copy-link/a-1", "layerwright/other/a-1", "topic"] {
        scratch.git.branch(name, &head, false).unwrap();
    }
    let id = head.id().to_string();
    let expected = json!([
        {"name": "layerwright/copy-link/a-1", "commit": id},
        {"name": "layerwright/copy-link/b-2", "commit": id},
    ]);
    assert_eq!(status(&scratch)["branches"], expected);
    scratch.git.set_head_detached(head.id()).unwrap();
    assert_eq!(status(&scratch)["revision"], Value::Null);
}

#[test]
fn branches_of_a_campaign_with_a_space_in_its_name_are_listed() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    scratch.write("layerwright.toml", "[campaign]\ndir = \"plans/copy link\"\n").commit("Campaign");
    scratch.save(&Base::new());
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    scratch.run(&["migrate", "--commit"]).done();
    let status = status(&scratch);
    assert_eq!(status["campaign"], "copy link");
    let branches = status["branches"].as_array().unwrap();
    assert_eq!(branches.len(), 1, "{status:#}");
    let name = branches[0]["name"].as_str().unwrap();
    assert!(name.starts_with("layerwright/copy-link/a-Dockerfile-"), "{name}");
}

#[test]
fn the_screen_fits_and_names_each_file_that_changed() {
    let (scratch, _) = planned();
    let deep = "a-rather-long-folder-name/".repeat(3);
    scratch.write(&format!("{deep}Dockerfile"), linkable("z")).commit("Second");
    scratch.save(&Base::new());
    scratch.write("c/Dockerfile", "FROM other\n").write(&format!("{deep}Dockerfile"), "FROM other\n");
    scratch.remove("d/Dockerfile").commit("Third");
    let shown = scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let has = |words: &[&str]| shown.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == words);
    assert!(
        has(&["Wave", "files", "merged", "to", "do", "declined", "stale", "gone", "verified"]),
        "{shown}"
    );
    assert!(has(&["0", "1", "0", "1", "0", "0", "0", "0", "next"]), "{shown}");
    assert!(has(&["1", "3", "0", "1", "0", "1", "1", "0"]), "{shown}");
    for line in [
        "2 files have changed since the plan",
        "c/Dockerfile planned for",
        "Gone: 1 file is no longer there",
        "layerwright plan --save",
        "f/Dockerfile: retired in May",
        "ancestor-mode:/root in **: nobody looks",
        "layerwright verify --wave 0",
        "copy-link on main at",
        "0 of 6 files finished",
    ] {
        assert!(shown.contains(line), "`{line}` is not in: {shown}");
    }
}

#[test]
fn a_finished_campaign_says_so() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write"]).done();
    scratch.commit("Second");
    assert_eq!(status(&scratch)["next"], Value::Null);
    let shown = scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.contains("1 of 1 file finished") && shown.contains("Finished: 1 merged."), "{shown}");
}

#[test]
fn dockerfiles_that_came_after_the_plan_are_named() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    scratch.write("layerwright.toml", "[files]\nexclude = ['out/**']\n").commit("Configuration");
    scratch.save(&Base::new());
    assert_eq!(status(&scratch)["new"], json!([]));
    for path in ["b/Dockerfile", "out/Dockerfile", "vendor/Dockerfile"] {
        scratch.write(path, linkable("b"));
    }
    scratch.commit("More");
    assert_eq!(status(&scratch)["new"], json!(["b/Dockerfile"]));
    let shown = scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.contains("Not planned: 1 Dockerfile is not in the plan. To add it:"), "{shown}");
    assert!(shown.contains("  b/Dockerfile\n") && !shown.contains("vendor/Dockerfile"), "{shown}");
}

#[test]
fn what_can_not_be_told_is_an_error() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a"))]);
    scratch.run(&["status", "--offline"]).failed(&[
        "no plan yet",
        "plans/copy-link/plan.json",
        "plan --save",
    ]);
    scratch
        .write("plan.json", "{")
        .run(&["status", "--offline", "--plan", "plan.json"])
        .failed(&["plan.json:1:1"]);
    scratch.save(&Base::new());
    scratch.run(&["status", "--offline", "--rev", "nowhere"]).failed(&["nowhere"]);
    scratch.run(&["status"]).failed(&["`origin` is not a repository", "--repo OWNER/REPO"]);
    let folder = tempfile::tempdir().unwrap();
    let plan = scratch.root().join("plans/copy-link/plan.json");
    let arguments = ["status", "--offline", "--plan", plan.to_str().unwrap()];
    crate::support::run(folder.path(), &arguments).failed(&["not a git repository", "--repository"]);
    let other = Scratch::with(&[("a/Dockerfile", "FROM other\n")]);
    other.run(&arguments).refused(&["not in this repository"]);
}

#[test]
fn a_page_is_written_without_a_token() {
    let (scratch, _) = planned();
    scratch.git.remote("origin", "git@github.com:acme/shop.git").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["status"][..], &["status", "--offline"]] {
        let page = folder.path().join("status.html");
        let page = page.to_str().unwrap();
        scratch.run(&[arguments, &["--page", page]].concat()).done();
        let html = std::fs::read_to_string(page).unwrap();
        std::fs::remove_file(page).unwrap();
        let (_, json) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
        let data: Value = serde_json::from_str(json.split_once("</script>").unwrap().0).unwrap();
        assert_eq!((&data["totals"]["files"], &data["repository"]), (&json!(5), &json!("acme/shop")));
        assert_eq!(data["left"][0]["why"], json!("retired in May"));
        let line = &data["waves"][0]["files"][0]["lines"][0];
        assert_eq!(
            (&line["before"], &line["text"]),
            (&json!("COPY a /srv/a"), &json!("COPY --link a /srv/a"))
        );
        let commit = scratch.git.head().unwrap().target().unwrap();
        assert!(html.contains(&format!("href=\"https://github.com/acme/shop/commit/{commit}\"")), "{html}");
        assert!(!html.split("<script").next().unwrap().contains('`'), "a backtick is no code on a page");
    }
    scratch.run(&["status", "--open"]).failed(&["--page"]);
}
