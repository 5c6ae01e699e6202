use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn whole() -> BTreeSet<Option<RepoPath>> {
    BTreeSet::from([None])
}

/// A folder with arbitrary modes and times.
fn given() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/run.sh"), "#!/bin/sh\n").unwrap();
    fs::write(root.join("a/text"), "hello").unwrap();
    fs::write(root.join("c"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n").unwrap();
    symlink("/etc", root.join("a/etc")).unwrap();
    for (at, mode) in [("a", 0o2775), ("a/b", 0o700), ("a/b/run.sh", 0o700), ("a/text", 0o664)] {
        fs::set_permissions(root.join(at), fs::Permissions::from_mode(mode)).unwrap();
    }
    folder
}

#[test]
fn modes_and_times_do_not_depend_on_the_checkout() {
    let (from, to) = (given(), tempfile::tempdir().unwrap());
    let checkout = export(&SourceTree::folder(from.path()), &whole(), to.path()).unwrap();
    let meta = |at: &str| fs::symlink_metadata(checkout.root().join(at)).unwrap();
    let modes = ["", "a", "a/b", "a/b/run.sh", "a/text"].map(|at| meta(at).mode() & 0o7777);
    assert_eq!(modes, [0o755, 0o755, 0o755, 0o755, 0o644]);
    for at in ["", "a", "a/b", "a/b/run.sh", "a/text", "a/etc"] {
        assert_eq!(meta(at).mtime(), 1_577_836_800, "{at}");
    }
    assert_eq!(fs::read_link(checkout.root().join("a/etc")).unwrap(), Path::new("/etc"));
    assert_eq!(fs::read_to_string(checkout.root().join("a/text")).unwrap(), "hello");
    assert_eq!(checkout.written(), 10 + 5 + 56);
    assert_eq!(checkout.doubts(None), [format!("c: {LFS}")]);
    assert_eq!(checkout.doubts(Some(&path("a"))), [""; 0]);
    drop(checkout);
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0, "nothing is left");
}

/// Returns no named contexts.
fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[test]
fn only_what_is_asked_for_is_written() {
    let (from, to) = (given(), tempfile::tempdir().unwrap());
    let folders = BTreeSet::from([Some(path("a/b")), Some(path("nothing"))]);
    let mut checkout = export(&SourceTree::folder(from.path()), &folders, to.path()).unwrap();
    assert!(checkout.root().join("a/b/run.sh").exists());
    assert!(!checkout.root().join("a/text").exists() && !checkout.root().join("c").exists());
    let context = checkout.context(Some(&path("a/b")), &none()).unwrap().unwrap();
    assert_eq!(context.path().canonicalize().unwrap(), checkout.root().canonicalize().unwrap().join("a/b"));
    assert_eq!(checkout.context(Some(&path("a/b")), &none()).unwrap(), Some(context));
    assert_eq!(checkout.context(Some(&path("nothing")), &none()).unwrap(), None);
    let root = checkout.root().to_owned();
    assert!(root.starts_with(checkout.beside()) && checkout.nonce().len() > 6);
    checkout.keep();
    drop(checkout);
    assert!(root.join("a/b/run.sh").exists());
}

#[test]
fn a_context_that_a_link_leads_to_is_none() {
    let (from, to) = (given(), tempfile::tempdir().unwrap());
    let checkout = export(&SourceTree::folder(from.path()), &whole(), to.path()).unwrap();
    for other in ["a/etc", "a/etc/ssl", "a/text"] {
        assert_eq!(checkout.context(Some(&path(other)), &none()).unwrap(), None, "{other}");
    }
    assert!(checkout.context(None, &none()).unwrap().unwrap().path().join("a/b/run.sh").exists());
}

#[test]
fn no_two_contexts_have_one_name() {
    let (from, to) = (given(), tempfile::tempdir().unwrap());
    let checkout = || export(&SourceTree::folder(from.path()), &whole(), to.path()).unwrap();
    let (one, other) = (checkout(), checkout());
    let contexts = [&one, &other].map(|checkout| {
        let with = |other: &str| BTreeMap::from([("src".to_owned(), other.to_owned())]);
        let all = [(None, none()), (Some("a"), none()), (None, with("a")), (None, with("a/b"))];
        all.map(|(at, with)| checkout.context(at.map(path).as_ref(), &with).unwrap().unwrap())
    });
    let names: BTreeSet<_> =
        contexts.iter().flatten().map(|context| context.path().file_name().unwrap()).collect();
    assert_eq!(names.len(), 8, "{names:?}");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let from = given();
    let error = export(&SourceTree::folder(from.path()), &whole(), Path::new("/nonexistent")).unwrap_err();
    assert!(error.to_string().contains("/nonexistent") && error.to_string().contains("TMPDIR"), "{error}");
}
