use std::fs;

use super::*;
use crate::builds::{Build, Level};
use crate::config::Config;

/// A build as its context, level, arguments and the things that are not settled about it.
type Shown = (String, Level, String, Vec<String>);

fn scanned<T>(texts: &[(&str, &str)], ask: impl FnOnce(&Builds) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in texts {
        let at = folder.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }
    asked(folder.path(), ask)
}

fn asked<T>(folder: &std::path::Path, ask: impl FnOnce(&Builds) -> T) -> T {
    let source = SourceTree::folder(folder);
    let paths = source.listing().entries().iter().map(|entry| &entry.path);
    let dockerfiles: Vec<&RepoPath> = paths.filter(|path| path.file_name().contains("Dockerfile")).collect();
    ask(&scan(&source).builds(&dockerfiles, &Config::default()))
}

fn path(path: &str) -> RepoPath {
    RepoPath::new(path).unwrap()
}

fn shown(builds: &Builds, dockerfile: &str) -> Vec<Shown> {
    let show = |build: &Build| {
        let arg =
            |(name, value): (&String, &Option<String>)| format!("{name}={}", value.as_deref().unwrap_or("?"));
        let args: Vec<String> = build.args.iter().map(arg).collect();
        (build.context.to_string(), build.level(), args.join(" "), build.unsettled.clone())
    };
    let mut all: Vec<Shown> = builds.of(&path(dockerfile)).iter().map(show).collect();
    all.sort_by_key(|one| one.2.clone());
    all
}

const BAKE: &str = "variable \"GC\" { default = null }\nvariable \"TAG\" { default = \"x\" }\n\
    target \"binary\" {\n  args = { GC = GC }\n  tags = [\"a:${TAG}\"]\n}\n";

fn of_makefile(makefile: &str) -> Vec<Shown> {
    let files = [("docker-bake.hcl", BAKE), ("Makefile", makefile), ("Dockerfile", "FROM a\n")];
    scanned(&files, |builds| shown(builds, "Dockerfile"))
}

#[test]
fn a_call_of_bake_has_what_the_makefile_exports() {
    let recipe = "binary:\n\tdocker buildx bake binary\n";
    let bare = (".".to_owned(), Level::Possible, String::new(), vec!["Makefile:4 may set GC".to_owned()]);
    for export in ["GC := abc\nexport GC\n", "export GC := abc\n\n", "GC = abc\nexport\n"] {
        let found = of_makefile(&format!("{export}{recipe}"));
        let called = (".".to_owned(), Level::Stated, "GC=abc".to_owned(), Vec::new());
        assert_eq!(found, [bare.clone(), called], "{export}");
    }
    let found = of_makefile(&format!("export GC := $(shell date)\n\n{recipe}"));
    let called = (".".to_owned(), Level::Possible, "GC=?".to_owned(), vec!["Makefile may set GC".to_owned()]);
    assert_eq!(found, [bare, called]);
}

#[test]
fn a_definition_stays_stated_if_no_call_sets_what_its_builds_need() {
    for makefile in
        ["all:\n\tdocker buildx bake\n", "export TAG = y\nexport OTHER = z\nall:\n\tdocker buildx bake\n"]
    {
        let found = of_makefile(makefile);
        assert!(found.iter().all(|(_, level, ..)| *level == Level::Stated), "{found:?}");
    }
    // The caller of a script or of make sets them too.
    for (run, script) in
        [("./x.sh", "docker buildx bake\n"), ("./x.sh", "export X=1\nmake all\n"), ("make all", "true\n")]
    {
        let step = format!("on: push\njobs:\n  a:\n    steps:\n    - run: {run}\n      env: {{GC: '1'}}\n");
        let script = format!("#!/bin/sh\n{script}");
        let files = [
            ("docker-bake.hcl", BAKE),
            ("x.sh", script.as_str()),
            ("Makefile", "all:\n\tdocker buildx bake\n"),
            (".github/workflows/ci.yml", step.as_str()),
            ("Dockerfile", "FROM a\n"),
        ];
        let found = scanned(&files, |builds| shown(builds, "Dockerfile"));
        assert!(
            found.iter().any(|(_, level, args, _)| (*level, args.as_str()) == (Level::Stated, "GC=1")),
            "{found:?}"
        );
    }
}

#[test]
fn an_old_target_of_make_is_not_made() {
    let files = [
        (
            "Makefile",
            "test: build\n\tdocker build -f test.Dockerfile $(DIR)\nbuild:\n\tdocker build -f build.Dockerfile $(DIR)\nDIR ?= .\n",
        ),
        ("x.sh", "#!/bin/sh\nmake -o build test DIR=svc\n"),
        ("svc/x", ""),
        ("test.Dockerfile", "FROM a\n"),
        ("build.Dockerfile", "FROM a\n"),
    ];
    scanned(&files, |builds| {
        let contexts = |file| shown(builds, file).into_iter().map(|build| build.0).collect::<Vec<_>>();
        assert_eq!(contexts("test.Dockerfile"), [".", "svc"]);
        assert_eq!(contexts("build.Dockerfile"), ["."]);
    });
}

