//! `layerwright inspect`: the shape of its JSON, and what it takes.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Base, left_out, run, run_with_input};

const FILE: [&str; 4] = ["path", "errors", "syntax", "sites"];
const SITE: [&str; 17] = [
    "line",
    "end_line",
    "keyword",
    "onbuild",
    "stage",
    "flags",
    "sources",
    "heredocs",
    "destination",
    "verdict",
    "proved",
    "replacement",
    "assumptions",
    "reasons",
    "benefit",
    "selected",
    "audit",
];

/// The keys that stand `depth` levels deep in a pretty-printed text, in order.
fn keys(text: &str, depth: usize) -> Vec<&str> {
    let indent = " ".repeat(2 * depth);
    text.lines()
        .filter_map(|line| line.strip_prefix(indent.as_str())?.strip_prefix('"')?.split_once("\":"))
        .map(|(key, _)| key)
        .collect()
}

/// A folder with one file.
fn folder(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), text).unwrap();
    folder
}

/// The sites of a text that is given on standard input.
fn sites(text: &str, arguments: &[&str]) -> Value {
    let all = [&["inspect", "-", "--format", "json"], arguments].concat();
    let folder = tempfile::tempdir().unwrap();
    run_with_input(folder.path(), &all, text.as_bytes()).done().json()["files"][0]["sites"].take()
}

#[test]
fn the_json_has_exactly_the_documented_shape() {
    let text = "# syntax=docker/dockerfile:1.3\nFROM alpine AS build\nFROM base:1\n\
                COPY --from=build \"/out/tool\" /usr/local/bin\nCOPY x /root/x\n\
                COPY --link x /tmp/x\nCOPI\nARG V\nCOPY <<A <<B /etc/x/\nA\nB\nRUN y\n";
    let (folder, base) = (folder(text), Base::new());
    let run =
        run(folder.path(), &["inspect", "Dockerfile", "--format", "json", "--rootfs", &base.argument()]);
    let run = run.done();
    assert_eq!(keys(&run.stdout, 1), ["schema", "files"]);
    assert_eq!(keys(&run.stdout, 3), FILE);
    let inner = keys(&run.stdout, 4);
    assert_eq!(inner, ["current", "required"], "the header; errors and sites are lists, one level deeper");
    let deeper = keys(&run.stdout, 5);
    let expected: Vec<&str> =
        ["line", "column", "message"].into_iter().chain(SITE).chain(SITE).chain(SITE).chain(SITE).collect();
    assert_eq!(deeper, expected);
    for level in keys(&run.stdout, 7).chunks(3) {
        assert!(level == ["rule", "path", "message"] || level == ["line", "path", "message"], "{level:?}");
    }
    let linked = keys(&run.stdout, 6);
    assert_eq!(linked, ["verdict", "reasons", "fix"], "the audit");
    let file = &run.json()["files"][0];
    assert_eq!(run.json()["schema"], json!(1));
    assert_eq!(file["path"], json!("Dockerfile"));
    assert_eq!(file["syntax"], json!({"current": "docker/dockerfile:1.3", "required": "1.4"}));
    assert_eq!((&file["errors"][0]["line"], &file["errors"][0]["column"]), (&json!(7), &json!(1)));
    let site = &file["sites"][0];
    let expected = json!({
        "line": 4, "end_line": 4, "keyword": "COPY", "onbuild": false, "stage": 1, "flags": ["--from=build"],
        "sources": ["\"/out/tool\""], "heredocs": 0, "destination": "/usr/local/bin",
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&site[key], value, "{key}");
    }
    let held = &file["sites"][1];
    assert_eq!(
        (&held["verdict"], &held["replacement"], &held["audit"]),
        (&json!("hold"), &Value::Null, &Value::Null)
    );
    let linked = &file["sites"][2];
    assert_eq!((&linked["verdict"], &linked["audit"]["verdict"]), (&json!("linked"), &json!("hold")));
    assert_eq!(linked["audit"]["reasons"][0]["rule"], json!("ancestor-mode"));
    let heredocs = &file["sites"][3];
    assert_eq!((&heredocs["heredocs"], &heredocs["sources"]), (&json!(2), &json!([])));
    assert_eq!((&heredocs["line"], &heredocs["end_line"]), (&json!(9), &json!(11)));
    assert!(file["sites"].as_array().unwrap().iter().all(|site| site["selected"] == json!(false)));
}

