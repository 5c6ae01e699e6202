//! Discovery on real git repositories and folders.

use layerwright::builds::{Context, ContextReason, Contexts, Found};
use layerwright::discover::{
    Class, LeftOut, List, ListedPath, Options, RefusedReason, SourceTree, Why, discover, parse_list,
    reconcile,
};
use layerwright::git::{GitError, RepoPath};

use crate::support::Scratch;

/// The list of an issue as a page's copy gives it: every path twice, the second time run together.
const ISSUE: &str = include_str!("data/issue.txt");

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn names(source: &SourceTree<'_>) -> Vec<String> {
    discover(source, &Options::default()).files.iter().map(|file| file.path.to_string()).collect()
}

#[test]
fn every_source_has_its_own_bytes() {
    let scratch = Scratch::new();
    let commit =
        scratch.write("a/Dockerfile", "FROM one\n").write("b/Dockerfile", "FROM b\n").commit("First");
    scratch.write("a/Dockerfile", "FROM two\n").write("c/Dockerfile", "FROM c\n");
    let mut index = scratch.git.index().unwrap();
    index.add_all(["a", "c"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    scratch.write("a/Dockerfile", "FROM three\n").remove("b/Dockerfile").write("d/Dockerfile", "FROM d\n");
    let repository = scratch.open();
    let first = |source: &SourceTree<'_>| discover(source, &Options::default()).files.remove(0);
    let sources = [
        (SourceTree::commit(&repository, &commit).unwrap(), "one", vec!["a/Dockerfile", "b/Dockerfile"]),
        (
            SourceTree::index(&repository).unwrap(),
            "two",
            vec!["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"],
        ),
        (SourceTree::working_tree(&repository).unwrap(), "three", vec!["a/Dockerfile", "c/Dockerfile"]),
        (SourceTree::folder(scratch.root()), "three", vec!["a/Dockerfile", "c/Dockerfile", "d/Dockerfile"]),
    ];
    for (source, base, files) in &sources {
        assert_eq!(names(source), *files);
        let file = first(source);
        assert_eq!(file.text, format!("FROM {base}\n").into_bytes());
        assert_eq!(file.blob, layerwright::git::hash_blob(&file.text).unwrap());
    }
}

#[test]
fn what_is_left_out_is_counted_with_its_reason() {
    let scratch = Scratch::new();
    for file in ["Dockerfile", "vendor/x/Dockerfile", "web/node_modules/y/Dockerfile", "Dockerfile.j2"] {
        scratch.write(file, "FROM a\n");
    }
    scratch.write("T.approved.Dockerfile", "FROM a\n").write("dockerfile.go", "package x\n");
    scratch.write("Dockerfile.py", "# for Python\nFROM python\n").write("old/Dockerfile", "FROM a\n");
    scratch.link("l1.Dockerfile", "Dockerfile").link("l2.Dockerfile", "../out/Dockerfile");
    scratch
        .link("l3.Dockerfile", "/etc/passwd")
        .link("l4.Dockerfile", "nowhere")
        .link("l5.Dockerfile", "l5.Dockerfile");
    scratch.write("odd.df", "FROM a\n");
    let commit = scratch.commit("First");
    let repository = scratch.open();
    let options = Options::new(&["*.df".to_owned(), "vendor/".to_owned()], &["old".to_owned()]).unwrap();
    let found = discover(&SourceTree::commit(&repository, &commit).unwrap(), &options);
    let files: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["Dockerfile", "Dockerfile.py", "odd.df", "vendor/x/Dockerfile"]);
    let out = |text: &str| LeftOut::SymlinkOutOfTree { target: text.to_owned() };
    let expected = [
        ("Dockerfile.j2", LeftOut::TemplateName),
        ("T.approved.Dockerfile", LeftOut::Snapshot),
        ("dockerfile.go", LeftOut::NotADockerfile),
        ("l1.Dockerfile", LeftOut::Symlink { target: path("Dockerfile") }),
        ("l2.Dockerfile", out("../out/Dockerfile")),
        ("l3.Dockerfile", out("/etc/passwd")),
        ("l4.Dockerfile", LeftOut::SymlinkDangling),
        ("l5.Dockerfile", LeftOut::SymlinkDangling),
        ("old/Dockerfile", LeftOut::Excluded),
        ("web/node_modules/y/Dockerfile", LeftOut::NodeModules),
    ];
    assert_eq!(found.left_out, expected.map(|(name, why)| (path(name), why)));
    assert_eq!(found.left_out_counts()["a link out of the repository"], 2);
    let disk = discover(&SourceTree::folder(scratch.root()), &options);
    assert_eq!((disk.left_out, disk.files), (found.left_out, found.files));
    assert!(Options::new(&["a[".to_owned()], &[]).is_err());
    let listed = Options::default().listed([path("Dockerfile.j2")]);
    let found = discover(&SourceTree::commit(&repository, &commit).unwrap(), &listed);
    assert!(found.files.iter().any(|file| file.path == path("Dockerfile.j2")));
}

#[test]
fn a_bad_file_is_refused_and_the_others_are_read() {
    let scratch = Scratch::new();
    scratch.write("a/Dockerfile", "FROM a\nRUN \0\n").write("b/Dockerfile", b"FROM a\n# caf\xe9\n");
    scratch.write("c/Dockerfile", vec![b'#'; 5 << 20]).write("d/Dockerfile", "FROM d\n");
    scratch.write("e/Dockerfile", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    let commit = scratch.commit("First");
    let repository = scratch.open();
    let found = discover(&SourceTree::commit(&repository, &commit).unwrap(), &Options::default());
    assert_eq!(found.files.len(), 1);
    let reasons: Vec<_> = found.refused.iter().map(|refused| refused.reason.clone()).collect();
    let expected = [
        RefusedReason::Nul { line: 2, offset: 11 },
        RefusedReason::NotUtf8 { line: 2, offset: 12 },
        RefusedReason::TooLarge { size: 5 << 20 },
        RefusedReason::LfsPointer,
    ];
    assert_eq!(reasons, expected);
    assert_eq!(
        found.refused[0].to_string(),
        "a/Dockerfile: it has a NUL byte in line 2, at offset 11; save it as UTF-8 text, or exclude it in \
         [files] of layerwright.toml"
    );
}

#[test]
fn a_generated_file_says_by_what() {
    let scratch = Scratch::new();
    let text = "# DO NOT EDIT: created by update.sh from Dockerfile.template\nFROM a\n";
    let commit = scratch.write("Dockerfile", text).commit("First");
    let repository = scratch.open();
    let found = discover(&SourceTree::commit(&repository, &commit).unwrap(), &Options::default());
    let Class::Generated(generated) = &found.files[0].class else { panic!("{:?}", found.files[0].class) };
    assert_eq!(generated.generator.as_deref(), Some("update.sh"));
    assert_eq!(generated.template.as_deref(), Some("Dockerfile.template"));
}

#[test]
fn the_issue_of_clp_lists_nine_files() {
    let list = parse_list(ISSUE, &|_| false);
    let expected = [
        "tools/docker-images/clp-package/Dockerfile",
        "tools/docker-images/clp-execution-base-ubuntu-jammy/Dockerfile",
        "components/core/tools/docker-images/clp-core-ubuntu-jammy/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-centos-stream-9/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-manylinux_2_28-aarch64/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-manylinux_2_28-x86_64/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-musllinux_1_2-aarch64/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-musllinux_1_2-x86_64/Dockerfile",
        "components/core/tools/docker-images/clp-env-base-ubuntu-jammy/Dockerfile",
    ];
    assert_eq!(list.paths.iter().map(|listed| listed.path.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!(list.refused, []);
    let second = ISSUE.split("DockerfileImportant").next().unwrap();
    let second = second.rsplit_once('\n').unwrap().1;
    let again = parse_list(&format!("{second}DockerfileImportant Caveats"), &|_| false);
    assert_eq!(again.paths.iter().map(|listed| listed.path.as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_list_is_compared_with_the_repository() {
    let scratch = Scratch::new();
    let long = "FROM alpine\nRUN one\nRUN two\nRUN three\n";
    scratch
        .write("a/Dockerfile", long)
        .write("b/old/Dockerfile", "FROM b\n")
        .write("x/run-base/Dockerfile", "");
    scratch.write("c/Dockerfile", "FROM c\n").write("pkg-all/Dockerfile", "FROM p\n").commit("First");
    scratch.remove("a/Dockerfile").write("moved/Dockerfile", long);
    let renamed = scratch.commit("Move a");
    scratch.remove("x/run-base/Dockerfile");
    let removed = scratch.commit("Replace the base by `pkg-all`");
    let repository = scratch.open();
    let source = SourceTree::commit(&repository, &removed).unwrap();
    let discovery = discover(&source, &Options::default());
    let list = ["a", "z/old", "x/run-base", "never", "c"].map(|folder| path(&format!("{folder}/Dockerfile")));
    let paths =
        list.iter().map(|path| ListedPath { path: path.clone(), others: Vec::new(), line: 1 }).collect();
    let list = List { paths, ..List::default() };
    let result = reconcile(&list, source.listing(), &discovery, |gone| repository.removals(&removed, gone));
    let result = result.unwrap();
    assert_eq!(result.found, [path("c/Dockerfile")]);
    assert_eq!(result.unlisted, ["b/old/Dockerfile", "moved/Dockerfile", "pkg-all/Dockerfile"].map(path));
    let guesses: Vec<_> = result
        .gone
        .iter()
        .map(|gone| gone.guess.as_ref().map(|guess| (guess.path.as_str(), guess.why.clone())))
        .collect();
    let expected = [
        Some(("moved/Dockerfile", Why::RenamedIn(renamed))),
        Some(("b/old/Dockerfile", Why::SameFolderName)),
        Some(("pkg-all/Dockerfile", Why::NamedIn(removed))),
        None,
    ];
    assert_eq!(guesses, expected);
}

#[test]
fn a_context_shows_what_the_builder_sees() {
    let scratch = Scratch::new();
    scratch.write("app/Dockerfile", "FROM a\n").write("app/src/a.c", "a").write("app/src/b.h", "b");
    scratch.write("app/src/deep/c.c", "c").write("app/secret/key", "k").write("app/secret/public", "p");
    scratch
        .write("app/.dockerignore", "secret/*\n!secret/public\nlog\n")
        .write("app/log/x", "x")
        .write("up", "u");
    scratch.link("app/to-src", "src").link("app/to-up", "../up").link("app/to-root", "/src/a.c");
    let commit = scratch.commit("First");
    let repository = scratch.open();
    let source = SourceTree::commit(&repository, &commit).unwrap();
    let file = path("app/Dockerfile");
    let view = Contexts::new(&source).view(&Context::assumed(&file), &file).unwrap();
    let plain = Found::File { executable: false };
    let target = |text: &str| Found::Symlink { target: Some(path(text)) };
    let expected = [
        (".", Found::Dir),
        ("/src/", Found::Dir),
        ("src/a.c", plain.clone()),
        ("../../src/a.c", plain.clone()),
        ("secret", Found::Dir),
        ("secret/key", Found::Ignored),
        ("secret/public", plain.clone()),
        ("log", Found::Ignored),
        ("dist/app", Found::Missing),
        ("to-src", target("app/src")),
        ("to-src/a.c", plain.clone()),
        ("to-root", target("app/src/a.c")),
        ("to-up", Found::Symlink { target: None }),
    ];
    for (name, found) in expected {
        assert_eq!(view.get(name), found, "{name}");
    }
    let matched = |pattern: &str| -> Vec<String> {
        view.glob(pattern).unwrap().into_iter().map(|(path, _)| path.to_string()).collect()
    };
    assert_eq!(matched("src/*.c"), ["app/src/a.c"]);
    assert_eq!(matched("*/?.[ch]"), ["app/src/a.c", "app/src/b.h"]);
    assert_eq!(matched("to-src/*.h"), ["app/src/b.h"]);
    assert_eq!(matched("s*"), ["app/secret", "app/src"]);
    assert_eq!(matched("*.none"), [""; 0]);
    assert!(view.glob("a[").is_err());
    let tree: Vec<_> = view.tree(Some(&path("app/src"))).map(|entry| entry.path.file_name()).collect();
    assert_eq!(tree, ["a.c", "b.h", "c.c"]);
    assert_eq!(view.read(&path("app/src/a.c"), 9).unwrap(), b"a");
    assert!(view.read(&path("app/secret/key"), 9).is_err() && view.read(&path("up"), 9).is_err());
    assert_eq!(view.path_of("to-src/deep"), Some(path("app/src/deep")));
}

#[test]
fn an_ignore_file_of_the_dockerfile_replaces_that_of_the_context() {
    let scratch = Scratch::new();
    scratch.write("Dockerfile", "FROM a\n").write(".dockerignore", "a\n").write("a", "").write("b", "");
    scratch.write("dev.Dockerfile", "FROM a\n").write("dev.Dockerfile.dockerignore", "b\n");
    scratch.write("bad.Dockerfile", "FROM a\n").write("bad.Dockerfile.dockerignore", "ok\n[\n");
    let commit = scratch.commit("First");
    let repository = scratch.open();
    let source = SourceTree::commit(&repository, &commit).unwrap();
    let contexts = Contexts::new(&source);
    let view = |name: &str| contexts.view(&Context::assumed(&path(name)), &path(name));
    let seen = |name: &str| ["a", "b"].map(|file| view(name).unwrap().get(file) != Found::Ignored);
    assert_eq!(seen("Dockerfile"), [false, true]);
    assert_eq!(seen("dev.Dockerfile"), [true, false]);
    assert_eq!(view("dev.Dockerfile").unwrap().ignore_file(), Some(&path("dev.Dockerfile.dockerignore")));
    let error = view("bad.Dockerfile").err().unwrap().to_string();
    assert!(error.starts_with("bad.Dockerfile.dockerignore: line 2: "), "{error}");
}

#[test]
fn nothing_is_planned_from_an_empty_repository() {
    let scratch = Scratch::new();
    let error = scratch.open().resolve(None).unwrap_err();
    assert!(matches!(error, GitError::Empty { .. }));
    assert!(error.to_string().contains("has no commit yet; make the first one"));
}

#[test]
fn a_context_is_guessed_by_where_the_sources_are() {
    let scratch = Scratch::new();
    let commit = scratch
        .write("core/tools/image/Dockerfile", "FROM a\n")
        .write("core/tools/image/own.sh", "")
        .write("core/scripts/run.sh", "")
        .write("build/out", "")
        .commit("First");
    let repository = scratch.open();
    let source = SourceTree::commit(&repository, &commit).unwrap();
    let guessed = |sources: &[&str]| {
        let context =
            Context::guessed(&Contexts::new(&source), &path("core/tools/image/Dockerfile"), sources);
        (context.root.map(|root| root.to_string()), context.evidence)
    };
    assert_eq!(guessed(&["own.sh"]), (Some("core/tools/image".into()), ContextReason::OwnFolder));
    assert_eq!(guessed(&["./scripts", "gone"]), (Some("core".into()), ContextReason::SourcesAbove));
    assert_eq!(guessed(&["build/out", "core/scripts/run.sh"]), (None, ContextReason::SourcesAbove));
    assert_eq!(guessed(&["gone"]), (Some("core/tools/image".into()), ContextReason::OwnFolder));
}

/// Makes a tree with an object at each of these names.
fn tree_of(
    repository: &git2::Repository,
    names: impl Iterator<Item = String>,
    id: git2::Oid,
    mode: i32,
) -> git2::Oid {
    let mut tree = repository.treebuilder(None).unwrap();
    for name in names {
        tree.insert(name, id, mode).unwrap();
    }
    tree.write().unwrap()
}

#[test]
fn a_file_at_very_many_paths_is_read_at_some_thousands_and_refused_at_the_others() {
    let scratch = Scratch::new();
    let (git, file, folder) = (&scratch.git, 0o100_644, 0o040_000);
    // Some 26,000 paths of a small file, and 30 of one that is almost as large as is read.
    let small = git.blob(b"FROM a\n").unwrap();
    let files = tree_of(git, (0..160).map(|at| format!("Dockerfile.{at}")), small, file);
    let many = tree_of(git, (0..163).map(|at| at.to_string()), files, folder);
    let large = git.blob(&[b"FROM a\n#".as_slice(), &vec![b'x'; 3 << 20]].concat()).unwrap();
    let heavy = tree_of(git, (0..320).map(|at| format!("{at:03}.Dockerfile")), large, file);
    for (tree, read, all) in [(many, 25_000..25_100, 160 * 163), (heavy, 21..64, 320)] {
        let author = git2::Signature::now("A", "a@b").unwrap();
        let commit = git.commit(None, &author, &author, "x", &git.find_tree(tree).unwrap(), &[]).unwrap();
        let repository = scratch.open();
        let commit = repository.resolve(Some(&commit.to_string())).unwrap();
        let found = discover(&SourceTree::commit(&repository, &commit).unwrap(), &Options::default());
        assert!(read.contains(&found.files.len()), "{}", found.files.len());
        assert_eq!(found.files.len() + found.refused.len(), all);
        assert!(found.refused.iter().all(|refused| refused.reason == RefusedReason::TooMany));
        let paths: Vec<&RepoPath> = found.files.iter().map(|file| &file.path).collect();
        assert!(paths.is_sorted(), "{paths:?}");
        if tree == heavy {
            assert_eq!(
                paths.last().unwrap().as_str(),
                format!("{:03}.Dockerfile", paths.len() - 1),
                "the first"
            );
        }
    }
}