#[test]
fn a_file_that_is_not_interpreted_may_set_what_a_definition_asks_for() {
    let level = |text: &str| {
        let files = [("docker-bake.hcl", BAKE), ("make.ps1", text), ("Dockerfile", "FROM a\n")];
        scanned(&files, |builds| shown(builds, "Dockerfile").remove(0))
    };
    let (_, level_of_set, _, unsettled) = level("$env:GC = 'x'\ndocker buildx bake\n");
    assert_eq!((level_of_set, unsettled), (Level::Possible, vec!["make.ps1:1 may set GC".to_owned()]));
    for text in
        ["$env:TAG = 'x'\ndocker buildx bake\n", "$env:GC = 'x'\n", "echo $env:GC\ndocker buildx bake\n"]
    {
        assert_eq!(level(text).1, Level::Stated, "{text}");
    }
}

fn mentioned(builds: &Builds, dockerfile: &str) -> Vec<String> {
    builds.may_build(&path(dockerfile)).iter().map(ToString::to_string).collect()
}

const COMPOSE: &str = "services:\n  s:\n    build: {context: sub, dockerfile: ../Dockerfile}\n";

#[test]
fn a_file_that_cannot_be_read_is_named_and_may_build() {
    let filler = "# filler\n".repeat(140_000);
    let big = format!("{COMPOSE}{filler}");
    let big_script = format!("docker build -f Dockerfile sub\n{filler}");
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    let cases = [
        ("compose.yaml", big.as_str(), true),
        ("x.sh", big_script.as_str(), true),
        ("x.sh", filler.as_str(), false),
        ("compose.yaml", lfs, true),
        ("Taskfile.yml", "a: [docker build", true),
        ("Taskfile.yml", "a: [", false),
        ("cloudbuild.yaml", "steps: [", false),
        (".drone.yml", "kind: [", false),
        (".woodpecker.yml", "x: [", false),
    ];
    for (name, text, builds_it) in cases {
        scanned(&[(name, text), ("Dockerfile", "FROM a\n"), ("sub/x", "")], |builds| {
            let unread: Vec<&str> = builds.unread.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(unread, [name]);
            let place = builds_it.then(|| format!("{name} (not read)"));
            assert_eq!(mentioned(builds, "Dockerfile"), place.into_iter().collect::<Vec<_>>(), "{name}");
        });
    }
}

#[test]
fn links_are_followed_and_those_that_lead_out_are_unread() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("sub")).unwrap();
    for (at, text) in [("Dockerfile", "FROM a\n"), ("real.cfg", COMPOSE), ("sub/x", "")] {
        fs::write(folder.path().join(at), text).unwrap();
    }
    let link = |target: &str| {
        let _ = fs::remove_file(folder.path().join("compose.yaml"));
        std::os::unix::fs::symlink(target, folder.path().join("compose.yaml")).unwrap();
    };
    link("real.cfg");
    let contexts = asked(folder.path(), |builds| shown(builds, "Dockerfile"));
    assert_eq!(contexts[0].0, "sub");
    link("/etc/passwd");
    let unread = asked(folder.path(), |builds| builds.unread[0].why.to_string());
    assert_eq!(unread, "line 1: it is a link out of the repository, to /etc/passwd");
}

#[test]
fn a_script_without_an_ending_is_read() {
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ndocker build -f Dockerfile sub\n";
    let files = [
        ("bin/build", script),
        ("bin/notes-build", "docker build ."),
        ("sub/x", ""),
        ("Dockerfile", "FROM a\n"),
    ];
    let found = scanned(&files, |builds| shown(builds, "Dockerfile"));
    assert_eq!(found.iter().map(|build| build.0.as_str()).collect::<Vec<_>>(), ["sub"]);
}

#[test]
fn the_case_of_actions_and_their_inputs_does_not_count() {
    let step = "on: push\njobs:\n  a:\n    steps:\n    - uses: Actions/Checkout@v4\n    - uses: Docker/Build-Push-Action@v6\n      \
                with: {CONTEXT: sub, File: Dockerfile}\n";
    let files = [(".github/workflows/ci.yml", step), ("sub/x", ""), ("Dockerfile", "FROM a\n")];
    assert_eq!(scanned(&files, |builds| shown(builds, "Dockerfile"))[0].0, "sub");
}

