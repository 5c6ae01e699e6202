//! What a plan makes of how the repository builds its Dockerfiles: contexts, bases of its own, circles, and what
//! `layerwright.toml` says of them.

use layerwright::analysis::{Knowledge, Verdict};
use layerwright::builds::{BuildFileKind, Level};
use layerwright::campaign::plan::file::{Plan, Site};

use crate::support::{Base, Scratch};

/// The plan of a repository, with the base image of these tests.
fn planned(scratch: &Scratch, base: &Base) -> Plan {
    let plan = scratch.plan(&["--rootfs", &base.argument()]);
    Plan::read(plan.to_string().as_bytes()).unwrap()
}

fn site<'p>(plan: &'p Plan, path: &str, at: usize) -> &'p Site {
    &plan.file(path).unwrap().sites[at]
}

#[track_caller]
fn assert_leans(site: &Site, on: &str) {
    assert!(site.assumptions.iter().any(|one| one.message == on), "{on} is not in {:#?}", site.assumptions);
}

/// A private base that makes `/srv/app` sticky, in a Dockerfile with a stage that does not.
const JAVA: &str = "FROM base:1 AS plain\nRUN mkdir -p /srv/app\nFROM plain\nRUN chmod 1777 /srv/app\n";

#[test]
fn a_base_is_built_by_the_dockerfile_that_the_configuration_names() {
    let scratch = Scratch::with(&[
        ("images/java/Dockerfile", JAVA),
        ("app/Dockerfile", "FROM registry.corp/java:17\nCOPY x /srv/app/\n"),
        ("app/x", ""),
        ("web/Dockerfile", "FROM alpine:3\nCOPY --from=registry.corp/java:21 /srv/app /opt/\n"),
    ]);
    let base = Base::new();
    let plan = planned(&scratch, &base);
    assert_eq!(site(&plan, "app/Dockerfile", 0).verdict, Verdict::Unknown, "nobody says what it is");
    let toml = "[base.\"registry.corp/java:*\"]\ndockerfile = \"images/java/Dockerfile\"\n";
    scratch.write("layerwright.toml", toml);
    let plan = planned(&scratch, &base);
    let held = site(&plan, "app/Dockerfile", 0);
    assert_eq!((held.verdict, held.proved), (Verdict::Hold, Some(false)));
    assert!(held.reasons[0].message.contains("1777"), "{:?}", held.reasons);
    assert_leans(
        held,
        "image registry.corp/java:17 (line 1) was built from images/java/Dockerfile as layerwright.toml:2 says",
    );
    assert_eq!(plan.file("app/Dockerfile").unwrap().bases[0].source, Some(Knowledge::Built));
    scratch.write("layerwright.toml", toml.to_owned() + "target = \"plain\"\n");
    let linked = planned(&scratch, &base);
    assert_eq!(site(&linked, "app/Dockerfile", 0).verdict, Verdict::Link, "the stage is that of the target");
}

#[test]
fn a_stage_may_have_the_name_of_the_base_that_it_starts_from() {
    let scratch = Scratch::with(&[
        ("compose.yaml", "services:\n  java:\n    image: java\n    build: images/java\n"),
        ("images/java/Dockerfile", "FROM base:1\nRUN mkdir -p /srv/app\nCOPY x /srv/app/\nRUN a\nRUN b\n"),
        ("images/java/x", ""),
        ("app/Dockerfile", "FROM java AS java\nCOPY x /srv/app/\nCOPY y /srv/app/\n"),
        ("app/x", ""),
        ("app/y", ""),
    ]);
    let plan = planned(&scratch, &Base::new());
    let app = plan.file("app/Dockerfile").unwrap();
    assert_eq!(app.bases[0].source, Some(Knowledge::Built));
    assert_leans(
        &app.sites[0],
        "image java (line 1) was built from images/java/Dockerfile as compose.yaml:4 says",
    );
    let wave = |path: &str| plan.file(path).unwrap().wave.unwrap();
    assert!(wave("images/java/Dockerfile") < wave("app/Dockerfile"), "the base goes out first");
}

