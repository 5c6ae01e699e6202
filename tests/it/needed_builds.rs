//! A base that another target or service of the same definition builds.

use layerwright::analysis::Verdict;
use layerwright::campaign::plan::file::{Plan, Site};

use crate::support::{Base, Scratch};

/// A base that makes `/srv/app` sticky, in a Dockerfile with a stage that does not.
const JAVA: &str =
    "FROM base:1 AS plain\nRUN mkdir -p /srv/app\nFROM plain AS java\nRUN chmod 1777 /srv/app\n";
const APP: &str = "FROM jdk\nCOPY x /srv/app/\n";
const HELD: (Verdict, Option<bool>) = (Verdict::Hold, Some(true));
const LINKED: (Verdict, Option<bool>) = (Verdict::Link, Some(true));

fn repository(files: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::with(&[("images/java/Dockerfile", JAVA), ("app/Dockerfile", APP), ("app/x", "")]);
    for (path, text) in files {
        scratch.write(path, text);
    }
    scratch.commit("Builds");
    scratch
}

fn planned(scratch: &Scratch) -> Plan {
    let plan = scratch.plan(&["--rootfs", &Base::new().argument()]);
    Plan::read(plan.to_string().as_bytes()).unwrap()
}

/// The last instruction of `app/Dockerfile`.
fn site(scratch: &Scratch) -> Site {
    planned(scratch).file("app/Dockerfile").unwrap().sites.last().unwrap().clone()
}

fn verdict(files: &[(&str, &str)]) -> (Verdict, Option<bool>) {
    let site = site(&repository(files));
    (site.verdict, site.proved)
}

/// A bake file in which `jdk` is the result of a target of `images/java`, which has these other attributes.
fn bake(java: &str) -> String {
    format!(
        "target \"default\" {{\n  context = \"app\"\n  contexts = {{ jdk = \"target:java\" }}\n}}\n\
         target \"java\" {{\n  context = \"images/java\"\n  {java}\n}}\n"
    )
}

#[test]
fn the_end_of_the_target_that_bake_needs_is_the_base() {
    assert_eq!(verdict(&[("docker-bake.hcl", &bake(""))]), HELD);
    assert_eq!(
        verdict(&[("docker-bake.hcl", &bake("target = \"plain\""))]),
        LINKED,
        "the stage of the target"
    );
    let inherited = bake("inherits = [\"_common\"]") + "target \"_common\" {\n  target = \"plain\"\n}\n";
    assert_eq!(verdict(&[("docker-bake.hcl", &inherited)]), LINKED, "and that which it inherits");
    let mode = "ARG M=755\nFROM base:1\nARG M\nRUN mkdir -p /srv/app && chmod $M /srv/app\n";
    let args = bake("args = { M = \"1777\" }");
    assert_eq!(
        verdict(&[("docker-bake.hcl", &args), ("images/java/Dockerfile", mode)]),
        HELD,
        "its arguments"
    );
    let copied = "FROM base:1\nCOPY --from=jdk /srv /opt/\nCOPY x /opt/app/\n";
    assert_eq!(
        verdict(&[("docker-bake.hcl", &bake("")), ("app/Dockerfile", copied)]),
        HELD,
        "a copy from it brings what it has"
    );
    let onbuild = JAVA.to_owned() + "ONBUILD RUN chmod 755 /srv/app\n";
    let files = [("docker-bake.hcl", bake("")), ("images/java/Dockerfile", onbuild)];
    assert_eq!(verdict(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]), LINKED, "its triggers run");
}

#[test]
fn a_chain_of_targets_is_followed_through_one_dockerfile_too() {
    let chain = bake("target = \"end\"\n  contexts = { base = \"target:first\" }")
        + "target \"first\" {\n  context = \"images/java\"\n  target = \"java\"\n}\n";
    let scratch = repository(&[("docker-bake.hcl", &chain)]);
    scratch.write("images/java/Dockerfile", JAVA.to_owned() + "FROM base AS end\n");
    scratch.commit("End");
    let site = site(&scratch);
    assert_eq!((site.verdict, site.proved), HELD);
    assert!(site.reasons[0].message.contains("1777"), "{:?}", site.reasons);
    let plan = planned(&scratch);
    let wave = |path: &str| plan.file(path).unwrap().wave;
    assert!(plan.cycles.is_empty(), "{:?}", plan.cycles);
    assert!(wave("images/java/Dockerfile") <= wave("app/Dockerfile"));
}

#[test]
fn the_end_of_the_service_that_compose_needs_is_the_base() {
    let compose = "services:\n  app:\n    build:\n      context: app\n      additional_contexts: {jdk: service:java}\n  \
                   java:\n    build: {context: images/java}\n";
    assert_eq!(verdict(&[("compose.yaml", compose)]), HELD);
    assert_eq!(
        verdict(&[("compose.yaml", &compose.replace("images/java}", "images/java, target: plain}"))]),
        LINKED
    );
    let dotted = compose.replace("service:java", "service:java.1").replace("  java:", "  java.1:");
    assert_eq!(verdict(&[("compose.yaml", &dotted), ("build.sh", "docker buildx bake\n")]), HELD);
}

