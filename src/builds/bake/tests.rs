use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::files::tests::with;
use super::*;
use crate::builds::{BuildFileKind, compose};

fn run_of(path: &str, text: &str, run: Run) -> Result<Vec<Declared>, Unreadable> {
    let folder = compose::folder_of(path).to_owned();
    let run = Run { folder, files: vec![path.rsplit('/').next().unwrap().to_owned()], ..run };
    with(&[(path, text)], |files| {
        definition(&Definitions::new(&crate::builds::compose::ParsedFiles::new(files)), &run)
    })
    .unwrap()
    .map(|found| found.builds)
    .map_err(|(_, why)| why)
}

fn read(path: &str, text: &str) -> Vec<Declared> {
    run_of(path, text, Run::default()).unwrap()
}

fn texts(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(Pattern::to_string).collect()
}

/// `LINE DOCKERFILE TAG` of each build.
fn shown(builds: &[Declared]) -> Vec<String> {
    let shown = |build: &Declared| {
        format!("{} {} {}", build.place.line, build.dockerfile, texts(&build.tags).join(","))
    };
    builds.iter().map(shown).collect()
}

fn args(build: &Declared) -> Vec<String> {
    let value = |value: &Option<Pattern>| value.as_ref().map_or("environment".into(), ToString::to_string);
    build.args.iter().map(|(name, given)| format!("{name}={}", value(given))).collect()
}

#[test]
fn a_target_says_all_of_its_build() {
    let text = r#"
variable "REGISTRY" {
  default = "registry.example"
}
variable "TAG" {
  default = "latest"
}
variable "REVISION" {}
VERSION = "1.10"

group "default" {
  targets = ["web"]
}

# The shop.
target "web" {
  context    = "./web"
  dockerfile = "docker/Dockerfile"
  target     = "run"
  args = {
    VERSION  = "v${VERSION}"
    GO       = 1.20
    DEBUG    = false
    REVISION = REVISION
    NONE     = null
  }
  contexts = {
    lib  = "../lib"
    base = "target:base"
  }
  tags      = ["${REGISTRY}/web:${TAG}", TAG == "x" ? "" : "web", ""]
  platforms = ["linux/amd64", "linux/arm64"]
}

target "inline" {
  dockerfile-inline = "FROM scratch"
}

target "remote" {
  context = "https://github.com/example/app.git#main"
}
"#;
    let builds = read("deploy/docker-bake.hcl", text);
    assert_eq!(builds.len(), 1);
    let web = &builds[0];
    assert_eq!((web.place.line, web.place.kind), (16, BuildFileKind::Bake));
    assert_eq!(web.folders, [Pattern::text("deploy")]);
    assert_eq!(web.dockerfile, Pattern::text("./web/docker/Dockerfile"));
    assert_eq!(web.context, Some(Pattern::text("./web")));
    assert_eq!(web.target, Some(Pattern::text("run")));
    assert_eq!(args(web), ["DEBUG=false", "GO=1.2", "REVISION=", "VERSION=v1.10"]);
    assert_eq!(web.contexts[0], ("base".to_owned(), Pattern::text("target:base")));
    assert_eq!(texts(&web.tags), ["registry.example/web:latest", "web"]);
    assert_eq!(texts(&web.platforms), ["linux/amd64", "linux/arm64"]);
}

#[test]
fn what_is_inherited_is_laid_below() {
    let text = r#"
target "_base" {
  args = { A = "base", B = "base" }
  dockerfile = "base.Dockerfile"
  tags = ["base"]
}
target "other" {
  args = { B = "other", C = "other" }
  dockerfile = "other.Dockerfile"
}
target "app" {
  inherits = ["_base", "other", "missing"]
  args = { C = "app" }
}
target "again" {
  inherits = ["again", "app"]
  tags = []
}
"#;
    let builds = read("docker-bake.hcl", text);
    assert_eq!(shown(&builds), ["7 other.Dockerfile ", "11 other.Dockerfile base", "15 other.Dockerfile "]);
    assert_eq!(args(&builds[1]), ["A=base", "B=other", "C=app"]);
    assert_eq!(builds[0].folders, [Pattern::default()]);
    assert_eq!(builds[0].context, Some(Pattern::text(".")));
}

