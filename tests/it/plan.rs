//! `layerwright plan`: what it prints as JSON, where it writes it, and what it says besides.

use std::fs;

use layerwright::campaign::plan::file::{Class, Plan};
use layerwright::edit::header::Header;
use serde_json::{Value, json};

use crate::support::{Base, Run, Scratch, command, linkable, run, run_with_input};

/// The plan in the types of the library.
fn typed(plan: &Value) -> Plan {
    Plan::read(plan.to_string().as_bytes()).unwrap()
}

fn paths(plan: &Plan) -> Vec<&str> {
    plan.files.iter().map(|file| file.path.as_str()).collect()
}

/// Three Dockerfiles, of which two have something to link.
fn three() -> Scratch {
    Scratch::with(&[
        ("a/Dockerfile", &linkable("one")),
        ("a/one", "1\n"),
        ("b/Dockerfile", "FROM base:1\nRUN true\n"),
        ("c/Dockerfile", &linkable("two")),
        ("c/two", "2\n"),
    ])
}

#[test]
fn the_same_object_is_printed_and_written_and_is_the_same_bytes_each_time() {
    let (scratch, base) = (three(), Base::new());
    let rootfs = base.argument();
    let arguments = ["plan", "--format", "json", "--rootfs", &rootfs];
    let first = scratch.run(&arguments).done();
    assert_eq!(first.stderr, "");
    assert!(first.stdout.starts_with("{\n  \"schema\": 1,\n  \"commit\": \""), "{}", first.stdout);
    assert!(first.stdout.ends_with("\n}\n"));
    assert_eq!(scratch.run(&arguments).done().stdout, first.stdout);
    for threads in ["1", "4"] {
        let mut one = command(scratch.root());
        let again = Run::of(one.args(arguments).env("RAYON_NUM_THREADS", threads).output().unwrap());
        assert_eq!(again.done().stdout, first.stdout, "with {threads} threads");
    }
    let pretty = serde_json::to_string_pretty(&first.json()).unwrap();
    assert_eq!(pretty.lines().count(), first.stdout.lines().count(), "one key a line, two spaces");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("deep/er/plan.json");
    scratch.run(&["plan", "--rootfs", &rootfs, "-o", file.to_str().unwrap()]).done();
    assert_eq!(fs::read_to_string(&file).unwrap(), first.stdout);
    assert_eq!(scratch.changed(), [""; 0], "without --save nothing is written to the repository");
    let saved = scratch.run(&["plan", "--save", "--format", "json", "--rootfs", &rootfs]).done();
    assert_eq!(saved.stdout, first.stdout);
    assert_eq!(scratch.text("plans/copy-link/plan.json"), first.stdout);
    assert_eq!(scratch.changed(), ["plans/copy-link/bases.json", "plans/copy-link/plan.json"]);
    assert_eq!(scratch.mode("plans/copy-link/plan.json"), 0o644);
    // The plan does not depend on itself, nor on the folder that it is asked for in.
    assert_eq!(scratch.run(&arguments).done().stdout, first.stdout);
    assert_eq!(run(&scratch.root().join("c"), &arguments).done().stdout, first.stdout);
}

#[test]
fn the_folder_of_the_plan_can_be_moved() {
    let scratch = three();
    scratch.write("layerwright.toml", "[campaign]\ndir = \"ops/link/\"\n");
    scratch.run(&["plan", "--save"]).done();
    assert_eq!(scratch.changed(), ["layerwright.toml", "ops/link/plan.json"]);
    scratch.write("layerwright.toml", "[campaign]\ndir = \"../out\"\n");
    scratch.run(&["plan", "--save"]).failed(&["layerwright.toml", "[campaign] dir", "../out"]);
    scratch.write("layerwright.toml", "[campain]\n");
    scratch.run(&["plan"]).failed(&["layerwright.toml:1:2", "campain", "`campaign`"]);
}

#[test]
fn a_configuration_that_is_no_file_is_told() {
    let scratch = three();
    scratch.link("layerwright.toml", "/dev/zero");
    scratch.run(&["plan"]).failed(&["layerwright.toml cannot be read", "write it as a file"]);
    scratch.remove("layerwright.toml").write("layerwright.toml/x", "");
    scratch.run(&["migrate", "--write"]).failed(&["layerwright.toml cannot be read"]);
}