#[test]
fn places_that_are_not_read_may_build_what_another_file_states() {
    let cases = [
        (".gitlab-ci.yml", "a:\n  script:\n  - docker build -f Dockerfile sub\n", ".gitlab-ci.yml:3"),
        ("x.bat", "docker build -f Dockerfile sub\n", "x.bat:1"),
        ("Rakefile", "sh \"docker build -f Dockerfile sub\"\n", "Rakefile:1"),
        ("Earthfile", "a:\n  FROM DOCKERFILE -f Dockerfile sub\n", "Earthfile:2"),
        ("x.tf", "build {\n context=\"sub\"\n dockerfile=\"../Dockerfile\"\n}\n", "x.tf:3"),
        ("b.sh", "tar c Dockerfile -C sub x | docker build -\n", "b.sh:1"),
        ("b.sh", "ssh host 'docker build -f Dockerfile sub'\n", "b.sh:1"),
        ("b.sh", "echo docker build -f Dockerfile sub\n", ""),
        ("b.sh", "cd sub && \\\n  docker build -f ../Dockerfile .\n", ""),
        ("Jenkinsfile", "docker.build('x', args)\n// Dockerfile .\n", ""),
        ("Jenkinsfile", "docker.build('x', '-f Dockerfile sub')\n", ""),
        ("Jenkinsfile", "docker.build(name, '-f Dockerfile sub')\n", "Jenkinsfile:1"),
    ];
    for (name, text, place) in cases {
        let files = [
            (name, text),
            ("compose.yaml", "services: {s: {build: .}}\n"),
            ("Dockerfile", "FROM a\n"),
            ("sub/x", ""),
        ];
        scanned(&files, |builds| {
            assert_eq!(shown(builds, "Dockerfile")[0].1, Level::Stated);
            assert_eq!(mentioned(builds, "Dockerfile").join(" "), place, "{name}");
        });
    }
}

/// The files of a repository: paths and texts.
type Files<'f> = &'f [(&'f str, &'f str)];

