//! `layerwright check`: what is found in a repository that was migrated by hand.

use serde_json::{Value, json};

use crate::support::{Base, Scratch, Tar, linkable};

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
        at(3, "header", json!("old-header")),
        at(3, "hazard", json!("ancestor-mode")),
        at(4, "inert", json!("chmod-disables-link")),
        at(5, "hazard", json!("symlink-destination")),
    ];
    assert_eq!(findings(&report), expected);
    assert_eq!((&report["files"], &report["linked"]), (&json!(4), &json!(7)));
}

/// That the build fails is certain, and more knowledge does not hide it.
#[test]
fn a_linked_line_with_a_named_owner_says_that_its_build_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = Tar::new();
    tar.dir("etc", 0o755).file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/sh\napp:x:7:7::/:/bin/sh\n");
    tar.file("etc/group", 0o644, b"root:x:0:\napp:x:7:\n").dir("opt", 0o755).owned_dir("app", 0o755, 7, 7);
    std::fs::write(folder.path().join("base.tar"), tar.bytes()).unwrap();
    let base = format!("base:1={}", folder.path().join("base.tar").display());
    let text = "FROM base:1\nCOPY --link --chown=app x /opt/y\nCOPY --link --chown=app x /app/y\n\
                FROM other\nCOPY --link --chown=app x /opt/y\n";
    let scratch = Scratch::with(&[("Dockerfile", text), ("x", "")]);
    let report = scratch.run(&["check", "--format", "json", "--rootfs", &base]).json();
    let at = |line, rule: &str| ("Dockerfile".to_owned(), line, "hazard".to_owned(), json!(rule));
    let expected =
        [at(2, "chown-ancestors"), at(2, "named-chown"), at(3, "named-chown"), at(5, "named-chown")];
    assert_eq!(findings(&report), expected);
    let shown = scratch.run(&["check", "--rootfs", &base]).stdout;
    assert!(
        shown.contains(
            "Dockerfile:3: unsafe --link: `--link` cannot look up `app` in the image, and the build"
        )
    );
    assert!(!shown.contains("change"), "a build that fails changes no image: {shown}");
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
    let unread = |path: &str| (path.to_owned(), 1, "unread".to_owned(), json!("unread-file"));
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
        (
            Some(1),
            "1 Dockerfile in the working tree, 1 linked line: 1 finding; 1 with --fix --unsafe-fixes"
                .to_owned()
        )
    );
    assert_eq!(check(&["--staged"]).1, "0 Dockerfiles in the index, 0 linked lines: 0 findings");
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

const HAZARD: &str = "FROM base:1\nCOPY --link x /tmp/\n";

/// What a check with these arguments prints, and its exit code.
fn check(scratch: &Scratch, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let base = Base::new();
    let rootfs = ["--rootfs", &base.argument()];
    let text = std::fs::read_to_string(scratch.root().join("Dockerfile")).unwrap_or_default();
    let given: &[&str] = if text.contains("base:1") { &rootfs } else { &[] };
    let run = scratch.run(&[&["check", "--format", "json"], given, arguments].concat());
    let report = run.json();
    let shown = findings(&report)
        .into_iter()
        .map(|(path, line, _, rule)| format!("{path}:{line} {}", rule.as_str().unwrap_or_default()));
    (run.code, shown.collect())
}