#[test]
fn a_matrix_makes_a_target_for_each_row() {
    let text = r#"
variable "IMAGES" {
  default = ["go", "rust"]
}
group "default" {
  targets = ["image"]
}
target "image" {
  name   = "image-${item}-${replace(v.n, ".", "-")}"
  matrix = {
    item = IMAGES
    v    = [{ n = "1", from = "a" }, { n = "2", from = "b" }]
  }
  context = "images/${item}"
  tags    = [for t in ["x", item] : "${t}:${v.from}"]
}
target "open" {
  name    = "open-${x}"
  matrix  = { x = split(",", LIST) }
  context = "open/${x}"
  tags    = [for t in split(",", TAGS) : "app:${t}"]
}
"#;
    let builds = read("docker-bake.hcl", text);
    // Each row counts, although the difference between their names is not known.
    assert_eq!(
        shown(&builds),
        [
            "8 images/go/Dockerfile x:a,go:a",
            "8 images/go/Dockerfile x:b,go:b",
            "8 images/rust/Dockerfile x:a,rust:a",
            "8 images/rust/Dockerfile x:b,rust:b",
            "17 open/${x}/Dockerfile app:${split(\",\", TAGS)}"
        ]
    );
}

#[test]
fn files_of_bakes_own_names_are_merged_in_their_order() {
    let files = [
        ("compose.yaml", "services:\n  web: {build: svc}\n  db: {build: {context: db, dockerfile: ../x}}\n"),
        ("docker-bake.hcl", "variable \"D\" { default = \"a\" }\ntarget \"web\" {\n  args = { A = D }\n}\n"),
        ("docker-bake.override.hcl", "D = \"b\"\ntarget \"web\" {\n  dockerfile = \"../y\"\n}\n"),
    ];
    let builds = with(&files, |files| {
        definition(&Definitions::new(&crate::builds::compose::ParsedFiles::new(files)), &Run::default())
    })
    .unwrap()
    .unwrap()
    .builds;
    assert_eq!(shown(&builds), ["2 svc/../y ", "3 db/../x "]);
    assert_eq!(args(&builds[0]), ["A=b"]);
    assert!(builds.iter().all(|build| build.unsettled.is_empty()), "{builds:?}");
}

#[test]
fn a_run_names_its_targets_and_overrides_them() {
    let text = "group \"all\" {\n  targets = [\"a\"]\n}\ntarget \"a\" {\n  contexts = { base = \"target:b\" }\n}\ntarget \"b\" {}\n\
                target \"c\" {}\nvariable \"V\" { default = \"x\" }\ntarget \"d\" {\n  context = V\n}\n";
    let of = |targets: &[&str], overrides: &[&str]| {
        let list = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let environment = Environment::of([("V", "set")]);
        let run = Run { targets: list(targets), overrides: list(overrides), environment, ..Run::default() };
        shown(&run_of("docker-bake.hcl", text, run).unwrap())
    };
    assert_eq!(of(&["all"], &[]), ["4 Dockerfile ", "7 Dockerfile "]);
    assert_eq!(of(&["c"], &["*.context=y", "c.dockerfile=z"]), ["8 y/z "]);
    assert_eq!(of(&["d"], &[]), ["10 set/Dockerfile "]);
}

/// `docker buildx bake e --print` prints `b` and `e` for this text.
#[test]
fn a_context_that_a_target_inherits_is_built_too() {
    let text = "target \"a\" {\n  contexts = { base = \"target:b\" }\n}\ntarget \"b\" {}\n\
                target \"c\" {}\ntarget \"e\" {\n  inherits = [\"a\"]\n}\n";
    let run = Run { targets: vec!["e".to_owned()], ..Run::default() };
    assert_eq!(shown(&run_of("docker-bake.hcl", text, run).unwrap()), ["4 Dockerfile ", "6 Dockerfile "]);
}

#[test]
fn functions_of_the_file_are_called() {
    let text = r#"
function "df" {
  params = [n]
  variadic_params = rest
  result = "../docker/${n}${join("", rest)}.Dockerfile"
}
target "default" {
  context = "svc"
  dockerfile = df("we", lower("B"))
}
"#;
    let builds = read("docker-bake.hcl", text);
    assert_eq!(shown(&builds), ["7 svc/../docker/web.Dockerfile "]);
    assert!(builds[0].unsettled.is_empty());
}

#[test]
fn a_target_may_have_what_another_sets() {
    let text =
        "target \"a\" {\n  context = \"svc\"\n}\ntarget \"b\" {\n  context = \"${target.a.context}/x\"\n}\n";
    assert_eq!(shown(&read("docker-bake.hcl", text)), ["1 svc/Dockerfile ", "4 svc/x/Dockerfile "]);
}

#[test]
fn what_bake_refuses_is_not_settled() {
    for text in [
        "target \"a\" {\n  context = NO\n}\n",
        "target \"a\" {\n  tags = [no(\"x\")]\n}\n",
        "target \"a\" {\n  inherits = [\"no\"]\n}\n",
        "variable \"V\" {\n  default = \"x\"\n  validation {\n    condition = V == \"y\"\n    error_message = \"\"\n  }\n}\ntarget \"a\" {}\n",
    ] {
        let builds = read("docker-bake.hcl", text);
        assert!(!builds.is_empty() && !builds[0].unsettled.is_empty(), "{text}");
    }
}