#[test]
fn every_verdict_says_what_may_be_written() {
    let text = "FROM base:1\nCOPY x /srv/x\nCOPY x /usr/local/bin\nCOPY x /root/x\n\
                COPY --chmod=755 x /srv/y\nCOPY --link x /srv/z\nCOPY --link=false x /srv/q\nCOPY x $NOPE/x\nONBUILD ADD x /srv/o\n";
    let base = Base::new();
    let folder = folder(text);
    fs::write(folder.path().join("x"), "").unwrap();
    let arguments =
        ["inspect", "Dockerfile", "--context", ".", "--format", "json", "--rootfs", &base.argument()];
    let all = run(folder.path(), &arguments).done().json()["files"][0]["sites"].take();
    let rows: Vec<(&Value, &Value, &Value)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|site| (&site["verdict"], &site["proved"], &site["replacement"]))
        .collect();
    let expected = [
        (json!("link"), json!(true), json!("COPY --link x /srv/x")),
        (json!("edit"), json!(true), json!("COPY --link x /usr/local/bin/")),
        (json!("hold"), json!(true), json!(null)),
        (json!("no-effect"), json!(null), json!(null)),
        (json!("linked"), json!(true), json!(null)),
        (json!("opted-out"), json!(null), json!(null)),
        (json!("unknown"), json!(null), json!(null)),
    ];
    assert_eq!(
        all[1]["reasons"][0]["message"],
        "destination changed from /usr/local/bin to /usr/local/bin/: `/usr/local/bin` is a directory, and `--link` would \
         replace it with the file"
    );
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(*row, (&expected.0, &expected.1, &expected.2));
    }
    assert_eq!((&all[7]["onbuild"], &all[7]["keyword"]), (&json!(true), &json!("ADD")));
}

#[test]
fn standard_input_and_several_files_are_printed_as_given() {
    let folder = folder("FROM a\nCOPY x /x\n");
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("sub/Bad"), "FROM a\n  COPY\nCOPY --lnk x /x\nCOPY y /y\n").unwrap();
    let arguments = ["inspect", "./Dockerfile", "-", "sub/../sub/Bad", "--format", "json"];
    let run = run_with_input(folder.path(), &arguments, b"FROM b\nADD z /z\n").done();
    let files = run.json()["files"].take();
    let paths: Vec<&Value> = files.as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["./Dockerfile", "-", "sub/../sub/Bad"]);
    assert_eq!(files[1]["sites"][0]["keyword"], json!("ADD"));
    let errors = files[2]["errors"].as_array().unwrap();
    let places: Vec<(&Value, &Value)> =
        errors.iter().map(|error| (&error["line"], &error["column"])).collect();
    assert_eq!(places[0], (&json!(2), &json!(3)), "{errors:?}");
    assert!(places.iter().any(|place| place.0 == &json!(3)), "all errors are told, not the first alone");
    assert!(errors.iter().all(|error| !error["message"].as_str().unwrap().is_empty()));
    assert_eq!(files[2]["sites"].as_array().unwrap().last().unwrap()["sources"], json!(["y"]));
}