#[test]
fn a_plan_records_what_it_was_made_from() {
    let (scratch, base) = (three(), Base::new());
    let rootfs = base.argument();
    let plan = scratch.plan(&["--rootfs", &rootfs, "--build-arg", "V=1=2"]);
    let head = scratch.git.head().unwrap().target().unwrap().to_string();
    assert_eq!(plan["commit"], json!(head));
    assert_eq!(plan["build_args"], json!({"V": "1=2"}));
    assert_eq!(plan["syntax"], json!("docker/dockerfile:1"));
    assert_eq!(plan["selects"], json!(["pays", "neutral"]));
    let file = &plan["files"][0];
    assert_eq!(
        file["blob"],
        json!(
            git2::Oid::hash_object(git2::ObjectType::Blob, &scratch.read("a/Dockerfile"))
                .unwrap()
                .to_string()
        )
    );
    assert_eq!(
        file["bases"],
        json!([{"image": "base:1", "known": true, "source": "rootfs", "digest": null}])
    );
    assert_eq!(file["contexts"][0]["root"], json!("a"));
    assert_eq!(file["header"], json!({"kind": "insert", "value": "docker/dockerfile:1"}));
    assert_eq!(file["sites"][0]["verdict"], json!("link"));
    assert_eq!(file["sites"][0]["proved"], json!(true));
    assert_eq!(file["sites"][0]["selected"], json!(true));
    let without = scratch.plan(&[]);
    assert_eq!(without["files"][0]["sites"][0]["verdict"], json!("unknown"));
    assert_eq!(without["waves"], json!([]), "what is not known is not edited");
    scratch.run(&["plan", "--build-arg", "=1"]).failed(&["--build-arg =1", "NAME=VALUE"]);
    scratch.run(&["plan", "--rootfs", "base:1"]).failed(&["--rootfs base:1", "IMAGE=PATH"]);
    scratch.run(&["plan", "--rootfs", "base:1=no.tar"]).failed(&["no.tar", "cannot read"]);
}

#[test]
fn every_class_of_file_is_judged_and_only_plain_ones_are_edited() {
    let generated =
        format!("# DO NOT EDIT: created by update.sh from Dockerfile.template\n{}", linkable("x"));
    let scratch = Scratch::with(&[
        ("gen/Dockerfile", &generated),
        ("gen/x", ""),
        ("plain/Dockerfile", &linkable("x")),
        ("plain/x", ""),
        ("skip/Dockerfile", &linkable("x")),
        ("skip/x", ""),
        ("tpl/Dockerfile", "FROM base:1\nCOPY x /x\n{{ if .Debug }}\nRUN y\n{{ end }}\n"),
        ("bad/Dockerfile", "FROM base:1\nCOPY x /srv/x\nCOPI x /x\n"),
        ("layerwright.toml", "[[files.skip]]\npath = \"skip/Dockerfile\"\nreason = \"rebuilt next week\"\n"),
        ("other/Dockerfile", "# syntax=example.org/frontend:2\nFROM base:1\nCOPY x /srv/x\n"),
        ("vendor/Dockerfile", "FROM a\n"),
    ]);
    let rootfs = Base::new();
    let rootfs_argument = rootfs.argument();
    let plan = typed(&scratch.plan(&["--rootfs", &rootfs_argument]));
    let file = |path: &str| plan.file(path).unwrap();
    let skip = |path: &str| file(path).skip.clone().unwrap();
    assert!(
        matches!(&file("gen/Dockerfile").class, Class::Generated { line: 1, template: Some(template), .. }
        if template == "Dockerfile.template")
    );
    assert!(skip("gen/Dockerfile").contains("--edit-generated"), "{}", skip("gen/Dockerfile"));
    assert_eq!(file("gen/Dockerfile").sites[0].proved, Some(true), "judged all the same");
    assert_eq!((&file("plain/Dockerfile").class, &file("plain/Dockerfile").skip), (&Class::Plain, &None));
    assert_eq!(skip("skip/Dockerfile"), "rebuilt next week");
    assert_eq!(file("tpl/Dockerfile").class, Class::Template);
    assert!(skip("tpl/Dockerfile").contains("template"));
    assert!(skip("bad/Dockerfile").contains("line 3") && skip("bad/Dockerfile").contains("COPI"));
    assert_eq!((file("bad/Dockerfile").errors[0].line, file("bad/Dockerfile").sites.len()), (3, 1));
    assert!(skip("other/Dockerfile").contains("example.org/frontend:2"));
    for file in plan.files.iter().filter(|file| file.skip.is_some()) {
        assert!(file.selected().next().is_none() && file.rewritten.is_none() && file.wave.is_none());
        assert_eq!(file.header, Header::Keep, "{}", file.path);
    }
    assert_eq!(plan.left_out.get("in vendor/"), Some(&1));
    assert_eq!(plan.waves.len(), 1);
    assert_eq!(plan.waves[0].files, ["plain/Dockerfile"]);
    let edited = typed(&scratch.plan(&["--rootfs", &rootfs_argument, "--edit-generated"]));
    assert_eq!(edited.file("gen/Dockerfile").unwrap().skip, None);
    assert_eq!(edited.waves.iter().map(|wave| wave.files.len()).sum::<usize>(), 2);
}

