use super::*;
use std::os::unix::fs::symlink;

/// A repository in a temporary folder, with a fixed author and time.
struct Scratch {
    folder: tempfile::TempDir,
    git: git2::Repository,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let git = git2::Repository::init_opts(folder.path(), &options).unwrap();
        Self { folder, git }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let file = self.root().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        self
    }

    fn commit(&self, message: &str) -> CommitId {
        let mut index = self.git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        self.commit_tree(index.write_tree().unwrap(), message)
    }

    fn commit_tree(&self, tree: Oid, message: &str) -> CommitId {
        let time = git2::Time::new(1_700_000_000, 0);
        let who = git2::Signature::new("A", "a@example.com", &time).unwrap();
        let tree = self.git.find_tree(tree).unwrap();
        let parent = self.git.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        CommitId::of(self.git.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap())
    }

    fn open(&self) -> Repository {
        Repository::open(self.root()).unwrap()
    }
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

#[test]
fn opening_tells_what_is_wrong() {
    let scratch = Scratch::new();
    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::open(nowhere.path()), Err(GitError::NotARepository { .. })));
    let missing = Repository::open(&nowhere.path().join("missing"));
    assert!(matches!(missing, Err(GitError::NotARepository { .. })));
    assert!(matches!(scratch.open().resolve(None), Err(GitError::Empty { .. })));
    assert!(matches!(scratch.open().resolve(Some("main")), Err(GitError::Empty { .. })));
    let first = scratch.write("a/Dockerfile", "FROM a\n").commit("First");
    let inside = Repository::open(&scratch.root().join("a")).unwrap();
    assert_eq!(inside.resolve(None).unwrap(), first);
    assert_eq!(inside.resolve(Some("main")).unwrap(), first);
    assert_eq!(inside.resolve(Some(&first.as_str()[..9])).unwrap(), first);
    assert!(matches!(inside.resolve(Some("v2")), Err(GitError::RevisionNotFound { .. })));
    assert!(matches!(inside.resolve(Some("HEAD:a")), Err(GitError::NotACommit { .. })));
    scratch.git.set_head("refs/heads/other").unwrap();
    let unborn = scratch.open().resolve(None).unwrap_err();
    assert!(matches!(&unborn, GitError::UnbornHead { branch, .. } if branch == "other"), "{unborn}");
}

#[test]
fn foreign_formats_are_told_from_broken_repositories() {
    let scratch = Scratch::new();
    scratch.git.config().unwrap().set_i32("core.repositoryformatversion", 1).unwrap();
    scratch.git.config().unwrap().set_str("extensions.partialclone", "origin").unwrap();
    assert!(matches!(Repository::open(scratch.root()), Err(GitError::OldPartialClone { .. })));
    scratch.git.config().unwrap().remove("extensions.partialclone").unwrap();
    scratch.git.config().unwrap().set_str("extensions.objectformat", "sha256").unwrap();
    assert!(matches!(Repository::open(scratch.root()), Err(GitError::Sha256 { .. })));
}

#[test]
fn a_bare_repository_has_commits_and_no_working_tree() {
    let scratch = Scratch::new();
    let commit = scratch.write("Dockerfile", "FROM a\n").commit("First");
    let bare = tempfile::tempdir().unwrap();
    let url = scratch.root().to_str().unwrap();
    git2::build::RepoBuilder::new().bare(true).clone(url, bare.path()).unwrap();
    let bare = Repository::open(bare.path()).unwrap();
    assert_eq!(bare.working_tree(), None);
    assert_eq!(bare.listing(&commit).unwrap().entries().len(), 1);
    assert!(matches!(bare.tracked(), Err(GitError::NoWorkingTree { .. })));
    assert!(matches!(bare.dirty_paths(&[]), Err(GitError::NoWorkingTree { .. })));
}

