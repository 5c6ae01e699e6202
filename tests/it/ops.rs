//! A whole small campaign through the library alone: no process, no argument, nothing printed.

use std::sync::Mutex;

use layerwright::campaign::progress::{StepKind, TextState};
use layerwright::config::Config;
use layerwright::images::file::FileSource;
use layerwright::ops::{
    self, AcceptOptions, Accepted, CheckOptions, InspectOptions, Knowledge, MigrateError, MigrateOptions,
    Mode, NamedText, Notice, PlanOptions, RevertOptions, Save, Saved, Selection, StatusOptions,
};

use crate::support::{Base, Scratch, linkable};

fn knowledge(base: &Base) -> Knowledge {
    Knowledge { images: FileSource::new([base.argument().as_str()]).unwrap(), ..Knowledge::default() }
}

fn repository() -> Scratch {
    Scratch::with(&[
        ("a/Dockerfile", &linkable("x")),
        ("a/x", "x"),
        ("b/Dockerfile", &linkable("x")),
        ("b/x", "x"),
    ])
}

#[test]
fn a_campaign_goes_from_plan_to_status() {
    let (scratch, base) = (repository(), Base::new());
    let plan =
        PlanOptions { knowledge: knowledge(&base), save: Save::InPlace, ..PlanOptions::new(scratch.root()) };
    let planned = ops::plan(&plan, &|_| {}).unwrap();
    let place = scratch.open().working_tree().unwrap().join("plans/copy-link/plan.json");
    assert_eq!(planned.saved, Saved::InPlace(place.clone()));
    let waves: Vec<&[String]> = planned.plan.waves.iter().map(|wave| wave.files.as_slice()).collect();
    assert_eq!(waves, [["a/Dockerfile"], ["b/Dockerfile"]]);
    let saved = std::fs::read(&place).unwrap();
    assert_eq!(ops::read_plan(&place, &saved).unwrap(), planned.plan);

    let shown = ops::migrate(&MigrateOptions::new(scratch.root()), &|_| {}).unwrap();
    assert_eq!(shown.changes.len(), 1);
    assert!(shown.changes[0].diff().contains("\n+COPY --link x "), "{}", shown.changes[0].diff());
    assert_eq!(scratch.text("a/Dockerfile"), linkable("x"), "a diff writes nothing");

    let write = MigrateOptions { mode: Mode::Write, ..MigrateOptions::new(scratch.root()) };
    let second = MigrateOptions { selection: Some(Selection::Wave(1)), mode: Mode::Write, ..write };
    let refused = ops::migrate(&second, &|_| {}).unwrap_err();
    assert!(matches!(refused, MigrateError::Unfinished { wave: 0, .. }), "{refused}");

    let told = Mutex::new(Vec::new());
    let watch = |notice: &Notice<'_>| match notice {
        Notice::Unverified(files) => told.lock().unwrap().push(format!("unverified {}", files[0].0)),
        Notice::Written { path, lines, .. } => told.lock().unwrap().push(format!("{path} {lines}")),
        _ => {}
    };
    let first = MigrateOptions { selection: None, ..second };
    let written = ops::migrate(&first, &watch).unwrap();
    assert!(written.left_out.is_empty() && written.branches.is_empty());
    assert_eq!(scratch.read("a/Dockerfile"), written.changes[0].new);
    assert_eq!(*told.lock().unwrap(), ["unverified a/Dockerfile", "a/Dockerfile 1"]);

    scratch.commit("Wave 0");
    let status = ops::status(&StatusOptions::new(scratch.root()), &|_| {}).unwrap();
    let states: Vec<TextState> =
        status.waves.iter().flat_map(|wave| &wave.files).map(|file| file.state).collect();
    assert_eq!((states, status.next), (vec![TextState::Done, TextState::Open], Some(0)));
    assert_eq!(status.step.kind, StepKind::Verify, "it was merged without evidence");

    let revert = RevertOptions {
        repository: scratch.root().to_owned(),
        selection: Selection::Files(vec!["a/Dockerfile".into()]),
        mode: Mode::Write,
        base: None,
        plan: None,
    };
    let reverted = ops::revert(&revert, &|_| {}).unwrap();
    assert_eq!((reverted.changed.changes.len(), reverted.lines_left), (1, 0));
    assert_eq!(scratch.text("a/Dockerfile"), linkable("x"));
}

