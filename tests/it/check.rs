//! `layerwright check`: what is found in a repository that was migrated by hand.

use serde_json::{Value, json};

use crate::support::{Base, Scratch};

const HAZARDS: &str = "# syntax=docker/dockerfile:1.2
FROM base:1
COPY --link x /tmp/
COPY --link --chmod=755 x /opt/y
COPY --link x /bin
COPY --link x /opt/a/
";

fn findings(report: &Value) -> Vec<(String, u64, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |found: &Value| {
        (text(&found["path"]), found["line"].as_u64().unwrap(), text(&found["kind"]), found["rule"].clone())
    };
    report["findings"].as_array().unwrap().iter().map(finding).collect()
}

fn scratch() -> Scratch {
    Scratch::with(&[
        ("a,b/Dockerfile", HAZARDS),
        ("a,b/x", ""),
        ("good/Dockerfile", "FROM base:1\nCOPY --link x /opt/\nCOPY x /tmp/\n"),
        ("good/x", ""),
        ("other/Dockerfile", "FROM other:1\nCOPY --link x /opt/\n"),
        ("other/x", ""),
        ("scratch/Dockerfile", "FROM scratch\nCOPY --link x /\n"),
        ("scratch/x", ""),
    ])
}

#[test]
fn linked_lines_that_change_the_image_or_do_nothing_are_found() {
    let base = Base::new();
    let run = scratch().run(&["check", "--format", "json", "--rootfs", &base.argument()]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let report = run.json();
    let at = |line, kind: &str, rule| ("a,b/Dockerfile".to_owned(), line, kind.to_owned(), rule);
    let expected = [
        at(3, "header", Value::Null),
        at(3, "hazard", json!("ancestor-mode")),
        at(4, "inert", json!("chmod-disables-link")),
        at(5, "hazard", json!("symlink-destination")),
    ];
    assert_eq!(findings(&report), expected);
    assert_eq!((&report["files"], &report["linked"]), (&json!(4), &json!(7)));
}

#[test]
fn what_can_not_be_told_is_counted_and_no_finding() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM other:1\nCOPY --link x /opt/\n"), ("x", "")]);
    let run = scratch.run(&["check"]).done();
    assert!(run.stdout.contains("1 linked line: 0 findings; 1 line unknown"), "{}", run.stdout);
}