#[test]
fn a_commit_is_listed_with_its_kinds() {
    let scratch = Scratch::new();
    scratch.write("a/Dockerfile", "FROM a\n").write("a/b/run.sh", "#!/bin/sh\n");
    let script = scratch.root().join("a/b/run.sh");
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    symlink("a/Dockerfile", scratch.root().join("link")).unwrap();
    let commit = scratch.commit("First");
    let repository = scratch.open();
    let all = repository.listing(&commit).unwrap();
    let kinds: Vec<_> = all.entries().iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    let expected = [
        ("a/Dockerfile", EntryKind::File { executable: false }),
        ("a/b/run.sh", EntryKind::File { executable: true }),
        ("link", EntryKind::Symlink),
    ];
    assert_eq!(kinds, expected);
    let blob = all.get(&path("a/Dockerfile")).unwrap().blob.clone().unwrap();
    assert_eq!(repository.blob(&blob).unwrap(), b"FROM a\n");
    assert_eq!(repository.blob_size(&blob).unwrap(), 7);
    assert_eq!(hash_blob(b"FROM a\n").unwrap(), blob);
    let paths = |listing: Listing| -> Vec<String> {
        listing.entries().iter().map(|entry| entry.path.to_string()).collect()
    };
    assert_eq!(paths(repository.staged().unwrap()), ["a/Dockerfile", "a/b/run.sh", "link"]);
    assert_eq!(
        repository.tracked().unwrap().entries().iter().map(|e| e.kind).collect::<Vec<_>>(),
        expected.map(|e| e.1)
    );
}

#[test]
fn odd_names_are_listed_apart() {
    let scratch = Scratch::new();
    let blob = scratch.git.blob(b"FROM a\n").unwrap();
    let mut tree = scratch.git.treebuilder(None).unwrap();
    for name in [b"ok".as_slice(), b"caf\xe9", b"a\x1b[2J"] {
        tree.insert(name, blob, 0o100_644).unwrap();
    }
    let tree = tree.write().unwrap();
    // No treebuilder writes these names; an attacker can.
    let mut raw = Vec::new();
    for (mode, name, id) in [("40000", "..", tree), ("40000", ".git", tree), ("100644", "a/../../b", blob)] {
        raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        raw.extend_from_slice(id.as_bytes());
    }
    let evil = scratch.git.odb().unwrap().write(ObjectType::Tree, &raw).unwrap();
    let of = |tree: Oid| {
        let listing = scratch.open().listing(&scratch.commit_tree(tree, "Odd")).unwrap();
        let odd: Vec<String> = listing.odd().iter().map(|odd| odd.name.clone()).collect();
        (listing.entries().len(), odd)
    };
    assert_eq!(of(tree), (1, vec!["a\\x1b[2J".to_owned(), "caf\u{fffd}".to_owned()]));
    let in_folders = ["..", ".git"]
        .map(|folder| ["a\\x1b[2J", "caf\u{fffd}", "ok"].map(|name| format!("{folder}/{name}")));
    let mut expected = in_folders.concat();
    expected.push("a/../../b".to_owned());
    assert_eq!(of(evil), (0, expected));
}

#[test]
fn missing_objects_of_a_partial_clone_are_told_from_damage() {
    let scratch = Scratch::new();
    scratch.write("Dockerfile", "FROM a\n").commit("First");
    let blob = hash_blob(b"FROM a\n").unwrap();
    let (folder, file) = blob.as_str().split_at(2);
    std::fs::remove_file(scratch.git.path().join("objects").join(folder).join(file)).unwrap();
    assert!(matches!(scratch.open().blob(&blob), Err(GitError::MissingObject { .. })));
    scratch.git.config().unwrap().set_bool("remote.origin.promisor", true).unwrap();
    let error = scratch.open().blob(&blob).unwrap_err();
    assert!(matches!(error, GitError::LeftOutByPartialClone { .. }), "{error}");
    assert!(scratch.open().blob_size(&blob).is_err());
}

