use proptest::prelude::*;

use super::*;

fn read(path: &str, text: &str) -> Vec<Declared> {
    declared(&RepoPath::new(path).unwrap(), text).unwrap()
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
    let builds = read("deploy/compose.yaml", text);
    assert_eq!(builds.len(), 2);
    let web = &builds[0];
    assert_eq!((web.place.line, web.place.kind), (8, Kind::Compose));
    assert_eq!(web.folders, [Pattern::text("deploy"), Pattern::default()]);
    assert_eq!(web.dockerfile, Pattern::text("./web/docker/Dockerfile.prod"));
    assert_eq!(web.context, Some(Pattern::text("./web")));
    assert_eq!(web.target, Some(Pattern::text("run")));
    assert_eq!(args(web), ["GO=1.2", "PROXY", "LEVEL=${LEVEL}", "COST=$5"]);
    assert_eq!(web.args[2].1, Some(Pattern::hole("LEVEL")));
    assert_eq!(web.contexts[0], ("lib".to_owned(), Pattern::text("../lib")));
    assert_eq!(web.contexts[1].1, Pattern::text("docker-image://debian:12"));
    assert_eq!(texts(&web.tags), ["registry.example/web:latest", "registry.example/web:next"]);
    assert_eq!(texts(&web.platforms), ["linux/arm64"]);
    assert_eq!(builds[1].place.line, 23);
    assert_eq!(builds[1].dockerfile, Pattern::text("api/Dockerfile"));
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
  self:
    extends: self
";
    let builds = read("docker-compose.yml", text);
    assert_eq!(builds.iter().map(|build| build.place.line).collect::<Vec<_>>(), [6, 13, 16]);
    assert_eq!(args(&builds[0]), ["ONE=1", "TWO"]);
    assert_eq!(args(&builds[1]), ["ONE=1", "TWO=2"]);
    assert!(builds.iter().all(|build| build.target == Some(Pattern::text("base"))));
    assert_eq!(texts(&builds[1].tags), ["app"]);
    assert_eq!(texts(&builds[2].tags), ["job"]);
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
    assert!(read("compose.yaml", text).is_empty());
    assert!(read("compose.yaml", "").is_empty());
    assert!(read("compose.yaml", "- services\n").is_empty());
}

#[test]
fn a_file_that_is_laid_over_another_leaves_the_context_open() {
    let text = "services:\n  web:\n    build:\n      dockerfile: Dockerfile.dev\n  api:\n    build:\n      target: dev\n";
    let over = read("compose.override.yaml", text);
    assert_eq!(over.len(), 1);
    assert_eq!(
        (over[0].context.clone(), over[0].dockerfile.clone()),
        (None, Pattern::text("Dockerfile.dev"))
    );
    let alone = read("compose.yaml", text);
    assert_eq!(alone.len(), 2);
    assert_eq!(alone[1].context, Some(Pattern::text(".")));
}

#[test]
fn files_of_the_first_version_have_their_services_outside() {
    let builds =
        read("docker-compose.yml", "web:\n  build: .\n  dockerfile: Dockerfile\ndb:\n  image: postgres\n");
    assert_eq!(builds.len(), 1);
    assert_eq!(builds[0].place.line, 2);
}

#[test]
fn variables_hold_their_defaults() {
    let cases = [
        ("$A/b", "${A}/b"),
        ("${A}", "${A}"),
        ("${A:-x}", "x"),
        ("${A-x}y", "xy"),
        ("${A:-}", ""),
        ("${A:-${B:-c}/d}", "c/d"),
        ("${A:-${B}}", "${B}"),
        ("${A:?must be set}", "${A}"),
        ("${A:+x}", "${A}"),
        ("$$A $5 $", "$A $5 $"),
        ("${A", "${A"),
    ];
    for (text, shown) in cases {
        assert_eq!(interpolated(text).to_string(), shown, "{text}");
    }
    assert_eq!(interpolated("$$A").known(), Some("$A"));
    assert_eq!(interpolated("${A:?no}"), Pattern::hole("A"));
}

#[test]
fn what_is_no_yaml_says_where() {
    let path = RepoPath::new("compose.yaml").unwrap();
    assert_eq!(declared(&path, "services:\n  web: {{ template }}\n   x: [\n").unwrap_err().line, 3);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", value in "[${}:a\\-?+]{0,30}") {
        let path = RepoPath::new("compose.yaml").unwrap();
        let _ = declared(&path, &text);
        let _ = interpolated(&value);
        let _ = declared(&path, &format!("services:\n  a:\n    build: {value}\n    extends: {text}\n"));
    }
}