/// A guard that leaves a file out in silence guards nothing.
#[test]
fn a_dockerfile_that_is_not_read_is_a_finding_and_is_refused_in_the_plan() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::with(&[("good/Dockerfile", "FROM scratch\nCOPY --link x /\n"), ("good/x", "")]);
    let bytes = |name: &[u8]| std::path::PathBuf::from(std::ffi::OsStr::from_bytes(name));
    for folder in [b"tab\there".as_slice(), b"line\nhere/below", b"caf\xe9"] {
        let folder = scratch.root().join(bytes(folder));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Dockerfile"), "FROM scratch\n").unwrap();
    }
    std::fs::write(scratch.root().join(bytes(b"\t.Dockerfile")), "FROM scratch\n").unwrap();
    scratch.write("large/Dockerfile", "#\n".repeat(3 << 20)).write("good/text", "FROM scratch\n");
    scratch.link("out.Dockerfile", "/etc/hostname").link("gone.Dockerfile", "nowhere");
    scratch.link("other.Dockerfile", "good/text").link("same.Dockerfile", "good/Dockerfile");
    scratch.write("layerwright.toml", "[files]\nexclude = [\"left.*\"]\n").link("left.Dockerfile", "nowhere");
    scratch.commit("Odd");
    let expected = [
        "\\t.Dockerfile",
        "caf\u{fffd}/Dockerfile",
        "gone.Dockerfile",
        "large/Dockerfile",
        "line\\nhere/below/Dockerfile",
        "other.Dockerfile",
        "out.Dockerfile",
        "tab\\there/Dockerfile",
    ];
    let run = scratch.run(&["check", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let mut found = findings(&run.json());
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let unread = |path: &str| (path.to_owned(), 1, "unread".to_owned(), Value::Null);
    assert_eq!(found, expected.map(unread));
    let plan = scratch.plan(&[]);
    let mut refused: Vec<&str> =
        plan["refused"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    refused.sort_unstable();
    assert_eq!(refused, expected);
    assert_eq!(plan["files"].as_array().unwrap().len(), 1);
    let shown = scratch.run(&["plan"]).done().stdout;
    assert!(shown.contains("Refused: 8 files"), "{shown}");
}

#[test]
fn an_accepted_difference_is_no_finding() {
    let base = Base::new();
    let scratch = Scratch::with(&[("Dockerfile", "FROM base:1\nCOPY --link x /tmp/\n"), ("x", "")]);
    let arguments = ["check", "--rootfs", &base.argument()];
    assert_eq!(scratch.run(&arguments).code, Some(1));
    scratch.write(
        "layerwright.toml",
        "[[waivers]]\nrule = \"ancestor-mode\"\npath = \"/tmp\"\nreason = \"why\"\n",
    );
    scratch.run(&arguments).done();
}

#[test]
fn github_shows_each_finding_at_its_line() {
    let base = Base::new();
    let run = scratch().run(&["check", "--format", "github", "--rootfs", &base.argument()]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    let starts = |line: &str, level: &str, at: usize| {
        line.starts_with(&format!("::{level} file=a%2Cb/Dockerfile,line={at},title=COPY --link%3A "))
    };
    assert!(starts(lines[1], "error", 3) && starts(lines[3], "warning", 4), "{lines:#?}");
    assert!(lines[1].ends_with("::`/tmp` is 1777 and would become 0755"), "{lines:#?}");
    let right = "and `--link` would replace it with the file; write /usr/bin/ instead of /bin";
    assert!(lines[2].ends_with(right), "the line is linked, so nothing says that it is changed: {lines:#?}");
}

#[test]
fn the_working_tree_the_index_or_a_commit_is_read() {
    let base = Base::new();
    let good = "FROM base:1\nCOPY x /tmp/\n";
    let scratch = Scratch::with(&[("Dockerfile", good), ("x", "")]);
    let check = |more: &[&str]| {
        let run = scratch.run(&[&["check", "--rootfs", &base.argument()], more].concat());
        let last = run.stdout.lines().last().unwrap().to_owned();
        (run.code, last)
    };
    scratch.write("Dockerfile", good.replace("COPY", "COPY --link"));
    let commit = scratch.git.head().unwrap().target().unwrap().to_string();
    let at = &commit[..10];
    assert_eq!(
        check(&[]),
        (Some(1), "1 Dockerfile in the working tree, 1 linked line: 1 finding".to_owned())
    );
    assert_eq!(check(&["--staged"]).1, "1 Dockerfile in the index, 0 linked lines: 0 findings");
    assert_eq!(
        check(&["--rev", "HEAD"]).1,
        format!("1 Dockerfile in commit {at}, 0 linked lines: 0 findings")
    );
    let mut index = scratch.git.index().unwrap();
    index.add_path("Dockerfile".as_ref()).unwrap();
    index.write().unwrap();
    assert_eq!(check(&["--staged"]).0, Some(1));
    scratch.write("Dockerfile", good);
    assert_eq!((check(&[]).0, check(&["--staged"]).0), (Some(0), Some(1)));
    // A file that git does not track is not part of the repository.
    scratch.write("new/Dockerfile", good.replace("COPY", "COPY --link"));
    assert_eq!(check(&[]).0, Some(0));
    let plan = scratch.run(&["plan"]).done();
    let note =
        format!("note: commit {at} was read: changes that are not committed are ignored, in Dockerfile");
    assert!(plan.stderr.contains(&note), "{plan:?}");
    assert!(plan.stdout.contains(&format!("in commit {at}.")), "{plan:?}");
}

/// GitHub shows 10 annotations of a level and step.
#[test]
fn annotations_that_github_would_not_show_are_counted_and_logged() {
    let base = Base::new();
    let many = "FROM base:1\nCOPY --link x /tmp/\n".repeat(14);
    let scratch = Scratch::with(&[("Dockerfile", &format!("{many}COPY --link --chmod=1 x /opt/y\n"))]);
    scratch.write("x", "").commit("x");
    let run = scratch.run(&["check", "--format", "github", "--rootfs", &base.argument()]);
    let errors = run.stdout.lines().filter(|line| line.starts_with("::error ")).count();
    let warnings = run.stdout.lines().filter(|line| line.starts_with("::warning ")).count();
    assert_eq!((errors, warnings), (10, 1), "{}", run.stdout);
    assert!(run.stdout.contains("::5 more findings: see the log"), "{}", run.stdout);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("- Dockerfile:")).count(), 5);
}
