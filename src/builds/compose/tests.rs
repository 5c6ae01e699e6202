use proptest::prelude::*;

use super::super::files::tests::with;
use super::*;

/// The builds of compose in the folder of these files.
fn read(texts: &[(&str, &str)], folder: &str) -> Vec<Declared> {
    let run = Run { folder: folder.to_owned(), ..Run::default() };
    with(texts, |files| {
        project(&ParsedFiles::new(files), &run).map(|project| project.builds).unwrap_or_default()
    })
}

/// `DOCKERFILE from CONTEXT` of each build, with a question mark if it is not settled.
fn shown(builds: &[Declared]) -> Vec<String> {
    let shown = |build: &Declared| {
        let mark = if build.unsettled.is_empty() { "" } else { " ?" };
        let clean =
            |path: &Pattern| crate::builds::resolve::below(&Pattern::default(), path).unwrap().to_string();
        format!("{} from {}{mark}", clean(&build.dockerfile), clean(build.context.as_ref().unwrap()))
    };
    builds.iter().map(shown).collect()
}

fn texts(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(Pattern::to_string).collect()
}

/// `NAME=value` of each argument, only the name if the value comes from the environment.
fn args(build: &Declared) -> Vec<String> {
    let shown = |(name, value): &(String, Option<Pattern>)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    build.args.iter().map(shown).collect()
}

#[test]
fn a_service_says_all_of_its_build() {
    let text = "\
name: shop
services:
  cache:
    image: redis
  web:
    image: registry.example/web:${TAG:-latest}
    platform: linux/arm64
    build:
      context: ./web
      dockerfile: docker/Dockerfile.prod
      target: ${STAGE:-run}
      args:
        GO: 1.20
        PROXY:
        LEVEL: ${LEVEL}
        COST: $$5
      additional_contexts:
        - lib=../lib
        - base=docker-image://debian:12
      tags:
        - registry.example/web:next
  api:
    build: api
";
    let builds = read(&[("deploy/compose.yaml", text)], "deploy");
    assert_eq!(builds.len(), 2);
    let web = &builds[0];
    assert_eq!((web.place.line, web.place.kind), (8, BuildFileKind::Compose));
    assert_eq!(
        shown(&builds),
        ["deploy/web/docker/Dockerfile.prod from deploy/web", "deploy/api/Dockerfile from deploy/api"]
    );
    assert_eq!(web.target, Some(Pattern::text("run")));
    assert_eq!(args(web), ["GO=1.2", "PROXY", "LEVEL=", "COST=$5"]);
    assert_eq!(web.contexts[0], ("lib".to_owned(), Pattern::text("deploy/../lib")));
    assert_eq!(web.contexts[1].1, Pattern::text("docker-image://debian:12"));
    assert_eq!(texts(&web.tags), ["registry.example/web:latest", "registry.example/web:next"]);
    assert_eq!(texts(&web.platforms), ["linux/arm64"]);
    assert_eq!(builds[1].place.line, 23);
    assert!(builds[1].tags.is_empty());
}

#[test]
fn a_template_and_what_is_extended_are_part_of_the_build() {
    let text = "\
x-build: &build
  context: .
  args: [ONE=1, TWO]
services:
  base:
    build:
      <<: *build
      target: base
  app:
    extends:
      service: base
    image: app
    build:
      args:
        TWO: 2
  job:
    extends: base
    image: job
";
    let builds = read(&[("docker-compose.yml", text)], "");
    assert_eq!(builds.iter().map(|build| build.place.line).collect::<Vec<_>>(), [6, 13, 16]);
    assert_eq!(args(&builds[0]), ["ONE=1", "TWO"]);
    assert_eq!(args(&builds[1]), ["ONE=1", "TWO=2"]);
    assert!(builds.iter().all(|build| build.target == Some(Pattern::text("base"))));
    assert_eq!(texts(&builds[1].tags), ["app"]);
    assert_eq!(texts(&builds[2].tags), ["job"]);
}

#[test]
fn a_file_that_many_services_extend_is_parsed_once() {
    let services = (0..300).map(|at| format!("  s{at}:\n    extends: {{file: all.yml, service: base}}\n"));
    let file = format!("services:\n{}", services.collect::<String>());
    let padding = format!("  pad:\n    image: {}\n", "x".repeat(40_000));
    let all = format!("services:\n  base:\n    build: .\n{padding}");
    let texts = [("compose.yml", file.as_str()), ("all.yml", all.as_str())];
    let builds = crate::budget::contained(|| read(&texts, "")).unwrap();
    assert_eq!(builds.len(), 300);
    assert!(builds.iter().all(|build| build.unsettled.is_empty()));
}