#[test]
fn the_configuration_wins_over_tags_and_says_in_which_way_it_means_a_dockerfile() {
    let scratch = Scratch::with(&[
        ("images/java/Dockerfile", "ARG M=1777\nFROM base:1\nARG M\nRUN mkdir /data && chmod $M /data\n"),
        ("images/old/Dockerfile", "FROM base:1\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: corp/java:17\n    build: {context: images/old}\n  b:\n    image: corp/java:b\n    \
             build: {context: images/java, args: {M: '755'}}\n  c:\n    build: {context: images/java, args: {M: '700'}}\n",
        ),
        ("app/Dockerfile", "FROM corp/java:17\nCOPY x /data/\n"),
        ("app/x", ""),
        ("b/Dockerfile", "FROM corp/java:b\nCOPY x /data/\n"),
        ("b/x", ""),
    ]);
    let base = Base::new();
    let tagged = planned(&scratch, &base);
    assert_leans(
        site(&tagged, "app/Dockerfile", 0),
        "image corp/java:17 (line 1) was built from images/old/Dockerfile as compose.yaml:4 says",
    );
    scratch
        .write("layerwright.toml", "[base]\n\"corp/java:*\" = { dockerfile = \"images/java/Dockerfile\" }\n");
    let plan = planned(&scratch, &base);
    let says = |site: &Site, image: &str, line: usize| {
        let message = format!(
            "image {image} (line 1) was built from images/java/Dockerfile as layerwright.toml:2 (built as in \
             compose.yaml:{line}) says"
        );
        assert_leans(site, &message);
    };
    says(site(&plan, "app/Dockerfile", 0), "corp/java:17", 7);
    says(site(&plan, "b/Dockerfile", 0), "corp/java:b", 7);
    // A configured path that is not there leaves what the tags say.
    scratch
        .write("layerwright.toml", "[base]\n\"corp/java:*\" = { dockerfile = \"images/jav/Dockerfile\" }\n");
    assert_eq!(planned(&scratch, &base).files, tagged.files);
}

#[test]
fn an_image_may_be_said_to_be_like_another() {
    let scratch = Scratch::with(&[
        ("Dockerfile", "FROM registry.corp/java:21\nCOPY x /srv/\nCOPY x /tmp/\n"),
        ("x", ""),
        ("own/Dockerfile", "FROM registry.corp/java:own\nCOPY x /etc/\n"),
        ("own/x", ""),
        ("base/Dockerfile", "FROM base:1\n"),
        ("build.sh", "docker build -t registry.corp/java:own base\n"),
    ]);
    scratch.write("layerwright.toml", "[base.'registry.corp/java:*']\n\nlike = 'debian:12'\n");
    let plan = planned(&scratch, &Base::new());
    let held = site(&plan, "Dockerfile", 1);
    assert_eq!((held.verdict, held.proved), (Verdict::Hold, Some(false)));
    assert_eq!(held.reasons[0].rule.as_str(), "ancestor-mode");
    let said = "image registry.corp/java:21 (line 1) is like debian:12, as layerwright.toml:3 says,";
    for site in &plan.file("Dockerfile").unwrap().sites {
        assert!(site.assumptions.iter().any(|one| one.message.starts_with(said)), "{:#?}", site.assumptions);
    }
    assert_eq!(
        plan.file("own/Dockerfile").unwrap().bases[0].source,
        Some(Knowledge::Built),
        "what is built here is known better"
    );
}

#[test]
fn circles_and_files_that_are_not_understood_are_in_the_plan_and_on_the_first_screen() {
    let scratch = Scratch::with(&[
        ("a/Dockerfile", "FROM corp/b\nCOPY x /x\n"),
        ("a/x", ""),
        ("b/Dockerfile", "FROM corp/a\nCOPY x /x\n"),
        ("b/x", ""),
        ("build.sh", "docker build -t corp/a a\ndocker build -t corp/b b\n"),
        ("compose.yaml", "services:\n  a: [\n"),
        ("docker-compose.yml", "services: {a: }}\n"),
    ]);
    let plan = Plan::read(scratch.plan(&[]).to_string().as_bytes()).unwrap();
    assert_eq!(plan.cycles, [["a/Dockerfile", "b/Dockerfile"]]);
    let unread: Vec<&str> = plan.unread.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(unread, ["compose.yaml", "docker-compose.yml"]);
    assert!(plan.unread[0].reason.starts_with("line "), "{:?}", plan.unread[0]);
    let screen = scratch.run(&["plan"]).done().stdout.replace("\n  ", " ");
    for line in [
        "Contexts: 2 possible.".to_owned(),
        "In a circle: a/Dockerfile starts from b/Dockerfile starts from a/Dockerfile.".to_owned(),
        format!(
            "Not understood: 2 files that say how something is built: first compose.yaml: {}",
            plan.unread[0].reason
        ),
    ] {
        assert!(screen.lines().any(|shown| shown == line), "{line} is not in\n{screen}");
    }
}