#[test]
fn knowledge_comes_from_the_arguments_alone() {
    let base = Base::new();
    let rootfs = base.argument();
    let known = ["--rootfs", rootfs.as_str()];
    let verdict = |text: &str, arguments: &[&str]| sites(text, arguments)[0]["verdict"].take();
    for (text, expected) in [
        ("FROM base:1\nCOPY x /srv/x\n", "link"),
        ("FROM base:1\nCOPY x /root/x\n", "hold"),
        ("FROM base:1\nCOPY x /tmp/x\n", "hold"),
        ("FROM base:1\nCOPY x /bin/x\n", "edit"),
        ("FROM base:1\nCOPY --chown=0:0 x /srv/x\n", "link"),
        ("FROM base:1\nCOPY --chown=app x /srv/x\n", "hold"),
        ("FROM other:1 AS a\nCOPY x /srv/x\nFROM base:1\n", "unknown"),
    ] {
        assert_eq!(verdict(text, &known), json!(expected), "{text}");
        let without = verdict(text, &[]);
        assert!(without == json!("unknown") || without == json!("hold"), "{text}: {without}");
    }
    let argument = "FROM base:1\nARG D\nCOPY x $D/x\n";
    assert_eq!(verdict(argument, &known), json!("unknown"));
    assert_eq!(verdict(argument, &[&known[..], &["--build-arg", "D=/srv"]].concat()), json!("link"));
    assert_eq!(verdict(argument, &[&known[..], &["--build-arg", "D=/root"]].concat()), json!("hold"));
}

#[test]
fn a_context_tells_the_types_of_the_sources() {
    let (folder, base) = (folder("FROM base:1\nADD x /srv/x\n"), Base::new());
    let rootfs = base.argument();
    let arguments = ["inspect", "Dockerfile", "--format", "json", "--rootfs", &rootfs, "--context", "."];
    let site = || run(folder.path(), &arguments).done().json()["files"][0]["sites"][0].take();
    fs::write(folder.path().join("x"), "no archive").unwrap();
    assert_eq!(site()["replacement"], json!("COPY --link x /srv/x"), "an ADD that is a COPY becomes one");
    let mut archive = crate::support::Tar::new();
    fs::write(folder.path().join("x"), archive.file("tool", 0o755, b"x").bytes()).unwrap();
    let extracted = site();
    assert!(
        extracted["replacement"].is_null()
            || extracted["replacement"].as_str().is_some_and(|text| text.starts_with("ADD --link")),
        "an archive is extracted by ADD alone: {extracted}"
    );
    let kept = run(folder.path(), &[&arguments[..], &["--keep-add"]].concat()).done();
    assert!(!kept.stdout.contains("\"COPY --link"), "{}", kept.stdout);
    run(folder.path(), &["inspect", "Dockerfile", "--context", "no"])
        .failed(&["--context no", "no such folder"]);
}