#[test]
fn dirty_paths_are_those_that_git_could_not_restore() {
    let scratch = Scratch::new();
    scratch
        .write(".gitignore", "ignored\n")
        .write("a/clean", "1")
        .write("a/edited", "1")
        .write("staged", "1");
    scratch.write("removed", "1").write("[x]", "1").commit("First");
    scratch.write("a/edited", "2").write("a/new", "1").write("staged", "2").write("ignored", "1");
    let mut index = scratch.git.index().unwrap();
    index.add_path(Path::new("staged")).unwrap();
    index.write().unwrap();
    scratch.write("staged", "1");
    std::fs::remove_file(scratch.root().join("removed")).unwrap();
    let asked = ["a/clean", "a/edited", "a/new", "staged", "removed", "ignored", "[x]", "nowhere"].map(path);
    let dirty = scratch.open().dirty_paths(&asked).unwrap();
    let expected = ["a/edited", "a/new", "ignored", "removed", "staged"].map(path);
    assert_eq!(dirty.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn tracked_files_are_not_looked_for_behind_links() {
    let scratch = Scratch::new();
    scratch.write("a/Dockerfile", "FROM a\n").write("b/Dockerfile", "FROM b\n").commit("First");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("Dockerfile"), "FROM secret\n").unwrap();
    std::fs::remove_dir_all(scratch.root().join("a")).unwrap();
    symlink(outside.path(), scratch.root().join("a")).unwrap();
    let tracked = scratch.open().tracked().unwrap();
    assert_eq!(tracked.entries().iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["b/Dockerfile"]);
}

#[test]
fn removals_follow_renames_to_the_tip() {
    let scratch = Scratch::new();
    let text = "FROM alpine\nRUN one\nRUN two\nRUN three\nCOPY a b\n";
    scratch.write("a/Dockerfile", text).write("c/Dockerfile", "FROM c\n").commit("First");
    let rename = |from: &str, to: &str| {
        std::fs::remove_file(scratch.root().join(from)).unwrap();
        scratch.write(to, text);
    };
    rename("a/Dockerfile", "b/Dockerfile");
    let renamed = scratch.commit("Rename a to b\n\nBody");
    rename("b/Dockerfile", "d/e/Dockerfile");
    std::fs::remove_file(scratch.root().join("c/Dockerfile")).unwrap();
    let removed = scratch.commit("Remove c");
    let gone = ["c/Dockerfile", "a/Dockerfile", "never/Dockerfile"].map(path);
    let found = scratch.open().removals(&removed, &gone).unwrap();
    let expected = [
        Removal {
            path: path("a/Dockerfile"),
            commit: renamed,
            subject: "Rename a to b".to_owned(),
            renamed_to: Some(path("d/e/Dockerfile")),
        },
        Removal {
            path: path("c/Dockerfile"),
            commit: removed,
            subject: "Remove c".to_owned(),
            renamed_to: None,
        },
    ];
    assert_eq!(found, expected);
}

#[test]
fn handles_are_shared_by_threads() {
    let scratch = Scratch::new();
    scratch.write("Dockerfile", "FROM a\n").commit("First");
    let (repository, blob) = (scratch.open(), hash_blob(b"FROM a\n").unwrap());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(repository.blob(&blob).unwrap(), b"FROM a\n"));
        }
    });
}

#[test]
fn pointers_of_git_lfs_are_known() {
    assert!(is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"));
    assert!(!is_lfs_pointer(b"FROM a\n# version https://git-lfs.github.com/spec/v1\n"));
}

#[test]
fn changed_files_are_found_whatever_their_size_and_time() {
    let scratch = Scratch::new();
    scratch.write("a", "1").write("b", "1").write("c", "1").write("d", "1").commit("First");
    let mut index = scratch.git.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let blob = hash_blob(b"1").unwrap();
    let changed = || {
        let paths = ["a", "b", "c", "d"].map(path);
        let repository = scratch.open();
        let changed = repository.changed_files(paths.iter().map(|path| (path, &blob))).unwrap();
        changed.into_iter().map(|path| path.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert!(changed().is_empty());
    scratch.write("b", "2");
    std::fs::remove_file(scratch.root().join("c")).unwrap();
    assert_eq!(changed(), ["b", "c"], "the same size, and almost the same time");
    scratch.write("d", "22");
    let mut index = scratch.git.index().unwrap();
    index.add_path(Path::new("d")).unwrap();
    index.write().unwrap();
    assert_eq!(changed(), ["b", "c", "d"], "staged counts too");
}

/// Five trees stand for a hundred thousand folders.
#[test]
fn folders_without_end_are_refused() {
    let scratch = Scratch::new();
    let mut tree = scratch.git.treebuilder(None).unwrap().write().unwrap();
    for _ in 0..5 {
        let mut above = scratch.git.treebuilder(None).unwrap();
        for name in 0..10 {
            above.insert(name.to_string(), tree, 0o040_000).unwrap();
        }
        tree = above.write().unwrap();
    }
    let commit = scratch.commit_tree(tree, "Bomb");
    assert!(matches!(scratch.open().listing(&commit), Err(GitError::TooManyPaths { .. })));
}