/// A repository of `count` files, each with one line to link.
fn many(count: usize) -> Scratch {
    let scratch = Scratch::new();
    for at in 0..count {
        scratch.write(&format!("s{at:02}/Dockerfile"), linkable("x")).write(&format!("s{at:02}/x"), "x");
    }
    scratch.commit("First");
    scratch
}

#[test]
fn waves_grow_and_hold_every_file_once() {
    let (scratch, base) = (many(45), Base::new());
    let plan = typed(&scratch.plan(&["--rootfs", &base.argument()]));
    let sizes: Vec<usize> = plan.waves.iter().map(|wave| wave.files.len()).collect();
    assert_eq!(sizes, [1, 3, 9, 27, 5]);
    let mut all: Vec<&str> = plan.waves.iter().flat_map(|wave| &wave.files).map(String::as_str).collect();
    for (number, wave) in plan.waves.iter().enumerate() {
        assert_eq!(wave.number, number);
        assert!(wave.files.iter().all(|path| plan.file(path).unwrap().wave == Some(number)));
    }
    all.sort_unstable();
    assert_eq!(all, paths(&plan));
    assert!(plan.waves[0].reason.contains("1 proved"), "{}", plan.waves[0].reason);
    scratch.write("layerwright.toml", "[waves]\nsizes = [2]\npoc = \"s44/Dockerfile\"\n");
    let plan = typed(&scratch.plan(&["--rootfs", &base.argument()]));
    assert_eq!(plan.waves[0].files, ["s44/Dockerfile"]);
    assert!(plan.waves[0].reason.contains("poc"));
    let sizes: Vec<usize> = plan.waves.iter().map(|wave| wave.files.len()).collect();
    assert_eq!(sizes, [1, 2, 6, 18, 18]);
    scratch.write("layerwright.toml", "[waves]\nsizes = [0]\n");
    scratch.run(&["plan"]).failed(&["layerwright.toml", "sizes"]);
}

#[test]
fn a_waiver_makes_a_held_line_eligible_and_names_its_reason() {
    let scratch = Scratch::with(&[
        ("a/Dockerfile", "FROM base:1\nCOPY x /root/x\n"),
        ("a/x", ""),
        ("b/Dockerfile", "FROM base:1\nCOPY x /root/x\nCOPY x /tmp/x\n"),
        ("b/x", ""),
    ]);
    let base = Base::new();
    let before = scratch.plan(&["--rootfs", &base.argument()]);
    let site = &before["files"][0]["sites"][0];
    assert_eq!(
        (&site["verdict"], &site["proved"], &site["replacement"]),
        (&json!("hold"), &json!(true), &Value::Null)
    );
    assert_eq!(site["reasons"][0]["rule"], json!("ancestor-mode"));
    assert_eq!(site["reasons"][0]["path"], json!("/root"));
    let message = site["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("0700") && message.contains("0755"), "{message}");
    let waiver =
        "[[waivers]]\nfile = \"b/**\"\nrule = \"ancestor-mode\"\npath = \"/root\"\nreason = \"root alone\"\n";
    scratch.write("layerwright.toml", waiver);
    let plan = typed(&scratch.plan(&["--rootfs", &base.argument()]));
    assert_eq!(plan.waivers.len(), 1);
    assert!(plan.file("a/Dockerfile").unwrap().selected().next().is_none(), "the glob leaves it out");
    let sites = &plan.file("b/Dockerfile").unwrap().sites;
    assert!(sites[0].selected && sites[0].replacement.as_deref() == Some("COPY --link x /root/x"));
    assert!(sites[0].reasons.iter().any(|reason| reason.message.contains("accepted: root alone")));
    assert!(!sites[1].selected, "the waiver is for /root, not for /tmp");
    scratch.write("layerwright.toml", waiver.replace("ancestor-mode", "ancestor-mood"));
    scratch.run(&["plan"]).failed(&["ancestor-mood", "layerwright explain"]);
}

#[test]
fn a_list_is_reconciled_with_the_repository() {
    let (scratch, base) = (three(), Base::new());
    scratch.write("old/Dockerfile", "FROM base:1\nRUN one\nRUN two\nRUN three\n").commit("Second");
    scratch.remove("old/Dockerfile").commit("Third");
    let list = "# To do\n- [ ] a/Dockerfile\n- [x] `old/Dockerfile`\n* ../up/Dockerfile\n* /etc/Dockerfile\n";
    let rootfs = base.argument();
    let arguments = ["plan", "--format", "json", "--rootfs", &rootfs, "--list", "-"];
    let listed = run_with_input(scratch.root(), &arguments, list.as_bytes()).done().json();
    assert_eq!(listed["list"]["found"], json!(["a/Dockerfile"]));
    assert_eq!(listed["list"]["gone"][0]["path"], json!("old/Dockerfile"));
    assert_eq!(
        listed["list"]["gone"][0]["removed_in"],
        json!(scratch.git.head().unwrap().target().unwrap().to_string())
    );
    assert_eq!(listed["list"]["unlisted"], json!(["b/Dockerfile", "c/Dockerfile"]));
    assert_eq!(listed["list"]["refused"].as_array().unwrap().len(), 2);
    assert_eq!(paths(&typed(&listed)), ["a/Dockerfile"]);
    assert_eq!(listed["waves"][0]["files"], json!(["a/Dockerfile"]));
    let with_all = [&arguments[..], &["--all"]].concat();
    let all = run_with_input(scratch.root(), &with_all, list.as_bytes()).done().json();
    assert_eq!(all["list"], listed["list"]);
    assert_eq!(paths(&typed(&all)), ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]);
    run_with_input(scratch.root(), &["plan", "--list", "-"], b"nothing here\n")
        .failed(&["lists no Dockerfile"]);
    scratch.run(&["plan", "--list", "no.md"]).failed(&["no.md", "cannot be read"]);
}