#[test]
fn a_line_that_does_not_name_its_dockerfile_is_found_by_who_does() {
    let options = "while getopts 'd:f:' o; do case $o in d) dir=$OPTARG;; esac; done\n";
    let script = format!("#!/bin/sh\n{options}docker build -f \"$dir/Dockerfile\" \"$dir\"\n");
    let helper = "image() {\n  bash ci/build.sh -d \"$1\"\n}\nimage svc/api\n# image svc/web\n";
    let gitlab = "a:\n  script:\n    - ci/build.sh -d svc/web\n";
    let python = "import subprocess\nFILES = ['svc/api/Dockerfile']\nsubprocess.run(['docker', 'build', '-f', path, '.'])\n";
    let makefile = "NAME ?= x\nDIRS = svc/api svc/web\nall:\n\tdocker build $(DIR)\n";
    let cases: [(Files<'_>, [&str; 2]); 6] = [
        (&[("ci/build.sh", &script)], ["ci/build.sh:3", "ci/build.sh:3"]),
        (&[("ci/build.sh", &script), ("all.sh", helper)], ["all.sh:4 ci/build.sh:3", "ci/build.sh:3"]),
        (
            &[("ci/build.sh", &script), (".gitlab-ci.yml", gitlab)],
            ["ci/build.sh:3", ".gitlab-ci.yml:3 ci/build.sh:3"],
        ),
        (&[("x.py", python)], ["x.py:2 x.py:3", "x.py:3"]),
        (&[("Makefile", makefile)], ["Makefile:2 Makefile:4", "Makefile:2 Makefile:4"]),
        (&[("b.sh", "docker build -t \"$X\" other\n")], ["", ""]),
    ];
    for (texts, expected) in cases {
        let files =
            [texts, &[("svc/api/Dockerfile", "FROM a\n"), ("svc/web/Dockerfile", "FROM a\n")]].concat();
        scanned(&files, |builds| {
            let found =
                ["svc/api/Dockerfile", "svc/web/Dockerfile"].map(|path| mentioned(builds, path).join(" "));
            assert_eq!(found, expected, "{texts:?}");
        });
    }
    // A line that does not name it says nothing against a build that is read; one that names it does.
    let compose = ("compose.yaml", "services: {s: {build: svc/api}, t: {build: svc/web}}\n");
    let files = [
        compose,
        ("ci/build.sh", &script),
        ("all.sh", helper),
        ("svc/api/Dockerfile", "FROM a\n"),
        ("svc/web/Dockerfile", "FROM a\n"),
    ];
    scanned(&files, |builds| {
        assert_eq!(mentioned(builds, "svc/api/Dockerfile"), ["all.sh:4"]);
        assert!(mentioned(builds, "svc/web/Dockerfile").is_empty());
    });
}

#[test]
fn a_makefile_that_calls_itself_for_each_image_states_them() {
    let makefile = "NAMES := base web\n\
        $(addprefix build_,$(NAMES)):\n\t$(MAKE) --no-print-directory NAME=$(patsubst build_%,%,$@) build\n\
        build:\n\tdocker buildx build --load --tag x/$(NAME) $(NAME)\n\
        %-all:\n\t@$(foreach NAME,$(NAMES),$(MAKE) NAME=$(NAME) $(subst -all,;,$@))\n";
    let files = [
        ("Makefile", makefile),
        ("base/Dockerfile", "FROM a\n"),
        ("web/Dockerfile", "FROM a\n"),
        ("other/Dockerfile", "FROM a\n"),
    ];
    scanned(&files, |builds| {
        for name in ["base", "web"] {
            let file = format!("{name}/Dockerfile");
            assert_eq!(shown(builds, &file), [(name.to_owned(), Level::Stated, String::new(), Vec::new())]);
            assert!(mentioned(builds, &file).is_empty(), "{:?}", mentioned(builds, &file));
        }
        assert!(shown(builds, "other/Dockerfile").is_empty());
        assert_eq!(mentioned(builds, "other/Dockerfile"), ["Makefile:5"]);
    });
}

#[test]
fn words_that_only_a_run_knows_may_be_options() {
    let cases = [
        ("docker build $(cat options) .", Level::Possible),
        ("docker build \"$(cat options)\" --tag x .", Level::Possible),
        ("docker build --tag $(cat tag) .", Level::Stated),
        ("docker build $NOTHING .", Level::Stated),
    ];
    for (command, level) in cases {
        let makefile = format!("image:\n\t{}\n", command.replace('$', "$$"));
        let files = [("Makefile", &makefile[..]), ("Dockerfile", "FROM a\n")];
        scanned(&files, |builds| {
            let found = shown(builds, "Dockerfile");
            let [(context, found_level, _, unsettled)] = &found[..] else { panic!("{command}: {found:?}") };
            assert_eq!((context.as_str(), *found_level), (".", level), "{command}: {unsettled:?}");
            assert_eq!(
                unsettled.iter().any(|what| what.starts_with("the options in ")),
                level == Level::Possible
            );
        });
    }
}

#[test]
fn a_makefile_has_the_variables_of_what_it_includes() {
    let cases = [
        ("include $(CURDIR)/mk/v.mk", "V ?= $(shell git describe)\n", Level::Stated, "V=?"),
        ("include mk/*.mk", "V = 1\n", Level::Stated, "V=1"),
        ("include $(dir $(lastword $(MAKEFILE_LIST)))mk/v.mk", "V = 1\n", Level::Stated, "V=1"),
        ("include $(WHERE)/mk/v.mk", "V = 1\n", Level::Possible, "V="),
        ("include gone.mk", "V = 1\n", Level::Possible, "V="),
        ("-include gone.mk", "V = 1\n", Level::Stated, "V="),
    ];
    for (include, variables, level, args) in cases {
        let makefile = format!("{include}\nimage:\n\tdocker build --build-arg V=$(V) .\n");
        let files = [("Makefile", &makefile[..]), ("mk/v.mk", variables), ("Dockerfile", "FROM a\nARG V\n")];
        scanned(&files, |builds| {
            let found = shown(builds, "Dockerfile");
            let [(_, found_level, found_args, _)] = &found[..] else { panic!("{include}: {found:?}") };
            assert_eq!((*found_level, found_args.as_str()), (level, args), "{include}");
        });
    }
}

#[test]
fn builds_that_are_not_planned_are_named() {
    let compose = "services:\n  t:\n    build: {context: ., dockerfile: deep/w7}\n  s:\n    build:\n      context: .\n      \
                   dockerfile_inline: |\n        FROM a\n";
    let bake = "target \"x\" {\n  dockerfile-inline = \"FROM a\"\n}\n";
    let files = [
        ("compose.yaml", compose),
        ("docker-bake.hcl", bake),
        ("deep/w7", "FROM a\n"),
        ("b.sh", "docker build -f no/w8 .\n"),
        ("c.sh", "docker build -f deep/w9 .\n"),
        ("deep/w9", "FROM a\n"),
    ];
    let named: Vec<String> = scanned(&files, |builds| {
        builds.unplanned.iter().map(|build| format!("{}: {}", build.path, build.why)).collect()
    });
    assert_eq!(
        named,
        [
            "c.sh: line 1: it may build deep/w9, which is not planned: add it to include in [files]",
            "compose.yaml: line 3: it builds deep/w7, which is not planned: add it to include in [files]",
            "compose.yaml: line 7: an inline Dockerfile, which is not planned",
            "docker-bake.hcl: line 2: an inline Dockerfile, which is not planned"
        ]
    );
}