#[test]
fn what_never_ends_in_a_context_is_not_read() {
    let folder = folder("FROM scratch\nADD pipe /a/\nADD zero /b/\nADD . /c/\n");
    let context = folder.path();
    std::os::unix::fs::symlink("/dev/zero", context.join("zero")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", context.join(".dockerignore")).unwrap();
    for made in ["pipe", "Dockerfile.dockerignore"] {
        if !Command::new("mkfifo").arg(context.join(made)).status().is_ok_and(|made| made.success()) {
            return left_out("a pipe in a build context", "there is no mkfifo");
        }
    }
    let arguments = ["inspect", "Dockerfile", "--context", ".", "--format", "json"];
    let sites = run(context, &arguments).done().json()["files"][0]["sites"].take();
    assert_eq!(sites.as_array().unwrap().len(), 3);
    assert_eq!(sites[0]["proved"], json!(true), "a builder copies a pipe as one, and extracts nothing");
    assert_ne!(sites[1]["proved"], json!(true), "the link leads out of the context");
}

#[test]
fn each_line_costs_the_same_in_a_file_of_thousands() {
    // When each new line was checked by reading the whole file again, this took minutes.
    let lines = 5_000;
    let text = (0..lines).map(|at| format!("COPY a{at} /x/y{at}")).collect::<Vec<_>>().join("\n");
    let started = std::time::Instant::now();
    let all = sites(&format!("FROM base:1\n{text}"), &["--rootfs", &Base::new().argument()]);
    let linked =
        |site: &Value| site["replacement"].as_str().is_some_and(|line| line.starts_with("COPY --link a"));
    assert_eq!(all.as_array().unwrap().iter().filter(|site| linked(site)).count(), lines);
    assert!(started.elapsed().as_secs() < 60, "it took {:?}", started.elapsed());
}

#[test]
fn what_can_not_be_read_is_named() {
    let folder = folder("FROM a\n");
    run(folder.path(), &["inspect", "nowhere"]).failed(&["nowhere", "cannot be read"]);
    run(folder.path(), &["inspect", "."]).failed(&[".", "cannot be read"]);
    run(folder.path(), &["inspect"]).done();
    let empty = tempfile::tempdir().unwrap();
    run(empty.path(), &["inspect"]).failed(&["Dockerfile", "cannot be read"]);
    std::fs::write(empty.path().join("README.md"), "# From here\n").unwrap();
    run(empty.path(), &["inspect", "README.md"]).failed(&["README.md is not a Dockerfile"]);
    let explained = run(folder.path(), &["explain", "ancestor-mode"]).done();
    assert!(explained.stdout.contains("ancestor-mode"));
    run(folder.path(), &["explain", "no-such"]).failed(&["no-such", "layerwright explain"]);
    let script = run(folder.path(), &["completions", "bash"]).done();
    assert!(script.stdout.contains("layerwright") && script.stderr.is_empty());
}

#[test]
fn an_ignore_file_that_builders_refuse_is_named_with_its_line() {
    let folder = folder("FROM scratch\nCOPY . /\n");
    fs::write(folder.path().join(".dockerignore"), "ok\n[\n").unwrap();
    let run_there = || run(folder.path(), &["inspect", "Dockerfile", "--context", "."]);
    run_there().failed(&[".dockerignore: line 2: `[` is not a valid pattern"]);
    // The Dockerfile's own one counts in its place.
    fs::write(folder.path().join("Dockerfile.dockerignore"), "ok\n").unwrap();
    run_there().done();
}

#[test]
fn a_verdict_on_the_family_of_an_image_is_never_proved() {
    let text = "FROM golang:1.22\nCOPY x ./\nCOPY x $GOPATH/src/\nCOPY x /app/x\nRUN mkdir -m 0700 out\n\
                COPY x out/\nFROM debian:12\nCOPY x /usr/local/bin/\nCOPY x /root/\n\
                COPY --from=0 /app/x /srv/\nCOPY --from=debian:12 /root/.bashrc /x\nCOPY x ./\n";
    let sites = sites(text, &[]);
    let sites = sites.as_array().unwrap();
    let verdicts: Vec<&str> = sites.iter().map(|site| site["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["hold", "hold", "link", "hold", "link", "hold", "link", "link", "link"]);
    for site in sites {
        assert_eq!(site["proved"], json!(false), "{site}");
        let said = site["assumptions"].as_array().unwrap();
        let named = said.iter().any(|one| one["message"].as_str().unwrap().contains("(profile "));
        assert!(named, "{site}");
    }
}

#[test]
fn a_line_before_the_first_from_is_listed_and_nothing_is_known_of_it() {
    let sites = sites("COPY x /y\nONBUILD ADD z /z\nFROM scratch\nCOPY x /y\n", &[]);
    let told =
        |at: usize| (&sites[at]["line"], &sites[at]["stage"], &sites[at]["verdict"], &sites[at]["selected"]);
    assert_eq!(told(0), (&json!(1), &Value::Null, &json!("unknown"), &json!(false)));
    assert_eq!(told(1), (&json!(2), &Value::Null, &json!("unknown"), &json!(false)));
    assert_eq!(told(2), (&json!(4), &json!(0), &json!("link"), &json!(false)));
    assert_eq!(sites.as_array().unwrap().len(), 3);
}