#[test]
fn a_new_plan_keeps_the_list_that_the_saved_one_was_made_from() {
    let (scratch, base) = (three(), Base::new());
    let rootfs = base.argument();
    let list = "- [ ] a/Dockerfile\n- [ ] ~~b/Dockerfile~~\n- [ ] old/Dockerfile\n";
    let save = ["plan", "--save", "--format", "json", "--rootfs", &rootfs];
    let first = run_with_input(scratch.root(), &[&save[..], &["--list", "-"]].concat(), list.as_bytes());
    let first = first.done().json();
    assert_eq!(paths(&typed(&first)), ["a/Dockerfile", "b/Dockerfile"], "what is struck out is judged");
    scratch.commit("Plan");
    let again = scratch.run(&save).done().json();
    assert_eq!(
        (&again["list"], paths(&typed(&again))),
        (&first["list"], vec!["a/Dockerfile", "b/Dockerfile"])
    );
    assert_eq!(again["files"][1]["skip"], json!("struck out in the list"));
    // A look at one folder shows what is there, and --all plans the rest too, now and later.
    let look = scratch.run(&["plan", "c", "--format", "json"]).done().json();
    assert_eq!(paths(&typed(&look)), ["c/Dockerfile"]);
    let all = scratch.run(&[&save[..], &["--all"]].concat()).done().json();
    assert_eq!(paths(&typed(&all)), ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]);
    let later = scratch.run(&save).done().json();
    assert_eq!((&later["list"], &later["files"]), (&all["list"], &all["files"]));
    let afresh = scratch.run(&[&save[..], &["--afresh"]].concat()).done().json();
    assert_eq!(afresh["list"], Value::Null);
}

#[test]
fn a_plan_reads_the_commit_and_says_what_it_does_not_see() {
    let scratch = three();
    let first = scratch.git.head().unwrap().target().unwrap().to_string();
    scratch.write("a/Dockerfile", "FROM changed\n").write("d/Dockerfile", "FROM new\n");
    let noted = scratch.run(&["plan", "--format", "json"]).done();
    assert!(
        noted.stderr.contains("changes that are not committed are ignored, in a/Dockerfile\n"),
        "{}",
        noted.stderr
    );
    assert_eq!(paths(&typed(&noted.json())), ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]);
    assert_eq!(noted.json()["files"][0]["bases"][0]["image"], json!("base:1"));
    scratch.commit("Second");
    let second = scratch.run(&["plan", "--format", "json"]).done();
    assert_eq!(second.stderr, "");
    assert_eq!(paths(&typed(&second.json())).len(), 4);
    let old = scratch.run(&["plan", "--format", "json", "--rev", "HEAD~1"]).done();
    assert_eq!((old.json()["commit"].as_str(), old.stderr.as_str()), (Some(first.as_str()), ""));
    assert_eq!(old.json()["files"], noted.json()["files"]);
    scratch.run(&["plan", "--rev", "nowhere"]).failed(&["nowhere", "git fetch"]);
}