#[test]
fn what_is_not_settled_is_an_assumption_that_names_it() {
    let scratch = repository(&[("dev.hcl", &bake("")), ("bake.sh", "docker buildx bake -f dev.hcl\n")]);
    let held = site(&scratch);
    assert_eq!((held.verdict, held.proved), (Verdict::Hold, Some(false)));
    let said = "named context jdk (line 1) is built from images/java/Dockerfile as dev.hcl:5 may say; not settled: \
                nothing says where bake.sh is started";
    assert!(held.assumptions.iter().any(|one| one.message == said), "{:#?}", held.assumptions);
}

#[test]
fn a_result_that_is_not_known_stays_unknown() {
    let unknown = |bake: &str, app: &str, said: &str| {
        let scratch = repository(&[("docker-bake.hcl", bake), ("app/Dockerfile", app)]);
        let plan = planned(&scratch);
        let app = plan.file("app/Dockerfile").unwrap();
        assert_eq!(app.sites[0].verdict, Verdict::Unknown, "{bake}");
        assert!(format!("{app:?}").contains(said), "{said} is not in {app:#?}");
    };
    let first = "target \"default\" {\n  context = \"app\"\n  contexts = { jdk = \"target:java\" }\n}\n";
    unknown(first, APP, "bake refuses it: default needs the result of java, which is not there");
    unknown(
        &bake("contexts = { base = \"target:default\" }"),
        APP,
        "bake refuses it: default needs its own result",
    );
    unknown(&bake("dockerfile-inline = \"FROM scratch\""), APP, "target:java");
    unknown(&bake("dockerfile = \"none\""), APP, "target:java");
    unknown(&bake("target = \"none\""), APP, "target:java: the end of its build is not known");
    let platform = "FROM --platform=$BUILDPLATFORM jdk\nCOPY x /srv/app/\n";
    unknown(&bake(""), platform, "it may be replaced for this platform alone");
}

#[test]
fn the_configuration_overrules_how_the_needed_build_is_made() {
    let toml = "[build.\"images/java/Dockerfile\"]\ncontext = \"images/java\"\ntarget = \"plain\"\n";
    assert_eq!(verdict(&[("docker-bake.hcl", &bake("")), ("layerwright.toml", toml)]), LINKED);
}

#[test]
fn a_named_image_and_an_argument_of_a_build_that_is_not_settled_are_assumptions() {
    let app = "FROM jdk\nCOPY <<EOF /srv/app/x\nx\nEOF\n";
    let image =
        "target \"default\" {\n  context = \"app\"\n  contexts = { jdk = \"docker-image://scratch\" }\n}\n";
    let argument = "target \"default\" {\n  context = \"app\"\n  args = { BASE = \"scratch\" }\n}\n";
    let by_argument = "ARG BASE=base:1\nFROM $BASE\nCOPY <<EOF /srv/app/x\nx\nEOF\n";
    for (definition, app) in [(image, app), (argument, by_argument)] {
        let stated = [("docker-bake.hcl", definition), ("app/Dockerfile", app)];
        assert_eq!(verdict(&stated), LINKED, "{definition}");
        // Nothing says where the script is started.
        let script = "#!/bin/sh\ndocker buildx bake -f dev.hcl\n";
        let possible = [("dev.hcl", definition), ("bake.sh", script), ("app/Dockerfile", app)];
        assert_eq!(verdict(&possible), (Verdict::Link, Some(false)), "{definition}");
    }
}

#[test]
fn a_build_whose_options_are_not_settled_may_build_any_stage() {
    let text = "FROM scratch AS a\nCOPY x /a/\nFROM base:1 AS b\nARG D\nCOPY x $D/\n";
    let compose = "services:\n  b:\n    build: {context: app, target: b, args: {D: /usr}}\n";
    let stated = [("app/Dockerfile", text), ("compose.yaml", compose)];
    assert_eq!(verdict(&stated), LINKED, "the build of the other stage is stated");
    let other = |options: &str| format!("docker build --target a --build-arg D=/tmp {options} app\n");
    let workflow = "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n\
                    \u{20}     - run: ";
    let known = format!("{workflow}{}", other("--pull"));
    assert_eq!(verdict(&[stated[0], stated[1], (".github/workflows/b.yml", &known)]), LINKED, "it builds a");
    let open = format!("{workflow}{}", other("$(cat options)"));
    let (verdict, proved) = verdict(&[stated[0], stated[1], (".github/workflows/b.yml", &open)]);
    assert!(verdict != Verdict::Link || proved != Some(true), "the options may name b");
}
