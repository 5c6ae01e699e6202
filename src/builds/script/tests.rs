use proptest::prelude::*;

use super::super::files::tests::without;
use super::*;

fn path(path: &str) -> RepoPath {
    RepoPath::new(path).unwrap()
}

fn shown(declared: &[Declared]) -> Vec<String> {
    let show = |declared: &Declared| {
        let tags: Vec<String> = declared.tags.iter().map(ToString::to_string).collect();
        let context = declared.context.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        let (line, file) = (declared.place.line, &declared.dockerfile);
        format!("{line} {file} [{context}] {}", tags.join(" ")).trim_end().to_owned()
    };
    declared.iter().map(show).collect()
}

/// The builds of a script that starts in the root.
fn builds(script: &str) -> Vec<String> {
    let starts = Starts::at("");
    shown(&without(|repository| called(repository, &path("ci/build.sh"), script, &starts, None)).builds)
}

fn alone_builds(file: &str, script: &str) -> Vec<Declared> {
    without(|repository| alone(repository, &path(file), script)).builds
}

#[test]
fn a_script_starts_in_the_root_or_in_its_own_folder() {
    let both = alone_builds("ci/build.sh", "docker build -t app app");
    assert_eq!(shown(&both), ["1 app/Dockerfile [app] app", "1 ci/app/Dockerfile [ci/app] app"]);
    assert!(both.iter().all(|build| !build.unsettled.is_empty()));
    for own in [
        "cd \"$(dirname \"$0\")\"\ndocker build -t app .",
        "cd ${BASH_SOURCE%/*}\ndocker build -t app .",
        "D=$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" >/dev/null 2>&1 && pwd)\ndocker build -t app $D",
        "D=$(dirname $(readlink -f \"$0\"))\n( cd $D && docker build -t app . )",
        "pushd `dirname $0`\ndocker build -t app . || exit 1",
    ] {
        let found = builds(own);
        assert_eq!(found.len(), 1, "{own}: {found:?}");
        assert!(found[0].ends_with(" ci/Dockerfile [ci] app"), "{own}: {found:?}");
    }
    for root in [
        "ROOT=$(git rev-parse --show-toplevel)\ndocker build -f $ROOT/x/Dockerfile $ROOT",
        "cd $(dirname $0)/..\ndocker build -f x/Dockerfile .",
        "docker build -f \"$GITHUB_WORKSPACE/x/Dockerfile\" $GITHUB_WORKSPACE",
        "cd $REPO_ROOT; docker build -f x/Dockerfile .",
    ] {
        let found = builds(root);
        assert_eq!(found.len(), 1, "{root}: {found:?}");
        assert!(found[0].contains("x/Dockerfile ["), "{root}: {found:?}");
    }
}