#[test]
fn a_folder_without_git_is_planned_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), linkable("x")).unwrap();
    fs::write(folder.path().join("x"), "").unwrap();
    let base = Base::new();
    let plan =
        run(folder.path(), &["plan", "--save", "--format", "json", "--rootfs", &base.argument()]).done();
    assert_eq!(plan.json()["commit"], Value::Null);
    assert_eq!(plan.json()["waves"][0]["files"], json!(["Dockerfile"]));
    assert_eq!(fs::read_to_string(folder.path().join("plans/copy-link/plan.json")).unwrap(), plan.stdout);
    run(folder.path(), &["plan", "Dockerfile"]).failed(&["Dockerfile is not a folder", "inspect"]);
    run(folder.path(), &["plan", "nowhere"]).failed(&["nowhere cannot be opened"]);
}

#[test]
fn a_bare_repository_is_planned_from_its_commit() {
    let scratch = three();
    scratch.write("layerwright.toml", "[[files.skip]]\npath = \"c/Dockerfile\"\nreason = \"later\"\n");
    scratch.commit("Second");
    let folder = tempfile::tempdir().unwrap();
    git2::build::RepoBuilder::new()
        .bare(true)
        .clone(scratch.root().to_str().unwrap(), &folder.path().join("bare.git"))
        .unwrap();
    let bare = folder.path().join("bare.git");
    let base = Base::new();
    let plan = run(&bare, &["plan", "--format", "json", "--rootfs", &base.argument()]).done();
    assert_eq!(plan.json(), scratch.plan(&["--rootfs", &base.argument()]));
    assert_eq!(plan.json()["files"][2]["skip"], json!("later"));
    run(&bare, &["plan", "--save"]).failed(&["bare repository", "-o FILE"]);
    run(&bare, &["migrate", "--write", "--rootfs", &base.argument()]).failed(&["bare", "--diff"]);
}

#[test]
fn benefits_are_selected_as_asked() {
    let base = Base::new();
    let text = "FROM base:1\nCOPY x /srv/x\nRUN true\nCOPY x /opt/x\n";
    let scratch = Scratch::with(&[("Dockerfile", text), ("x", "")]);
    let selected = |arguments: &[&str]| -> Vec<bool> {
        let rootfs = base.argument();
        let plan = scratch.plan(&[&["--rootfs", &rootfs], arguments].concat());
        typed(&plan).files[0].sites.iter().map(|site| site.selected).collect()
    };
    assert_eq!(selected(&[]), [true, true]);
    assert_eq!(selected(&["--only", "pays"]), [false, true]);
    scratch.run(&["plan", "--only", "pays", "--include", "costs"]).failed(&["--only", "--include"]);
}

#[test]
fn the_issue_that_lists_the_files_is_remembered_and_struck_files_are_not_planned() {
    let scratch = Scratch::with(&[
        ("a/Dockerfile", &linkable("a")),
        ("a/a", ""),
        ("b/Dockerfile", &linkable("b")),
        ("b/b", ""),
        ("images/c.docker", &linkable("a")),
        ("layerwright.toml", "[files]\ninclude = [\"images/*.docker\"]\n"),
    ]);
    let list =
        "- [ ] a/Dockerfile\n- [ ] ~~b/Dockerfile~~\n- [ ] `images/c.docker`\n- [ ] x\\b\\Dockerfile\n";
    std::fs::write(scratch.root().join("list.md"), list).unwrap();
    let plan = scratch.plan(&["--list", "list.md", "--rootfs", &Base::new().argument()]);
    assert_eq!(plan["list"]["found"], json!(["a/Dockerfile", "images/c.docker"]));
    assert_eq!(plan["list"]["struck"], json!(["b/Dockerfile"]));
    assert_eq!(plan["list"]["refused"][0]["path"], json!("x\\b\\Dockerfile"));
    assert_eq!(plan["list"].get("issue"), None);
    let b = plan["files"].as_array().unwrap().iter().find(|file| file["path"] == "b/Dockerfile").unwrap();
    assert_eq!((&b["skip"], &b["wave"]), (&json!("struck out in the list"), &Value::Null));
    let shown = scratch.run(&["plan", "--list", "list.md"]).done().stdout;
    assert!(shown.contains("List: 2 of 4 listed files found, 1 struck out, 1 not understood."), "{shown}");
}