#[test]
fn configuration_that_hits_nothing_is_told_with_its_line() {
    let scratch = Scratch::with(&[("services/auth/Dockerfile", "FROM base:1\n")]);
    let toml = "[waves]\npoc = 'services/auht/Dockerfile'\nlists = [['services/auth/Dockerfile'], ['q']]\n\
                [[files.skip]]\npath = 'w'\nreason = 'x'\n[build.Dockerfile]\ncontext = '.'\n\
                [base.java]\ndockerfile = 'service/auth/Dockerfile'\n[base.'x']\nlike = 'corp/x'\n";
    scratch.write("layerwright.toml", toml);
    let noted = scratch.run(&["plan"]).done().stderr;
    assert_eq!(
        noted.lines().collect::<Vec<_>>(),
        [
            "note: layerwright.toml:2: [waves] poc names services/auht/Dockerfile, where no Dockerfile was \
             found; did you mean services/auth/Dockerfile?",
            "note: layerwright.toml:3: [waves] lists names q, where no Dockerfile was found",
            "note: layerwright.toml:5: [files] skip names w, where no Dockerfile was found",
            "note: layerwright.toml:7: [build] names Dockerfile, where no Dockerfile was found",
            "note: layerwright.toml:10: [base.\"java\"] names service/auth/Dockerfile, where no Dockerfile \
             was found; did you mean services/auth/Dockerfile?",
            "note: layerwright.toml:12: [base.\"x\"] is like corp/x, whose family is unknown",
        ]
    );
    scratch
        .write("layerwright.toml", "[waves]\npoc = 'services/auth/Dockerfile'\n[base.x]\nlike = 'debian'\n");
    assert_eq!(scratch.run(&["plan"]).done().stderr, "");
}

#[test]
fn where_ways_disagree_a_reason_says_of_which_it_speaks() {
    let scratch = Scratch::with(&[
        ("Dockerfile", "FROM base:1\nARG D=/srv/\nCOPY x /tmp/\nCOPY x $D\n"),
        ("x", ""),
        ("sub/x", ""),
        (
            "compose.yaml",
            "services:\n  a:\n    build: .\n  b:\n    build: {context: sub, dockerfile: ../Dockerfile, args: {D: /tmp/}}\n",
        ),
    ]);
    let plan = planned(&scratch, &Base::new());
    let message = |at: usize| site(&plan, "Dockerfile", at).reasons[0].message.as_str();
    assert_eq!(message(0), "`/tmp` is 1777 and would become 0755", "both say so");
    assert_eq!(message(1), "`/tmp` is 1777 and would become 0755, from context sub");
    scratch.write(
        "compose.yaml",
        "services:\n  a:\n    build: .\n  b:\n    build: {context: ., args: {D: /tmp/}}\n",
    );
    scratch.commit("Second");
    let plan = planned(&scratch, &Base::new());
    assert_eq!(
        site(&plan, "Dockerfile", 1).reasons[0].message,
        "`/tmp` is 1777 and would become 0755, from context . (compose file compose.yaml:5)"
    );
}

#[test]
fn contexts_and_owners_are_shown_by_file_and_counted_by_kind() {
    let scratch = Scratch::with(&[
        ("Dockerfile", "FROM base:1\nCOPY x /srv/\n"),
        ("x", ""),
        ("sub/x", ""),
        ("other/Dockerfile", "FROM base:1\nCOPY x /srv/\n"),
        ("other/x", ""),
        ("compose.yaml", "services:\n  a:\n    build: .\n"),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  a:\n    steps:\n      - run: docker build -f Dockerfile sub\n",
        ),
        ("CODEOWNERS", "/Dockerfile @corp/auth @ann\n"),
    ]);
    let plan = planned(&scratch, &Base::new());
    let by: Vec<Option<BuildFileKind>> =
        plan.file("Dockerfile").unwrap().contexts.iter().map(|context| context.said_by).collect();
    assert_eq!(by, [Some(BuildFileKind::Compose), Some(BuildFileKind::Workflow)]);
    let screen = scratch.run(&["plan", "--verbose"]).done().stdout;
    let shown = "\nDockerfile\n  from .: compose file compose.yaml:3\n  from sub: workflow \
                 .github/workflows/ci.yml:4\n  owned by @corp/auth @ann\n";
    assert!(screen.contains(shown), "{screen}");
    let shown = "\nother/Dockerfile\n  from other: the Dockerfile's own folder (guessed)\n  2 ";
    assert!(screen.contains(shown), "{screen}");
    assert!(screen.contains("\nContexts: 1 stated (1 compose file), 1 guessed.\n"), "{screen}");
}