#[test]
fn what_builds_no_dockerfile_of_the_repository_is_left_out() {
    let text = "\
services:
  inline:
    build:
      context: .
      dockerfile_inline: FROM scratch
  remote:
    build: https://github.com/example/app.git
  image:
    image: debian
  null:
    build:
";
    assert!(read(&[("compose.yaml", text)], "").is_empty());
    assert!(read(&[("compose.yaml", "")], "").is_empty());
    assert!(read(&[("compose.yaml", "- services\n")], "").is_empty());
}

#[test]
fn an_override_is_laid_over_the_file_that_it_belongs_to() {
    let text = "services:\n  web:\n    build: {context: svc, args: {A: 1, B: 1}, tags: [a]}\n";
    let over = "services:\n  web:\n    build:\n      dockerfile: Dockerfile.dev\n      args: [B=2]\n      tags: [b]\n";
    let files = [("compose.yaml", text), ("compose.override.yaml", over), ("docker-compose.yml", "x: [")];
    let builds = read(&files, "");
    assert_eq!(shown(&builds), ["svc/Dockerfile.dev from svc"]);
    assert_eq!(
        (args(&builds[0]), texts(&builds[0].tags)),
        (vec!["A=1".into(), "B=2".into()], vec!["a".into(), "b".into()])
    );
    assert_eq!(builds[0].place.path.as_str(), "compose.yaml");
    // From a folder below, compose goes up to its file.
    assert_eq!(shown(&read(&files, "deep/er")), ["svc/Dockerfile.dev from svc"]);
    let reset = "services:\n  web:\n    build:\n      context: !reset null\n      args: !override {C: 3}\n";
    let builds = read(&[("compose.yaml", text), ("compose.override.yaml", reset)], "");
    assert_eq!((shown(&builds), args(&builds[0])), (vec!["Dockerfile from ".to_owned()], vec!["C=3".into()]));
}

#[test]
fn variables_come_from_the_call_then_from_the_env_file() {
    let text = "services:\n  web:\n    build:\n      context: ${CTX:-.}\n      dockerfile: ${DF:-x}\n      args: [A, B, C=$C]\n";
    let files = [("compose.yaml", text), (".env", "CTX=./svc\nDF=../y\nA=env\n"), ("other.env", "CTX=o\n")];
    let run = |run: Run| with(&files, |files| project(&ParsedFiles::new(files), &run).unwrap().builds);
    let builds = run(Run::default());
    assert_eq!(
        (shown(&builds), args(&builds[0])),
        (vec!["y from svc".into()], vec!["A=env".into(), "B".into(), "C=".into()])
    );
    let set = Environment::of([("CTX", "call")]);
    assert_eq!(shown(&run(Run { environment: set, ..Run::default() })), ["y from call"]);
    let env_files = vec!["other.env".to_owned()];
    assert_eq!(shown(&run(Run { env_files, ..Run::default() })), ["o/x from o"]);
    let files_of_env = Environment::of([("COMPOSE_FILE", "a.yml:b.yml")]);
    let files =
        [("d/a.yml", "services: {web: {build: .}}"), ("d/b.yml", "services: {web: {build: {target: x}}}")];
    let run = Run { folder: "d".into(), environment: files_of_env, ..Run::default() };
    let builds = with(&files, |files| project(&ParsedFiles::new(files), &run).unwrap().builds);
    assert_eq!(
        (shown(&builds), builds[0].target.clone()),
        (vec!["d/Dockerfile from d".into()], Some(Pattern::text("x")))
    );
}