#[test]
fn what_a_loop_and_its_branches_set_stays_together() {
    let script = "\
#!/bin/bash
VERSION=${1:-latest}
for name in $(python3 list.py); do
  dir=\"images/${name}\"
  if [ \"$VERSION\" == latest ]; then
    file=\"$dir/Dockerfile\"
    tag=\"registry/$name\"
  else
    file=\"$dir/$VERSION.Dockerfile\"
    tag=\"registry/$name:$VERSION\"
  fi
  [ -f \"$file\" ] || continue
  docker build -t \"$tag\" -f \"$file\" \"$dir\"
done
";
    let found = builds(script);
    assert!(found.contains(&"13 images/${name}/Dockerfile [images/${name}] registry/${name}".to_owned()));
    assert!(
        found
            .contains(&"13 images/${name}/${1}.Dockerfile [images/${name}] registry/${name}:${1}".to_owned())
    );
    let mixed = |line: &String| line.contains("/Dockerfile") && line.contains(":${1}");
    assert!(!found.iter().any(mixed), "{found:?}");
}

#[test]
fn words_are_followed_through_the_shell() {
    for (script, want) in [
        (
            "for i in a b; do docker build -t r/$i $i; done",
            &["a/Dockerfile [a] r/a", "b/Dockerfile [b] r/b"][..],
        ),
        (
            "for i in images/*/; do docker build -t r/$(basename $i) $i; done",
            &["images/${i}//Dockerfile [images/${i}/] r/${i}"],
        ),
        (
            "b() { docker build -t r/$1 \"$2\"; }\nb a x; b c y",
            &["x/Dockerfile [x] r/a", "y/Dockerfile [y] r/c"],
        ),
        ("b() { local n=$1; docker build -t r/$n $n; }", &["${1}/Dockerfile [${1}] r/${1}"]),
        (
            "for i in {a,b}; do docker build -t r/$i $i; done",
            &["a/Dockerfile [a] r/a", "b/Dockerfile [b] r/b"],
        ),
        ("unset C; docker build -t app ${C-app}", &["app/Dockerfile [app] app"]),
        ("n=C; C=app; docker build -t app ${!n}", &["app/Dockerfile [app] app"]),
        ("args=(-t app)\nargs+=(-f x/Dockerfile)\ndocker build \"${args[@]}\" .", &["x/Dockerfile [] app"]),
        (
            "ARGS='-t app -f x/Dockerfile'\nsudo DOCKER_BUILDKIT=1 docker build $ARGS .",
            &["x/Dockerfile [] app"],
        ),
        ("DOCKER=${DOCKER:-docker}\n$DOCKER build -t app app", &["app/Dockerfile [app] app"]),
        ("CMD='docker buildx build'\neval \"$CMD -t app app\"", &["app/Dockerfile [app] app"]),
        ("T=$(date)\nbash -c \"docker build -t app:$T app\"", &["app/Dockerfile [app] app:${T}"]),
        (
            "flock -w 5 lock nice -n 5 sudo --user x A=1 docker build -t app app",
            &["app/Dockerfile [app] app"],
        ),
        ("xargs docker build -t app", &[]),
        ("run() { \"$@\"; }\nrun docker build -t app app", &["app/Dockerfile [app] app"]),
        ("if ! docker build -t app app; then exit 1; fi", &["app/Dockerfile [app] app"]),
        ("id=$(docker build -q -t app app)", &["app/Dockerfile [app] app"]),
        ("ls | while read d; do docker build -t r/$d x/$d; done", &["x/${d}/Dockerfile [x/${d}] r/${d}"]),
        (
            "f=Dockerfile\nwhile getopts f: o; do case $o in f) f=$OPTARG;; esac; done\ndocker build -f x/$f x",
            &["x/${f} [x]", "x/Dockerfile [x]"],
        ),
        (
            "case $1 in\na) d=x;;\nb) d=y;;\n*) exit 1;;\nesac\ndocker build -t $d $d",
            &["x/Dockerfile [x] x", "y/Dockerfile [y] y"],
        ),
        ("docker build -t app - < x/Dockerfile", &["x/Dockerfile [-] app"]),
        ("cat x/Dockerfile | docker build -f - app", &["x/Dockerfile [app]"]),
        (
            "docker build -t app ${CONTEXT:-app}",
            &["app/Dockerfile [app] app", "${CONTEXT}/Dockerfile [${CONTEXT}] app"],
        ),
        ("docker build \\\n  -t app \\\n  app | tee log", &["app/Dockerfile [app] app"]),
        ("if [ $X = 1 ]; then\n((\ndocker build -t app app\n", &["app/Dockerfile [app] app"]),
    ] {
        let found: Vec<String> =
            builds(script).iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(found, want, "{script}");
    }
}

/// The words of a builtin mean the same here as in a RUN.
#[test]
fn the_words_of_builtins_are_read() {
    for (script, want) in [
        // The program, not the function.
        ("docker() { command docker \"$@\"; }\ndocker build -t app app", &["app/Dockerfile [app] app"][..]),
        ("docker() { sudo -E docker \"$@\"; }\ndocker build -t app app", &["app/Dockerfile [app] app"]),
        ("docker() { command -p docker \"$@\"; }\ndocker build -t app app", &["app/Dockerfile [app] app"]),
        ("set -e app; docker build -t r/$1 $1", &["app/Dockerfile [app] r/app"]),
        ("set -eo pipefail\nset a -- b; docker build -t r/$1 $1", &["a/Dockerfile [a] r/a"]),
        (
            "set -- app; set -$old; set +o \"$x\"; set -; docker build -t r/$1 $1",
            &["app/Dockerfile [app] r/app"],
        ),
        ("d=app; d() { :; }; unset -f d; docker build -t r/$d $d", &["app/Dockerfile [app] r/app"]),
        ("d=app; unset -v d; docker build -t app ${d-x}", &["x/Dockerfile [x] app"]),
        ("d=app; printf -v d %s \"$x\"; docker build -t r/$d .", &["Dockerfile [] r/${d}"]),
        ("d=app; let d=2; docker build -t r/$d .", &["Dockerfile [] r/${d}"]),
        ("d=app; read -p d x; docker build -t r/$d $d", &["app/Dockerfile [app] r/app"]),
        ("d=app; getopts d x; docker build -t r/$d $d", &["app/Dockerfile [app] r/app"]),
        ("f() { declare -g d=app; }\nf; docker build -t r/$d $d", &["app/Dockerfile [app] r/app"]),
        ("d=app; f() { local d=x; }\nf; docker build -t r/$d $d", &["app/Dockerfile [app] r/app"]),
        ("d=app; f() { declare -F d; docker build -t r/$d $d; }\nf", &["app/Dockerfile [app] r/app"]),
        ("d=app; export d+=/x; docker build -t app $d", &["app/x/Dockerfile [app/x] app"]),
        ("f() { local -n d=$1; docker build -t app $d; }\nf x", &["${d}/Dockerfile [${d}] app"]),
        ("d=(); d[0]=app; docker build -t app \"${d[@]}\"", &["${d}/Dockerfile [${d}] app"]),
        ("d[0]=$(docker build -q -t app app)", &["app/Dockerfile [app] app"]),
        ("[[ -n $(docker build -q -t app app) ]]", &["app/Dockerfile [app] app"]),
    ] {
        let found: Vec<String> =
            builds(script).iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(found, want, "{script}");
    }
}

#[test]
fn conditions_hold_where_their_words_are_known() {
    let (yes, no) = (&["a/Dockerfile [a]"][..], &["b/Dockerfile [b]"][..]);
    let both = &["a/Dockerfile [a]", "b/Dockerfile [b]"][..];
    for (condition, want) in [
        ("[ $x = 1 ]", yes),
        ("[ $x = 1 ] 2>/dev/null", yes),
        ("test $x = 1", yes),
        ("! test $x", no),
        ("[ ! -z $x ]", yes),
        ("[ ! = $x ]", no),
        ("[ -n ]", yes),
        ("[ -d $x ]", both),
        ("[ $x = $y ]", both),
        ("[[ $x == 1 && ( -n $x ) ]]", yes),
        ("[[ $x == 2 && -n $y ]]", no),
        ("[[ $x == 1 && -n $y ]]", both),
        ("[[ -z $y || $x == 1 ]]", yes),
        ("[[ ! $x == ? ]]", no),
        ("[[ $x == \"?\" ]]", both),
        ("[[ $x -eq 1 ]]", both),
    ] {
        let script = format!("x=1\nif {condition}; then d=a; else d=b; fi\ndocker build $d");
        let found: Vec<String> =
            builds(&script).iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(found, want, "{condition}");
    }
}

/// The builds of a script that starts in the root of a repository with these files.
fn builds_with(texts: &[(&str, &str)], script: &str) -> Vec<String> {
    let scripts = BTreeSet::new();
    let found = super::super::files::tests::with(texts, |files| {
        let repository = Repository { files, scripts: &scripts };
        called(repository, &path("ci/build.sh"), script, &Starts::at(""), None)
    });
    shown(&found.builds)
}

#[test]
fn a_script_that_another_one_sources_is_read() {
    let files = [
        ("env.sh", "CTX=app\n"),
        (
            "ci/lib.sh",
            "top=$(dirname \"$(dirname \"${BASH_SOURCE[0]}\")\")\nrun() { \"$@\"; }\nreturn 0\nCTX=x\n",
        ),
        ("app/Dockerfile", "FROM x\n"),
    ];
    for (script, want) in [
        (". ./env.sh\ndocker build -t r ./$CTX", "2 app/Dockerfile [app] r"),
        ("source env.sh && docker build -t r ./$CTX", "1 app/Dockerfile [app] r"),
        (
            "CTX=app; . \"$(dirname \"$0\")/lib.sh\"; run docker build -t r $top/$CTX",
            "1 app/Dockerfile [app] r",
        ),
        ("cd ci; . ../env.sh; docker build -t r ../$CTX", "1 app/Dockerfile [app] r"),
        // It may set any variable, before and after.
        (". ./other.sh\ndocker build -t r ./$CTX", "2 ${CTX}/Dockerfile [${CTX}] r"),
        ("CTX=app; . ./other.sh\ndocker build -t r ./$CTX", "2 ${CTX}/Dockerfile [${CTX}] r"),
    ] {
        assert_eq!(builds_with(&files, script).first().map(String::as_str), Some(want), "{script}");
    }
    let unread = builds_with(&files, ". ./other.sh; docker build -t r ./$CTX");
    assert!(!unread.contains(&"1 Dockerfile [] r".to_owned()), "{unread:?}");
}

#[test]
fn text_that_only_speaks_of_builds_does_not_count() {
    for script in [
        "# docker build .",
        "echo \"docker build .\"",
        "echo docker build .",
        "cat <<EOF\ndocker build .\nEOF",
        "usage='docker build .'",
        "docker compose build app",
        "docker build -t app - <<EOF\nFROM x\nEOF",
        "exit 0\ndocker build .",
        "for i in a; do if [ $i = b ]; then docker build .; fi; done",
    ] {
        assert_eq!(builds(script), [""; 0], "{script}");
    }
    assert_eq!(alone_builds("build.py", "docker build ."), []);
    assert_eq!(alone_builds("build", "#!/usr/bin/env bash\ndocker build .").len(), 1);
    assert_eq!(alone_builds("build", "#!/usr/bin/python3\ndocker build .").len(), 0);
}

#[test]
fn hostile_scripts_end() {
    let deep = "f() { f; f; docker build $1; }; f x\n";
    let wide = "for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do for c in 1 2 3 4 5 6 7 8 9; do \
                for d in 1 2 3 4 5 6 7 8 9; do x=$x$x$a; docker build $a$b$c$d$x; done; done; done; done";
    let ways = "if a; then x=1; y=2; docker build $x$z; else z=1; fi\n".repeat(200);
    let nested = format!("docker build {}x{}", "$(echo ".repeat(3_000), ")".repeat(3_000));
    let text = format!("docker build {}", "\"${a[@]}\" ".repeat(10_000));
    for script in
        [deep, wide, &ways, &nested, &text, &"docker build $(".repeat(500), "a=(x)\na+=(\"${a[@]}\")\n"]
    {
        builds(script);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_breaks_it(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("docker build "), Just("-t "), Just("$x"), Just("${x:-"), Just("${x%/}"), Just("}"), Just("$("),
                Just(")"), Just("\""), Just("'"), Just("`"), Just("if "), Just("then "), Just("fi\n"), Just("for x in "),
                Just("do "), Just("done\n"), Just("f() {\n"), Just("}\n"), Just("x="), Just("x+=("), Just(";"), Just("\n"),
                Just("cd "), Just("\\"), Just("ä"), Just("*"), Just("{a,b}"), Just("<<E\n"), Just("E\n"), Just("eval "),
                Just("f "), Just("$@"), Just("case $x in a) "), Just("esac\n"), Just("../"), Just("while read x; "),
            ],
            0..60,
        )
    ) {
        builds(&pieces.concat());
    }
}

#[test]
fn what_the_shell_runs_besides_a_command_is_followed() {
    for script in [
        // Both bodies run.
        "case a in a) T=1 ;& b) docker build -t app app ;; esac",
        "case a in a) T=1 ;;& *) docker build -t app app ;; esac",
        "read -r id < <(docker build -t app app)",
        "cat <<< \"$(docker build -t app app)\"",
        "cat > \"$(docker build -t app app)\"",
        // Without a command, the assignment stays.
        "unset NONE\nT=app $NONE\ndocker build -t $T app",
        "cd -P app\ndocker build -t app .",
        "cd -- app\ndocker build -t app .",
    ] {
        assert_eq!(
            builds(script),
            [format!("{} app/Dockerfile [app] app", script.lines().count())],
            "{script}"
        );
    }
}

#[test]
fn a_loop_that_counts_may_not_run() {
    let script = "F=a\nfor ((i = 0; i < n; i++)); do F=b; done\ndocker build -f $F/Dockerfile .";
    assert!(!builds(script).iter().any(|build| build.contains("b/Dockerfile [.]")), "{:?}", builds(script));
    let outer =
        "for d in a b; do\n  for ((i = 0; i < 1; i++)); do break; done\n  docker build -t $d $d\ndone";
    assert_eq!(builds(outer), ["3 a/Dockerfile [a] a", "3 b/Dockerfile [b] b"]);
}