#[test]
fn a_dockerfile_is_not_the_base_of_itself() {
    let scratch = Scratch::with(&[
        ("images/java/Dockerfile", "FROM registry.corp/java:upstream\nCOPY x /srv/\n"),
        ("images/java/x", ""),
        ("app/Dockerfile", "FROM registry.corp/java:17\nCOPY x /srv/\n"),
        ("app/x", ""),
        ("other/Dockerfile", "FROM base:1\n"),
    ]);
    scratch
        .write("layerwright.toml", "[base.'registry.corp/java:*']\ndockerfile = 'images/java/Dockerfile'\n");
    let plan = planned(&scratch, &Base::new());
    let source = |path: &str| plan.file(path).unwrap().bases[0].source;
    assert_eq!(source("images/java/Dockerfile"), None, "nobody says what the glob's own base is");
    assert_eq!(source("app/Dockerfile"), Some(Knowledge::Built));
    assert!(plan.cycles.is_empty(), "{:?}", plan.cycles);
}

#[test]
fn what_the_configuration_says_of_a_build_completes_what_is_found() {
    let text = "FROM base:1\nARG D=/opt\nCOPY x $D/\n";
    let scratch = Scratch::with(&[
        ("app/Dockerfile", text),
        ("app/x", ""),
        ("compose.yaml", "services:\n  app:\n    build: app\n"),
        ("alone/Dockerfile", text),
        ("alone/x", ""),
    ]);
    let base = Base::new();
    let verdict = |plan: &Plan, path: &str| site(plan, path, 0).verdict;
    let plan = planned(&scratch, &base);
    assert_eq!(
        (verdict(&plan, "app/Dockerfile"), verdict(&plan, "alone/Dockerfile")),
        (Verdict::Link, Verdict::Link)
    );
    let toml = "[build.'app/Dockerfile']\nargs = { D = '/root' }\ntarget = 'last'\n\
                [build.'alone/Dockerfile']\nargs = { D = '/root' }\n";
    scratch.write("layerwright.toml", toml);
    let plan = planned(&scratch, &base);
    assert_eq!(
        (verdict(&plan, "app/Dockerfile"), verdict(&plan, "alone/Dockerfile")),
        (Verdict::Hold, Verdict::Hold)
    );
    let context = &plan.file("app/Dockerfile").unwrap().contexts[0];
    assert_eq!(
        (context.target.as_deref(), context.evidence.as_str()),
        (Some("last"), "compose file compose.yaml:3")
    );
    let given = scratch.plan(&["--rootfs", &base.argument(), "--build-arg", "D=/opt"]);
    let given = Plan::read(given.to_string().as_bytes()).unwrap();
    assert_eq!(verdict(&given, "app/Dockerfile"), Verdict::Link, "the command line comes first");
}

#[test]
fn a_chain_is_explained_and_a_guessed_context_can_be_stated() {
    let scratch = Scratch::with(&[
        ("ci/web.yml", "services:\n  web:\n    build: {context: ../svc, target: $T}\n"),
        ("Makefile", "x:\n\tdocker compose -f ci/web.yml build\n"),
        ("svc/Dockerfile", "FROM base:1\nCOPY x /srv/\n"),
        ("svc/x", ""),
        ("other/Dockerfile", "FROM base:1\nADD x /srv/\n"),
        ("other/x", ""),
        ("build.sh", "docker build -f possible/Dockerfile $1\n"),
        ("possible/Dockerfile", "FROM base:1\n"),
    ]);
    let explained = |file: &str| scratch.run(&["plan", "--explain-build", file]).done().stdout;
    assert_eq!(
        explained("svc/Dockerfile"),
        "svc/Dockerfile\n  stated: from svc\n    in ci/web.yml:3 (compose file)\n    run by Makefile:2 (Makefile)\n"
    );
    assert_eq!(
        explained("possible/Dockerfile"),
        "possible/Dockerfile\n  possible: from ${1}\n    in build.sh:1 (script)\n    not settled: nothing says where build.sh is \
         started\n    not settled: the folder ${1}\n"
    );
    assert!(explained("other/Dockerfile").contains("guessed: no file"));
    assert_eq!(scratch.run(&["plan", "--explain-build", "gone/Dockerfile"]).code, Some(2));
    let base = Base::new();
    let screen = scratch.run(&["plan", "--rootfs", &base.argument()]).done().stdout;
    assert!(screen.contains("  [build.\"other/Dockerfile\"]\n  context = \"other\"\n"), "{screen}");
    scratch.write("layerwright.toml", "[build.\"other/Dockerfile\"]\ncontext = \"other\"\n");
    scratch.commit("Second");
    let plan = planned(&scratch, &base);
    let other = &plan.file("other/Dockerfile").unwrap();
    assert_eq!(
        (other.contexts[0].level, other.contexts[0].said_by),
        (Level::Stated, Some(BuildFileKind::Config))
    );
    assert!(other.sites[0].replacement.as_ref().unwrap().starts_with("COPY"), "the context is a fact now");
}

