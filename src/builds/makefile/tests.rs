use proptest::prelude::*;

use super::super::Declared;
use super::super::files::tests::{with, without};
use super::*;

fn builds(file: &str, text: &str) -> Vec<String> {
    let show = |declared: Declared| {
        let tags: Vec<String> = declared.tags.iter().map(ToString::to_string).collect();
        let context = declared.context.map_or_else(|| "?".to_owned(), |context| context.to_string());
        let (line, file) = (declared.place.line, &declared.dockerfile);
        format!("{line} {file} [{context}] {}", tags.join(" ")).trim_end().to_owned()
    };
    let path = RepoPath::new(file).unwrap();
    let recipes = without(|repository| recipes(repository, &path, text, None, &ReadMakefiles::default()));
    recipes.runs.builds.into_iter().map(show).collect()
}

fn calling(targets: &[&str]) -> Make {
    Make {
        folder: String::new(),
        file: None,
        old: Vec::new(),
        targets: targets.iter().map(|&target| target.to_owned()).collect(),
        variables: Vec::new(),
        environment: BTreeMap::new(),
    }
}

#[test]
fn recipes_are_expanded() {
    let makefile = "\
REGISTRY ?= quay.io/owner
TAG ?= latest
IMAGE := $(REGISTRY)/app
ifeq ($(OS),Windows_NT)
DOCKER = docker.exe
else
DOCKER = docker
endif

# docker build in a comment
.PHONY: image
image: deps ## docker build
\t@echo docker build .
\t@cd sub && \\
\t  docker build -t $(IMAGE):$(TAG) \\
\t    -f $(CURDIR)/sub/Dockerfile.x .
";
    assert_eq!(
        builds("services/Makefile", makefile),
        ["15 services/sub/Dockerfile.x [services/sub] quay.io/owner/app:${TAG}"]
    );
}

#[test]
fn a_target_gets_the_variables_of_those_that_need_it() {
    let makefile = "\
DIR = svc
all: DIR = lib
all: web
other: private DIR = none
other: web
web:
\tdocker build $(DIR)
";
    assert_eq!(builds("Makefile", makefile), ["7 lib/Dockerfile [lib]", "7 svc/Dockerfile [svc]"]);
    let path = RepoPath::new("Makefile").unwrap();
    let called = |target: &str| -> Vec<String> {
        let recipes = without(|repository| {
            recipes(repository, &path, makefile, Some(&calling(&[target])), &ReadMakefiles::default())
        });
        recipes.runs.builds.iter().map(|build| build.dockerfile.to_string()).collect()
    };
    assert_eq!(called("all"), ["lib/Dockerfile"]);
    assert_eq!(called("web"), ["svc/Dockerfile"]);
}

#[test]
fn the_stem_of_a_pattern_is_one_hole() {
    let makefile = "\
build/%: DARGS ?= --pull
build/%:
\tdocker build $(DARGS) -t owner/$(notdir $@):$$(date +%F) ./images/$(notdir $@)
other-%: x/%.Dockerfile
\tdocker build -t $* -f $< .
all-a all-b: all-%:
\tdocker build -t r/$* $*
";
    assert_eq!(
        builds("Makefile", makefile),
        [
            "3 images/${*}/Dockerfile [images/${*}] owner/${*}:${$(date +%F)}",
            "5 x/${*}.Dockerfile [] ${*}",
            "7 a/Dockerfile [a] r/a",
            "7 b/Dockerfile [b] r/b",
        ]
    );
}

#[test]
fn functions_and_the_folder_of_the_file_are_known() {
    let makefile = "\
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
define build
\tdocker build -t r/$(1) -f $(ROOT)$(2)/Dockerfile $(ROOT)$(2)
endef
VERSION = $(shell git describe)
a:
\t$(call build,a,dir)
b: ; docker build -t b:$(VERSION) $(shell git rev-parse --show-toplevel)/b
\t$(Q)docker build -t c:$(subst x,y,axb) c
";
    assert_eq!(
        builds("tools/build.mk", makefile),
        [
            "7 tools/dir/Dockerfile [tools/dir] r/a",
            "8 b/Dockerfile [b] b:${$(git describe)}",
            "9 tools/c/Dockerfile [tools/c] c:ayb",
            "9 c/Dockerfile [c] c:ayb",
        ]
    );
}