#[test]
fn a_branch_is_made_without_touching_the_working_tree() {
    let (scratch, base) = (repository(), Base::new());
    let options = MigrateOptions {
        mode: Mode::Commit,
        knowledge: knowledge(&base),
        ..MigrateOptions::new(scratch.root())
    };
    scratch.git.config().unwrap().set_str("user.name", "A").unwrap();
    scratch.git.config().unwrap().set_str("user.email", "a@example.com").unwrap();
    let changed = ops::migrate(&options, &|_| {}).unwrap();
    assert_eq!(changed.branches.len(), 1);
    assert!(scratch.git.find_branch(&changed.branches[0].name, git2::BranchType::Local).is_ok());
    assert_eq!(scratch.changed(), [""; 0]);
}

#[test]
fn linked_lines_are_checked_and_files_inspected() {
    let text = "FROM base:1\nCOPY --link x /tmp/\nCOPY x /tmp/\n";
    let (scratch, base) = (Scratch::with(&[("Dockerfile", text), ("x", "")]), Base::new());
    let options = CheckOptions { knowledge: knowledge(&base), ..CheckOptions::new(scratch.root()) };
    let report = ops::check(&options, &|_| {}).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
    assert!(found.contains(&("Dockerfile", 2)), "{found:?}");

    let file = NamedText { path: "Dockerfile".into(), text: text.into() };
    let options = InspectOptions { files: vec![file], context: None, knowledge: knowledge(&base) };
    let inspection = ops::inspect(&options, &|_| {}).unwrap().inspection;
    let lines: Vec<usize> = inspection.files[0].sites.iter().map(|site| site.line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn a_difference_is_accepted_once() {
    let scratch = repository();
    let accepted = Accepted { rule: "ancestor-mode".into(), path: "/root".into() };
    let options = AcceptOptions {
        repository: scratch.root().to_owned(),
        accepted: vec![accepted],
        files: Vec::new(),
        reason: "only root logs in".into(),
    };
    ops::accept(&options).unwrap();
    ops::accept(&options).unwrap();
    let config = Config::read(&ops::configuration(scratch.root(), None).unwrap()).unwrap();
    assert_eq!(config.waivers.len(), 1);
    assert_eq!((config.waivers[0].file.as_str(), config.waivers[0].path.as_str()), ("**", "/root"));
}

#[test]
fn a_configuration_to_start_from_is_written_once_and_changes_nothing() {
    let scratch = Scratch::with(&[
        ("a/Dockerfile", "FROM debian:12\nCOPY x /srv/x\n"),
        ("a/x", ""),
        (
            "gen/Dockerfile",
            "# DO NOT EDIT: created by update.sh from Dockerfile.template\nFROM a\nCOPY x /y\n",
        ),
        ("CODEOWNERS", "* @acme/images\n"),
    ]);
    let effective = || scratch.run(&["plan", "--print-config"]).done().stdout;
    let before = effective();
    scratch.run(&["init"]).done();
    let text = scratch.text("layerwright.toml");
    for part in [
        "# [build.\"a/Dockerfile\"]\n# context = \"a\"\n",
        "#   gen/Dockerfile\n",
        "# by = \"owner\"",
        "# poc = \"a/Dockerfile\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let values = |text: &str| text.lines().filter(|line| !line.contains("layerwright.toml")).count();
    assert_eq!(values(&effective()), values(&before), "each value is the default");
    // Without the signs of comments it is valid too.
    let own: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains('=') || line.starts_with('['))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(own.contains("max_open = 10"), "{own}");
    scratch.run(&["init"]).refused(&["layerwright.toml is there already"]);
    assert_eq!(scratch.text("layerwright.toml"), text);
}

#[test]
fn each_command_has_its_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("man");
    crate::support::run(folder.path(), &["man", there.to_str().unwrap()]).done();
    for page in ["layerwright.1", "layerwright-plan.1", "layerwright-verify.1"] {
        let text = std::fs::read_to_string(there.join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH OPTIONS"), "{page}: {text}");
    }
}
