//! Inputs that are made to cost memory or time, or to meet a defect: each ends nothing but the work on itself. Work is
//! counted where it is done (`budget`); these tests look at what comes out.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{BINARY, Base, Scratch, command, linkable};

/// The most memory that a run may use, in bytes of address space. Debug builds and 16 threads need some of it.
const MOST_MEMORY: u64 = 2 << 30;

/// The seconds of processor time after which a run is killed.
const MOST_SECONDS: u64 = 60;

/// `RUN`, `ENV`, `COPY` and FROM lines that grow, by name.
fn dockerfiles() -> Vec<(&'static str, String)> {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let doubling =
        |keyword: &str| format!("{keyword} a=xxxxxxxxxx\n{}", format!("{keyword} a=$a$a$a$a\n").repeat(16));
    let stages = lines(24, &|at| {
        format!("FROM scratch AS s{}\nCOPY --from=s{at} / /x/\nCOPY --from=s{at} / /y/\n", at + 1)
    });
    vec![
        ("env", format!("FROM base:1\n{}COPY f /$a\n", doubling("ENV"))),
        ("arg", format!("{}FROM base:1\nARG a\nCOPY f /$a\n", doubling("ARG"))),
        (
            "many-env",
            format!(
                "FROM base:1\n{}COPY f /x/$a\n",
                doubling("ENV").replace("ENV a=$a$a$a$a\n", "ENV b=$a$a c=$b$b a=$c$c\n")
            ),
        ),
        (
            "replace",
            format!(
                "FROM base:1\n{}ENV b=${{a//x/$a}}\nCOPY f /x/$b\n",
                "ENV a=xxxxxxxx\nENV a=$a$a$a$a$a$a$a$a\n".repeat(5)
            ),
        ),
        ("deep-copy", format!("FROM base:1\nCOPY f {}\n", "/a".repeat(8000))),
        ("deep-workdir", format!("FROM base:1\nWORKDIR {}\nCOPY f x\n", "/a".repeat(8000))),
        ("stages-double", format!("FROM base:1 AS s0\nWORKDIR /r\n{stages}")),
        ("copies", format!("FROM base:1\n{}", lines(9_000, &|at| format!("COPY f /x{at}/f\n")))),
        (
            "chain",
            format!(
                "FROM base:1 AS s0\n{}",
                lines(400, &|at| format!("FROM s{at} AS s{}\nCOPY f /x{at}/f\n", at + 1))
            ),
        ),
        ("too-many-stages", lines(3_000, &|at| format!("FROM base:1 AS s{at}\nCOPY f /x{at}/f\n"))),
        ("braces", format!("FROM base:1\nCOPY f /{}x{}\n", "${a:-".repeat(20_000), "}".repeat(20_000))),
        ("json", format!("FROM base:1\nCOPY {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
        ("onbuild", format!("FROM base:1\n{}COPY f /x\n", "ONBUILD COPY f /y\n".repeat(5_000))),
        (
            "flags",
            format!(
                "FROM base:1\nRUN {} true\nCOPY f /srv/x\n",
                "--mount=type=cache,target=/x ".repeat(20_000)
            ),
        ),
        ("continued", format!("FROM base:1\nRUN true {}\nCOPY f /srv/x\n", "\\\n".repeat(500_000))),
        ("wrappers", format!("FROM base:1\nRUN {}touch /y\nCOPY f /srv/x\n", "env sudo ".repeat(30_000))),
        ("times", format!("FROM base:1\nRUN {}touch /y\nCOPY f /srv/x\n", "time ".repeat(50_000))),
        ("evals", format!("FROM base:1\nRUN {}touch /y\nCOPY f /srv/x\n", "eval ".repeat(50_000))),
        ("workdirs", format!("FROM base:1\n{}COPY f /srv/x\n", "WORKDIR a\n".repeat(9_000))),
        ("sources", format!("FROM base:1\nCOPY {} /d/\n", lines(100_000, &|at| format!("s{at} ")))),
        ("stars", "FROM base:1\nCOPY *a*a*a*a*a*a*a*a*b /srv/x/\n".to_owned()),
    ]
}

/// Runs the command with bounded memory and time.
fn bounded(scratch: &Scratch, arguments: &[&str]) -> Value {
    let limits = format!("ulimit -v {} -t {MOST_SECONDS}; exec \"$@\"", MOST_MEMORY >> 10);
    let mut bounded = Command::new("sh");
    bounded.args(["-c", &limits, "sh", BINARY]).args(arguments).current_dir(scratch.root());
    bounded.env_clear().env("HOME", "/nonexistent").env("RAYON_NUM_THREADS", "2").stdin(Stdio::null());
    let run = crate::support::Run::of(bounded.output().unwrap());
    run.done().json()
}

#[test]
fn a_dockerfile_that_costs_too_much_is_unknown_and_the_others_are_planned() {
    let base = Base::new();
    for (name, text) in dockerfiles() {
        let path = format!("{name}/Dockerfile");
        let scratch = Scratch::with(&[("good/Dockerfile", &linkable("x")), ("good/x", ""), (&path, &text)]);
        let plan = bounded(&scratch, &["plan", "--format=json", "--rootfs", &base.argument()]);
        let files = plan["files"].as_array().unwrap();
        let of = |path: &str| files.iter().find(|file| file["path"] == path);
        assert_eq!(of("good/Dockerfile").unwrap()["sites"][0]["verdict"], "link", "{name}");
        let refused = plan["refused"].as_array().unwrap();
        assert!(of(&path).is_some() || refused.iter().any(|file| file["path"] == path), "{name}");
        let defect = refused.iter().any(|file| file["reason"].as_str().unwrap().contains("defect"));
        assert!(!defect, "{name}: {refused:?}");
    }
}

#[test]
fn a_carrier_that_costs_too_much_is_named_and_the_others_are_read() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(50_000), close.repeat(50_000));
    let carriers = [
        ("compose.yaml", format!("services: {}\n", deep("[", "]"))),
        ("a/compose.yaml", format!("services: {}\n", deep("{a: ", "}"))),
        ("b/compose.yaml", format!("services:\n  a:\n    build: \"{}\"\n", deep("${a:-", "}"))),
        ("docker-bake.hcl", format!("target \"a\" {{ context = {} }}\n", deep("[", "]"))),
        ("a/docker-bake.hcl", format!("target \"a\" {{ context = {} }}\n", deep("(", ")"))),
        ("b/docker-bake.hcl", format!("target \"a\" {{ context = \"{}\" }}\n", deep("${\"", "\"}"))),
        ("docker-bake.json", format!("{{\"target\": {}}}", deep("[", "]"))),
        (".devcontainer/devcontainer.json", format!("{{\"build\": {}}}", deep("{\"a\":", "}"))),
        ("Makefile", format!("a:\n\tdocker build {} .\n", deep("$(", ")"))),
        ("build.sh", format!("docker build {} .\n", deep("$(", ")"))),
        ("a/build.sh", format!("{} docker build .\n", deep("{ ", "; }"))),
        ("b/build.sh", format!("docker build -t \"{}\" .\n", deep("${a:-", "}"))),
        (".github/workflows/a.yml", format!("jobs: {}\n", deep("[", "]"))),
        (
            ".github/workflows/b.yml",
            format!("jobs:\n  a:\n    steps:\n      - run: docker build ${{{{ {} }}}} .\n", deep("(", ")")),
        ),
        ("CODEOWNERS", "/x*y/**/z @a\n".repeat(100_000)),
    ];
    let base = Base::new();
    for (path, text) in carriers {
        let scratch = Scratch::with(&[
            ("good/Dockerfile", &linkable("x")),
            ("good/x", ""),
            ("good/build.sh", "docker build -t good good\n"),
            (path, &text),
        ]);
        let plan = bounded(&scratch, &["plan", "--format=json", "--rootfs", &base.argument()]);
        assert_eq!(plan["files"][0]["sites"][0]["verdict"], "link", "{path}");
        assert_eq!(plan["files"][0]["contexts"][0]["root"], "good", "{path}");
        let unread = plan["unread"].as_array().unwrap();
        assert!(unread.iter().all(|file| file["path"] == path), "{path}: {unread:?}");
        if path == "CODEOWNERS" {
            assert_eq!(unread.len(), 1, "{path}");
        }
    }
}