#[test]
fn conditions_and_variables_are_followed_as_make_does() {
    let text = "\
D := one
ifeq ($(UNSET),)
D := two
endif
ifdef CI
E := ci
else ifneq ($(D),two)
E := no
else
E = here
endif
x: D = three
x y:
\tdocker build $(D)
z:
\tdocker build $(E)
w:
\tdocker build $(if $(CI),ci,here)/$(or $(UNSET),$(D))
";
    let found = builds("Makefile", text);
    assert_eq!(
        found,
        [
            "14 three/Dockerfile [three]",
            "14 two/Dockerfile [two]",
            "16 ci/Dockerfile [ci]",
            "18 ci/two/Dockerfile [ci/two]",
            "18 here/two/Dockerfile [here/two]",
            "16 here/Dockerfile [here]"
        ]
    );
}

#[test]
fn one_shell_runs_the_whole_recipe_and_included_files_belong_to_the_makefile() {
    let found = builds("Makefile", ".ONESHELL:\nx:\n\t@cd svc\n\tdocker build .\n");
    assert_eq!(found, ["4 svc/./Dockerfile [svc]".replace("./", "")]);
    let files = [
        ("a/Makefile", "include x.mk\nD := svc\n"),
        ("a/x.mk", "y:\n\tdocker build $(D)\n"),
        ("a/svc/Dockerfile", ""),
    ];
    let scripts = BTreeSet::new();
    let recipes = with(&files, |files| {
        recipes(
            Repository { files, scripts: &scripts },
            &RepoPath::new("a/Makefile").unwrap(),
            files.read("a/Makefile").unwrap().as_str(),
            None,
            &ReadMakefiles::default(),
        )
    });
    let build = &recipes.runs.builds[0];
    assert_eq!(
        (build.place.path.as_str(), build.dockerfile.to_string().as_str()),
        ("a/x.mk", "a/svc/Dockerfile")
    );
    assert!(build.unsettled.is_empty() && recipes.included.contains("a/x.mk"));
}

#[test]
fn a_call_gives_variables_and_names_targets() {
    let text = "D ?= .\nx: y\n\tdocker build $(D)\ny:\n\tdocker build y\nz:\n\tdocker build z\n";
    let call = Make {
        folder: String::new(),
        file: None,
        old: Vec::new(),
        targets: vec!["x".into()],
        variables: vec![("D".into(), "svc".into())],
        environment: BTreeMap::new(),
    };
    let path = RepoPath::new("Makefile").unwrap();
    let found =
        without(|repository| recipes(repository, &path, text, Some(&call), &ReadMakefiles::default()));
    let files: Vec<String> = found.runs.builds.iter().map(|build| build.dockerfile.to_string()).collect();
    assert_eq!(files, ["svc/Dockerfile", "y/Dockerfile"]);
}

#[test]
fn hostile_makefiles_end() {
    let doubled = (1..60).map(|at| format!("a{at} = $(a{0})$(a{0})\n", at - 1));
    let mut text: String = ["a0 = docker build x\n".to_owned()].into_iter().chain(doubled).collect();
    text += "x = $(x)\nall:\n\t$(a59) $(x) $(call x,$(call x))\n";
    builds("Makefile", &text);
    builds("Makefile", &format!("all:\n\tdocker build {}", "$(".repeat(5_000)));
    let tag = |value: &str| {
        builds("Makefile", &format!("n = {}\nall:\n\tdocker build -t {value} .\n", "a ".repeat(300)))
    };
    let nested = |count: usize| format!("{}a{}", "$(subst a,aaaa,".repeat(count), ")".repeat(count));
    assert_eq!(tag(&nested(4)), [format!("3 Dockerfile [] {}", "a".repeat(256))]);
    assert!(tag(&nested(12))[0].starts_with("3 Dockerfile [] ${_subst_a_aaaa_"));
    assert!(tag(&format!("$(subst a,x,$(n:={}))", "b".repeat(300)))[0].contains("${"));
    for function in ["or", "and", "if"] {
        let nested = format!("{}b{}", format!("$({function} ").repeat(20), ",c)".repeat(20));
        let (found, spent) = crate::budget::contained_within(1_000_000, || tag(&nested));
        assert_eq!(found.unwrap().len(), 1);
        assert!(spent < 100_000, "{function} reads each condition once: {spent}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_breaks_it(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("docker build "), Just("$(x)"), Just("$("), Just(")"), Just("${"), Just("}"), Just("$@"), Just("$<"),
                Just("%"), Just(":"), Just("="), Just("x = "), Just("\n"), Just("\n\t"), Just("define x\n"),
                Just("endef\n"), Just("call x,"), Just("notdir "), Just("subst a,b,"), Just("\\\n"), Just("#"), Just("ä"),
                Just("ifeq (a,b)\n"), Just("MAKEFILE_LIST "), Just("$$"), Just("a: "),
            ],
            0..60,
        )
    ) {
        builds("Makefile", &pieces.concat());
    }
}