#[test]
fn paths_start_in_the_project_directory_or_with_the_file_that_is_extended_or_included() {
    let files = [
        (
            "docker/ci.yml",
            "include:\n  - ../inc/c.yml\n  - path: ../inc/d.yml\n    project_directory: ..\nservices:\n  web:\n    build: .\n  ext:\n    extends: {file: common/c.yml, service: base}\n    build: {target: t}\n",
        ),
        ("svc/common/c.yml", "services:\n  base:\n    build: {context: ../x}\n"),
        ("docker/common/c.yml", "services:\n  base:\n    build: {context: ../y}\n"),
        ("inc/c.yml", "services:\n  one:\n    build: $D\n"),
        ("inc/.env", "D=in\n"),
        ("inc/d.yml", "services:\n  two:\n    build: at\n"),
    ];
    let of = |project_directory: Option<&str>| {
        let project_directory = project_directory.map(str::to_owned);
        let run = Run { files: vec!["docker/ci.yml".into()], project_directory, ..Run::default() };
        let mut builds =
            with(&files, |files| shown(&project(&ParsedFiles::new(files), &run).unwrap().builds));
        builds.sort();
        builds
    };
    let own = [
        "at/Dockerfile from at",
        "docker/Dockerfile from docker",
        "docker/y/Dockerfile from docker/y",
        "inc/in/Dockerfile from inc/in",
    ];
    assert_eq!(of(None), own);
    let other = [
        "at/Dockerfile from at",
        "inc/in/Dockerfile from inc/in",
        "svc/Dockerfile from svc",
        "svc/x/Dockerfile from svc/x",
    ];
    assert_eq!(of(Some("svc")), other);
}

#[test]
fn what_services_refer_to_may_be_defined_in_any_file() {
    let text = "services:\n  web:\n    build: .\n    volumes: ['data:/a', './x:/y']\n    networks: [default, back]\n    depends_on: {db: {}}\n    \
                env_file: [{path: gone, required: false}, x.env]\n  db:\n    image: x\n    secrets: [s]\n";
    let over = "volumes: {data: }\nnetworks: {back: }\nsecrets: {s: {file: s}}\n";
    let files = [("compose.yaml", text), ("compose.override.yaml", over), ("x.env", "")];
    assert_eq!(shown(&read(&files, "")), ["Dockerfile from "]);
}

#[test]
fn what_compose_refuses_is_not_settled() {
    for text in [
        "services:\n  web:\n    build: ${X:?no}\n",
        "services:\n  web:\n    build: .\n  web:\n    build: .\n",
        "services:\n  web:\n    build: {context: ., contxt: x}\n",
        "services:\n  web:\n    build: .\n  api:\n    ports: ['80']\n",
        "services:\n  web:\n    build: .\n    extends: nothing\n",
        "services:\n  web:\n    extends: web\n    build: .\n",
        "services:\n  web:\n    build: {context: ., dockerfile: x, dockerfile_inline: FROM x}\n  b:\n    build: .\n",
        "include: [gone.yml]\nservices:\n  web:\n    build: .\n",
        "service:\n  x: y\nservices:\n  web:\n    build: .\n",
        "services:\n  web:\n    build: ''\n",
        "web:\n  build: .\n",
        "services:\n  web:\n    build: .\n    volumes: ['${X}:/a']\n",
        "services:\n  web:\n    build: .\n    volumes: ['data:/a']\n",
        "services:\n  web:\n    build: .\n    networks: [gone]\n",
        "services:\n  web:\n    build: .\n    secrets: [{source: gone}]\n",
        "services:\n  web:\n    build: .\n    depends_on: [gone]\n",
        "services:\n  web:\n    build: .\n    env_file: gone.env\n",
    ] {
        let builds = read(&[("compose.yaml", text)], "");
        assert!(
            !builds.is_empty() && builds.iter().all(|build| !build.unsettled.is_empty()),
            "{text}: {builds:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", value in "[${}:a\\-?+]{0,30}") {
        let whole = format!("services:\n  a:\n    build: {value}\n    extends: {text}\n");
        let _ = read(&[("compose.yaml", &text), ("compose.override.yaml", &whole), (".env", &value)], "");
    }
}

#[test]
fn a_reset_applies_to_a_short_form_and_is_not_settled_in_a_service_that_extends() {
    let over = "services:\n  web:\n    build:\n      target: over\n      context: !reset null\n";
    let texts = [("compose.yaml", "services:\n  web:\n    build: svc\n"), ("compose.override.yaml", over)];
    let found = with(&texts, |files| project(&ParsedFiles::new(files), &Run::default())).unwrap().builds;
    assert_eq!(found[0].dockerfile, Pattern::text("Dockerfile"), "the context is the root again");
    let extending = "services:\n  base:\n    build: svc\n  web:\n    extends: base\n    build:\n      context: !reset null\n";
    let found =
        with(&[("compose.yaml", extending)], |files| project(&ParsedFiles::new(files), &Run::default()))
            .unwrap()
            .builds;
    assert!(found.iter().all(|build| !build.unsettled.is_empty()));
}
