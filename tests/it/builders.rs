//! The builders that a repository uses, and the table that judges them.

use std::path::Path;

use layerwright::builders;
use serde_json::Value;

use crate::support::{Scratch, linkable, one_line};

const DOCKERFILE: &str = "FROM scratch\nCOPY x /x\n";

/// The builders of a repository with one Dockerfile and these files: place, rule and effect.
fn found(files: &[(&str, &str)]) -> Vec<(String, String, String)> {
    let scratch = Scratch::with(&[&[("Dockerfile", DOCKERFILE), ("x", "")], files].concat());
    shown(&scratch.plan(&[]))
}

fn shown(plan: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |used: &Value| {
        let place = format!("{}:{}", text(&used["path"]), used["line"]);
        (place, text(&used["rule"]), text(&used["effect"]))
    };
    plan["builders"].as_array().unwrap().iter().map(of).collect()
}

#[track_caller]
fn assert_found(files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let found = found(files);
    let found: Vec<(&str, &str)> = found.iter().map(|(place, rule, _)| (&**place, &**rule)).collect();
    assert_eq!(found, expected);
}

const CI: &str = ".github/workflows/ci.yml";

fn workflow(runner: &str, steps: &str) -> String {
    format!("on: push\njobs:\n  a:\n    runs-on: {runner}\n    steps:\n{steps}")
}

const BUILD_PUSH: &str =
    "      - uses: docker/build-push-action@v6\n        with: {context: ., push: true}\n";
const SETUP: &str = "      - uses: docker/setup-buildx-action@v3\n";

#[test]
fn the_page_of_the_builders_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/builders.md");
    let page = builders::document();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/builders.md is not the table; run `UPDATE_SNAPSHOTS=1 cargo test builders`");
}

#[test]
fn each_rule_is_explained() {
    let scratch = Scratch::new();
    let list = scratch.run(&["explain"]).done().stdout;
    for rule in builders::ALL {
        assert!(list.contains(rule.name), "{}", rule.name);
        let text = scratch.run(&["explain", rule.name]).done().stdout;
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains(rule.summary), "{text}");
    }
}

#[test]
fn a_runner_of_github_decides_for_docker_and_a_set_up_builder_for_buildx() {
    let ci = workflow("ubuntu-24.04", BUILD_PUSH);
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:6"), "builder-github-ubuntu-22-24")]);
    let ci = workflow("ubuntu-latest", &format!("{SETUP}{BUILD_PUSH}"));
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:7"), "builder-buildkit")]);
    // docker/cli, `processBuilder`: `docker build` always uses the engine.
    let ci = workflow("ubuntu-latest", &format!("{SETUP}      - run: docker build .\n"));
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:7"), "builder-github-ubuntu-22-24")]);
    let ci = workflow(
        "ubuntu-latest",
        &format!("{SETUP}        with: {{install: true}}\n      - run: docker build .\n"),
    );
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:8"), "builder-buildkit")]);
    let ci = workflow("ubuntu-26.04-arm", "      - run: docker build .\n");
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:6"), "builder-github-ubuntu-26")]);
    let ci = workflow("[self-hosted, big]", "      - run: docker build .\n");
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:6"), "builder-runner")]);
    let ci = workflow("ubuntu-24.04", "      - run: DOCKER_BUILDKIT=0 docker build .\n");
    assert_found(&[(CI, &ci)], &[(&format!("{CI}:6"), "builder-legacy")]);
}

#[test]
fn a_script_is_run_by_the_machine_of_its_caller_and_compose_by_its_call() {
    let ci = workflow("ubuntu-24.04", "      - run: ./build.sh\n      - run: docker compose build\n");
    let files = [
        (CI, &*ci),
        ("build.sh", "#!/bin/sh\ndocker build .\n"),
        ("compose.yaml", "services:\n  a:\n    build: .\n"),
    ];
    let rule = "builder-github-ubuntu-22-24";
    assert_found(&files, &[(&format!("{CI}:7"), rule), ("build.sh:2", rule)]);
    assert_found(&files[1..2], &[("build.sh:2", "builder-not-stated")]);
}