/// Two paths whose hashes begin with the same 48 bits, which is all that the names of earlier versions have of them. Half
/// a minute finds such a pair.
const ONE_SLUG: [&str; 2] = ["a/~  :^^^: ^^^: ~/Dockerfile", "a/~ :^  ^:^ ~~: ~/Dockerfile"];

#[test]
fn two_files_that_would_share_a_branch_are_refused() {
    let texts = ONE_SLUG.map(|path| (path, linkable("x")));
    let mut files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    files.extend([("good/Dockerfile", files[0].1), ("good/x", "")]);
    let plan = Scratch::with(&files).save(&Base::new());
    let paths = |list: &str| {
        plan[list].as_array().unwrap().iter().map(|file| file["path"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths("files"), ["good/Dockerfile"]);
    assert_eq!(paths("refused"), ONE_SLUG);
    // A plan that was made otherwise is not read.
    let scratch = Scratch::with(&files[2..]);
    scratch.save(&Base::new());
    let mut plan: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    for path in ONE_SLUG {
        let mut file = plan["files"][0].clone();
        file["path"] = path.into();
        plan["files"].as_array_mut().unwrap().push(file);
    }
    scratch.write("plans/copy-link/plan.json", plan.to_string());
    scratch.run(&["migrate"]).failed(&[ONE_SLUG[0], "the same branch", "plan again"]);
}

#[test]
fn a_pipe_and_a_device_are_not_read_for_ever() {
    let scratch = Scratch::with(&[("Dockerfile", &linkable("x"))]);
    let pipe = scratch.root().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for odd in ["pipe", "/dev/zero"] {
        for arguments in [&["inspect", odd][..], &["plan", "--list", odd], &["migrate", "--plan", odd]] {
            scratch.run(arguments).failed(&["it is not a regular file"]);
        }
    }
    fs::remove_file(pipe).unwrap();
    let mut child = command(scratch.root());
    child.args(["inspect", "-"]).stdin(fs::File::open("/dev/zero").unwrap());
    crate::support::Run::of(child.output().unwrap()).failed(&["it has more than"]);
}