#[test]
fn a_variable_that_the_caller_of_an_npm_script_may_set_is_not_settled() {
    let scratch = Scratch::with(&[
        (
            "package.json",
            "{\"scripts\": {\"a\": \"docker build a\", \"b\": \"docker build -f b/Dockerfile ${CTX:-b}\"}}",
        ),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  b:\n    runs-on: x\n    env: {CTX: .}\n    steps:\n      - run: npm run b\n",
        ),
        ("a/Dockerfile", "FROM base:1\nCOPY x /srv/app/\n"),
        ("a/x", ""),
        ("b/Dockerfile", "FROM base:1\nCOPY x /srv/app/\n"),
        ("b/x", ""),
    ]);
    let plan = planned(&scratch, &Base::new());
    let level = |path: &str| plan.file(path).unwrap().contexts[0].level;
    assert_eq!((level("a/Dockerfile"), level("b/Dockerfile")), (Level::Stated, Level::Possible));
}

#[test]
fn a_compose_file_that_an_npm_script_loads_may_get_the_variables_of_its_caller() {
    let workflow = |env: &str| {
        format!(
            "on: push\njobs:\n  b:\n    runs-on: x\n    env: {{{env}}}\n    steps:\n      - run: npm run b\n"
        )
    };
    let compose =
        "services:\n  web:\n    build:\n      context: ${CTX:-.}\n      dockerfile: svc/Dockerfile\n";
    let level = |env: &str| {
        let scratch = Scratch::with(&[
            ("package.json", "{\"scripts\": {\"b\": \"docker compose -f dev.compose.yml build\"}}"),
            (".github/workflows/ci.yml", &workflow(env)),
            ("dev.compose.yml", compose),
            ("svc/Dockerfile", "FROM base:1\nCOPY x /srv/app/\n"),
            ("svc/x", ""),
        ]);
        planned(&scratch, &Base::new()).file("svc/Dockerfile").unwrap().contexts[0].level
    };
    assert_eq!((level("CTX: svc"), level("OTHER: svc")), (Level::Possible, Level::Stated));
}

#[test]
fn a_script_and_a_makefile_that_run_make_elsewhere_are_followed() {
    let scratch = Scratch::with(&[
        ("ci.sh", "#!/bin/sh\nmake -C svc image DIR=../lib\n"),
        ("Makefile", "all:\n\t$(MAKE) -C svc image DIR=../web\n"),
        ("svc/Makefile", "DIR ?= .\nimage:\n\tdocker build -f Dockerfile $(DIR)\n"),
        ("svc/Dockerfile", "FROM base:1\nCOPY x /srv/app/\n"),
        ("svc/x", ""),
        ("lib/x", ""),
        ("web/x", ""),
    ]);
    let plan = planned(&scratch, &Base::new());
    let contexts = &plan.file("svc/Dockerfile").unwrap().contexts;
    let mut found: Vec<(&str, Level)> =
        contexts.iter().map(|context| (context.root.as_str(), context.level)).collect();
    found.sort_unstable();
    assert_eq!(found, [("lib", Level::Possible), ("svc", Level::Stated), ("web", Level::Stated)]);
}