#[test]
fn only_what_a_branch_adds_is_reported_wherever_its_lines_moved() {
    let scratch = Scratch::with(&[("Dockerfile", HAZARD), ("x", "")]);
    scratch.write("Dockerfile", "FROM base:1\nENV A=b\nCOPY --link x /tmp/\n");
    assert_eq!(check(&scratch, &["--since", "HEAD"]), (Some(0), Vec::new()));
    let inert = "COPY --link --chmod=1 x /x\n";
    scratch.write("Dockerfile", format!("{HAZARD}{inert}")).commit("Second");
    scratch.write("Dockerfile", format!("{HAZARD}{inert}{inert}"));
    let (code, found) = check(&scratch, &["--since", "HEAD"]);
    assert_eq!((code, found.len()), (Some(1), 1), "the same text once more is new: {found:?}");
    let run = scratch.run(&["check", "--since", "origin/main"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
}

#[test]
fn a_baseline_hides_what_is_in_it_and_says_what_is_gone() {
    let scratch = Scratch::with(&[("Dockerfile", HAZARD), ("x", "")]);
    let base = Base::new();
    let run =
        |arguments: &[&str]| scratch.run(&[&["check", "--rootfs", &base.argument()], arguments].concat());
    run(&["--write-baseline", "known.json"]).done();
    scratch
        .write("Dockerfile", format!("{HAZARD}COPY --link --chmod=1 x /x\n").replace("FROM", "# new\nFROM"));
    assert_eq!(check(&scratch, &["--baseline", "known.json"]).1, ["Dockerfile:4 chmod-disables-link"]);
    scratch.write("Dockerfile", "FROM base:1\nCOPY x /tmp/\n");
    let gone = run(&["--baseline", "known.json"]).done().stdout;
    assert!(
        gone.contains("remove it from the baseline: Dockerfile: ancestor-mode: COPY --link x /tmp/"),
        "{gone}"
    );
    scratch.write("known.json", "{}");
    assert_eq!(run(&["--baseline", "known.json"]).code, Some(2));
}

#[test]
fn the_ratchet_reports_what_could_be_linked_and_is_not() {
    let scratch = Scratch::with(&[("Dockerfile", &linkable("x")), ("x", "")]);
    assert_eq!(check(&scratch, &[]).1, Vec::<String>::new());
    let (code, found) = check(&scratch, &["--ratchet"]);
    assert!(code == Some(1) && found.iter().all(|found| found.ends_with(" unlinked")), "{found:?}");
    assert_eq!(check(&scratch, &["--ratchet", "--since", "HEAD"]), (Some(0), Vec::new()));
    scratch.save(&Base::new());
    scratch.run(&["skip", "Dockerfile", "--reason", "retired"]).done();
    assert_eq!(check(&scratch, &["--ratchet"]), (Some(0), Vec::new()), "people left it out");
}

#[test]
fn a_linked_line_of_which_nothing_is_known_is_named() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM other:1\nCOPY --link x /tmp/x\n"), ("x", "")]);
    let report = scratch.run(&["check", "--format", "json"]).json();
    let unknown = &report["unknown_lines"][0];
    assert_eq!(
        (&report["unknown"], &unknown["path"], &unknown["line"]),
        (&json!(1), &json!("Dockerfile"), &json!(2))
    );
    let shown = scratch.run(&["check", "--verbose"]).done().stdout;
    assert!(shown.contains("Dockerfile:2: unknown: ") && shown.contains("other:1"), "{shown}");
    assert!(scratch.run(&["check"]).done().stdout.contains("; 1 line unknown (--verbose names it; --bases"));
    assert_eq!(scratch.run(&["check", "--fail-on", "any"]).code, Some(0), "it is not a finding");
    assert_eq!(scratch.run(&["check", "--fail-on", "unsafe,unknown"]).code, Some(1));
    let since = ["check", "--fail-on", "unknown", "--since", "HEAD"];
    assert_eq!(scratch.run(&since).code, Some(0), "HEAD has it");
    scratch.write("Dockerfile", "FROM other:1\nCOPY --link x /tmp/x\nCOPY --link x /tmp/y\n");
    assert_eq!(scratch.run(&since).code, Some(1), "one more");
}

/// A check judges only the files that it may find something in; what it says is about all of them.
#[test]
fn files_without_a_linked_line_are_counted_and_their_comments_are_read() {
    let linked = "FROM scratch\nCOPY --link --chmod=0644 a /a\n";
    let scratch = Scratch::with(&[
        ("a/Dockerfile", "FROM scratch\nCOPY --li\\\nnk --chmod=0644 a /a\n"),
        ("b/Dockerfile", "FROM debian:12\nCOPY a /a\n"),
        ("c/Dockerfile", "FROM debian:12\n# layerwright: ignore[ancestor-mode] not needed\nCOPY a /a\n"),
        ("d/Dockerfile", "FROM scratch\nONBUILD COPY --link --chmod=0644 a /a\n"),
        ("e/Dockerfile", "FROM a\nCOPY --from=x=y a\n"),
    ]);
    let report = scratch.run(&["check", "--format", "json"]).json();
    assert_eq!((&report["files"], &report["linked"]), (&json!(5), &json!(2)), "{report:#}");
    let found: Vec<(String, String)> =
        findings(&report).into_iter().map(|(path, _, kind, _)| (path, kind)).collect();
    let of = |path: &str, kind: &str| (format!("{path}/Dockerfile"), kind.to_owned());
    assert_eq!(found, [of("a", "inert"), of("c", "unused"), of("d", "inert")], "{report:#}");
    let one = scratch.run(&["check", "b", "--format", "json"]).json();
    assert_eq!((&one["files"], findings(&one)), (&json!(1), vec![]));
    // A waiver that accepts nothing shows only where all files are judged, and so does what could be linked.
    let config =
        "[[waivers]]\nrule = \"ancestor-mode\"\nfile = \"b/Dockerfile\"\npath = \"\"\nreason = \"x\"\n";
    scratch.write("a/Dockerfile", linked).write("layerwright.toml", config).commit("Waive");
    let waived = findings(&scratch.run(&["check", "--format", "json"]).json());
    assert!(
        waived.iter().any(|(path, _, kind, _)| path == "layerwright.toml" && kind == "unused"),
        "{waived:?}"
    );
}

#[test]
fn a_comment_above_ignores_a_finding_and_one_that_ignores_nothing_is_found() {
    let ignored = HAZARD.replace("COPY", "# layerwright: ignore[ancestor-mode] the image is a test\nCOPY");
    let scratch = Scratch::with(&[("Dockerfile", &ignored), ("x", "")]);
    assert_eq!(check(&scratch, &[]), (Some(0), Vec::new()));
    scratch.write("Dockerfile", ignored.replace("--link ", ""));
    assert_eq!(check(&scratch, &[]), (Some(1), vec!["Dockerfile:2 unused-ignore".to_owned()]));
    scratch.write("Dockerfile", "FROM base:1\nCOPY x /opt/\n");
    scratch.write("layerwright.toml", "[[waivers]]\nrule = \"ancestor-mode\"\nreason = \"why\"\n");
    assert_eq!(check(&scratch, &[]).1, ["layerwright.toml:2 unused-waiver"]);
}

#[test]
fn safe_edits_are_written_and_others_only_if_they_are_asked_for() {
    let text = "FROM base:1\nCOPY --link --chmod=755 x /opt/y\nCOPY --link x /tmp/\nCOPY --link x /bin\n";
    let scratch = Scratch::with(&[("Dockerfile", text), ("x", "")]);
    let base = Base::new();
    let fix =
        |more: &[&str]| scratch.run(&[&["check", "--rootfs", &base.argument(), "--fix"], more].concat());
    let shown = fix(&[]).stdout;
    assert!(shown.contains("1 fixed in 1 file"), "{shown}");
    // The build context is a guess, so the edit of the last line is not proved.
    assert_eq!(scratch.text("Dockerfile"), text.replace("--link --chmod", "--chmod"));
    assert_eq!(fix(&["--unsafe-fixes"]).code, Some(0));
    let all = "FROM base:1\nCOPY --chmod=755 x /opt/y\nCOPY x /tmp/\nCOPY --link x /usr/bin/\n";
    assert_eq!(scratch.text("Dockerfile"), all);
    assert_eq!(fix(&[]).code, Some(0));
}

const CI: &str = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v5\n      - name: Build\n        uses: docker/build-push-action@v6\n        with: {context: ., push: true}\n";

#[test]
fn a_builder_that_ignores_linked_lines_is_a_note_with_its_step() {
    let path = ".github/workflows/ci.yml";
    let scratch = Scratch::with(&[("Dockerfile", "FROM scratch\nCOPY --link x /x\n"), ("x", ""), (path, CI)]);
    assert_eq!(check(&scratch, &[]), (Some(0), vec![format!("{path}:8 builder-github-ubuntu-22-24")]));
    assert_eq!(check(&scratch, &["--fail-on", "ignores"]).0, Some(1));
    scratch.run(&["check", "--fix"]).done();
    let step = "      - uses: docker/setup-buildx-action@v4\n      - name: Build\n";
    assert_eq!(scratch.text(path), CI.replace("      - name: Build\n", step));
    assert_eq!(check(&scratch, &[]).1, Vec::<String>::new());
    scratch.write("Dockerfile", "FROM scratch\nCOPY x /x\n").write(path, CI);
    assert_eq!(check(&scratch, &[]).1, Vec::<String>::new(), "nothing is linked, so nothing is ignored");
}

#[test]
fn a_builder_that_rejects_linked_lines_is_an_error() {
    let gitlab = "build:\n  image: gcr.io/kaniko-project/executor:v1.9.0\n  script:\n    - /kaniko/executor --context .\n";
    let scratch = Scratch::with(&[
        ("Dockerfile", "FROM scratch\nCOPY --link x /x\n"),
        ("x", ""),
        (".gitlab-ci.yml", gitlab),
    ]);
    let found = vec![".gitlab-ci.yml:4 builder-kaniko-before-1-9-2".to_owned()];
    assert_eq!(check(&scratch, &[]), (Some(1), found));
    assert_eq!(check(&scratch, &["--fail-on", "unsafe,header"]).0, Some(0));
}

#[test]
fn wrong_advice_in_documents_and_scripts_is_found() {
    let scratch = Scratch::with(&[
        ("README.md", "Build it:\n\n    docker build --link-local-copy=true .\n"),
        ("build.sh", "#!/bin/sh\nexport DOCKER_BUILDKIT_INLINE_CACHE=1\n"),
        ("vendor/README.md", "docker build --link-local-copy .\n"),
    ]);
    let expected = ["README.md:3 advice-link-local-copy", "build.sh:2 advice-inline-cache"];
    assert_eq!(check(&scratch, &[]).1, expected);
}

#[test]
fn what_is_staged_is_compared_with_head() {
    let scratch = Scratch::with(&[("Dockerfile", HAZARD), ("x", ""), ("b/Dockerfile", "FROM base:1\n")]);
    let stage = |path: &str| {
        let mut index = scratch.git.index().unwrap();
        index.add_path(path.as_ref()).unwrap();
        index.write().unwrap();
    };
    assert_eq!(check(&scratch, &["--staged"]).0, Some(0));
    scratch.write("b/Dockerfile", "FROM base:1\nCOPY x /tmp/\n");
    stage("b/Dockerfile");
    assert_eq!(check(&scratch, &["--staged"]).0, Some(0));
    scratch.write("b/Dockerfile", HAZARD);
    stage("b/Dockerfile");
    assert_eq!(check(&scratch, &["--staged"]), (Some(1), vec!["b/Dockerfile:2 ancestor-mode".to_owned()]));
}

/// GitHub, "SARIF support for code scanning": what it reads, and its limits.
#[test]
fn sarif_has_what_github_reads() {
    let base = Base::new();
    let inert = "COPY --link --chmod=1 x /x\n".repeat(2);
    let scratch = Scratch::with(&[("a b/Dockerfile", &format!("FROM base:1\n{inert}")), ("a b/x", "")]);
    let run = scratch.run(&["check", "--format", "sarif", "--rootfs", &base.argument()]).done();
    let log = run.json();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let prints: Vec<&Value> =
        results.iter().map(|result| &result["partialFingerprints"]["primaryLocationLineHash"]).collect();
    assert!(prints.len() == 2 && prints[0] != prints[1], "{prints:?}");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/Dockerfile");
    assert_eq!((&place["region"]["startLine"], &results[0]["level"]), (&json!(2), &json!("warning")));
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    assert_eq!(rules[0]["id"], results[0]["ruleId"]);
    assert!(rules[0]["help"]["text"].as_str().is_some_and(|text| text.contains("## Why")), "{rules}");
    let moved = Scratch::with(&[("a b/Dockerfile", &format!("# more\nFROM base:1\n{inert}")), ("a b/x", "")]);
    let again = moved.run(&["check", "--format", "sarif", "--rootfs", &base.argument()]).done().json();
    let print = &again["runs"][0]["results"][0]["partialFingerprints"]["primaryLocationLineHash"];
    assert_eq!(print, prints[0], "a fingerprint does not depend on the line");
}

#[test]
fn gitlab_and_junit_have_each_finding() {
    let base = Base::new();
    let scratch = Scratch::with(&[("Dockerfile", HAZARD), ("x", "")]);
    let format = |format: &str| scratch.run(&["check", "--format", format, "--rootfs", &base.argument()]);
    let gitlab = format("gitlab").json();
    assert_eq!(gitlab[0]["location"], json!({"path": "Dockerfile", "lines": {"begin": 2, "end": 2}}));
    assert_eq!(
        (&gitlab[0]["check_name"], &gitlab[0]["severity"]),
        (&json!("ancestor-mode"), &json!("major"))
    );
    let junit = format("junit").stdout;
    assert!(
        junit.contains("tests=\"1\" failures=\"1\"") && junit.contains("name=\"Dockerfile:2 ancestor-mode\"")
    );
    scratch.write("Dockerfile", "FROM base:1\n");
    assert!(format("junit").done().stdout.contains("tests=\"1\" failures=\"0\""));
}