#[test]
fn a_call_makes_only_the_targets_of_a_pattern_that_it_needs() {
    let text = "all: help\nhelp:\n\techo\nweb: web-image\n%-image: %-base\n\tdocker build --target $* -t $@ $*\n\
                %-base:\n\tdocker build base/$*\na b: %: %.x\n\tdocker build lib/$*\n\
                img-%-x:\n\tdocker build other/$*\n";
    let path = RepoPath::new("Makefile").unwrap();
    let made = |targets: &[&str]| {
        let call = calling(targets);
        let recipes =
            without(|repository| recipes(repository, &path, text, Some(&call), &ReadMakefiles::default()));
        recipes.runs.builds.iter().map(|build| build.dockerfile.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(made(&["help"]), [""; 0]);
    assert_eq!(made(&[]), [""; 0], "the first target is the goal");
    assert_eq!(made(&["web"]), ["web/Dockerfile", "base/web/Dockerfile"]);
    assert_eq!(made(&["b"]), ["lib/b/Dockerfile"]);
    assert_eq!(made(&["-image"]), [""; 0], "a stem is not empty");
    assert_eq!(made(&["${GOPATH}/bin/tool"]), [""; 0], "it ends otherwise");
    assert_eq!(made(&["sub/x-image"]), ["sub/x/Dockerfile", "base/sub/x/Dockerfile"]);
    assert_eq!(made(&["sub/img-z-x"]), ["other/${*}/Dockerfile"], "its folder does not count");
    assert_eq!(made(&["${NAME}-image"]), ["${*}/Dockerfile", "base/${*}/Dockerfile"]);
    let recipes = without(|repository| {
        recipes(repository, &path, text, Some(&calling(&["$x-image"])), &ReadMakefiles::default())
    });
    assert!(recipes.runs.builds.iter().all(|build| !build.unsettled.is_empty()), "it may be another");
}

#[test]
fn a_target_that_two_patterns_fit_is_made_by_an_unknown_one() {
    let text = "img-%:\n\tdocker build a/$*\n%-x:\n\tdocker build b/$*\n";
    let path = RepoPath::new("Makefile").unwrap();
    let made = |target: &str| {
        let call = calling(&[target]);
        let recipes =
            without(|repository| recipes(repository, &path, text, Some(&call), &ReadMakefiles::default()));
        let builds = recipes.runs.builds.into_iter();
        let is_open = |why: &String| why.starts_with("which targets fit");
        builds
            .map(|build| (build.dockerfile.to_string(), build.unsettled.iter().any(is_open)))
            .collect::<Vec<_>>()
    };
    assert_eq!(made("img-y"), [("a/y/Dockerfile".to_owned(), false)]);
    assert_eq!(made("img-x"), ["a", "b"].map(|folder| (format!("{folder}/${{*}}/Dockerfile"), true)));
}

#[test]
fn a_goal_that_is_not_known_leaves_what_it_may_need_possible() {
    let text = "web-image: base\n\tdocker build web\nbase: $(shell x)/end\n\tdocker build base\n\
                other:\n\tdocker build other\nx/end:\n\tdocker build end\n";
    let path = RepoPath::new("Makefile").unwrap();
    let call = calling(&["${X}-image"]);
    let recipes =
        without(|repository| recipes(repository, &path, text, Some(&call), &ReadMakefiles::default()));
    let made: Vec<String> = recipes.runs.builds.iter().map(|build| build.dockerfile.to_string()).collect();
    assert_eq!(made, ["web/Dockerfile", "base/Dockerfile", "end/Dockerfile"]);
    let is_open = |why: &String| why.starts_with("if the call makes");
    assert!(recipes.runs.builds.iter().all(|build| build.unsettled.iter().any(is_open)), "none is certain");
}

#[test]
fn the_default_goal_is_the_first_target_or_what_is_set() {
    let made = |text: &str| {
        let path = RepoPath::new("Makefile").unwrap();
        let call = calling(&[]);
        let recipes =
            without(|repository| recipes(repository, &path, text, Some(&call), &ReadMakefiles::default()));
        recipes.runs.builds.iter().map(|build| build.dockerfile.to_string()).collect::<Vec<_>>()
    };
    let rules =
        "a%:\n\tdocker build p\n.x:\n\tdocker build x\n./b:\n\tdocker build b\nc:\n\tdocker build c\n";
    assert_eq!(made(rules), ["b/Dockerfile"], "a slash makes a dot no special target");
    assert_eq!(made(&format!("{rules}.DEFAULT_GOAL := c\n")), ["c/Dockerfile"]);
    let open = made(&format!(".DEFAULT_GOAL := c\n{rules}.DEFAULT_GOAL :=\n"));
    assert_eq!(open.len(), 4, "what follows decides: {open:?}");
}