#[test]
fn a_call_of_make_overrules_the_variables_of_the_makefile_of_its_folder() {
    let scratch = Scratch::with(&[
        ("Makefile", "CTX = app\nFILE ?= Dockerfile\nimage:\n\tdocker build -f $(FILE) $(CTX)\n"),
        ("Dockerfile", "FROM base:1\nCOPY x /srv/\n"),
        ("app/x", ""),
        ("svc/x", ""),
        ("env/x", ""),
        ("build.sh", "#!/bin/sh\nmake image CTX=svc\n"),
        ("env.sh", "#!/bin/sh\nFILE=env.Dockerfile CTX=env make image\n"),
        ("env.Dockerfile", "FROM base:1\n"),
    ]);
    let contexts = |plan: &Plan, file: &str| -> Vec<(String, Level)> {
        let contexts = &plan.file(file).unwrap().contexts;
        let mut found: Vec<_> = contexts.iter().map(|one| (one.root.clone(), one.level)).collect();
        found.sort();
        found
    };
    let base = Base::new();
    let plan = planned(&scratch, &base);
    let app = || ("app".to_owned(), Level::Stated);
    assert_eq!(contexts(&plan, "Dockerfile"), [app(), ("svc".to_owned(), Level::Possible)]);
    // `make -n`: the environment sets what `?=` sets, and never what `=` sets.
    assert_eq!(contexts(&plan, "env.Dockerfile"), [("app".to_owned(), Level::Possible)]);
    let step = "on: push\njobs:\n  a:\n    steps:\n    - uses: actions/checkout@v4\n    - run: bash build.sh && bash env.sh\n";
    scratch.write(".github/workflows/ci.yml", step);
    scratch.commit("Workflow");
    let plan = planned(&scratch, &base);
    assert_eq!(contexts(&plan, "Dockerfile"), [app(), ("svc".to_owned(), Level::Stated)]);
    assert_eq!(contexts(&plan, "env.Dockerfile"), [app()]);
}

#[test]
fn a_line_that_may_build_a_dockerfile_is_named_with_the_guess() {
    let scratch = Scratch::with(&[
        (".gitlab-ci.yml", "image:\n  script:\n    - docker build -t x -f svc/Dockerfile .\n"),
        ("svc/Dockerfile", "FROM base:1\nCOPY x /srv/app/\n"),
        ("svc/x", ""),
    ]);
    let plan = planned(&scratch, &Base::new());
    let context = &plan.file("svc/Dockerfile").unwrap().contexts[0];
    assert_eq!(context.level, Level::Guessed);
    assert_eq!(context.evidence, "the Dockerfile's own folder (guessed); .gitlab-ci.yml:3 may build it");
    let text = scratch.run(&["plan", "--explain-build", "svc/Dockerfile"]).done().stdout;
    assert!(text.ends_with("states how it is built\n    .gitlab-ci.yml:3 may build it\n"), "{text}");
    let explained = ["plan", "--explain-build", "svc/Dockerfile", "--format", "json"];
    assert_eq!(
        scratch.run(&explained).done().json(),
        serde_json::json!({"builds": [], "mentions": [".gitlab-ci.yml:3"]})
    );
}

#[test]
fn a_called_script_gets_the_folder_the_arguments_and_the_variables_of_its_call() {
    let workflow = "\
on: push
env:
  DIR: svc
jobs:
  a:
    steps:
      - run: ci/build.sh web
      - run: make image
      - uses: ./.github/actions/x
";
    let action = "runs:\n  using: composite\n  steps:\n    - run: docker build -f action/Dockerfile $DIR\n      shell: bash\n";
    let script = "#!/bin/sh\ndocker build -f \"docker/$1.Dockerfile\" \"${DIR:-.}\"\n";
    let scratch = Scratch::with(&[
        (".github/workflows/ci.yml", workflow),
        (".github/actions/x/action.yml", action),
        ("ci/build.sh", script),
        ("Makefile", "DIR ?= .\nimage:\n\tdocker build -f make/Dockerfile $(DIR)\n"),
        ("docker/web.Dockerfile", "FROM base:1\n"),
        ("action/Dockerfile", "FROM base:1\n"),
        ("make/Dockerfile", "FROM base:1\n"),
        ("svc/x", ""),
    ]);
    let plan = planned(&scratch, &Base::new());
    let roots = |path: &str| -> Vec<(String, Level)> {
        let contexts = &plan.file(path).unwrap().contexts;
        let mut roots: Vec<_> =
            contexts.iter().map(|context| (context.root.clone(), context.level)).collect();
        roots.sort();
        roots
    };
    let stated = |root: &str| (root.to_owned(), Level::Stated);
    assert_eq!(roots("docker/web.Dockerfile"), [stated("svc")]);
    assert_eq!(roots("action/Dockerfile"), [stated("svc")]);
    assert_eq!(roots("make/Dockerfile"), [stated("."), stated("svc")], "make is also run by hand");
}