#[test]
fn expressions_are_followed_as_far_as_the_file_tells() {
    let text = r#"
variable "A" { default = "a" }
variable "LOOP" { default = "${LOOP}" }
variable "EMPTY" { default = "" }
target "app" {
  args = merge({ X = "1" }, {
    EITHER = A == "a" && !equal(A, "b") ? "yes" : "no"
    EMPTY  = notequal("", EMPTY) ? EMPTY : "none"
    SPLIT  = split(",", "p,q")[1]
    INDEX  = { k = ["p", "q"] }.k[1]
    LOOP   = LOOP
    CALL   = "x-${timestamp()}"
    TEXT   = <<EOT
two
EOT
  })
}
"#;
    let builds = read("docker-bake.hcl", text);
    let expected = [
        "CALL=x-${timestamp()}",
        "EITHER=yes",
        "EMPTY=none",
        "INDEX=q",
        "LOOP=${an expression}",
        "SPLIT=q",
        "TEXT=two\n",
        "X=1",
    ];
    assert_eq!(args(&builds[0]), expected);
}

#[test]
fn json_says_the_same() {
    let text = r#"{
  "variable": { "TAG": { "default": "latest" } },
  "group": { "default": { "targets": ["web"] } },
  "target": {
    "web": {
      "context": "web",
      "args": { "V": 1.50, "T": "${TAG}" },
      "tags": ["web:${TAG}", "web:${SHA}"]
    },
    "api": { "inherits": ["web"], "context": "api" }
  }
}"#;
    let builds = read("docker-bake.json", text);
    assert_eq!(
        shown(&builds),
        ["5 web/Dockerfile web:latest,web:${SHA}", "10 api/Dockerfile web:latest,web:${SHA}"]
    );
    assert_eq!(args(&builds[0]), ["T=latest", "V=1.5"]);
    assert_eq!(builds[0].tags[1].parts().len(), 2);
}

#[test]
fn what_is_no_hcl_says_where() {
    let path = RepoPath::new("docker-bake.hcl").unwrap();
    assert_eq!(check(&path, "target \"a\" {\n  context = \n}\n").unwrap_err().line, 2);
    assert!(check(&path, &format!("a = {}", "[".repeat(50_000))).is_err());
}

#[test]
fn hostile_files_end() {
    let path = "docker-bake.hcl";
    let mut text = "v0 = \"x\"\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        writeln!(text, "v{level} = [v{below}, v{below}, \"${{v{below}}}${{v{below}}}\"]").unwrap();
    }
    text.push_str("target \"a\" {\n  tags = v59\n}\n");
    assert_eq!(read(path, &text).len(), 1);
    let mut text = "target \"t\" {\n  args = {\n".to_owned();
    (0..1000).for_each(|at| writeln!(text, "    a{at} = {at}").unwrap());
    text.push_str("  }\n}\n");
    (0..1000).for_each(|at| writeln!(text, "target \"t{at}\" {{\n  inherits = [\"t\"]\n}}").unwrap());
    assert!(run_of(path, &text, Run::default()).unwrap_err().message.contains("too many builds"));
}

#[test]
fn functions_make_no_value_that_is_large() {
    let innermost = |result: &str, index: &str, calls: usize| {
        let call = format!("{}1{}{}", "f(".repeat(calls), ")".repeat(calls), index.repeat(calls));
        let text = format!(
            "function \"f\" {{\n  params = [x]\n  result = {result}\n}}\ntarget \"a\" {{\n  args = {{ N = {call} }}\n}}\n"
        );
        args(&read("docker-bake.hcl", &text)[0]).join(" ")
    };
    for (result, index) in [("[x, x, x, x]", "[0]"), ("{ a = x, b = x, c = x, d = x }", ".a")] {
        assert_eq!(innermost(result, index, 5), "N=1", "{result}");
        assert!(innermost(result, index, 9).starts_with("N=${"), "{result}");
    }
    let text = |from: usize| {
        let (from, to) = ("a".repeat(from), "b".repeat(100));
        let text = format!("target \"a\" {{\n  tags = [replace(\"{from}\", \"a\", \"{to}\")]\n}}\n");
        texts(&read("docker-bake.hcl", &text)[0].tags).join(" ")
    };
    assert_eq!(text(40), "b".repeat(4_000));
    assert!(text(41).starts_with("${replace("));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", value in "[\"${}a\\[\\]().,:?=!&|1 é-]{0,30}") {
        for name in ["docker-bake.hcl", "docker-bake.json"] {
            let _ = run_of(name, &text, Run::default());
            let _ = run_of(name, &format!("a = [1]\ntarget \"a\" {{\n  tags = {value}\n}}\n"), Run::default());
            let _ = run_of(name, &format!("{{\"target\": {{\"a\": {{\"context\": \"{value}\"}}}}}}"), Run::default());
        }
    }
}