#[test]
fn the_engine_of_gitlab_is_its_service_and_not_the_image_of_the_job() {
    let gitlab = |service: &str, more: &str| {
        format!(
            "build:\n  image: docker:29\n  services: [{service}]\n{more}  script:\n    - docker build .\n"
        )
    };
    let at = |text: &str, line: usize, rule: &str| {
        assert_found(&[(".gitlab-ci.yml", text)], &[(&format!(".gitlab-ci.yml:{line}"), rule)]);
    };
    at(&gitlab("docker:28-dind", ""), 5, "builder-docker-graphdriver");
    at(&gitlab("docker:29-dind", ""), 5, "builder-docker-containerd");
    let driver = "  variables: {DOCKER_DRIVER: overlay2}\n";
    at(&gitlab("docker:29-dind", driver), 6, "builder-docker-graphdriver");
    at(&gitlab("redis:7", ""), 5, "builder-gitlab-runner");
    let old = gitlab("docker:20.10-dind", "").replace("docker:29\n", "docker:20.10\n");
    at(&old, 5, "builder-legacy-before-23");
}

#[test]
fn other_builders_are_judged_by_their_versions() {
    let kaniko = |tag: &str| {
        format!(
            "build:\n  image:\n    name: gcr.io/kaniko-project/executor:{tag}\n  script:\n    - /kaniko/executor --context .\n"
        )
    };
    let at = |text: &str, line: usize, rule: &str| {
        assert_found(&[(".gitlab-ci.yml", text)], &[(&format!(".gitlab-ci.yml:{line}"), rule)]);
    };
    at(&kaniko("v1.9.1-debug"), 5, "builder-kaniko-before-1-9-2");
    at(&kaniko("v1.9.2-debug"), 5, "builder-kaniko");
    at(&kaniko("debug"), 5, "builder-kaniko");
    let buildah = |tag: &str, flags: &str| {
        format!("build:\n  image: quay.io/buildah/stable:{tag}\n  script:\n    - buildah build {flags}.\n")
    };
    at(&buildah("v1.40.1", ""), 4, "builder-buildah-before-1-41");
    at(&buildah("v1.41.0", ""), 4, "builder-buildah-without-layers");
    at(&buildah("v1.41.0", "--layers "), 4, "builder-buildah");
    let ci = workflow("ubuntu-24.04", "      - run: buildah bud .\n      - run: podman build .\n");
    let expected =
        [(&*format!("{CI}:6"), "builder-buildah-before-1-41"), (&*format!("{CI}:7"), "builder-podman")];
    assert_found(&[(CI, &ci)], &expected);
}

const KANIKO: &str =
    "build:\n  image: gcr.io/kaniko-project/executor:v1.9.0\n  script:\n    - /kaniko/executor --context .\n";

#[test]
fn the_first_screen_of_the_plan_says_which_builders_use_the_flag() {
    let ci = workflow("ubuntu-24.04", &format!("{BUILD_PUSH}{SETUP}{BUILD_PUSH}"));
    let scratch =
        Scratch::with(&[("Dockerfile", &linkable("x")), ("x", ""), (CI, &ci), (".gitlab-ci.yml", KANIKO)]);
    let shown = one_line(&scratch.run(&["plan"]).done().stdout);
    let expected = "Builders: 1 of 3 builds uses the flag today; 1 ignores it (docker buildx on ubuntu-24.04: add \
                    docker/setup-buildx-action), 1 rejects it (.gitlab-ci.yml:4 kaniko 1.9.0).";
    assert!(shown.contains(expected), "{shown}");
}

#[test]
fn a_builder_that_rejects_the_flag_stops_its_files_until_it_is_waived() {
    let scratch = Scratch::with(&[("Dockerfile", DOCKERFILE), ("x", ""), (".gitlab-ci.yml", KANIKO)]);
    let rejecting = |plan: &Value| plan["files"][0]["built_by"].clone();
    let plan = scratch.plan(&[]);
    assert_eq!(rejecting(&plan)[0]["rule"], "builder-kaniko-before-1-9-2");
    scratch.run(&["migrate", "--accept", "builder-kaniko-before-1-9-2", "--reason", "it is replaced"]).done();
    let plan = scratch.plan(&[]);
    assert_eq!(rejecting(&plan), Value::Null);
    assert_eq!(plan["builders"][0]["waived"], "it is replaced");
}

#[test]
fn a_place_that_a_system_runs_counts_once_and_other_commands_of_docker_do_not() {
    let steps = "      - run: make image TAG=1\n      - run: docker buildx imagetools create a\n";
    let ci = workflow("ubuntu-24.04", steps);
    let files = [(CI, &*ci), ("Makefile", "image:\n\tdocker build -t a:$(TAG) .\n")];
    assert_found(&files, &[("Makefile:2", "builder-github-ubuntu-22-24")]);
}
